"""Rules for the life of one job: its states and its progress, and what happens after a cancel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi import JobKind, Meaning
from ....openapi.jobs import JobField, Part
from ....openapi.jobs.sources import Progress
from ....openapi.json import Json, is_number
from ....openapi.text import quote
from ...traffic.job_places import JobPlaces
from .. import server_catalogue as catalogue
from ..violation import Violation
from .job_fields import FieldRules
from .observed_job import ObservedJob
from .timestamps import TimestampRules


class LifecycleRules:
    """The rules for one job, whose views are checked in the order of the exchanges.

    `last` is the view that was checked last, None before the first one.

    Args:
        kind: The kind of the job.
        fields: The fields of the job.
        places: The places that responses declare.
    """

    def __init__(self, kind: JobKind, fields: tuple[JobField, ...], places: JobPlaces) -> None:
        self._kind = kind
        self._reachable = {name: _reachable(kind, name) for name in kind.lifecycle.states}
        in_body = tuple(field for field in fields if field.place.part is Part.BODY)
        self._progress = tuple(f for f in in_body if isinstance(f.source, Progress))
        self._fields = FieldRules(in_body, places)
        self._timestamps = TimestampRules(kind, in_body, places)
        self._canceled_in: int | None = None
        self.last: ObservedJob | None = None

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations in one view of the job, also compared with the views before."""
        yield from self._check_progress_range(observed)
        yield from self._timestamps.check(observed)
        yield from self._fields.check(observed)
        if self.last is not None:
            yield from self._check_transition(self.last, observed)
            yield from self._check_progress(self.last, observed)
        yield from self._check_cancel(observed)
        self.last = observed

    def cancel(self, number: int) -> None:
        """Record that the server accepted to cancel the job, in the exchange with this number."""
        cancel, last = self._kind.cancel, self.last
        if cancel is not None and last is not None and last.state.name in cancel.states:
            self._canceled_in = number

    def _check_cancel(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield a violation, once for each cancel, if the job goes on as if nothing happened."""
        canceled_in, cancel = self._canceled_in, self._kind.cancel
        if canceled_in is None or cancel is None:
            return
        self._canceled_in = None
        following = {cancel.next} | self._kind.lifecycle.after({cancel.next})
        if observed.state.meaning is Meaning.PENDING and observed.state.name not in following:
            expected = f"{cancel.next}, after no. {canceled_in} canceled the job"
            yield observed.violation(catalogue.CANCEL_IGNORED, self._kind.state_at, expected)

    def _check_progress_range(self, observed: ObservedJob) -> Iterator[Violation]:
        for field in self._progress:
            progress = _read_progress(observed.value_at(field.place.path))
            if progress is None:
                continue
            high = (
                1 if isinstance(field.source, Progress) and field.source.form == "fraction" else 100
            )
            expected = None
            if observed.state.meaning is Meaning.SUCCESS and progress != high:
                expected = f"{high} while the job is {observed.state.name}"
            elif not 0 <= progress <= high:
                expected = f"from 0 to {high}"
            if expected is not None:
                rule = catalogue.PROGRESS_OUT_OF_RANGE
                yield observed.violation(rule, field.place.path, expected)

    def _check_progress(self, last: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        for path in (field.place.path for field in self._progress):
            before, progress = (_read_progress(v.value_at(path)) for v in (last, observed))
            if before is not None and progress is not None and progress < before:
                expected = f"at least {quote(last.value_at(path))}, as in no. {last.number}"
                yield observed.violation(catalogue.PROGRESS_DECREASED, path, expected, last)

    def _check_transition(self, last: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        before, state = last.state, observed.state
        if state.name == before.name or state.name in self._reachable[before.name]:
            return
        if before.meaning.is_terminal:
            rule = catalogue.FINAL_STATE_CHANGED
            expected = f"{before.name}, as in no. {last.number}"
        else:
            rule = catalogue.ILLEGAL_TRANSITION
            following = ", ".join(sorted(self._reachable[before.name]))
            expected = f"{before.name}, or one of {following}"
        yield observed.violation(rule, self._kind.state_at, expected, last)


def _reachable(kind: JobKind, name: str) -> frozenset[str]:
    """Return the states that can follow a state, at once or later, since polls may skip some.

    Anybody with access to the job may cancel it at any time.
    """
    reachable = kind.lifecycle.after({name})
    cancel = kind.cancel
    if cancel is not None and cancel.states & {name, *reachable}:
        reachable |= {cancel.next} | kind.lifecycle.after({cancel.next})
    return reachable


def _read_progress(value: Json) -> float | None:
    """Return the number of a progress such as 50 or "50%"; None if it is not known."""
    if is_number(value):
        return value
    match = _PROGRESS.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match else None


_PROGRESS = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%?\s*")
