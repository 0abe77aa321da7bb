"""The compiler of kinds of jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias, TypeVar

from ..json import Json
from ..operation import Operation
from ..pointer import Path, format_pointer, parse_pointer
from ..price import compile_price
from ..schema import Schemas
from ..schema_places import schemas_at, values_of
from ..text import suggest
from .answer import Answer
from .field_compiler import FieldCompiler, FieldContext, compile_condition
from .finder import describe_paths, find_id, find_state
from .kind import JobKind, Webhook
from .long_form import as_failure, as_id, as_operation, operations_of
from .operations import CreateOperation, FailureReason, JobOperation, JobRole
from .place import parse_place
from .problems import Report
from .role_compiler import RoleCompiler, answer_of, json_schema, media_places
from .sources import JobField, OperationAddress
from .state_compiler import compile_states, unreachable_states
from .webhook_compiler import WebhookCompiler

_Creates: TypeAlias = list[tuple[CreateOperation, Mapping[str, Json]]]
_AnyOperation = TypeVar("_AnyOperation", bound=JobOperation)


def compile_kinds(
    data: Mapping[str, Json],
    *,
    schemas: Schemas,
    operations: Mapping[str, Operation],
    report: Report,
    warn: Report,
) -> dict[str, JobKind]:
    """Return the kinds of jobs by name, from valid data of `x-jobs`; a kind with an error is left
    out.

    Args:
        data: The data of `x-jobs`.
        schemas: The schemas of the document.
        operations: The operations of the document by id.
        report: Is called with the pointer and the reason of each error.
        warn: Is called with the pointer and the reason of each warning.
    """
    named = {**operations, **{f"{o.method} {o.path}": o for o in operations.values()}}
    kinds: dict[str, JobKind] = {}
    for name, entry in data.items():
        compiler = _KindCompiler(name, entry, schemas, named, report=report, warn=warn)
        kind = compiler.compile()
        if kind is not None:
            kinds[name] = kind
    _report_shared_creates(kinds, report)
    return kinds


def _report_shared_creates(kinds: Mapping[str, JobKind], report: Report) -> None:
    claimed: dict[str, str] = {}
    for kind in kinds.values():
        for create in kind.creates:
            other = claimed.setdefault(create.operation.id, kind.name)
            if other != kind.name:
                reason = f"{create.operation.id} creates jobs of {other} already"
                report(create.pointer, reason)


class _KindCompiler:
    """Compiles one kind of job."""

    def __init__(
        self,
        name: str,
        data: Mapping[str, Json],
        schemas: Schemas,
        operations: Mapping[str, Operation],
        *,
        report: Report,
        warn: Report,
    ) -> None:
        self._name, self._data = name, data
        self._schemas, self._root = schemas, schemas.root
        self._pointer = format_pointer(("x-jobs", name))
        self._failed = False
        self._operations, self._warn = operations, warn
        self._original_report = report
        self._lifecycle = compile_states(data["states"], f"{self._pointer}/states", self._report)
        self._roles = RoleCompiler(
            name,
            data,
            root=self._root,
            operations=operations,
            lifecycle=self._lifecycle,
            report=self._report,
        )

    def _report(self, pointer: str, reason: str) -> None:
        self._failed = True
        self._original_report(pointer, reason)

    def compile(self) -> JobKind | None:
        """Return the kind; None if it has an error."""
        creates = self._creates()
        others = self._others()
        if self._failed or not creates:
            return None
        answers = self._answers(creates, others)
        state_at = self._state_at(answers)
        if state_at is None:
            return None
        kind = self._assemble(creates, others, answers, state_at)
        self._check(kind, answers)
        return None if self._failed else kind

    def _creates(self) -> _Creates:
        """Return the creates without their fields, each with its data."""
        creates: _Creates = []
        for name, entry in operations_of(self._data["create"]):
            pointer = f"{self._pointer}/create"
            operation = self._roles.find(name, pointer)
            poll_data = entry.get("poll", self._data.get("poll"))
            if poll_data is None:
                self._report(pointer, "needs poll, the operation that reports the job")
                continue
            poll = self._roles.single(JobRole.POLL, poll_data, f"{self._pointer}/poll")
            if operation is None or poll is None:
                continue
            price = entry.get("price", self._data.get("price"))
            create = CreateOperation(
                **self._roles.common(operation, JobRole.CREATE, entry, pointer),
                source=parse_place(entry["source"]) if "source" in entry else None,
                when=compile_condition(
                    entry.get("when", {}), [operation], f"{pointer}/when", self._report
                ),
                wait=parse_place(entry["wait"]) if "wait" in entry else None,
                poll=poll,
                fields=(),
                failures=self._failures(operation, entry),
                media=media_places({**self._data.get("media", {}), **entry.get("media", {})}),
                price=compile_price(price) if price else None,
            )
            creates.append((create, entry))
        return creates

    def _failures(self, create: Operation, entry: Mapping[str, Json]) -> tuple[FailureReason, ...]:
        data = {**self._data.get("failures", {}), **entry.get("failures", {})}
        reasons = []
        for code, value in data.items():
            failure = as_failure(value)
            pointer = f"{self._pointer}/failures{format_pointer((code,))}/when"
            when = failure.get("when")
            reasons.append(
                FailureReason(
                    code,
                    failure["message"],
                    compile_condition(when, [create], pointer, self._report) if when else None,
                    failure.get("moderation", False),
                )
            )
        return tuple(reasons)

    def _others(self) -> dict[str, Any]:
        """Return the operations that are not creates or polls, by the names of JobKind."""
        data, pointer = self._data, self._pointer
        return {
            "list": self._roles.listing(data["list"], f"{pointer}/list")
            if "list" in data
            else None,
            "cancel": self._roles.cancel(data["cancel"], f"{pointer}/cancel")
            if "cancel" in data
            else None,
            "delete": self._roles.single(JobRole.DELETE, data["delete"], f"{pointer}/delete")
            if "delete" in data
            else None,
            "results": tuple(
                result
                for name, entry in operations_of(data.get("result", []))
                if (result := self._roles.result(name, entry, f"{pointer}/result"))
            ),
        }

    def _answers(self, creates: _Creates, others: Mapping[str, Any]) -> tuple[Answer, ...]:
        """Return the responses that report jobs, those of the creates first."""
        polls = [create.poll for create, _ in creates]
        reporting: list[JobOperation] = [*(create for create, _ in creates), *polls]
        reporting += [o for o in (others["cancel"], others["list"]) if o is not None]
        return tuple(dict.fromkeys(map(answer_of, reporting)))

    def _state_at(self, answers: tuple[Answer, ...]) -> Path | None:
        if "state" in self._data:
            return parse_pointer(self._data["state"])
        values = [state.value for state in self._lifecycle.states.values()]
        found = find_state(self._root, answers, values)
        if len(found) != 1:
            reason = (
                "needs state, the place of the state in a job; the fields that list all states"
                f" are {describe_paths(found)}"
            )
            self._report(self._pointer, reason)
        return found[0] if len(found) == 1 else None

    def _assemble(
        self,
        creates: _Creates,
        others: dict[str, Any],
        answers: tuple[Answer, ...],
        state_at: Path,
    ) -> JobKind:
        data, pointer = self._data, self._pointer
        fields = FieldCompiler(
            FieldContext(
                root=self._root,
                lifecycle=self._lifecycle,
                answers=answers,
                creates=tuple(create.operation for create, _ in creates),
                addresses=self._addresses(creates, others),
            ),
            report=self._report,
            warn=self._warn,
        )
        shared = fields.compile(data.get("fields", {}), f"{pointer}/fields")
        job_id = as_id(data["id"]) if "id" in data else {}
        expires = data.get("expires")
        return JobKind(
            name=self._name,
            creates=tuple(
                self._complete(create, entry, shared, fields) for create, entry in creates
            ),
            **{word: self._with_answers(word, value, fields) for word, value in others.items()},
            id_at=parse_pointer(job_id["at"])
            if job_id
            else find_id(self._root, answers, creates[0][0].poll),
            id_pattern=job_id.get("pattern", ""),
            state_at=state_at,
            lifecycle=self._lifecycle,
            fields=shared,
            expires_at=parse_pointer(expires) if isinstance(expires, str) else None,
            expires_after=None if isinstance(expires, str) else expires,
            webhooks=self._webhooks(creates, fields),
            pointer=pointer,
        )

    def _addresses(self, creates: _Creates, others: Mapping[str, Any]) -> dict[str, str]:
        """Return the ids of operations by the names that `url` may have for them."""
        named = {name: operation.id for name, operation in self._operations.items()}
        roles: list[JobOperation] = [create.poll for create, _ in creates[:1]]
        roles += [o for o in (others["cancel"], others["delete"], *others["results"]) if o]
        for each in roles:
            named.setdefault(each.role.value, each.operation.id)
        return named

    def _complete(
        self,
        create: CreateOperation,
        entry: Mapping[str, Json],
        shared: tuple[JobField, ...],
        fields: FieldCompiler,
    ) -> CreateOperation:
        """Return a create with the fields of its jobs, and with those of its own response."""
        answers = tuple(dict.fromkeys(map(answer_of, (create, create.poll))))
        own = fields.within(answers, creates=(create.operation,)).compile(
            entry.get("fields", {}), f"{create.pointer}/fields"
        )
        places = {field.place for field in own}
        kept = (field for field in shared if field.place not in places)
        poll = self._with_answer(create.poll, entry.get("poll", self._data.get("poll")), fields)
        return replace(self._with_answer(create, entry, fields), fields=(*kept, *own), poll=poll)

    def _with_answers(self, word: str, value: Any, fields: FieldCompiler) -> Any:
        """Return an operation, or several, with the fields of their own responses."""
        if isinstance(value, tuple):
            pairs = zip(value, operations_of(self._data.get("result", [])), strict=True)
            return tuple(self._with_answer(each, entry, fields) for each, (_, entry) in pairs)
        return value and self._with_answer(value, self._data[word], fields)

    def _with_answer(
        self, operation: _AnyOperation, data: Json, fields: FieldCompiler
    ) -> _AnyOperation:
        """Return an operation with the fields of its own response."""
        declared = as_operation(data).get("answer", {})
        success = operation.operation.success
        answer = Answer(json_schema(operation.operation), success.headers, ())
        compiled = fields.within((answer,)).compile(declared, f"{operation.pointer}/answer")
        return replace(operation, answer=compiled)

    def _webhooks(self, creates: _Creates, fields: FieldCompiler) -> tuple[Webhook, ...]:
        compiler = WebhookCompiler(
            self._schemas,
            creates=[create.operation for create, _ in creates],
            lifecycle=self._lifecycle,
            report=self._report,
        )
        return tuple(
            compiler.compile(entry, f"{self._pointer}/webhooks/{index}", fields)
            for index, entry in enumerate(self._data.get("webhooks", ()))
        )

    def _check(self, kind: JobKind, answers: tuple[Answer, ...]) -> None:
        """Report what contradicts the schemas, and warn of what is left out."""
        self._check_id(kind)
        self._check_states(kind, answers)
        entered = frozenset({kind.cancel.next} if kind.cancel else ())
        for name in unreachable_states(self._lifecycle, entered):
            self._warn(f"{self._pointer}/states{format_pointer((name,))}", "no state leads to it")

    def _check_id(self, kind: JobKind) -> None:
        addresses = (field.source for field in kind.fields)
        if kind.id_at is None and not any(isinstance(a, OperationAddress) for a in addresses):
            reason = (
                "needs id, the place of the id in a job, or a field with the url of the poll,"
                " because no field is named like its parameter"
            )
            self._report(self._pointer, reason)

    def _check_states(self, kind: JobKind, answers: tuple[Answer, ...]) -> None:
        listed: list[Json] = []
        for answer in answers:
            if answer.schema:
                path = (*answer.job_at, *kind.state_at)
                for schema in schemas_at(self._root, answer.schema.raw, path):
                    listed += values_of(self._root, schema)
        if not listed:
            return
        for state in kind.lifecycle.states.values():
            if state.value not in listed:
                place = f"{self._pointer}/states{format_pointer((state.name,))}"
                texts = [str(value) for value in listed]
                self._report(
                    place,
                    f"the schema of the state does not allow it{suggest(str(state.value), texts)}",
                )
        values = [state.value for state in kind.lifecycle.states.values()]
        for value in dict.fromkeys(map(str, listed)):
            if value not in map(str, values):
                self._warn(f"{self._pointer}/states", f"leaves out {value}, which the schema lists")
