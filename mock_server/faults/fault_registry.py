"""The active faults of a mock, with the count of their matching calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from random import Random
from threading import Lock

from ...openapi import Call, Document
from ...openapi.json import Json
from ...openapi.text import count_of, quote
from .fault import Fault, read_fault


class FaultRegistry:
    """The active faults, in the order in which they were added.

    If several faults match a call, only the first applies; faults that only delay the response
    always apply as well.

    Args:
        document: the document that the faults are checked against.
        random: decides about faults with a probability.
        initial: the faults that are active from the start, and again after a reset.
    """

    def __init__(
        self, document: Document, *, random: Random, initial: Iterable[Fault] = ()
    ) -> None:
        self._document, self._random = document, random
        self._lock, self._ids = Lock(), count(1)
        self._active: dict[str, _FaultCounter] = {}
        # By the identity of the fault, and the job or API key of the calls.
        self._scenario_counters: dict[tuple[int, str], _FaultCounter] = {}
        self._initial: dict[str, Fault] = {}
        self.replace_initial(initial)

    def add(self, options: Mapping[str, Json]) -> str:
        """Add a fault and return its id. Raise ConfigError if its options are invalid."""
        fault = read_fault(self._document, options)
        with self._lock:
            return self._add(fault)

    def to_json(self) -> list[dict[str, Json]]:
        """Return the active faults: ids, options, and the number of affected calls (`struck`)."""
        with self._lock:
            return [
                {"id": fault_id, **counter.fault.redacted_options, "struck": counter.applied}
                for fault_id, counter in self._active.items()
            ]

    def remove(self, fault_id: str) -> None:
        """Remove a fault; raise KeyError if the id is unknown."""
        with self._lock:
            del self._active[fault_id]

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._active.clear()
            self._scenario_counters.clear()

    def reset(self) -> None:
        """Remove all faults, and add the initial ones again."""
        self.clear()
        with self._lock:
            self._initial = {self._add(fault): fault for fault in self._initial.values()}

    def replace_initial(self, initial: Iterable[Fault]) -> None:
        """Replace the initial faults.

        Initial faults whose options are unchanged keep their id and count, or stay removed.
        Faults that were added later stay as well.
        """
        with self._lock:
            before, after = self._initial, dict[str, Fault]()
            unmatched = dict(before)
            for fault in initial:
                same = (i for i, old in unmatched.items() if old.options == fault.options)
                fault_id = next(same, None) or self._new_id()
                after[fault_id] = unmatched.pop(fault_id, fault)
            new = {i: _FaultCounter(fault) for i, fault in after.items() if i not in before}
            active = new | self._active
            order = [*after, *(i for i in self._active if i not in before)]
            self._initial, self._active = after, {i: active[i] for i in order if i in active}

    @property
    def any_active(self) -> bool:
        """True if there is an active fault."""
        return bool(self._active)

    def unused(self, *, initial: bool) -> list[str]:
        """Return the active faults that have affected no call, except those left to chance.

        Args:
            initial: True to include the faults that are active from the start.
        """
        with self._lock:
            return [
                _describe(counter)
                for fault_id, counter in self._active.items()
                if not counter.applied
                and counter.fault.probability == 1
                and (initial or fault_id not in self._initial)
            ]

    def match(self, call: Call, key: object) -> tuple[Fault, ...]:
        """Count a call with this API key, and return the faults that apply to it."""
        with self._lock:
            faults = self._match(call, key, [*self._active.values()])
            for fault_id in [i for i, counter in self._active.items() if counter.exhausted]:
                del self._active[fault_id]
        return faults

    def match_scenario_faults(
        self, faults: tuple[Fault, ...], call: Call, *, scope: str
    ) -> tuple[Fault, ...]:
        """Count a call, and return the faults of a scenario that apply to it.

        Calls are counted separately for each `scope`: a job id or an API key.
        """
        with self._lock:
            counters = [self._scenario_counter(fault, scope) for fault in faults]
            return self._match(call, None, counters)

    def _match(
        self, call: Call, key: object, counters: Iterable[_FaultCounter]
    ) -> tuple[Fault, ...]:
        applied: list[Fault] = []
        decided = False
        for counter in counters:
            fault = counter.fault
            if not fault.matches(call, key):
                continue
            if decided and not fault.only_delays:
                counter.skip_match(fault.counted_job(call))
            elif counter.count_match(self._random, fault.counted_job(call)):
                applied.append(fault)
                decided = decided or not fault.only_delays
        return tuple(applied)

    def _scenario_counter(self, fault: Fault, scope: str) -> _FaultCounter:
        if len(self._scenario_counters) > _MAX_SCENARIO_COUNTERS:
            del self._scenario_counters[next(iter(self._scenario_counters))]
        return self._scenario_counters.setdefault((id(fault), scope), _FaultCounter(fault))

    def _add(self, fault: Fault) -> str:
        fault_id = self._new_id()
        self._active[fault_id] = _FaultCounter(fault)
        return fault_id

    def _new_id(self) -> str:
        return f"fault-{next(self._ids)}"


def _describe(counter: _FaultCounter) -> str:
    """Return an unused fault with its options, and the number of calls that it matched."""
    listed = ", ".join(f"{k}={quote(v)}" for k, v in counter.fault.redacted_options.items())
    matched = count_of(counter.matched, "request") if counter.matched else "no request"
    return f"fault: {listed} ({matched} matched)"


class _FaultCounter:
    """A fault, with the number of calls that it matched and of those that it affected."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.matched, self.applied = fault, 0, 0
        self._by_job: dict[str, _FaultCounter] = {}

    @property
    def exhausted(self) -> bool:
        """True if the fault cannot apply to any further call."""
        fault = self.fault
        if self._by_job:
            return False  # other jobs may follow
        return fault.every is None and fault.times is not None and self.applied >= fault.times

    def skip_match(self, job: str | None) -> None:
        """Count a matching call to which another fault applies."""
        self.matched += 1
        if job is not None:
            self._by_job.setdefault(job, _FaultCounter(self.fault)).skip_match(None)

    def count_match(self, random: Random, job: str | None) -> bool:
        """Count a matching call, and return True if the fault applies to it.

        Args:
            random: decides about faults with a probability.
            job: the job whose calls are counted by themselves; None counts all calls.
        """
        fault = self.fault
        if job is not None:
            counter = self._by_job.setdefault(job, _FaultCounter(fault))
            applies = counter.count_match(random, None)
            self.matched, self.applied = self.matched + 1, self.applied + applies
            return applies
        self.matched += 1
        position = self.matched - fault.nth
        if position < 0 or self.exhausted:
            return False
        if fault.every is not None and position % fault.every >= (fault.times or 1):
            return False
        if fault.probability < 1 and random.random() >= fault.probability:
            return False
        self.applied += 1
        return True


_MAX_SCENARIO_COUNTERS = 10_000
