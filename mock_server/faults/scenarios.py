"""The known scenarios, and the choice of one for each new job."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from random import Random
from threading import Lock
from typing import NamedTuple

from ...openapi import Arguments, Call, Cause, Document
from ...openapi.json import Json
from ...openapi.text import quote
from ..errors import Refusal
from ..jobs.progression import DEFAULT_OUTCOME, JobOutcome, plan_progression
from .scenario import Scenario, built_in_scenarios, find_scenario

SCENARIO_HEADER = "x-mock-scenario"
DEFAULT_SCENARIO = "completes"


class ScenarioChoice(NamedTuple):
    """The scenario of a new job. `queued` is True if it was set for the next job."""

    scenario: Scenario
    queued: bool = False


class Scenarios:
    """Chooses the scenario of each new job.

    In this order: the scenario that was set for the next job, the scenario that the request names
    in a header or a field, a scenario with a share of the jobs, the default scenario.

    Args:
        document: the document that is served.
        random: chooses scenarios with a share.
        default: the name of the default scenario.
        custom: scenarios besides the built-in ones, by name.
        has_jobs: True if jobs in scenarios may exist already.

    Raises ValueError if `default` is unknown.
    """

    def __init__(
        self,
        document: Document,
        *,
        random: Random,
        default: str = DEFAULT_SCENARIO,
        custom: Mapping[str, Scenario] | None = None,
        has_jobs: bool = False,
    ) -> None:
        self._document, self._random, self._lock = document, random, Lock()
        self._next: deque[Scenario] = deque()
        self._shares: dict[str, float] = {}
        self._built_in = built_in_scenarios(document)
        self._known: Mapping[str, Scenario] = {**self._built_in, **(custom or {})}
        self._has_faults = has_jobs and self._any_known_faults()
        self._default = self._initial = self.find(default)

    def replace_initial(self, *, default: str, custom: Mapping[str, Scenario]) -> None:
        """Replace the initial default scenario and the custom scenarios.

        Choices made since the start stay if their scenarios are still known. Raises ValueError,
        and changes nothing, if `default` is unknown.
        """
        known = self._built_in | dict(custom)
        known = {name: self._keep_if_equivalent(scenario) for name, scenario in known.items()}
        initial = find_scenario(self._document, known, default)
        with self._lock:
            chosen = self._default if self._default is not self._initial else None
            self._known, self._initial = known, initial
            self._default = (self._find_current(chosen) if chosen else None) or initial
            self._next = deque(new for old in self._next if (new := self._find_current(old)))
            self._shares = {n: share for n, share in self._shares.items() if self._is_known(n)}
            self._has_faults = self._any_known_faults()

    @property
    def has_faults(self) -> bool:
        """True if calls about any job may have faults."""
        return self._has_faults

    def to_json(self) -> list[dict[str, Json]]:
        """Return the name and description of every scenario."""
        return [{"name": each.name, "about": each.description} for each in self._known.values()]

    def selection(self) -> dict[str, Json]:
        """Return the default scenario, the shares of others, and those of the next jobs."""
        with self._lock:
            return {
                "scenario": self._default.name,
                "shares": dict(self._shares),
                "next": [scenario.name for scenario in self._next],
            }

    def find(self, name: str) -> Scenario:
        """Return the scenario with this name; `NAME:CODE` also sets the error code of its jobs.

        Raises ValueError if the scenario is unknown, or has a code and its jobs do not fail.
        """
        return find_scenario(self._document, self._known, name)

    def use(self, name: str, *, next: int | None = None, share: float | None = None) -> None:
        """Choose a scenario: as the default, for the `next` jobs, or for a `share` of all jobs.

        A share is from 0 to 1; 0 removes it. Raises ValueError, and changes nothing, if an
        argument is invalid.
        """
        scenario = self.find(name)
        if next is not None and share is not None:
            raise ValueError("use next or share, not both")
        with self._lock:
            if next is not None:
                self._next.extend([scenario] * _require_count(next))
            elif share is not None:
                self._set_share(name, share)
            else:
                self._default = scenario

    def set_next(self, outcome: JobOutcome) -> None:
        """Set the outcome of the next job; several calls are for several jobs.

        Raises ValueError if the outcome does not fit the document.
        """
        plan_progression(self._document.lifecycle, {}, outcome)
        with self._lock:
            self._next.append(Scenario("", outcome=outcome))

    def choose(self, call: Call, arguments: Arguments) -> ScenarioChoice:
        """Return the scenario of the job that a create request makes.

        Raises Refusal if the request names an unknown scenario.
        """
        if self._next:
            with self._lock:
                if self._next:  # another thread may have taken the last one
                    return ScenarioChoice(self._record_faults(self._next.popleft()), queued=True)
        named = call.headers.get(SCENARIO_HEADER) or _scenario_in_text(arguments.fields.values())
        if named:
            try:
                return ScenarioChoice(self._record_faults(self.find(named)))
            except ValueError as error:
                raise Refusal(Cause.PREFERENCE_INVALID, str(error)) from None
        chosen = self._choose_by_share() if self._shares else self._default
        return ScenarioChoice(self._record_faults(chosen))

    def _record_faults(self, scenario: Scenario) -> Scenario:
        """Remember if a scenario in use has faults, and return the scenario."""
        self._has_faults = self._has_faults or bool(scenario.faults)
        return scenario

    def requeue(self, choice: ScenarioChoice) -> None:
        """Set a queued scenario for the next job again, because no job was created."""
        if choice.queued:
            with self._lock:
                self._next.appendleft(choice.scenario)

    def unused(self) -> list[str]:
        """Return the outcomes and scenarios that wait for the next jobs, the same ones once."""
        with self._lock:
            waiting = Counter(map(_describe, self._next))
        return [
            f"next {'job' if count == 1 else f'{count} jobs'}: {each} (no job was created)"
            for each, count in waiting.items()
        ]

    def get(self, name: str) -> Scenario | None:
        """Return the scenario with the name that a job has; None if it is not known any more."""
        return self._known.get(name.partition(":")[0]) if name else None

    def reset(self) -> None:
        """Forget the next jobs and the shares, and return to the initial default scenario."""
        with self._lock:
            self._next.clear()
            self._shares.clear()
            self._default = self._initial

    def _any_known_faults(self) -> bool:
        return any(scenario.faults for scenario in self._known.values())

    def _keep_if_equivalent(self, scenario: Scenario) -> Scenario:
        """Return the known scenario if it is equivalent, because its faults are being counted."""
        known = self._known.get(scenario.name)
        return known if known is not None and known.is_equivalent(scenario) else scenario

    def _find_current(self, scenario: Scenario) -> Scenario | None:
        """Return the present scenario of this name; a scenario without a name never changes."""
        if not scenario.name:
            return scenario
        return self.find(scenario.name) if self._is_known(scenario.name) else None

    def _is_known(self, name: str) -> bool:
        try:
            return bool(self.find(name))
        except ValueError:
            return False

    def _set_share(self, name: str, share: float) -> None:
        others = sum(value for other, value in self._shares.items() if other != name)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"share must be from 0 to 1, not {quote(share)}")
        if others + share > 1 + _SHARE_TOLERANCE:
            raise ValueError(
                f"share must be at most {max(0, 1 - others):g}, the rest of the other shares"
            )
        self._shares[name] = share
        if not share:
            del self._shares[name]

    def _choose_by_share(self) -> Scenario:
        with self._lock:
            point, end = self._random.random(), 0.0
            for name, share in self._shares.items():
                end += share
                if point < end:
                    return self.find(name)
            return self._default


def _require_count(number: int) -> int:
    whole = isinstance(number, int) and not isinstance(number, bool)
    if not whole or not 1 <= number <= _MAX_NEXT_JOBS:
        raise ValueError(
            f"next must be a whole number from 1 to {_MAX_NEXT_JOBS}, not {quote(number)}"
        )
    return number


def _describe(scenario: Scenario) -> str:
    """Return the name of a scenario, or the outcome that was set without one."""
    if scenario.name:
        return f"scenario={quote(scenario.name)}"
    outcome = asdict(scenario.outcome)
    default = asdict(DEFAULT_OUTCOME)
    given = [f"{k}={quote(v)}" for k, v in outcome.items() if v != default[k]]
    return ", ".join(given) or "the default outcome"


def _scenario_in_text(values: Iterable[Json]) -> str | None:
    """Return NAME of `mock:NAME` in a text field; some clients cannot set headers."""
    for value in values:
        if isinstance(value, str) and "mock:" in value:
            found = _SCENARIO_IN_TEXT.search(value)
            if found:
                return found[1]
    return None


_SCENARIO_IN_TEXT = re.compile(r"\bmock:([a-z][a-z0-9-]*(?::[A-Za-z0-9_][\w.-]*\w)?)")
_MAX_NEXT_JOBS = 100_000
_SHARE_TOLERANCE = 1e-9
