"""Rules for the timestamps of one job: set in time, set once, in order and in their unit."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import JobKind
from ....openapi.jobs import JobField
from ....openapi.jobs.sources import Moment
from ....openapi.json import Json
from ....openapi.moment import DATE, MILLISECONDS, MomentForm
from ....openapi.pointer import Path, format_pointer
from ....openapi.text import quote
from ...traffic.job_places import JobPlaces
from .. import server_catalogue as catalogue
from ..violation import Violation
from .job_fields import is_constant, is_due
from .observed_job import ObservedJob


class TimestampRules:
    """The rules for the timestamps of one job.

    Args:
        kind: The kind of the job.
        fields: The fields of the job in the body of responses.
        places: The places that responses declare.
    """

    def __init__(self, kind: JobKind, fields: tuple[JobField, ...], places: JobPlaces) -> None:
        self._kind, self._places = kind, places
        self._stamps = {
            field.place.path: (field, field.source)
            for field in fields
            if isinstance(field.source, Moment)
        }
        self._last: dict[Path, ObservedJob] = {}
        # The first view of the present state, by the time of the last change.
        self._since: dict[Path, ObservedJob] = {}

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations in one view of the job, also compared with the views before."""
        for path, (field, source) in self._stamps.items():
            value = observed.value_at(path)
            if value is not None:
                yield from _unit_violations(observed, path, source.form)
            elif is_due(field, observed, self._places):
                expected = f"the time at which the job became {_event_of(source, observed)}"
                yield observed.violation(catalogue.TIMESTAMP_MISSING, path, expected)
        yield from self._check_order(observed)
        yield from self._check_changes(observed)
        yield from self._check_moves(observed)

    def _check_order(self, observed: ObservedJob) -> Iterator[Violation]:
        known = {
            path: at
            for path, (_, source) in self._stamps.items()
            if (at := source.form.read(observed.value_at(path))) is not None
        }
        for earlier, later in self._ordered:
            if earlier not in known or later not in known:
                continue
            slack = _slack(self._stamps[earlier][1].form, self._stamps[later][1].form)
            expires = later == self._kind.expires_at and not self._is_creation(earlier)
            if known[later] + slack < known[earlier] or (
                expires and not slack and known[later] == known[earlier]
            ):
                word = "after" if expires else "not before"
                expected = f"{word} {format_pointer(earlier)}, {quote(observed.value_at(earlier))}"
                yield observed.violation(catalogue.TIMESTAMPS_OUT_OF_ORDER, later, expected)

    @property
    def _ordered(self) -> Iterator[tuple[Path, Path]]:
        """The pairs of timestamps of which the first is never later than the second."""
        for earlier, (_, first) in self._stamps.items():
            for later, (_, second) in self._stamps.items():
                if earlier != later and self._precedes(earlier, first, later, second):
                    yield earlier, later

    def _precedes(self, earlier: Path, first: Moment, later: Path, second: Moment) -> bool:
        if self._is_creation(earlier):
            return not self._is_creation(later)
        if later == self._kind.expires_at:
            return first.event == "entered"
        if first.event != "entered" or first.plus_seconds:
            return False
        if second.event == "changed":
            return not second.plus_seconds
        if second.event != "entered":
            return False
        after = self._kind.lifecycle.after
        again = first.entered & (second.entered | after(second.entered))
        return second.entered <= after(first.entered) and not again

    def _is_creation(self, path: Path) -> bool:
        return is_constant(self._stamps[path][0])

    def _check_changes(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations of timestamps that were set before and now differ."""
        for path, (field, source) in self._stamps.items():
            if self._is_creation(path) or source.event == "changed":
                continue
            value, last = observed.value_at(path), self._last.get(path)
            if value is not None:
                self._last[path] = observed
            # A due timestamp that disappears is missing, which another rule reports.
            if last is None or (value is None and not self._is_kept(field, observed)):
                continue
            if value != last.value_at(path):
                expected = f"{quote(last.value_at(path))}, as in no. {last.number}"
                yield observed.violation(catalogue.TIMESTAMP_CHANGED, path, expected, last)

    def _check_moves(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations of times of the last change that do not move with the job."""
        for path, (_, source) in self._stamps.items():
            at = source.form.read(observed.value_at(path))
            if source.event != "changed" or at is None:
                continue
            before, self._last[path] = self._last.get(path), observed
            since = self._since.setdefault(path, observed)
            if before is None or before.state != observed.state:
                self._since[path] = observed
            earlier = source.form.read(before.value_at(path)) if before else None
            if before is None or earlier is None:
                continue
            # Once a state was seen for longer than the form cuts off, the next one began later.
            seen_for = before.exchange.at - since.exchange.at
            long_enough = seen_for > 1 + _slack(source.form, MILLISECONDS)
            must_move = before.state != observed.state and long_enough
            if at < earlier or (must_move and at == earlier):
                word = "after" if must_move else "not before"
                expected = f"{word} {quote(before.value_at(path))}, as in no. {before.number}"
                yield observed.violation(catalogue.TIMESTAMPS_OUT_OF_ORDER, path, expected, before)

    def _is_kept(self, field: JobField, observed: ObservedJob) -> bool:
        """Return True if a timestamp that need not be there must not disappear either."""
        if observed.state.name not in field.possible or is_due(field, observed, self._places):
            return False
        return self._places.shows(observed.view.role, field, observed.state)


def _event_of(source: Moment, observed: ObservedJob) -> str:
    """Return what the moment is the time of: the name of a state."""
    if source.event != "entered" or observed.state.name in source.entered:
        return observed.state.name
    return " or ".join(sorted(source.entered))


def _unit_violations(observed: ObservedJob, path: Path, form: MomentForm) -> Iterator[Violation]:
    """Yield a violation if a number is a time in another unit, not merely an inaccurate one."""
    now, at = observed.exchange.at, form.read(observed.value_at(path))
    if form.name == "text" or at is None or now <= _MIN_UNIX_TIME:
        return
    if at > now * _UNIT_FACTOR or at < now / _UNIT_FACTOR:
        expected = f"{form.name} since 1970"
        if at > now and form != MILLISECONDS:
            expected += ", not milliseconds"
        yield observed.violation(catalogue.TIMESTAMP_UNIT, path, expected)


def _slack(first: MomentForm, second: MomentForm) -> float:
    """Return the seconds that two forms of one time may differ by, because they cut off parts."""
    if first == second:
        return 0.0
    return _SECONDS_OF_DAY if DATE in (first, second) else 1.0


def read_time(kind: JobKind, path: Path | None, value: Json) -> float | None:
    """Return the time in a field of a job in Unix seconds; None if it has none."""
    for create in kind.creates:
        for field in create.fields:
            if field.place.path == path and isinstance(field.source, Moment):
                return field.source.form.read(value)
    return None


# A smaller time is from a clock that starts at zero, not from a real one.
_MIN_UNIX_TIME = 1e8
_UNIT_FACTOR = 100
_SECONDS_OF_DAY = 86_400.0
