"""What the parts of `x-lifecycle` must say of each other, of the job's schema and of the create
request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .errors import Problem
from .json import Json
from .lifecycle import Ending, Lifecycle, compile_lifecycle
from .pointer import format_pointer, get, parse_pointer
from .schema_places import property_at


def lifecycle_problems(
    root: Json, pointer: str, *, create: Mapping[str, Json]
) -> Iterator[Problem]:
    """Everything that is wrong with the declaration on the schema at the pointer."""
    schema = get(root, parse_pointer(pointer))
    data = schema["x-lifecycle"]
    lifecycle = compile_lifecycle(data)
    found = [
        *_transitions(lifecycle),
        *_state_names(root, schema, lifecycle),
        *_paths(root, schema, lifecycle),
    ]
    found += [*_fields(data, lifecycle, create), *_references(data, lifecycle)]
    for place, reason in found:
        yield Problem(f"{pointer}/x-lifecycle/{place}", reason)


PlacedReasons = Iterator[tuple[str, str]]


def _transitions(lifecycle: Lifecycle) -> PlacedReasons:
    states = lifecycle.states
    for name, state in states.items():
        place = f"states{format_pointer((name,))}"
        unknown = [n for n in state.next if n not in states]
        if unknown:
            yield f"{place}/next", f"{unknown[0]} is not one of the states"
        elif state.ends and state.next:
            yield f"{place}/next", "a state that ends the job has no next state"
        elif state.ends and state.seconds:
            yield f"{place}/lasts", "a state that ends the job lasts for ever"
        elif not state.ends and not state.next:
            yield place, "needs either next or ends"
        elif state.progress and state.progress[0] > state.progress[1]:
            yield f"{place}/progress", "falls; progress must not"
    if lifecycle.initial not in states:
        yield "state/initial", f"{lifecycle.initial} is not one of the states"
    elif states[lifecycle.initial].ends:
        yield "state/initial", f"{lifecycle.initial} ends the job; a job must begin before it ends"
    elif all(n in states for state in states.values() for n in state.next):
        yield from _routes(lifecycle)


def _routes(lifecycle: Lifecycle) -> PlacedReasons:
    """What is wrong on the ways through the states, with the progress that was reached on each."""
    states, start = lifecycle.states, (lifecycle.initial, 0)
    seen, waiting = {start}, [start]
    falls: dict[tuple[str, str], None] = {}
    while waiting:
        name, reached = waiting.pop()
        progress = states[name].progress
        reached = progress[1] if progress else reached
        for following in states[name].next:
            begins = states[following].progress
            if begins and begins[0] < reached:
                reason = f"progress falls from {reached} to {begins[0]} in {following}"
                falls[f"states{format_pointer((name,))}/next", reason] = None
            elif (following, reached) not in seen:
                seen.add((following, reached))
                waiting.append((following, reached))
    yield from falls
    been = {name for name, _ in seen}
    if not falls:
        for name in states:
            if name not in been:
                place = f"states{format_pointer((name,))}"
                yield place, f"cannot be reached from {lifecycle.initial}"
    if not falls and not any(states[name].ends is Ending.SUCCESS for name in been):
        yield "states", "no state that can be reached ends in success"


def _state_names(root: Json, schema: Json, lifecycle: Lifecycle) -> PlacedReasons:
    """The state's own schema and the declaration must know the same words."""
    described = property_at(root, schema, lifecycle.state_at)
    words = described.get("enum") if isinstance(described, dict) else None
    if words is not None and set(words) != set(lifecycle.states):
        allowed = ", ".join(map(str, words))
        yield "states", f"the schema of the state allows {allowed}; the two must be the same"


def _paths(root: Json, schema: Json, lifecycle: Lifecycle) -> PlacedReasons:
    for place, path in lifecycle.paths():
        if property_at(root, schema, path) is None:
            yield place, f"the schema has no field at {format_pointer(path)}"
    stamps = {stamp.at for stamp in lifecycle.timestamps}
    if lifecycle.expiry_at and lifecycle.expiry_at not in stamps:
        yield "expiry", f"{format_pointer(lifecycle.expiry_at)} is not one of the stamps"


def _references(data: Json, lifecycle: Lifecycle) -> PlacedReasons:
    for index, stamp in enumerate(data.get("stamps", ())):
        for key in ("set_on", "counted_from"):
            if key in stamp and stamp[key] not in lifecycle.states:
                yield f"stamps/{index}/{key}", f"{stamp[key]} is not one of the states"
    failure = lifecycle.failure
    if failure and failure.moderation not in (None, *failure.reasons):
        yield "failure/moderation", f"{failure.moderation} is not one of the reasons"


def _fields(data: Json, lifecycle: Lifecycle, create: Mapping[str, Json]) -> PlacedReasons:
    for index, echo in enumerate(lifecycle.echoes):
        if echo.field not in create:
            yield f"echoes/{index}/field", f"{echo.field} is not a field of the create request"
    for name, state in data["states"].items():
        for field, factors in state.get("lasts", {}).get("scale", {}).items():
            place = f"states{format_pointer((name,))}/lasts/scale{format_pointer((field,))}"
            values = create[field].get("enum") if field in create else None
            unknown = [v for v in factors if values is not None and v not in map(str, values)]
            if field not in create:
                yield place, f"{field} is not a field of the create request"
            elif unknown:
                yield place + format_pointer(unknown[:1]), f"is not a value of {field}"
