"""What is to become of a job, by name: for the server, for one request, or for the next jobs of a
test.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..openapi import Cause, Ending, Lifecycle
from ..openapi.json import Json
from .job import Plan, make_plan
from .refusal import Refusal

HEADER = "x-mock-scenario"


@dataclass(frozen=True, slots=True)
class Fate:
    """What is to become of one job, where that differs from what the document calls usual.

    `outcome` is a final state of the document, `code` the reason of a failure, `seconds` how long
    the job is pending.
    """

    outcome: str | None = None
    code: str | None = None
    seconds: float | None = None


class Planner:
    """Makes the plans of new jobs.

    A fate that was set for the next job counts first, then the scenario that the request names in a
    header or in a field, then the server's. Raises ValueError if the server's is not known.
    """

    def __init__(self, lifecycle: Lifecycle, scenario: str = "completes") -> None:
        self._lifecycle = lifecycle
        self.scenarios: Mapping[str, Fate] = {
            name: Fate(outcome=outcomes[0])
            for name, kind in (("completes", Ending.SUCCESS), ("fails", Ending.FAILURE))
            if (outcomes := lifecycle.endings(kind))
        }
        if scenario not in self.scenarios:
            raise ValueError(f"there is no scenario {scenario!r}, only {', '.join(self.scenarios)}")
        self._usual = self.scenarios[scenario]
        self._next: deque[Fate] = deque()
        self._plans: dict[tuple[Json, ...], Plan] = {}
        self._scaled = sorted({name for state in lifecycle.states.values() for name in state.scale})

    def set_next(self, fate: Fate) -> None:
        """What is to become of the next job; several calls are for several jobs. Raises ValueError
        for what cannot be.
        """
        self._make(fate, {})
        self._next.append(fate)

    def reset(self) -> None:
        """Forgets what was set for next jobs."""
        self._next.clear()

    def plan(self, fields: Mapping[str, Json], headers: Mapping[str, str]) -> Plan:
        """The plan of a new job; raises Refusal if the request names an unknown scenario."""
        try:
            fate = self._next.popleft()
        except IndexError:
            named = self._named(headers.get(HEADER) or _token(fields.values()))
            fate = named or self._usual
        return self._shared(fate, fields)

    def success(self, fields: Mapping[str, Json]) -> Plan:
        """The plan of a job that succeeds as the document says, whatever the server's scenario."""
        return self._shared(Fate(), fields)

    def _shared(self, fate: Fate, fields: Mapping[str, Json]) -> Plan:
        # The plan depends on few values, so that jobs share it and a store of a million stays
        # small.
        key = (fate, *[fields.get(name) for name in self._scaled])
        if key not in self._plans:
            if len(self._plans) > _KEPT:
                self._plans.clear()
            self._plans[key] = self._make(fate, fields)
        return self._plans[key]

    def _named(self, name: str | None) -> Fate | None:
        if name is not None and name not in self.scenarios:
            known = ", ".join(self.scenarios)
            raise Refusal(Cause.PREFERENCE_INVALID, f"there is no scenario {name!r}, only {known}")
        return self.scenarios[name] if name else None

    def _make(self, fate: Fate, fields: Mapping[str, Json]) -> Plan:
        return make_plan(
            self._lifecycle, fields, outcome=fate.outcome, code=fate.code, seconds=fate.seconds
        )


def _token(values: Iterable[Json]) -> str | None:
    """`mock:NAME` in any text of the request, for clients that hide their headers."""
    for value in values:
        if isinstance(value, str) and "mock:" in value:
            found = _TOKEN.search(value)
            if found:
                return found[1]
    return None


_TOKEN = re.compile(r"\bmock:([a-z][a-z-]*)")
_KEPT = 1000
