"""The lifecycle of a job: its states, fields and timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .pointer import Path
from .text import did_you_mean, quote


class Ending(StrEnum):
    """The meaning of a final state."""

    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class State:
    """One state of a job.

    next: the names of the states that may follow; empty for a final state
    ends: the meaning of a final state; None for any other state
    progress: the per cent at the start and at the end of the state; None if it does not change
    seconds: the nominal duration in seconds
    scale: factors of the duration, by request field and its value
    """

    name: str
    next: tuple[str, ...] = ()
    ends: Ending | None = None
    progress: tuple[int, int] | None = None
    seconds: float = 0.0
    scale: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A field of the job with a Unix time, null at first.

    at: the path of the field
    set_on: the state at whose start the field gets its value
    counted_from: the state whose start is the base of the value
    plus_seconds: the seconds after that base
    """

    at: Path
    set_on: str
    counted_from: str
    plus_seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The error of a failed job.

    at: the path of the error object
    code: the path of its code
    message: the path of its message
    reasons: the messages by code; the first code is the default
    moderation: the code of a rejection by content moderation; None if the API has none
    """

    at: Path
    code: Path
    message: Path
    reasons: Mapping[str, str]
    moderation: str | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """A request field that is copied to the job.

    field: the name of the request field
    at: the path of the copy in the job
    """

    field: str
    at: Path


@dataclass(frozen=True, slots=True)
class PollHint:
    """The header with the recommended time before the next poll.

    header: the name of the header in lower case
    units_per_second: 1 for a header in seconds, 1000 for milliseconds
    """

    header: str
    units_per_second: int


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The lifecycle of a job. All paths lead into a job; None means that it has no such field.

    id_at, state_at, progress_at: the paths of the id, the state and the progress
    id_prefix: the start of every job id
    initial: the first state
    states: the states by name
    timestamps: the fields with a Unix time
    expiry_at: the path of the time at which the files of the job expire
    failure: the error of a failed job; None if there is no failure state
    immutable: the paths of fields that never change
    echoes: the request fields that are copied to the job
    source_at: the path of the id of the job that this job is a remix of
    poll_hint: the header with the recommended poll interval
    """

    id_at: Path
    id_prefix: str
    state_at: Path
    initial: str
    states: Mapping[str, State]
    progress_at: Path | None = None
    timestamps: tuple[Timestamp, ...] = ()
    expiry_at: Path | None = None
    failure: Failure | None = None
    immutable: tuple[Path, ...] = ()
    echoes: tuple[Echo, ...] = ()
    source_at: Path | None = None
    poll_hint: PollHint | None = None

    def final_states(self, ending: Ending) -> tuple[str, ...]:
        """Return the names of the final states with this meaning, in the order of the document."""
        return tuple(state.name for state in self.states.values() if state.ends is ending)

    def route_to(self, outcome: str) -> tuple[str, ...]:
        """Return the states of a job that ends in this final state, from the initial state on.

        From each state, the route takes the first next state that is not final, if possible.
        Raises ValueError, with the final states, if there is no route.
        """
        route = self._find_route((self.initial,), outcome)
        if route is None:
            finals = [name for name, state in self.states.items() if state.ends]
            known = f"{', '.join(finals)}{did_you_mean(outcome, finals)}"
            raise ValueError(f"no job ends as {quote(outcome)}; the final states are {known}")
        return route

    def _find_route(self, visited: tuple[str, ...], outcome: str) -> tuple[str, ...] | None:
        following = self.states[visited[-1]].next
        for name in following:
            if self.states[name].ends is None and name not in visited:
                route = self._find_route((*visited, name), outcome)
                if route is not None:
                    return route
        return (*visited, outcome) if outcome in following and self.states[outcome].ends else None
