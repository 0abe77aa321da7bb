"""A scenario: the outcome of a job and the faults of the calls about it, under a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from ...openapi import Document, Operation
from ...openapi.jobs import JobKind, JobRole, Meaning
from ...openapi.json import Json
from ...openapi.text import did_you_mean, quote
from ..config_schema import errors_under, validate
from ..errors import ConfigError
from ..jobs.progression import DEFAULT_OUTCOME, JobOutcome, final_state_of, plan_progression
from .fault import Fault, read_fault


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named course of a job.

    Args:
        name: the name; `NAME:CODE` if an error code was chosen with it.
        description: its purpose, in one line.
        outcome: the final state of the job, its duration and more.
        faults: the faults of the calls about the job.
    """

    name: str
    description: str = ""
    outcome: JobOutcome = DEFAULT_OUTCOME
    faults: tuple[Fault, ...] = ()

    def is_equivalent(self, other: Scenario) -> bool:
        """True if both were read from the same options."""
        return self._comparable() == other._comparable()

    def _comparable(self) -> tuple[object, ...]:
        return self.name, self.description, self.outcome, [fault.options for fault in self.faults]


def read_scenario(document: Document, name: str, options: Mapping[str, Json]) -> Scenario:
    """Return the scenario with these options, which `Scenario` in `config.schema.json` describes.

    Raises ConfigError if an option is invalid or does not fit the document.
    """
    validate("Scenario", options)
    outcome = JobOutcome(**{key: options[key] for key in _OUTCOME_OPTIONS if key in options})
    try:
        require_plannable(document, outcome)
    except ValueError as error:
        raise ConfigError("", str(error)) from None
    faults = []
    for index, fault in enumerate(options.get("faults", ())):
        with errors_under(f"/faults/{index}"):
            faults.append(_read_scenario_fault(document, fault))
    return Scenario(name, options.get("about", ""), outcome, tuple(faults))


def _read_scenario_fault(document: Document, options: Mapping[str, Json]) -> Fault:
    """Return a fault that affects only calls about jobs in the scenario."""
    for name in ("job", "key"):
        if name in options:
            reason = "is not allowed here: the faults of a scenario affect all of its jobs"
            raise ConfigError(f"/{name}", reason)
    fault = read_fault(document, options)
    roles = [role for name in fault.operations for role in document.roles.get(name, ())]
    if roles and all(role.role is JobRole.LIST for role in roles):
        raise ConfigError("/operation", "must be an operation on a single job")
    return fault


def built_in_scenarios(document: Document) -> dict[str, Scenario]:
    """Return the built-in scenarios that the document supports, by name."""
    built_in = _built_in_options(document)
    return {name: read_scenario(document, name, options) for name, options in built_in}


def find_scenario(document: Document, known: Mapping[str, Scenario], name: str) -> Scenario:
    """Return the scenario with this name; `NAME:CODE` also sets the error code of its jobs.

    Raises ValueError if the scenario is unknown, or has a code and its jobs do not fail.
    """
    base_name, colon, code = str(name).partition(":")
    scenario = known.get(base_name)
    if scenario is None:
        expected = f"must be one of {', '.join(known)}{did_you_mean(base_name, known)}"
        raise ValueError(f"unknown scenario {quote(name)}, {expected}")
    if not colon:
        return scenario
    if not _fails(document, scenario.outcome.outcome) or not code:
        raise ValueError(f"{quote(name)}: only a scenario whose jobs fail accepts a code")
    return replace(scenario, name=name, outcome=replace(scenario.outcome, code=code))


def require_plannable(document: Document, outcome: JobOutcome) -> None:
    """Raise ValueError if jobs of no kind can have this outcome."""
    problem: ValueError | None = None
    for kind in document.kinds.values():
        try:
            plan_progression(kind, kind.creates[0], {}, outcome)
        except ValueError as error:
            problem = problem or error
        else:
            return
    if problem is not None:
        raise problem


def _fails(document: Document, outcome: str | None) -> bool:
    """Return True if jobs of a kind that end like this have failed."""
    if outcome is None:
        return False
    lifecycles = [kind.lifecycle for kind in document.kinds.values()]
    named = ((life, final_state_of(life, outcome)) for life in lifecycles)
    return any(
        name in life.states and life.states[name].meaning is Meaning.FAILURE for life, name in named
    )


def _built_in_options(document: Document) -> Iterator[tuple[str, dict[str, Json]]]:
    kinds = document.kinds.values()
    yield "completes", {"about": "The job succeeds."}
    if any(kind.lifecycle.named(Meaning.FAILURE) for kind in kinds):
        about = "The job fails; fails:CODE sets the error code."
        yield "fails", {"about": about, "outcome": "failure"}
    moderated = next(filter(None, map(_moderated_outcome, kinds)), None)
    if moderated:
        about = "The job fails because content moderation blocks it."
        yield "moderated", {"about": about, **moderated}
    yield "slow", {"about": "The job takes ten times as long as usual.", "scale": 10}
    yield "stalls", {"about": "The job never ends.", "stalls": True}
    yield "jumps", {"about": "The job shows no progress before its end.", "jumps": True}
    yield "instant", {"about": "The job ends as soon as it is created.", "seconds": 0}
    if any(kind.expires_at or kind.expires_after for kind in kinds):
        yield "expires", {"about": "The files expire a minute after the job ends.", "expires": 60}
    yield from _faulty_options(document)


def _moderated_outcome(kind: JobKind) -> dict[str, Json] | None:
    """Return the outcome of a job that content moderation blocks; None if there is none."""
    states = [state.name for state in kind.lifecycle.states.values() if state.moderation]
    codes = [f.code for create in kind.creates for f in create.failures if f.moderation]
    if not states and not codes:
        return None
    outcome: dict[str, Json] = {"outcome": states[0] if states else "failure"}
    return {**outcome, "code": codes[0]} if codes else outcome


def _faulty_options(document: Document) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the scenarios with faults that the documented errors allow."""
    creates = [create for kind in document.kinds.values() for create in kind.creates]
    polls = [create.poll.operation for create in creates]
    if status := _server_error_status(document, polls):
        fault = {"operation": JobRole.POLL, "status": status, "nth": 2, "every": 3}
        yield "flaky-polls", {"about": f"Every third poll fails with {status}.", "faults": [fault]}
    if any(_TOO_MANY_REQUESTS in create.operation.responses for create in creates):
        fault = {"operation": JobRole.CREATE, "status": _TOO_MANY_REQUESTS, "times": 2, "every": 3}
        if document.envelope.retry_seconds:
            fault["retry_after"] = 2
        about = f"Two of three creates fail with {_TOO_MANY_REQUESTS}."
        yield "rate-limited", {"about": about, "faults": [fault]}


def _server_error_status(document: Document, polls: list[Operation]) -> int | None:
    """Return a documented status for an unavailable or broken server, None if there is none."""
    known = {status for poll in polls for status in poll.responses}
    declared = {error.status for error in document.envelope.responses.values()}
    candidates = [503, 502, 500, *sorted(status for status in known if status >= 500)]
    return next((s for s in candidates if s in known and s in declared), None)


_OUTCOME_OPTIONS = tuple(field.name for field in fields(JobOutcome))
_TOO_MANY_REQUESTS = 429
