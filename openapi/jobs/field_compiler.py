"""The compiler of fields: values in responses about jobs, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Mapping

from ..json import Json
from ..operation import Operation
from ..pointer import format_pointer
from .answer import Answer, has_place, missing_place, undescribed_place
from .long_form import as_value
from .place import Part, Place, parse_place
from .problems import Report
from .request_places import compile_condition
from .source_compiler import SOURCE_WORDS, FieldContext, SourceCompiler
from .sources import (
    FailureDetail,
    FileAddress,
    FromSource,
    JobField,
    Moment,
    RetryHint,
    Source,
)
from .state_compiler import select_states
from .states import Lifecycle, Meaning


class FieldCompiler:
    """Compiles the fields of one map of `x-jobs`.

    Args:
        context: What the fields refer to.
        report: Is called with the pointer and the reason of each error.
        warn: Is called with the pointer and the reason of each warning.
    """

    def __init__(self, context: FieldContext, *, report: Report, warn: Report) -> None:
        self._context, self._report, self._warn = context, report, warn
        self._sources = SourceCompiler(context, report=report)

    def within(
        self, answers: tuple[Answer, ...], *, creates: tuple[Operation, ...] | None = None
    ) -> FieldCompiler:
        """Return a compiler for the fields of other responses, or of the jobs of some creates."""
        context = self._context._replace(
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
        found = [word for word in SOURCE_WORDS if word in data]
        if len(found) > 1:
            self._report(pointer, f"has two sources, {' and '.join(found)}; one is allowed")
            return None
        word = found[0] if found else ""
        schemas = [s for answer in self._context.answers for s in answer.schemas_at(place)]
        if not self._check_place(place, schemas, pointer):
            return None
        source = self._sources.compile(word, data, place=place, schemas=schemas, pointer=pointer)
        if source is None:
            return None
        if place.part is Part.BODY:
            at = f"{pointer}/{word}".rstrip("/")
            self._sources.check_fit(source, schemas, at, place=place)
        return self._assemble(place, source, data, pointer)

    def _assemble(
        self, place: Place, source: Source, data: Mapping[str, Json], pointer: str
    ) -> JobField:
        lifecycle = self._context.lifecycle
        selected = None
        if "in" in data:
            selected = select_states(lifecycle, data["in"], f"{pointer}/in", self._report)
        due, possible = _presence(lifecycle, source, selected)
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

    def _check_place(self, place: Place, schemas: list[dict[str, Json]], pointer: str) -> bool:
        """Report a place that no response has, and warn of one that no schema describes."""
        if schemas:
            return True
        if place.part is Part.HEADER:
            self._warn(pointer, f"no response documents the header {place.name}")
        elif place.part is not Part.BODY:
            self._report(pointer, f"{place} is a place in requests; responses have headers alone")
            return False
        elif has_place(self._context.answers, place):
            self._warn(pointer, undescribed_place(self._context.answers, place))
        else:
            self._report(pointer, missing_place(self._context.answers, place))
            return False
        return True


def _presence(
    lifecycle: Lifecycle, source: Source, selected: frozenset[str] | None
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the states in which a field is certainly there, and those in which it may be."""
    every = frozenset(state.name for state in lifecycle.of_job())
    match source:
        case Moment(event="entered", entered=entered):
            due, possible = entered, entered | lifecycle.after(entered)
            if selected is not None:
                return due & selected, possible & selected
            return due, possible
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
    return (due, possible) if selected is None else (selected, selected)
