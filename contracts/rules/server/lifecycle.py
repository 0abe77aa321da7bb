"""The laws of one job's life: what the answers about it, one after the other, must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ....openapi import Document, Ending, Lifecycle, Stamp, State
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
    """A job as one answer showed it: which exchange, and its number in the history."""

    view: JobView
    exchange: Exchange
    number: int

    def value_at(self, path: Path) -> Json:
        """What stands at a place of the job, None if nothing does."""
        return get_or_none(self.view.job, path)

    @property
    def state(self) -> State:
        """The state that the job was in."""
        return self.view.state


class LifecycleRules:
    """The laws, applied to one job, whose answers are shown in their order, whatever operation they
    come from.
    """

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._ahead = {
            name: _reachable(document.lifecycle, name) for name in self._lifecycle.states
        }
        self.last: ObservedJob | None = None
        self._first: ObservedJob | None = None

    def check(self, seen: ObservedJob) -> Iterator[Violation]:
        """What this answer breaks, by itself and in the light of those before."""
        yield from self._alone(seen)
        if self.last is not None and self._first is not None:
            yield from self._after(self._first, self.last, seen)
        self._first = self._first or seen
        self.last = seen

    def _alone(self, seen: ObservedJob) -> Iterator[Violation]:
        lifecycle, state = self._lifecycle, seen.state
        progress = seen.value_at(lifecycle.progress_at) if lifecycle.progress_at else None
        if is_number(progress) and state.progress and lifecycle.progress_at:
            low, high = state.progress
            if progress > high or (state.ends and progress < low):
                expected = f"{high}" if state.ends else f"at most {high}"
                yield _breach(
                    catalogue.PROGRESS_RANGE,
                    seen,
                    lifecycle.progress_at,
                    f"{expected} while the job is {state.name}",
                )
        for stamp in lifecycle.stamps:
            yield from self._stamp(stamp, seen)
        yield from self._stamp_order(seen)
        if lifecycle.failure:
            error, failed = seen.value_at(lifecycle.failure.at), state.ends is Ending.FAILURE
            if failed and error is None:
                yield _breach(catalogue.ERROR_MISSING, seen, lifecycle.failure.at, "a reason")
            elif not failed and error is not None:
                expected = f"null while the job is {state.name}"
                yield _breach(catalogue.ERROR_EARLY, seen, lifecycle.failure.at, expected)

    def _stamp(self, stamp: Stamp, seen: ObservedJob) -> Iterator[Violation]:
        value, state = seen.value_at(stamp.at), seen.state
        entered = stamp.set_on in (state.name, self._lifecycle.initial)
        if value is None:
            # When files expire need not be known, when a state was entered must be.
            if entered and stamp.at != self._lifecycle.expiry_at:
                expected = f"the moment at which the job became {stamp.set_on}"
                yield _breach(catalogue.STAMP_MISSING, seen, stamp.at, expected)
            return
        if not entered and stamp.set_on in self._ahead[state.name]:
            states = [other.set_on for other in self._lifecycle.stamps if other.at == stamp.at]
            expected = f"null until the job is {' or '.join(states)}"
            yield _breach(catalogue.STAMP_EARLY, seen, stamp.at, expected)
        at = seen.exchange.at
        if is_number(value) and at > _REAL and value > at * _FACTOR:
            expected = "seconds since 1970, not milliseconds"
            yield _breach(catalogue.STAMP_UNIT, seen, stamp.at, expected)
        elif is_number(value) and at > _REAL and value < at / _FACTOR:
            expected = "seconds since 1970"
            yield _breach(catalogue.STAMP_UNIT, seen, stamp.at, expected)

    def _stamp_order(self, seen: ObservedJob) -> Iterator[Violation]:
        """The initial state is entered first, and files expire last."""
        lifecycle = self._lifecycle
        values = {s.at: seen.value_at(s.at) for s in lifecycle.stamps}
        known = {at: v for at, v in values.items() if is_number(v)}
        starts = [s.at for s in lifecycle.stamps if s.set_on == lifecycle.initial]
        for start in (at for at in starts if at in known):
            for later in (at for at in known if at not in starts and known[at] < known[start]):
                expected = f"not before {format_pointer(start)}, {quote(known[start])}"
                yield _breach(catalogue.STAMP_ORDER, seen, later, expected)
        expiry = lifecycle.expiry_at
        for earlier in (at for at in known if expiry in known and at not in (*starts, expiry)):
            if expiry and known[expiry] <= known[earlier]:
                expected = f"after {format_pointer(earlier)}, {quote(known[earlier])}"
                yield _breach(catalogue.STAMP_ORDER, seen, expiry, expected)

    def _after(
        self, first: ObservedJob, last: ObservedJob, seen: ObservedJob
    ) -> Iterator[Violation]:
        """What changed since the answers before."""
        lifecycle, before, now = self._lifecycle, last.state, seen.state
        told = f"as no. {last.number} had it"
        if now.name != before.name and now.name not in self._ahead[before.name]:
            rule = catalogue.RESURRECTION if before.ends else catalogue.TRANSITION
            expected = f"{before.name}, {told}" if before.ends else self._next(before)
            yield _breach(rule, seen, lifecycle.state_at, expected, last)
        if lifecycle.progress_at:
            was, is_ = last.value_at(lifecycle.progress_at), seen.value_at(lifecycle.progress_at)
            if is_number(was) and is_number(is_) and is_ < was:
                expected = f"at least {was}, {told}"
                yield _breach(
                    catalogue.PROGRESS_DECREASED, seen, lifecycle.progress_at, expected, last
                )
        for path in lifecycle.immutable:
            if seen.value_at(path) != first.value_at(path):
                expected = f"{quote(first.value_at(path))}, as no. {first.number} had it"
                yield _breach(catalogue.CHANGED, seen, path, expected, first)
        for stamp in lifecycle.stamps:
            was, is_ = last.value_at(stamp.at), seen.value_at(stamp.at)
            # A stamp that is gone is missing, where it must be there.
            gone = is_ is None and stamp.at != lifecycle.expiry_at
            moved = was is not None and is_ != was and not gone
            if moved and stamp.at not in lifecycle.immutable:
                expected = f"{quote(was)}, {told}"
                yield _breach(catalogue.STAMP_MOVED, seen, stamp.at, expected, last)

    def _next(self, state: State) -> str:
        return f"{state.name}, or what can follow: {', '.join(sorted(self._ahead[state.name]))}"


def _breach(
    rule: Rule, seen: ObservedJob, place: Path, expected: str, before: ObservedJob | None = None
) -> Violation:
    numbers = (before.number, seen.number) if before else (seen.number,)
    return violation_of(
        rule,
        seen.exchange,
        *numbers,
        place=format_pointer(place),
        received=f"{quote(seen.value_at(place))} ({seen.view.job_id})",
        expected=expected,
    )


def _reachable(lifecycle: Lifecycle, name: str) -> frozenset[str]:
    """The states that can follow, now or later: a poll need not see each."""
    ahead: set[str] = set()
    coming = list(lifecycle.states[name].next)
    while coming:
        following = coming.pop()
        if following not in ahead:
            ahead.add(following)
            coming += lifecycle.states[following].next
    return frozenset(ahead)


# A moment of a real clock, not of one that begins at zero; and what is another unit, not a slip.
_REAL = 1e8
_FACTOR = 100
