"""The compiler of the operations of a kind of job, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..json import Json
from ..media_types import is_json
from ..operation import Operation
from ..pointer import format_pointer, parse_pointer
from ..text import suggest
from .answer import has_place, missing_place, whole_answer
from .long_form import as_operation
from .operations import (
    CancelOperation,
    JobOperation,
    JobRole,
    ResultOperation,
)
from .place import Part, Place, parse_place
from .problems import Report
from .request_places import check_place, check_words
from .state_compiler import select_states
from .states import Lifecycle, Meaning


class RoleCompiler:
    """Compiles the operations of one kind except its creates and its list.

    Args:
        kind: The name of the kind.
        data: The data of the kind.
        operations: The operations of the document by id, and by method and path.
        lifecycle: The states of the kind.
        report: Is called with the pointer and the reason of each error.
    """

    def __init__(
        self,
        kind: str,
        data: Mapping[str, Json],
        *,
        operations: Mapping[str, Operation],
        lifecycle: Lifecycle,
        report: Report,
    ) -> None:
        self._kind, self._data = kind, data
        self._operations, self._lifecycle, self._report = operations, lifecycle, report

    def find(self, name: str, pointer: str) -> Operation | None:
        """Return an operation by its id, or by method and path; report a name that is unknown."""
        operation = self._operations.get(name)
        if operation is None:
            reason = f"{name} is not an operation of the document{suggest(name, self._operations)}"
            self._report(pointer, reason)
        return operation

    def common(
        self, operation: Operation, role: JobRole, data: Mapping[str, Json], pointer: str
    ) -> dict[str, Any]:
        """Return the arguments that every class of operations has."""
        words = data.get("in", _STATES.get(role, []))
        states = select_states(self._lifecycle, words, f"{pointer}/in", self._report)
        needs_id = role not in (JobRole.CREATE, JobRole.LIST)
        self._check_response(operation, data, pointer)
        return {
            "kind": self._kind,
            "role": role,
            "operation": operation,
            "status": data.get("status", operation.success.status),
            "job_at": parse_pointer(data.get("job", self._data.get("job", ""))),
            "id": self._id(operation, data, pointer) if needs_id else None,
            "states": states,
            "answer": (),
            "pointer": pointer,
        }

    def single(self, role: JobRole, data: Json, pointer: str) -> JobOperation | None:
        """Return a poll or a delete."""
        entry = as_operation(data)
        operation = self.find(entry["operation"], pointer)
        return JobOperation(**self.common(operation, role, entry, pointer)) if operation else None

    def cancel(self, data: Json, pointer: str) -> CancelOperation | None:
        """Return the operation that cancels jobs."""
        entry = as_operation(data)
        operation = self.find(entry["operation"], pointer)
        following = self._next(entry, pointer)
        if operation is None or following is None:
            return None
        return CancelOperation(
            **self.common(operation, JobRole.CANCEL, entry, pointer),
            next=following,
            otherwise=entry.get("otherwise", "refuse"),
        )

    def result(self, name: str, data: Mapping[str, Json], pointer: str) -> ResultOperation | None:
        """Return one operation that responds with a result."""
        operation = self.find(name, pointer)
        if operation is None:
            return None
        variants = self.words_of(operation, data.get("variants"), f"{pointer}/variants")
        content = [*operation.success.content]
        for value, media_type in (variants[1] if variants else {}).items():
            if media_type not in content:
                place = format_pointer(("variants", str(variants and variants[0]), value))
                reason = f"{media_type} is not a media type of the response"
                self._report(pointer + place, reason + suggest(media_type, content))
        return ResultOperation(
            **self.common(operation, JobRole.RESULT, data, pointer),
            key=parse_pointer(data["key"]) if "key" in data else None,
            variants=variants,
            media_type=content[0] if content and not is_json(content[0]) else None,
        )

    def asked(
        self, operation: Operation, data: Mapping[str, Json], word: str, pointer: str
    ) -> Place | None:
        """Return a place in the request of an operation, and report one that it has not."""
        if word not in data:
            return None
        check_place(data[word], [operation], f"{pointer}/{word}", self._report)
        return parse_place(data[word])

    def words_of(
        self, operation: Operation, data: Mapping[str, Mapping[str, Any]] | None, pointer: str
    ) -> tuple[Place, Mapping[str, Any]] | None:
        """Return the place of a parameter and what its words mean."""
        for text, words in (data or {}).items():
            at = pointer + format_pointer((text,))
            check_words(words, check_place(text, [operation], at, self._report), at, self._report)
            return parse_place(text), words
        return None

    def _check_response(self, operation: Operation, data: Mapping[str, Json], pointer: str) -> None:
        """Report a status or a place of the job that the response of an operation has not."""
        if "job" in data:
            self.check_answer(operation, data["job"], f"{pointer}/job")
        if data.get("status", 200) not in operation.responses and "status" in data:
            documented = ", ".join(map(str, operation.responses)) or "none"
            reason = f"{operation.id} documents no status {data['status']}, only {documented}"
            self._report(f"{pointer}/status", reason)

    def check_answer(self, operation: Operation, text: str, pointer: str) -> None:
        """Report a place that the response of an operation has not."""
        answer, place = whole_answer(operation), parse_place(text)
        if not has_place([answer], place):
            self._report(pointer, missing_place([answer], place))

    def _id(self, operation: Operation, data: Mapping[str, Json], pointer: str) -> Place | None:
        """Return the place of the id in the request, and report if none can be found."""
        if "id" in data:
            return self.asked(operation, data, "id", pointer)
        if operation.template.parameters:
            return Place(Part.PATH, (operation.template.parameters[-1],))
        required = [name for name, p in operation.query.items() if p.required]
        if len(required) == 1:
            return Place(Part.QUERY, (required[0],))
        known = ", ".join(f"query.{name}" for name in required or operation.query) or "none"
        reason = (
            f"needs id, the place of the job's id in a request of {operation.id}: its path has no"
            f" parameter, and of its query come into question {known}"
        )
        self._report(pointer, reason)
        return None

    def _next(self, data: Mapping[str, Json], pointer: str) -> str | None:
        named = self._lifecycle.named(Meaning.CANCELED)
        if "next" in data:
            states = self._lifecycle.states
            if data["next"] not in states:
                reason = f"{data['next']} is not one of the states{suggest(data['next'], states)}"
                self._report(f"{pointer}/next", reason)
            return data["next"] if data["next"] in states else None
        if not named:
            self._report(pointer, "needs next, the state it leads to; none means canceled")
        return next(iter(named), None)


# The states in which an operation is accepted, unless the document says otherwise.
_STATES = {
    JobRole.CANCEL: ["pending"],
    JobRole.DELETE: ["pending", "terminal"],
    JobRole.RESULT: ["success"],
}
