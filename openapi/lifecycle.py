"""The declared life of a job, `x-lifecycle`: what the mock obeys and the judge judges by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .json import Json
from .pointer import Path, parse_pointer


class Ending(StrEnum):
    """What a final state means."""

    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class State:
    """One state of a job.

    `progress` is the per cent at entry and at exit, None where what was reached is kept. `seconds`
    is the nominal time in this state, `scale` one factor for each value of a request field. `ends`
    is None while the job goes on.
    """

    name: str
    next: tuple[str, ...] = ()
    ends: Ending | None = None
    progress: tuple[int, int] | None = None
    seconds: float = 0.0
    scale: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A moment in Unix seconds: null until `set_on` is entered, then the entry of `counted_from`
    plus some seconds.
    """

    at: Path
    set_on: str
    counted_from: str
    plus_seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Where a failed job says why, and the codes with their words; the first is the usual one.
    `moderation` is the code that a moderation system gives, None if the API has none.
    """

    at: Path
    code: Path
    message: Path
    reasons: Mapping[str, str]
    moderation: str | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """A request field that comes back in the job."""

    field: str
    at: Path


@dataclass(frozen=True, slots=True)
class PollHint:
    """The header that says how long to wait before the next poll, and how many of its units make a
    second.
    """

    header: str
    units_per_second: int


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The whole declaration. Paths lead into the job's schema; None means that the API has no such
    field.
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

    def final_states(self, kind: Ending) -> tuple[str, ...]:
        """The final states of this kind, in the order of the document."""
        return tuple(state.name for state in self.states.values() if state.ends is kind)

    def route_to(self, outcome: str) -> tuple[str, ...]:
        """The states on the usual way from the initial one to this final one.

        The usual way takes the first next state that goes on as long as it can. Raises ValueError,
        with the final states, if there is no way.
        """
        way = self._find_route((self.initial,), outcome)
        if way is None:
            ends = ", ".join(name for name, state in self.states.items() if state.ends)
            raise ValueError(f"no job ends as {outcome!r}; the final states are {ends}")
        return way

    def _find_route(self, so_far: tuple[str, ...], outcome: str) -> tuple[str, ...] | None:
        following = self.states[so_far[-1]].next
        for name in following:
            if self.states[name].ends is None and name not in so_far:
                way = self._find_route((*so_far, name), outcome)
                if way is not None:
                    return way
        return (*so_far, outcome) if outcome in following and self.states[outcome].ends else None

    def paths(self) -> Iterator[tuple[str, Path]]:
        """Every place in the job that the declaration names, with the key that names it."""
        yield "id/at", self.id_at
        yield "state/at", self.state_at
        if self.progress_at:
            yield "progress/at", self.progress_at
        if self.source_at:
            yield "source", self.source_at
        if self.failure:
            yield from (
                ("failure/code", self.failure.code),
                ("failure/message", self.failure.message),
            )
            yield "failure/at", self.failure.at
        yield from ((f"stamps/{i}/at", stamp.at) for i, stamp in enumerate(self.timestamps))
        yield from ((f"immutable/{i}", path) for i, path in enumerate(self.immutable))
        yield from ((f"echoes/{i}/at", echo.at) for i, echo in enumerate(self.echoes))


def compile_lifecycle(data: Json) -> Lifecycle:
    """The declaration from its data, which the schema of the extension has checked."""
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
