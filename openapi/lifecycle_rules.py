"""Rules for `x-lifecycle`: it must fit itself, the schema of the job and the create request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .errors import Problem
from .json import Json
from .lifecycle import Ending, Lifecycle, State, compile_lifecycle
from .pointer import format_pointer, get, parse_pointer
from .schema import property_at

PlacedReasons = Iterator[tuple[str, str]]


def lifecycle_problems(
    root: Json, pointer: str, *, create_fields: Mapping[str, Json]
) -> Iterator[Problem]:
    """Yield every problem with the lifecycle of the schema at a pointer.

    `create_fields` are the schemas of the fields of the create request, by name.
    """
    schema = get(root, parse_pointer(pointer))
    data = schema["x-lifecycle"]
    lifecycle = compile_lifecycle(data)
    found = [
        *_states(lifecycle),
        *_initial_state(lifecycle),
        *_state_names(root, schema, lifecycle),
        *_paths(root, schema, lifecycle),
        *_fields(data, lifecycle, create_fields),
        *_references(data, lifecycle),
    ]
    for place, reason in found:
        yield Problem(f"{pointer}/x-lifecycle/{place}", reason)


def _states(lifecycle: Lifecycle) -> PlacedReasons:
    for name, state in lifecycle.states.items():
        place = f"states{format_pointer((name,))}"
        unknown = [n for n in state.next if n not in lifecycle.states]
        if unknown:
            yield f"{place}/next", f"{unknown[0]} is not one of the states"
        elif state.ends and state.next:
            yield f"{place}/next", "a final state has no next state"
        elif state.ends and state.seconds:
            yield f"{place}/lasts", "a final state has no duration"
        elif not state.ends and not state.next:
            yield place, "needs either next or ends"
        elif state.progress and state.progress[0] > state.progress[1]:
            yield f"{place}/progress", "decreases; progress must not decrease"


def _initial_state(lifecycle: Lifecycle) -> PlacedReasons:
    states, initial = lifecycle.states, lifecycle.initial
    if initial not in states:
        yield "state/initial", f"{initial} is not one of the states"
    elif states[initial].ends:
        reason = f"{initial} is a final state; a job cannot start in a final state"
        yield "state/initial", reason
    elif all(name in states for state in states.values() for name in state.next):
        yield from _routes(lifecycle)


def _routes(lifecycle: Lifecycle) -> PlacedReasons:
    """Check every route from the initial state, with the progress that a job reaches on it."""
    start: tuple[str, int] = (lifecycle.initial, 0)
    visited: set[tuple[str, int]] = {start}
    waiting = [*visited]
    decreases: dict[tuple[str, str], None] = {}
    while waiting:
        name, reached = waiting.pop()
        state = lifecycle.states[name]
        reached = state.progress[1] if state.progress else reached
        for following in state.next:
            begins = lifecycle.states[following].progress
            if begins and begins[0] < reached:
                reason = f"progress decreases from {reached} to {begins[0]} in {following}"
                decreases[f"states{format_pointer((name,))}/next", reason] = None
            elif (following, reached) not in visited:
                visited.add((following, reached))
                waiting.append((following, reached))
    if decreases:
        yield from decreases
    else:
        yield from _reachability(lifecycle, {name for name, _ in visited})


def _reachability(lifecycle: Lifecycle, reachable: set[str]) -> PlacedReasons:
    states: Mapping[str, State] = lifecycle.states
    for name in states:
        if name not in reachable:
            place = f"states{format_pointer((name,))}"
            yield place, f"cannot be reached from {lifecycle.initial}"
    if not any(states[name].ends is Ending.SUCCESS for name in reachable):
        yield "states", "no reachable state ends in success"


def _state_names(root: Json, schema: Json, lifecycle: Lifecycle) -> PlacedReasons:
    """Check that the schema of the state allows exactly the states of the lifecycle."""
    state_schema = property_at(root, schema, lifecycle.state_at)
    names = state_schema.get("enum") if isinstance(state_schema, dict) else None
    if names is not None and set(names) != set(lifecycle.states):
        allowed = ", ".join(map(str, names))
        reason = f"the schema of the state allows {allowed}; both must list the same states"
        yield "states", reason


def _paths(root: Json, schema: Json, lifecycle: Lifecycle) -> PlacedReasons:
    for place, path in lifecycle.paths():
        if property_at(root, schema, path) is None:
            yield place, f"the schema has no field at {format_pointer(path)}"
    timestamps = {timestamp.at for timestamp in lifecycle.timestamps}
    if lifecycle.expiry_at and lifecycle.expiry_at not in timestamps:
        yield "expiry", f"{format_pointer(lifecycle.expiry_at)} is not one of the stamps"


def _fields(data: Json, lifecycle: Lifecycle, create_fields: Mapping[str, Json]) -> PlacedReasons:
    for index, echo in enumerate(lifecycle.echoes):
        if echo.field not in create_fields:
            reason = f"{echo.field} is not a field of the create request"
            yield f"echoes/{index}/field", reason
    for name, state in data["states"].items():
        for field, factors in state.get("lasts", {}).get("scale", {}).items():
            place = f"states{format_pointer((name,))}/lasts/scale{format_pointer((field,))}"
            values = create_fields[field].get("enum") if field in create_fields else None
            unknown = [v for v in factors if values is not None and v not in map(str, values)]
            if field not in create_fields:
                yield place, f"{field} is not a field of the create request"
            elif unknown:
                yield place + format_pointer(unknown[:1]), f"is not a value of {field}"


def _references(data: Json, lifecycle: Lifecycle) -> PlacedReasons:
    for index, timestamp in enumerate(data.get("stamps", ())):
        for key in ("set_on", "counted_from"):
            if key in timestamp and timestamp[key] not in lifecycle.states:
                yield f"stamps/{index}/{key}", f"{timestamp[key]} is not one of the states"
    failure = lifecycle.failure
    if failure and failure.moderation not in (None, *failure.reasons):
        yield "failure/moderation", f"{failure.moderation} is not one of the reasons"
