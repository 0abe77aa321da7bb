"""Which faults of which operations were tried, in which lives of jobs."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ...openapi.json import Json
from .run import Run
from .time_line import KILLED


class CoverageRow(NamedTuple):
    """How often a fault was tried.

    Args:
        operation_id: The operation; "" for kills.
        fault: The fault in words.
        counts: The number of runs, by the life of the jobs.
    """

    operation_id: str
    fault: str
    counts: Counter[str]


class ExplorationCoverage:
    """Counts the runs of an exploration."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._lives: Counter[str] = Counter()

    def add(self, run: Run) -> None:
        """Count a run."""
        behaviour = run.behaviour
        life = behaviour.life.name
        self._lives[life] += 1
        keys = [(each.operation_id, each.fault.name) for each in behaviour.injections]
        keys += [("", KILLED)] if behaviour.kill else []
        for key in keys:
            self._counts.setdefault(key, Counter())[life] += 1

    @property
    def lives(self) -> Counter[str]:
        """The number of runs, by the life of the jobs."""
        return self._lives

    def rows(self) -> list[CoverageRow]:
        """Return how often each fault was tried, in the order of operations; kills come last."""
        keys = sorted(self._counts, key=lambda key: (not key[0], key))
        return [CoverageRow(*key, self._counts[key]) for key in keys]

    def to_json(self) -> Json:
        """Return the numbers of runs as JSON."""
        rows = [row._asdict() | {"counts": dict(row.counts)} for row in self.rows()]
        return {"lives": dict(self._lives), "faults": rows}
