"""The faults that are still to come, and which of them strike a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from random import Random
from threading import Lock

from ...openapi import Call, Document
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from .fault import Fault, read_fault


class FaultRegistry:
    """Faults in the order in which they were set. Of those that fit a call the first strikes, and
    all that only slow its answer.

    `usual` are there from the beginning, and again after a reset.
    """

    def __init__(self, document: Document, *, random: Random, usual: Iterable[Fault] = ()) -> None:
        self._document, self._random = document, random
        self._lock, self._names = Lock(), count(1)
        self._set: dict[str, _Count] = {}
        self._of_scenarios: dict[tuple[int, str], _Count] = {}
        # Those of the beginning, by the names that they have now.
        self._usual: dict[str, Fault] = {}
        self.replace_initial(usual)

    def add(self, words: Mapping[str, Json]) -> str:
        """Sets one more fault, and gives its id; raises WordsError for what cannot be."""
        fault = read_fault(self._document, words)
        with self._lock:
            return self._add(fault)

    def listed(self) -> list[dict[str, Json]]:
        """The faults that are still to come: their ids, their words and how often they struck."""
        with self._lock:
            return [
                {"id": name, **_told(counted.fault.words), "struck": counted.struck}
                for name, counted in self._set.items()
            ]

    def remove(self, name: str) -> None:
        """Takes one back; raises KeyError if there is none of this id."""
        with self._lock:
            del self._set[name]

    def clear(self) -> None:
        """Takes all of them back."""
        with self._lock:
            self._set.clear()
            self._of_scenarios.clear()

    def reset(self) -> None:
        """Goes back to those of the beginning."""
        self.clear()
        with self._lock:
            self._usual = {self._add(fault): fault for fault in self._usual.values()}

    def replace_initial(self, usual: Iterable[Fault]) -> None:
        """Has others from the beginning. Those that are told in the same words as before go on as
        they are, or stay away; so do those that were set since.
        """
        with self._lock:
            before, now = self._usual, dict[str, Fault]()
            left = dict(before)
            for fault in usual:
                name = next((n for n, old in left.items() if old.words == fault.words), None)
                name = name or self._name()
                now[name] = left.pop(name, fault)
            set_now = {n: _Count(f) for n, f in now.items() if n not in before} | self._set
            order = [*now, *(n for n in self._set if n not in before)]
            self._usual, self._set = now, {n: set_now[n] for n in order if n in set_now}

    @property
    def pending(self) -> bool:
        """Whether any is set."""
        return bool(self._set)

    def apply(self, call: Call, key: object) -> tuple[Fault, ...]:
        """The faults that strike this call of this sender."""
        with self._lock:
            struck = self._struck(call, key, [*self._set.values()])
            for name in [name for name, counted in self._set.items() if counted.over]:
                del self._set[name]
        return struck

    def apply_scenario_faults(
        self, faults: tuple[Fault, ...], call: Call, *, scope: str
    ) -> tuple[Fault, ...]:
        """Those faults of a scenario that strike this call, which are counted by job or by key."""
        with self._lock:
            counts = [self._counted(fault, scope) for fault in faults]
            return self._struck(call, None, counts)

    def _struck(self, call: Call, key: object, counts: list[_Count]) -> tuple[Fault, ...]:
        struck: list[Fault] = []
        settled = False
        for counted in counts:
            fault = counted.fault
            if not fault.matches(call, key):
                continue
            if settled and not fault.only_delays:
                counted.seen += 1
            elif counted.strikes(self._random):
                struck.append(fault)
                settled = settled or not fault.only_delays
        return tuple(struck)

    def _counted(self, fault: Fault, scope: str) -> _Count:
        if len(self._of_scenarios) > _KEPT:
            del self._of_scenarios[next(iter(self._of_scenarios))]
        return self._of_scenarios.setdefault((id(fault), scope), _Count(fault))

    def _add(self, fault: Fault) -> str:
        name = self._name()
        self._set[name] = _Count(fault)
        return name

    def _name(self) -> str:
        return f"fault-{next(self._names)}"


def _told(words: Mapping[str, Json]) -> Mapping[str, Json]:
    return {**words, "key": mask_key(words["key"])} if "key" in words else words


class _Count:
    """How many calls a fault has seen, and how many it has struck."""

    def __init__(self, fault: Fault) -> None:
        self.fault, self.seen, self.struck = fault, 0, 0

    @property
    def over(self) -> bool:
        """Whether it never strikes again."""
        fault = self.fault
        return fault.every is None and fault.times is not None and self.struck >= fault.times

    def strikes(self, random: Random) -> bool:
        """Whether it strikes the next call that it fits."""
        fault = self.fault
        self.seen += 1
        position = self.seen - fault.nth
        if position < 0 or self.over:
            return False
        if fault.every is not None and position % fault.every >= (fault.times or 1):
            return False
        if fault.probability < 1 and random.random() >= fault.probability:
            return False
        self.struck += 1
        return True


_KEPT = 10_000
