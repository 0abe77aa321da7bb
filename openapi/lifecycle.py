"""The lifecycle of a job, `x-lifecycle`: its states, fields and timestamps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .json import Json
from .pointer import Path, parse_pointer
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

    def paths(self) -> Iterator[tuple[str, Path]]:
        """Yield the path of every declared field, each after its place in `x-lifecycle`."""
        yield "id/at", self.id_at
        yield "state/at", self.state_at
        if self.progress_at:
            yield "progress/at", self.progress_at
        if self.source_at:
            yield "source", self.source_at
        if self.failure:
            yield "failure/code", self.failure.code
            yield "failure/message", self.failure.message
            yield "failure/at", self.failure.at
        yield from ((f"stamps/{i}/at", stamp.at) for i, stamp in enumerate(self.timestamps))
        yield from ((f"immutable/{i}", path) for i, path in enumerate(self.immutable))
        yield from ((f"echoes/{i}/at", echo.at) for i, echo in enumerate(self.echoes))


def compile_lifecycle(data: Json) -> Lifecycle:
    """Compile validated data of `x-lifecycle`."""
    return Lifecycle(
        id_at=parse_pointer(data["id"]["at"]),
        id_prefix=data["id"].get("prefix", ""),
        state_at=parse_pointer(data["state"]["at"]),
        initial=data["state"]["initial"],
        states={name: _state(name, state) for name, state in data["states"].items()},
        progress_at=_optional(data.get("progress", {}).get("at")),
        timestamps=tuple(_stamp(stamp) for stamp in data.get("stamps", ())),
        expiry_at=_optional(data.get("expiry")),
        failure=_failure(data["failure"]) if "failure" in data else None,
        immutable=tuple(parse_pointer(pointer) for pointer in data.get("immutable", ())),
        echoes=tuple(Echo(e["field"], parse_pointer(e["at"])) for e in data.get("echoes", ())),
        source_at=_optional(data.get("source")),
        poll_hint=_poll_hint(data["poll_after"]) if "poll_after" in data else None,
    )


def _optional(pointer: str | None) -> Path | None:
    return None if pointer is None else parse_pointer(pointer)


def _state(name: str, data: Json) -> State:
    progress, lasts = data.get("progress"), data.get("lasts", {})
    if isinstance(progress, dict):
        progress = (progress["from"], progress["to"])
    elif progress is not None:
        progress = (progress, progress)
    return State(
        name=name,
        next=tuple(data.get("next", ())),
        ends=Ending(data["ends"]) if "ends" in data else None,
        progress=progress,
        seconds=lasts.get("seconds", 0.0),
        scale=lasts.get("scale", {}),
    )


def _stamp(data: Json) -> Timestamp:
    return Timestamp(
        at=parse_pointer(data["at"]),
        set_on=data["set_on"],
        counted_from=data.get("counted_from", data["set_on"]),
        plus_seconds=data.get("plus_seconds", 0),
    )


def _failure(data: Json) -> Failure:
    at, code, message = (parse_pointer(data[key]) for key in ("at", "code", "message"))
    return Failure(at, code, message, data["reasons"], data.get("moderation"))


def _poll_hint(data: Json) -> PollHint:
    return PollHint(data["header"].lower(), {"seconds": 1, "milliseconds": 1000}[data["unit"]])
