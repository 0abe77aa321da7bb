"""The checks of a kind of job against the schemas of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..json import Json
from ..operation import Operation
from ..pointer import Path, format_pointer
from ..text import suggest
from .answer import (
    Answer,
    allow,
    answer_of,
    has_place,
    is_documented,
    json_schema,
    missing_place,
    undescribed_place,
)
from .job_ids import id_of_pattern
from .kind import JobKind
from .operations import CreateOperation, JobOperation, JobRole
from .place import Part, Place
from .problems import Report
from .request_places import similar_place
from .sources import FromRequest, FromSource, JobField, Moment, OperationAddress
from .states import State


class KindChecks:
    """The checks of one kind.

    Args:
        kind: The kind.
        answers: The responses that report its jobs.
        report: Is called with the pointer and the reason of each error.
        warn: Is called with the pointer and the reason of each warning.
    """

    def __init__(
        self,
        kind: JobKind,
        answers: tuple[Answer, ...],
        *,
        report: Report,
        warn: Report,
    ) -> None:
        self._kind, self._answers = kind, answers
        self._report, self._warn = report, warn

    def run(self) -> None:
        """Report what contradicts the schemas, and warn of what is left out."""
        self._check_id()
        self._check_id_pattern()
        self._check_places()
        self._check_expiry()
        self._check_sources()
        self._warn_of_lost_jobs()
        for field in self._fields():
            self._warn_of_required(field)
            self._warn_of_request(field)

    def _fields(self) -> Iterator[JobField]:
        """Yield the fields of the jobs of all creates, each once."""
        fields = (field for create in self._kind.creates for field in create.fields)
        yield from {field.pointer: field for field in fields}.values()

    def _check_id(self) -> None:
        if self._kind.id_at is None and not all(map(self._tells_address, self._kind.creates)):
            reason = (
                "needs id, the place of the id in a job, or a field with the url of the poll in"
                " the response of each create, because no field is named like its parameter"
            )
            self._report(self._kind.pointer, reason)

    def _tells_address(self, create: CreateOperation) -> bool:
        """Return True if the response of a create has an address of its poll with the id."""
        answer, poll = answer_of(create), create.poll
        if poll.id is None or poll.id.part not in (Part.PATH, Part.QUERY):
            return False
        places = [
            field.place
            for field in (*create.fields, *create.answer)
            if isinstance(field.source, OperationAddress)
            and field.source.operation_id == poll.operation.id
        ]
        return any(
            answer.schemas_at(place)
            or (place.part is Part.HEADER and not is_documented(self._answers, place))
            for place in places
        )

    def _check_id_pattern(self) -> None:
        """Report a pattern whose ids the schemas of the id do not allow."""
        kind = self._kind
        if not kind.id_pattern or kind.id_at is None:
            return
        made = id_of_pattern(kind.id_pattern)("0123456789abcdef" * 2)
        values: list[Json] = [made, int(made)] if made.isdecimal() else [made]
        if not allow(self._answers, kind.id_at, values):
            reason = f"makes ids such as {made}, which the schema of the id does not allow"
            self._report(f"{kind.pointer}/id/pattern", f"{reason}; without it, ids follow that")

    def _check_places(self) -> None:
        """Report places that no job has, and warn of those that no schema describes."""
        kind = self._kind
        places: dict[str, Path | None] = {"id": kind.id_at, "state": kind.state_at}
        places |= {f"{_below(kind, each.pointer)}/key": each.key for each in kind.results}
        if kind.list:
            places["list/part"] = kind.list.part
            places |= {
                f"list/filter{format_pointer((str(asked),))}": path
                for asked, path in kind.list.filters.items()
            }
        for at, path in places.items():
            place = Place(Part.BODY, path or ())
            if path and not has_place(self._answers, place):
                self._report(f"{kind.pointer}/{at}", missing_place(self._answers, place))
            elif path and not is_documented(self._answers, place):
                self._warn(f"{kind.pointer}/{at}", undescribed_place(self._answers, place))

    def _check_expiry(self) -> None:
        at = self._kind.expires_at
        times = [f.place.path for f in self._fields() if isinstance(f.source, Moment)]
        if at is not None and at not in times:
            known = suggest(format_pointer(at), map(format_pointer, times))
            reason = f"needs a field with a time at {format_pointer(at)}{known}"
            self._report(f"{self._kind.pointer}/expires", reason)

    def _check_sources(self) -> None:
        """Report values of the job that a job was made from, where no create names such a job."""
        from_source = [f for f in self._fields() if isinstance(f.source, FromSource)]
        if from_source and not any(create.source for create in self._kind.creates):
            reason = "no create of this kind has source, the id of the job to take the value from"
            self._report(from_source[0].pointer, reason)

    def _warn_of_lost_jobs(self) -> None:
        """Warn of creates whose response has no place for the id or an address of the job."""
        place = Place(Part.BODY, self._kind.id_at or ())
        is_known = place.path and is_documented(self._answers, place)
        for create in self._kind.creates if is_known else ():
            if not answer_of(create).schemas_at(place) and not self._tells_address(create):
                reason = (
                    f"{create.operation.id} is answered with a body that has no place {place} and"
                    " with no address of the poll, so that a client cannot find the job; needs a"
                    " field with the id in its schema, or one with {url: poll}"
                )
                self._warn(create.pointer, reason)

    def _warn_of_required(self, field: JobField) -> None:
        """Warn of a field that a schema requires in states in which it is not there."""
        states = self._kind.lifecycle.of_job()
        absent = [state for state in states if state.name not in field.possible]
        if field.place.part is not Part.BODY or not absent:
            return
        required = [state.name for state in absent if self._is_required(field.place.path, state)]
        if required:
            reason = (
                f"is required and cannot be null, so that it is made from the schema in the states"
                f" {', '.join(required)}"
            )
            self._warn(field.pointer, reason)

    def _warn_of_request(self, field: JobField) -> None:
        """Warn of a value of the request that no schema describes, where one is similar."""
        if isinstance(field.source, FromRequest):
            asked = [create.operation for create in self._kind.creates]
            near = similar_place(asked, field.source.place)
            if near:
                self._warn(f"{field.pointer}/request", f"no schema describes this place{near}")

    def _is_required(self, path: Path, state: State) -> bool:
        known = (self._kind.state_at, state.value)
        return any(answer.requires(path, state=known) for answer in self._answers)


def warn_of_creates(
    kinds: Iterable[JobKind], operations: Iterable[Operation], warn: Report
) -> None:
    """Warn of operations that no kind names, though they answer with the schema of a create."""
    named: dict[str, tuple[str, str]] = {}
    roles = set[str]()
    for kind in kinds:
        roles |= {each.operation.id for each in kind.operations()}
        for create in kind.creates:
            schema = json_schema(create.operation)
            if schema is not None and schema.pointer.startswith("/components/"):
                named[schema.pointer] = create.operation.id, kind.name
    for operation in operations:
        schema = json_schema(operation)
        if not operation.bodies or operation.id in roles or schema is None:
            continue
        if schema.pointer in named:
            create_id, name = named[schema.pointer]
            reason = f"answers like {create_id}, which creates jobs of {name}, but creates none"
            warn(operation.pointer, reason)


def report_shared_operations(kinds: Mapping[str, JobKind], report: Report) -> None:
    """Report operations that create jobs in two places, or that do two things to a job."""
    creates: dict[str, JobOperation] = {}
    for kind in kinds.values():
        for create in kind.creates:
            first = creates.setdefault(create.operation.id, create)
            if first is not create:
                report(create.pointer, _shared(first, f"creates jobs of {first.kind} already"))
    for kind in kinds.values():
        known = dict(creates)
        for each in kind.operations():
            first = known.setdefault(each.operation.id, each)
            if first.role is not each.role and {first.role, each.role} not in _OF_ONE_OPERATION:
                done = f"is the {first.role} of {first.kind} already"
                report(each.pointer, _shared(first, done))


def _shared(first: JobOperation, done: str) -> str:
    """Return the problem of an operation that another place has, too."""
    return f"{first.operation.id} {done}; name it either here or at {first.pointer}"


def _below(kind: JobKind, pointer: str) -> str:
    return pointer.removeprefix(f"{kind.pointer}/")


# The roles that one operation may have: what it does depends on the state of the job, or on what
# the request says.
_OF_ONE_OPERATION = (
    {JobRole.CANCEL, JobRole.DELETE},
    {JobRole.POLL, JobRole.RESULT},
    {JobRole.POLL, JobRole.LIST},
)
