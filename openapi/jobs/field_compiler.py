"""The compiler of fields: values in responses about jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..json import Json
from ..keywords import types_of
from ..moment import MomentForm, form_of_schema, named_form
from ..operation import Operation
from ..pointer import format_pointer, parse_pointer
from ..schema_places import examples_of
from ..text import suggest
from .answer import Answer
from .long_form import as_list, as_value
from .place import Part, Place, parse_place
from .problems import Report
from .sources import (
    Condition,
    Constant,
    FailureDetail,
    FileAddress,
    FromJob,
    FromRequest,
    FromSource,
    JobField,
    Made,
    Moment,
    NewId,
    OperationAddress,
    Progress,
    RetryHint,
    Source,
)
from .states import Lifecycle, Meaning

ANY_REQUEST = Condition({})


@dataclass(frozen=True, slots=True)
class FieldContext:
    """What the fields of one map refer to.

    root: the document
    lifecycle: the states of the kind
    answers: the responses that may have the fields
    creates: the operations whose requests make the jobs
    addresses: the ids of operations by the names that `url` may have for them
    """

    root: Json
    lifecycle: Lifecycle
    answers: tuple[Answer, ...]
    creates: tuple[Operation, ...]
    addresses: Mapping[str, str]


class FieldCompiler:
    """Compiles the fields of one map of `x-jobs`.

    context: what the fields refer to
    report, warn: are called with the pointer and the reason of an error or a warning
    """

    def __init__(self, context: FieldContext, *, report: Report, warn: Report) -> None:
        self._context, self._report, self._warn = context, report, warn

    def within(
        self, answers: tuple[Answer, ...], *, creates: tuple[Operation, ...] | None = None
    ) -> FieldCompiler:
        """Return a compiler for the fields of other responses, or of the jobs of some creates."""
        context = replace(
            self._context,
            answers=answers,
            creates=self._context.creates if creates is None else creates,
        )
        return FieldCompiler(context, report=self._report, warn=self._warn)

    def compile(self, data: Mapping[str, Json], pointer: str) -> tuple[JobField, ...]:
        """Return the fields of a map from places to values; the pointer leads to the map."""
        fields = (
            self._field(parse_place(text), as_value(value), pointer + format_pointer((text,)))
            for text, value in data.items()
        )
        return tuple(field for field in fields if field is not None)

    def _field(self, place: Place, data: Mapping[str, Json], pointer: str) -> JobField | None:
        found = [word for word in _SOURCES if word in data]
        if len(found) > 1:
            self._report(pointer, f"has two sources, {' and '.join(found)}; one is allowed")
            return None
        word = found[0] if found else ""
        schemas = self._schemas_at(place)
        self._check_place(place, schemas, pointer)
        source = self._source(word, data, place, schemas, pointer)
        if source is None:
            return None
        self._check_fit(word, schemas, pointer)
        selected = self._states(data["in"], f"{pointer}/in") if "in" in data else None
        due, possible = self._presence(source, selected)
        when = compile_condition(
            data.get("when", {}), self._context.creates, f"{pointer}/when", self._report
        )
        return JobField(
            place=place,
            source=source,
            due=due if not when.values else frozenset(),
            possible=possible,
            when=when,
            optional=data.get("optional", False),
            pointer=pointer,
        )

    def _source(
        self,
        word: str,
        data: Mapping[str, Json],
        place: Place,
        schemas: list[dict[str, Json]],
        pointer: str,
    ) -> Source | None:
        match word:
            case "value":
                return Constant(data["value"])
            case "request":
                return self._from_request(data, f"{pointer}/request")
            case "time":
                return self._moment(data, schemas, pointer)
            case "file":
                return FileAddress(data["file"])
            case "url":
                return self._address(data["url"], f"{pointer}/url")
            case "new_id":
                return NewId(data["new_id"])
            case "failure":
                return FailureDetail(data["failure"])
            case "progress":
                return Progress(data["progress"])
            case "source":
                return FromSource(parse_pointer(data["source"]))
            case "field":
                return FromJob(parse_pointer(data["field"]))
            case "retry":
                return RetryHint(data["retry"])
        if not schemas and place.part is Part.BODY:
            reason = "needs a source, such as value, because no schema describes this place"
            self._report(pointer, reason)
            return None
        return Made()

    def _schemas_at(self, place: Place) -> list[dict[str, Json]]:
        """Return the schemas of a place in all responses that declare it."""
        return [schema for answer in self._context.answers for schema in answer.schemas_at(place)]

    def _check_place(self, place: Place, schemas: list[dict[str, Json]], pointer: str) -> None:
        """Report a place that no response has, and warn of one that no schema describes."""
        if schemas:
            return
        if place.part is Part.HEADER:
            self._warn(pointer, f"no response documents the header {place.name}")
        elif any(answer.is_open_at(place) for answer in self._context.answers):
            self._warn(pointer, "no schema describes this place, though none forbids it")
        else:
            self._report(pointer, f"no response of this kind has a place {place}")

    def _from_request(self, data: Mapping[str, Json], pointer: str) -> FromRequest | None:
        place = parse_place(data["request"])
        schemas = [
            schema for create in self._context.creates for schema in request_schemas(create, place)
        ]
        if not schemas and not any(is_free(create, place) for create in self._context.creates):
            self._report(pointer, f"no create has a place {str(place) or 'for a body'}")
            return None
        default = next((s["default"] for s in schemas if "default" in s), None)
        return FromRequest(place, default, data.get("map", {}))

    def _moment(
        self, data: Mapping[str, Json], schemas: list[dict[str, Json]], pointer: str
    ) -> Moment | None:
        word, plus = data["time"], data.get("plus", 0)
        form = self._form(data, schemas)
        if word in ("created", "changed") and word not in self._context.lifecycle.states:
            return Moment(word, frozenset(), plus, form)
        entered = self._states(word, f"{pointer}/time")
        return Moment("entered", entered, plus, form) if entered else None

    def _form(self, data: Mapping[str, Json], schemas: list[dict[str, Json]]) -> MomentForm:
        if "as" in data:
            return named_form(data["as"])
        root = self._context.root
        examples = [shown for schema in schemas for shown in examples_of(root, schema)]
        return form_of_schema(schemas, examples)

    def _address(self, word: str, pointer: str) -> OperationAddress | None:
        operation_id = self._context.addresses.get(word)
        if operation_id is None:
            self._report(pointer, f"{word} is no operation{suggest(word, self._context.addresses)}")
            return None
        return OperationAddress(operation_id)

    def _states(self, words: Json, pointer: str) -> frozenset[str]:
        return select_states(self._context.lifecycle, words, pointer, self._report)

    def _presence(
        self, source: Source, selected: frozenset[str] | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the states in which a field is certainly there, and those in which it may be."""
        lifecycle = self._context.lifecycle
        every = frozenset(state.name for state in lifecycle.of_job())
        match source:
            case Moment(event="entered", entered=entered):
                due, possible = entered, entered | lifecycle.after(entered)
            case FileAddress():
                due = possible = frozenset(lifecycle.named(Meaning.SUCCESS))
            case FailureDetail():
                due = possible = frozenset(lifecycle.named(Meaning.FAILURE))
            case RetryHint():
                due = possible = frozenset(lifecycle.named(Meaning.PENDING))
            case FromSource():
                due, possible = frozenset[str](), every
            case _:
                due = possible = every
        if selected is None:
            return due, possible
        if isinstance(source, Moment) and source.event == "entered":
            return due & selected, possible & selected
        return selected, selected

    def _check_fit(self, word: str, schemas: list[dict[str, Json]], pointer: str) -> None:
        """Report a source whose values the schema of the place does not allow."""
        kinds = _TYPES.get(word)
        types = {t for schema in schemas for t in types_of(schema)}
        if kinds and types and not types & kinds:
            allowed = " or ".join(sorted(types))
            self._report(pointer, f"{word} gives a text, but the schema allows {allowed} alone")


def select_states(
    lifecycle: Lifecycle, words: Json, pointer: str, report: Report
) -> frozenset[str]:
    """Return the states that one or more words select, and report unknown words."""
    selected = frozenset[str]()
    for word in as_list(words):
        try:
            selected |= lifecycle.select((word,))
        except KeyError:
            known = (*lifecycle.states, "pending", "success", "failure", "canceled", "terminal")
            report(pointer, f"{word} is not one of the states{suggest(word, known)}")
    return selected


def compile_condition(
    data: Mapping[str, Json], creates: Iterable[Operation], pointer: str, report: Report
) -> Condition:
    """Return the condition of `when`, and report places that no request has."""
    operations = [*creates]
    values: dict[Place, tuple[Json, ...]] = {}
    for text, allowed in data.items():
        place = parse_place(text)
        if not any(request_schemas(o, place) or is_free(o, place) for o in operations):
            report(pointer + format_pointer((text,)), f"no create has a place {text}")
        values[place] = tuple(allowed)
    return Condition(values)


def request_schemas(operation: Operation, place: Place) -> list[dict[str, Json]]:
    """Return the schemas of a place in the requests of an operation."""
    if place.part is Part.BODY:
        return [s for body in operation.bodies.values() for s in body.schema.schemas_at(place.path)]
    named = operation.query if place.part is Part.QUERY else operation.headers
    if place.part is Part.PATH:
        return [{}] if place.name in operation.template.parameters else []
    return [named[place.name].schema.raw] if place.name in named else []


def is_free(operation: Operation, place: Place) -> bool:
    """Return True if the requests of an operation may have a place that no schema describes."""
    if place.part is Part.HEADER:
        return True
    if place.part is not Part.BODY:
        return False
    return any(body.schema.is_open_at(place.path) for body in operation.bodies.values())


_SOURCES = (
    "value",
    "request",
    "time",
    "file",
    "url",
    "new_id",
    "failure",
    "progress",
    "source",
    "field",
    "retry",
)
# The types of values that the sources give.
_TYPES = {
    "file": {"string", "object", "array"},
    "url": {"string"},
    "new_id": {"string"},
}
