"""Which scenario a new job takes part in: who has a say in it, and in which order."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from random import Random
from threading import Lock
from typing import NamedTuple

from ...openapi import Arguments, Call, Cause, Document
from ...openapi.json import Json
from ..errors import Refusal
from ..jobs.progression import JobOutcome, plan_progression
from .scenario import Scenario, built_in_scenarios, find_scenario

HEADER = "x-mock-scenario"
DEFAULT_SCENARIO = "completes"


class Choice(NamedTuple):
    """The scenario of one new job. `queued` says that it was set for the next one."""

    scenario: Scenario
    queued: bool = False


class Scenarios:
    """What was set for the next job counts first, then the scenario that the request names in a
    header or in a field, then that of its share, then the server's.

    `usual` is the server's, `own` are scenarios beside those that come along. `joined` says that
    jobs may take part in them already. Raises ValueError if the server's is not known.
    """

    def __init__(
        self,
        document: Document,
        *,
        random: Random,
        usual: str = DEFAULT_SCENARIO,
        own: Mapping[str, Scenario] | None = None,
        joined: bool = False,
    ) -> None:
        self._document, self._random, self._lock = document, random, Lock()
        self._next: deque[Scenario] = deque()
        self._shares: dict[str, float] = {}
        self._along = built_in_scenarios(document)
        self._known: Mapping[str, Scenario] = {**self._along, **(own or {})}
        self._faulty = joined and self._any_faults()
        self._usual = self._first = self.named(usual)

    def replace_initial(self, *, usual: str, own: Mapping[str, Scenario]) -> None:
        """Goes on with another first choice and other own scenarios. What was chosen since stays,
        as far as it is still known. Raises ValueError if the first is not, and changes nothing.
        """
        known = {name: self._as_before(each) for name, each in {**self._along, **own}.items()}
        first = find_scenario(self._document, known, usual)
        with self._lock:
            chosen = self._usual if self._usual is not self._first else None
            self._known, self._first = known, first
            self._usual = (self._still(chosen) if chosen else None) or first
            self._next = deque(each for old in self._next if (each := self._still(old)))
            self._shares = {name: share for name, share in self._shares.items() if self._has(name)}
            self._faulty = self._any_faults()

    @property
    def has_faults(self) -> bool:
        """Whether the calls about any job may meet a fault."""
        return self._faulty

    def listed(self) -> list[dict[str, Json]]:
        """Every scenario: its name and what it is good for."""
        return [{"name": each.name, "about": each.description} for each in self._known.values()]

    def chosen(self) -> dict[str, Json]:
        """The server's scenario, the share that others have, and those of the next jobs."""
        with self._lock:
            return {
                "scenario": self._usual.name,
                "shares": dict(self._shares),
                "next": [scenario.name for scenario in self._next],
            }

    def named(self, name: str) -> Scenario:
        """The scenario of this name; `NAME:CODE` fails with another code. Raises ValueError."""
        return find_scenario(self._document, self._known, name)

    def use(self, name: str, *, next: int | None = None, share: float | None = None) -> None:
        """Chooses a scenario: for the server, for the next jobs, or for a share of all jobs (from 0
        to 1, 0 takes it back). Raises ValueError, and changes nothing, for what cannot be.
        """
        scenario = self.named(name)
        if next is not None and share is not None:
            raise ValueError("a scenario is for the next jobs or for a share of them, not for both")
        with self._lock:
            if next is not None:
                self._next.extend([scenario] * _count(next))
            elif share is not None:
                self._share(name, share)
            else:
                self._usual = scenario

    def set_next(self, fate: JobOutcome) -> None:
        """What is to become of the next job; several calls are for several jobs. Raises ValueError
        for what cannot be.
        """
        plan_progression(self._document.lifecycle, {}, fate)
        with self._lock:
            self._next.append(Scenario("", outcome=fate))

    def choose(self, call: Call, arguments: Arguments) -> Choice:
        """Return the scenario of the job that a create request makes.

        Raises Refusal if the request names an unknown scenario.
        """
        if self._next:
            with self._lock:
                if self._next:  # nobody else has taken the last meanwhile
                    return Choice(self._entered(self._next.popleft()), queued=True)
        named = call.headers.get(HEADER) or _token(arguments.fields.values())
        if named:
            try:
                return Choice(self._entered(self.named(named)))
            except ValueError as error:
                raise Refusal(Cause.PREFERENCE_INVALID, str(error)) from None
        return Choice(self._entered(self._by_share() if self._shares else self._usual))

    def _entered(self, scenario: Scenario) -> Scenario:
        self._faulty = self._faulty or bool(scenario.faults)
        return scenario

    def requeue(self, choice: Choice) -> None:
        """The job was not made after all."""
        if choice.queued:
            with self._lock:
                self._next.appendleft(choice.scenario)

    def of_job(self, name: str) -> Scenario | None:
        """The scenario that a job takes part in, None if it is not known any more."""
        return self._known.get(name.partition(":")[0]) if name else None

    def reset(self) -> None:
        """Forgets what was set for next jobs and for shares, and goes back to the first choice."""
        with self._lock:
            self._next.clear()
            self._shares.clear()
            self._usual = self._first

    def _any_faults(self) -> bool:
        return any(scenario.faults for scenario in self._known.values())

    def _as_before(self, scenario: Scenario) -> Scenario:
        """The one that is known already if it says the same: its faults are being counted."""
        known = self._known.get(scenario.name)
        return known if known is not None and known.same(scenario) else scenario

    def _still(self, scenario: Scenario) -> Scenario | None:
        """What is known of it now; one without a name is for a single job, whatever is known."""
        if not scenario.name:
            return scenario
        return self.named(scenario.name) if self._has(scenario.name) else None

    def _has(self, name: str) -> bool:
        try:
            return bool(self.named(name))
        except ValueError:
            return False

    def _share(self, name: str, share: float) -> None:
        others = sum(value for other, value in self._shares.items() if other != name)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"share must be from 0 to 1, not {share!r}")
        if others + share > 1 + _ROUNDING:
            raise ValueError(
                f"share must be at most {max(0, 1 - others):g}, as others have the rest"
            )
        self._shares[name] = share
        if not share:
            del self._shares[name]

    def _by_share(self) -> Scenario:
        with self._lock:
            place, end = self._random.random(), 0.0
            for name, share in self._shares.items():
                end += share
                if place < end:
                    return self.named(name)
            return self._usual


def _count(number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= _MOST:
        raise ValueError(f"next must be a whole number from 1 to {_MOST}, not {number!r}")
    return number


def _token(values: Iterable[Json]) -> str | None:
    """`mock:NAME` in any text of the request, for clients that hide their headers."""
    for value in values:
        if isinstance(value, str) and "mock:" in value:
            found = _TOKEN.search(value)
            if found:
                return found[1]
    return None


_TOKEN = re.compile(r"\bmock:([a-z][a-z0-9-]*(?::[A-Za-z0-9_][\w.-]*\w)?)")
_MOST = 100_000
_ROUNDING = 1e-9
