"""Rules for the declared fields of one job: there when they are due, and never changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from ....openapi import Meaning
from ....openapi.jobs import JobField
from ....openapi.jobs.sources import (
    Constant,
    FailureDetail,
    FileAddress,
    FromRequest,
    FromSource,
    Moment,
    NewId,
)
from ....openapi.pointer import Path
from ....openapi.text import quote
from ...traffic.job_places import JobPlaces
from .. import server_catalogue as catalogue
from ..violation import Violation
from .observed_job import ObservedJob


class FieldRules:
    """The rules for the fields of one job, except its timestamps.

    Args:
        fields: The fields of the job in the body of responses.
        places: The places that responses declare.
    """

    def __init__(self, fields: tuple[JobField, ...], places: JobPlaces) -> None:
        self._places = places
        self._failures = tuple(f for f in fields if isinstance(f.source, FailureDetail))
        self._files = tuple(f for f in fields if isinstance(f.source, FileAddress))
        self._constant = tuple(f for f in fields if is_constant(f))
        self._others = tuple(f for f in fields if not isinstance(f.source, _WITH_OWN_RULES))
        # A failure whose code and message stand in one object is shown as this object.
        self._failure_at: Path = _common_start([f.place.path for f in self._failures])
        self._first: dict[Path, ObservedJob] = {}

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations in one view of the job, also compared with the first views."""
        yield from self._check_failure(observed)
        yield from self._check_results(observed)
        yield from self._check_changes(observed)

    def _check_failure(self, observed: ObservedJob) -> Iterator[Violation]:
        state = observed.state
        missing = [f for f in self._failures if self._is_missing(f, observed)]
        early = [f for f in self._failures if _is_early(f, observed)]
        for path in dict.fromkeys(self._failure_at or f.place.path for f in early):
            expected = f"null while the job is {state.name}"
            yield observed.violation(catalogue.ERROR_EARLY, path, expected)
        for path in dict.fromkeys(self._missing_at(f, observed) for f in missing):
            yield observed.violation(catalogue.ERROR_MISSING, path, "the error")

    def _missing_at(self, failure: JobField, observed: ObservedJob) -> Path:
        whole = self._failure_at
        return failure.place.path if not whole or observed.value_at(whole) else whole

    def _check_results(self, observed: ObservedJob) -> Iterator[Violation]:
        for field in self._others:
            if self._is_missing(field, observed):
                rule, expected = catalogue.FIELD_MISSING, "a value"
                if observed.state.meaning is Meaning.SUCCESS and field.due <= _successes(observed):
                    rule, expected = catalogue.RESULT_MISSING, "the result"
                expected = f"{expected} while the job is {observed.state.name}"
                yield observed.violation(rule, field.place.path, expected)
        for field in self._files:
            if _is_early(field, observed):
                expected = f"no file while the job is {observed.state.name}"
                yield observed.violation(catalogue.RESULT_EARLY, field.place.path, expected)

    def _check_changes(self, observed: ObservedJob) -> Iterator[Violation]:
        for field in self._constant:
            path = field.place.path
            value, first = observed.value_at(path), self._first.get(path)
            if first is None:
                if value is not None:
                    self._first[path] = observed
                continue
            if value is None and not self._is_expected(field, observed):
                continue
            if value != first.value_at(path):
                expected = f"{quote(first.value_at(path))}, as in no. {first.number}"
                yield observed.violation(catalogue.IMMUTABLE_FIELD_CHANGED, path, expected, first)

    def _is_expected(self, field: JobField, observed: ObservedJob) -> bool:
        """Return True if a field that was there once must still be there."""
        if field.optional or observed.state.name not in field.possible:
            return False
        return self._places.shows(observed.view.role, field, observed.state)

    def _is_missing(self, field: JobField, observed: ObservedJob) -> bool:
        value = observed.value_at(field.place.path)
        if field.source == Constant(None):
            return False
        missing = not value if isinstance(field.source, FileAddress) else value is None
        return missing and is_due(field, observed, self._places)


def is_due(field: JobField, observed: ObservedJob, places: JobPlaces) -> bool:
    """Return True if the document demands a field of a job in a response."""
    if field.optional or observed.state.name not in field.due:
        return False
    return places.shows(observed.view.role, field, observed.state)


def is_constant(field: JobField) -> bool:
    """Return True if a field never changes once it is there."""
    if isinstance(field.source, Moment):
        return field.source.event == "created" and not field.source.plus_seconds
    return isinstance(field.source, Constant | FromRequest | FromSource | NewId)


def _is_early(field: JobField, observed: ObservedJob) -> bool:
    """Return True if a result or a failure is there too early; an empty value does not count."""
    value = observed.value_at(field.place.path)
    return bool(value) and observed.state.name not in field.possible


def _common_start(paths: list[Path]) -> Path:
    """Return the steps that all paths begin with."""
    steps = zip(*paths, strict=False)
    return tuple(step[0] for step in takewhile(lambda each: len({*each}) == 1, steps))


def _successes(observed: ObservedJob) -> frozenset[str]:
    return frozenset(observed.view.kind.lifecycle.named(Meaning.SUCCESS))


# The rules for single responses, for timestamps and for failures look at these.
_WITH_OWN_RULES = FromRequest | FromSource | Moment | FailureDetail
