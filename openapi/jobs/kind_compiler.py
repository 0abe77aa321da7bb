"""The compiler of kinds of jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ..generator import ValueMaker
from ..json import Json
from ..operation import Operation
from ..pointer import Path, format_pointer, parse_pointer
from ..schema import Schemas
from .answer import Answer, answers_of, has_place, missing_place
from .create_compiler import CreateCompiler, Creates
from .field_compiler import FieldCompiler
from .finder import id_in, state_in
from .kind import JobKind, Webhook
from .kind_checks import KindChecks, report_shared_operations, warn_of_creates
from .list_compiler import ListCompiler
from .long_form import as_id, operations_of
from .operation_fields import OperationFields
from .operations import JobOperation, JobRole
from .place import parse_place
from .problems import Report
from .role_compiler import RoleCompiler
from .source_compiler import FieldContext
from .state_checks import StateChecks, warn_of_states_left_out
from .state_compiler import compile_states
from .webhook_compiler import WebhookCompiler


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
    listed: dict[str, tuple[str, ...]] = {}
    for name, entry in data.items():
        compiler = _KindCompiler(name, entry, schemas, named, report=report, warn=warn)
        kind = compiler.compile()
        if kind is not None:
            kinds[name], listed[name] = kind, compiler.listed_states
    report_shared_operations(kinds, report)
    warn_of_states_left_out(kinds, listed, warn)
    warn_of_creates(kinds.values(), operations.values(), warn)
    return kinds


class _KindCompiler:
    """Compiles one kind of job.

    listed_states: the values that the schema of its state lists, as texts
    """

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
        self.listed_states: tuple[str, ...] = ()
        self._operations, self._warn = operations, warn
        self._original_report = report
        self._lifecycle = compile_states(data["states"], f"{self._pointer}/states", self._report)
        self._roles = RoleCompiler(
            name,
            data,
            operations=operations,
            lifecycle=self._lifecycle,
            report=self._report,
        )

    def _report(self, pointer: str, reason: str) -> None:
        self._failed = True
        self._original_report(pointer, reason)

    def compile(self) -> JobKind | None:
        """Return the kind; None if it has an error."""
        creates = CreateCompiler(
            self._data, self._pointer, roles=self._roles, report=self._report
        ).compile()
        others = self._others()
        if self._failed or not creates:
            return None
        answers = self._answers(creates, others)
        self._check_job(answers)
        if self._failed:
            return None
        state_at = self._state_at(answers)
        if state_at is None:
            return None
        kind = self._assemble(creates, others, answers, state_at)
        KindChecks(kind, answers, report=self._report, warn=self._warn).run()
        states = StateChecks(kind, answers, root=self._root, report=self._report, warn=self._warn)
        states.run()
        self.listed_states = states.listed_states
        return None if self._failed else kind

    def _others(self) -> dict[str, Any]:
        """Return the operations that are not creates or polls, by the names of JobKind."""
        data, pointer, roles = self._data, self._pointer, self._roles
        single: dict[str, Callable[[Json, str], JobOperation | None]] = {
            "list": ListCompiler(self._root, roles=roles, report=self._report).compile,
            "cancel": roles.cancel,
            "delete": partial(roles.single, JobRole.DELETE),
        }
        others: dict[str, Any] = {
            word: compiled(data[word], f"{pointer}/{word}") if word in data else None
            for word, compiled in single.items()
        }
        results = operations_of(data.get("result", []), f"{pointer}/result")
        others["results"] = tuple(
            result
            for name, entry, at in results
            if (result := roles.result(name, entry, at)) is not None
        )
        return others

    def _answers(self, creates: Creates, others: Mapping[str, Any]) -> tuple[Answer, ...]:
        """Return the responses that report jobs, those of the creates first."""
        polls = [create.poll for create, _ in creates]
        reporting: list[JobOperation] = [*(create for create, _ in creates), *polls]
        reporting += [o for o in (others["cancel"], others["list"]) if o is not None]
        return answers_of(reporting)

    def _check_job(self, answers: tuple[Answer, ...]) -> None:
        """Report a place of the job that no response has."""
        place = parse_place(self._data.get("job", ""))
        whole = [replace(answer, job_at=()) for answer in answers]
        if not has_place(whole, place):
            self._report(f"{self._pointer}/job", missing_place(whole, place))

    def _state_at(self, answers: tuple[Answer, ...]) -> Path | None:
        if "state" in self._data:
            return parse_pointer(self._data["state"])
        values = [state.value for state in self._lifecycle.states.values()]
        return state_in(self._root, answers, values, report=partial(self._report, self._pointer))

    def _id_at(self, answers: tuple[Answer, ...], poll: JobOperation) -> Path | None:
        if "id" in self._data:
            return parse_pointer(as_id(self._data["id"])["at"])
        return id_in(self._root, answers, poll, report=partial(self._report, self._pointer))

    def _assemble(
        self,
        creates: Creates,
        others: dict[str, Any],
        answers: tuple[Answer, ...],
        state_at: Path,
    ) -> JobKind:
        data, pointer = self._data, self._pointer
        fields = FieldCompiler(
            FieldContext(
                root=self._root,
                lifecycle=self._lifecycle,
                jobs=answers,
                answers=answers,
                creates=tuple(create.operation for create, _ in creates),
                addresses=self._addresses(creates, others),
            ),
            report=self._report,
            warn=self._warn,
        )
        shared = fields.compile(data.get("fields", {}), f"{pointer}/fields")
        complete = OperationFields(
            data,
            shared,
            compiler=fields,
            first_poll=creates[0][0].poll.operation,
            lifecycle=self._lifecycle,
            maker=ValueMaker(self._root),
        )
        job_id = as_id(data["id"]) if "id" in data else {}
        expires = data.get("expires")
        return JobKind(
            name=self._name,
            creates=tuple(complete.of_create(create, entry) for create, entry in creates),
            **{word: complete.of_others(word, value) for word, value in others.items()},
            id_at=self._id_at(answers, creates[0][0].poll),
            id_pattern=job_id.get("pattern", ""),
            state_at=state_at,
            lifecycle=self._lifecycle,
            fields=shared,
            expires_at=parse_pointer(expires) if isinstance(expires, str) else None,
            expires_after=None if isinstance(expires, str) else expires,
            webhooks=self._webhooks(creates, fields),
            pointer=pointer,
        )

    def _addresses(self, creates: Creates, others: Mapping[str, Any]) -> dict[str, str]:
        """Return the ids of operations by the names that `url` may have for them."""
        named = {name: operation.id for name, operation in self._operations.items()}
        roles: list[JobOperation] = [create.poll for create, _ in creates[:1]]
        roles += [o for o in (others["cancel"], others["delete"], *others["results"]) if o]
        for each in roles:
            named.setdefault(each.role.value, each.operation.id)
        return named

    def _webhooks(self, creates: Creates, fields: FieldCompiler) -> tuple[Webhook, ...]:
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
