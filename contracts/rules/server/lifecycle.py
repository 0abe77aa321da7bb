"""Rules for the life of one job: states, progress, timestamps, immutable fields and errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ....openapi import Document, Ending, Lifecycle, State, Timestamp
from ....openapi.json import Json
from ....openapi.pointer import Path, format_pointer
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView, get_or_none, is_number
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A job as one response shows it, with the exchange and its number in the history."""

    view: JobView
    exchange: Exchange
    number: int

    def value_at(self, path: Path) -> Json:
        """Return the value at a place of the job, None if there is none."""
        return get_or_none(self.view.job, path)

    @property
    def state(self) -> State:
        """The state of the job."""
        return self.view.state


class LifecycleRules:
    """The rules for one job, whose views are checked in the order of the exchanges.

    `last` is the view that was checked last, None before the first one.
    """

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._reachable = {
            name: _reachable_states(document.lifecycle, name) for name in self._lifecycle.states
        }
        self.last: ObservedJob | None = None
        self._first: ObservedJob | None = None

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations in one view of the job, also compared with the views before."""
        yield from self._check_progress_range(observed)
        for stamp in self._lifecycle.timestamps:
            yield from self._check_stamp(stamp, observed)
        yield from self._check_stamp_order(observed)
        yield from self._check_error(observed)
        if self.last is not None and self._first is not None:
            yield from self._check_transition(self.last, observed)
            yield from self._check_progress(self.last, observed)
            yield from self._check_immutable_fields(self._first, observed)
            yield from self._check_moved_stamps(self.last, observed)
        self._first = self._first or observed
        self.last = observed

    def _check_progress_range(self, observed: ObservedJob) -> Iterator[Violation]:
        place, state = self._lifecycle.progress_at, observed.state
        progress = observed.value_at(place) if place else None
        if is_number(progress) and state.progress and place:
            low, high = state.progress
            if progress > high or (state.ends and progress < low):
                expected = f"{high}" if state.ends else f"at most {high}"
                expected = f"{expected} while the job is {state.name}"
                yield _violation(catalogue.PROGRESS_OUT_OF_RANGE, observed, place, expected)

    def _check_error(self, observed: ObservedJob) -> Iterator[Violation]:
        if not self._lifecycle.failure:
            return
        place, state = self._lifecycle.failure.at, observed.state
        error, failed = observed.value_at(place), state.ends is Ending.FAILURE
        if failed and error is None:
            yield _violation(catalogue.ERROR_MISSING, observed, place, "the error")
        elif not failed and error is not None:
            expected = f"null while the job is {state.name}"
            yield _violation(catalogue.ERROR_EARLY, observed, place, expected)

    def _check_stamp(self, stamp: Timestamp, observed: ObservedJob) -> Iterator[Violation]:
        value, state = observed.value_at(stamp.at), observed.state
        entered = stamp.set_on in (state.name, self._lifecycle.initial)
        if value is None:
            # The expiry of files may be unknown, but the time at which a state was entered may not.
            if entered and stamp.at != self._lifecycle.expiry_at:
                expected = f"the time at which the job became {stamp.set_on}"
                yield _violation(catalogue.TIMESTAMP_MISSING, observed, stamp.at, expected)
            return
        if not entered and stamp.set_on in self._reachable[state.name]:
            states = [other.set_on for other in self._lifecycle.timestamps if other.at == stamp.at]
            expected = f"null until the job is {' or '.join(states)}"
            yield _violation(catalogue.TIMESTAMP_TOO_EARLY, observed, stamp.at, expected)
        now = observed.exchange.at
        if is_number(value) and now > _MIN_UNIX_TIME and value > now * _UNIT_FACTOR:
            expected = "seconds since 1970, not milliseconds"
            yield _violation(catalogue.TIMESTAMP_NOT_IN_SECONDS, observed, stamp.at, expected)
        elif is_number(value) and now > _MIN_UNIX_TIME and value < now / _UNIT_FACTOR:
            yield _violation(
                catalogue.TIMESTAMP_NOT_IN_SECONDS, observed, stamp.at, "seconds since 1970"
            )

    def _check_stamp_order(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations of stamps before the creation, or at or after the expiry."""
        lifecycle = self._lifecycle
        values = {stamp.at: observed.value_at(stamp.at) for stamp in lifecycle.timestamps}
        known = {at: value for at, value in values.items() if is_number(value)}
        starts = [s.at for s in lifecycle.timestamps if s.set_on == lifecycle.initial]
        for start in (at for at in starts if at in known):
            for later in (at for at in known if at not in starts and known[at] < known[start]):
                expected = f"not before {format_pointer(start)}, {quote(known[start])}"
                yield _violation(catalogue.TIMESTAMPS_OUT_OF_ORDER, observed, later, expected)
        expiry = lifecycle.expiry_at
        for earlier in (at for at in known if expiry in known and at not in (*starts, expiry)):
            if expiry and known[expiry] <= known[earlier]:
                expected = f"after {format_pointer(earlier)}, {quote(known[earlier])}"
                yield _violation(catalogue.TIMESTAMPS_OUT_OF_ORDER, observed, expiry, expected)

    def _check_transition(self, last: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        before, state = last.state, observed.state
        if state.name != before.name and state.name not in self._reachable[before.name]:
            if before.ends:
                rule, expected = (
                    catalogue.FINAL_STATE_CHANGED,
                    f"{before.name}, as in no. {last.number}",
                )
            else:
                following = ", ".join(sorted(self._reachable[before.name]))
                rule, expected = (
                    catalogue.ILLEGAL_TRANSITION,
                    f"{before.name}, or one of {following}",
                )
            yield _violation(rule, observed, self._lifecycle.state_at, expected, last)

    def _check_progress(self, last: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        place = self._lifecycle.progress_at
        if place:
            before, progress = last.value_at(place), observed.value_at(place)
            if is_number(before) and is_number(progress) and progress < before:
                expected = f"at least {before}, as in no. {last.number}"
                yield _violation(catalogue.PROGRESS_DECREASED, observed, place, expected, last)

    def _check_immutable_fields(
        self, first: ObservedJob, observed: ObservedJob
    ) -> Iterator[Violation]:
        for path in self._lifecycle.immutable:
            if observed.value_at(path) != first.value_at(path):
                expected = f"{quote(first.value_at(path))}, as in no. {first.number}"
                yield _violation(catalogue.IMMUTABLE_FIELD_CHANGED, observed, path, expected, first)

    def _check_moved_stamps(self, last: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        lifecycle = self._lifecycle
        for stamp in (s for s in lifecycle.timestamps if s.at not in lifecycle.immutable):
            before, value = last.value_at(stamp.at), observed.value_at(stamp.at)
            # A stamp that disappears is missing, which another rule reports; an expiry is not.
            disappeared = value is None and stamp.at != lifecycle.expiry_at
            if before is not None and value != before and not disappeared:
                expected = f"{quote(before)}, as in no. {last.number}"
                yield _violation(catalogue.TIMESTAMP_CHANGED, observed, stamp.at, expected, last)


def _violation(
    rule: Rule,
    observed: ObservedJob,
    place: Path,
    expected: str,
    earlier: ObservedJob | None = None,
) -> Violation:
    numbers = (earlier.number, observed.number) if earlier else (observed.number,)
    return violation_of(
        rule,
        observed.exchange,
        *numbers,
        place=format_pointer(place),
        received=f"{quote(observed.value_at(place))} ({observed.view.job_id})",
        expected=expected,
    )


def _reachable_states(lifecycle: Lifecycle, name: str) -> frozenset[str]:
    """Return the states that can follow a state, at once or later, since polls may skip some."""
    reachable: set[str] = set()
    pending = list(lifecycle.states[name].next)
    while pending:
        following = pending.pop()
        if following not in reachable:
            reachable.add(following)
            pending += lifecycle.states[following].next
    return frozenset(reachable)


# A smaller time is from a clock that starts at zero, not from a real one.
_MIN_UNIX_TIME = 1e8
# A stamp that is off by this factor is in another unit, not merely inaccurate.
_UNIT_FACTOR = 100
