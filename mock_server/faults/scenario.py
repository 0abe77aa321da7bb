"""A scenario: what becomes of a job, and what goes wrong with the calls about it, under a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from ...openapi import Document, Ending, JobRole
from ...openapi.json import Json
from ...openapi.text import quote
from ..config_schema import ConfigError, validate
from ..jobs.progression import DEFAULT_OUTCOME, JobOutcome, plan_progression
from .fault import Fault, read_fault


@dataclass(frozen=True, slots=True)
class Scenario:
    """`about` says in a line what it is good for."""

    name: str
    description: str = ""
    outcome: JobOutcome = DEFAULT_OUTCOME
    faults: tuple[Fault, ...] = ()

    def same(self, other: Scenario) -> bool:
        """Whether the other one says the same."""
        return self._said() == other._said()

    def _said(self) -> tuple[object, ...]:
        return self.name, self.description, self.outcome, [fault.words for fault in self.faults]


def read_scenario(document: Document, name: str, words: Mapping[str, Json]) -> Scenario:
    """The scenario that these words mean; raises WordsError for what cannot be.

    The words are those of `Scenario` in `config.schema.json`.
    """
    validate("Scenario", words)
    fate = JobOutcome(**{key: words[key] for key in _FATE if key in words})
    try:
        plan_progression(document.lifecycle, {}, fate)
    except ValueError as error:
        raise ConfigError("", str(error)) from None
    faults = []
    for index, fault in enumerate(words.get("faults", ())):
        try:
            faults.append(_read_fault(document, fault))
        except ConfigError as error:
            raise error.below(f"/faults/{index}") from None
    return Scenario(name, words.get("about", ""), fate, tuple(faults))


def _read_fault(document: Document, words: Mapping[str, Json]) -> Fault:
    """A fault of the calls about the scenario's own jobs, and of no others."""
    for name in ("job", "key"):
        if name in words:
            raise ConfigError(f"/{name}", "a scenario's faults are for its own jobs, whosever")
    fault = read_fault(document, words)
    if all(document.operations[name].role is JobRole.LIST for name in fault.operations):
        raise ConfigError("/operation", "no call of it is about a job of the scenario")
    return fault


def built_in_scenarios(document: Document) -> dict[str, Scenario]:
    """The scenarios that come along, as far as the document knows of what they need."""
    return {name: read_scenario(document, name, words) for name, words in _usual(document)}


def find_scenario(document: Document, known: Mapping[str, Scenario], name: str) -> Scenario:
    """The scenario of this name; `NAME:CODE` fails with another code. Raises ValueError if there is
    none, or none that fails.
    """
    found, colon, code = name.partition(":")
    scenario = known.get(found)
    if scenario is None:
        raise ValueError(f"there is no scenario {quote(name)}, only {', '.join(known)}")
    if not colon:
        return scenario
    outcome = scenario.outcome.outcome
    ends = document.lifecycle.states[outcome].ends if outcome else None
    if ends is not Ending.FAILURE or not code:
        raise ValueError(f"{quote(name)}: only a scenario that ends in a failure takes a code")
    return replace(scenario, name=name, outcome=replace(scenario.outcome, code=code))


def _usual(document: Document) -> Iterator[tuple[str, dict[str, Json]]]:
    lifecycle = document.lifecycle
    failures = lifecycle.endings(Ending.FAILURE)
    yield "completes", {"about": "The job ends well."}
    if failures:
        about = "The job fails; fails:CODE for another reason than the usual one."
        yield "fails", {"about": about, "outcome": failures[0]}
    if failures and lifecycle.failure and lifecycle.failure.moderation:
        about = "The job fails, because a moderation system has objected."
        code = lifecycle.failure.moderation
        yield "moderated", {"about": about, "outcome": failures[0], "code": code}
    yield "slow", {"about": "The job takes ten times as long as usual.", "scale": 10}
    yield "stalls", {"about": "The job never ends.", "stalls": True}
    yield "jumps", {"about": "The job shows no progress before its end.", "jumps": True}
    yield "instant", {"about": "The job has ended when it is made.", "seconds": 0}
    if lifecycle.expiry_at:
        yield "expires", {"about": "The files go a minute after the job's end.", "expires": 60}
    if status := _fault_of_the_server(document):
        fault = {"operation": JobRole.RETRIEVE, "status": status, "nth": 2, "every": 3}
        yield "flaky-polls", {"about": f"Every third poll is answered {status}.", "faults": [fault]}
    if _TOO_MANY in document.by_role[JobRole.CREATE].responses:
        fault = {"operation": JobRole.CREATE, "status": _TOO_MANY, "times": 2, "every": 3}
        if document.envelope.retry_seconds:
            fault["retry_after"] = 2
        about = f"Two of three creates are answered {_TOO_MANY}."
        yield "rate-limited", {"about": about, "faults": [fault]}


def _fault_of_the_server(document: Document) -> int | None:
    """The status with which the document says that the server is unavailable, or at fault."""
    known = document.by_role[JobRole.RETRIEVE].responses
    declared = {answer.status for answer in document.envelope.answers.values()}
    candidates = [503, 502, 500, *sorted(status for status in known if status >= 500)]
    return next((s for s in candidates if s in known and s in declared), None)


_FATE = tuple(field.name for field in fields(JobOutcome))
_TOO_MANY = 429
