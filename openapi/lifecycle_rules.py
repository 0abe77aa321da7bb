"""What the parts of `x-lifecycle` must say of each other, of the job's schema and of the create
request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .errors import Problem
from .json import Json
from .lifecycle import Ending, Lifecycle, State, compile_lifecycle
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
        *_words(root, schema, lifecycle),
        *_places(root, schema, lifecycle),
    ]
    found += [*_fields(data, lifecycle, create), *_names(data, lifecycle)]
    for place, reason in found:
        yield Problem(f"{pointer}/x-lifecycle/{place}", reason)


Found = Iterator[tuple[str, str]]


def _transitions(lifecycle: Lifecycle) -> Found:
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
        else:
            yield from _rising(place, state, states)
    if lifecycle.initial not in states:
        yield "state/initial", f"{lifecycle.initial} is not one of the states"
    elif states[lifecycle.initial].ends:
        yield "state/initial", f"{lifecycle.initial} ends the job; a job must begin before it ends"
    elif all(n in states for state in states.values() for n in state.next):
        yield from _reachable(lifecycle)


def _rising(place: str, state: State, states: Mapping[str, State]) -> Found:
    if state.progress and state.progress[0] > state.progress[1]:
        yield f"{place}/progress", "falls; progress must not"
    for name in state.next:
        following = states[name].progress
        if state.progress and following and following[0] < state.progress[1]:
            yield (
                f"{place}/next",
                f"progress falls from {state.progress[1]} to {following[0]} in {name}",
            )


def _reachable(lifecycle: Lifecycle) -> Found:
    reached, waiting = {lifecycle.initial}, [lifecycle.initial]
    while waiting:
        for name in lifecycle.states[waiting.pop()].next:
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    for name in lifecycle.states:
        if name not in reached:
            yield f"states{format_pointer((name,))}", f"cannot be reached from {lifecycle.initial}"
    if not any(lifecycle.states[name].ends is Ending.SUCCESS for name in reached):
        yield "states", "no state that can be reached ends in success"


def _words(root: Json, schema: Json, lifecycle: Lifecycle) -> Found:
    """The state's own schema and the declaration must know the same words."""
    described = property_at(root, schema, lifecycle.state_at)
    words = described.get("enum") if isinstance(described, dict) else None
    if words is not None and set(words) != set(lifecycle.states):
        yield (
            "states",
            f"the schema of the state allows {', '.join(words)}; the two must be the same",
        )


def _places(root: Json, schema: Json, lifecycle: Lifecycle) -> Found:
    for place, path in lifecycle.paths():
        if property_at(root, schema, path) is None:
            yield place, f"the schema has no field at {format_pointer(path)}"
    stamps = {stamp.at for stamp in lifecycle.stamps}
    if lifecycle.expiry_at and lifecycle.expiry_at not in stamps:
        yield "expiry", f"{format_pointer(lifecycle.expiry_at)} is not one of the stamps"


def _names(data: Json, lifecycle: Lifecycle) -> Found:
    for index, stamp in enumerate(data.get("stamps", ())):
        for key in ("set_on", "counted_from"):
            if stamp.get(key, lifecycle.initial) not in lifecycle.states:
                yield f"stamps/{index}/{key}", f"{stamp[key]} is not one of the states"


def _fields(data: Json, lifecycle: Lifecycle, create: Mapping[str, Json]) -> Found:
    for index, echo in enumerate(lifecycle.echoes):
        if echo.field not in create:
            yield f"echoes/{index}/field", f"{echo.field} is not a field of the create request"
    for name, state in data["states"].items():
        for field in state.get("lasts", {}).get("scale", {}):
            if field not in create:
                place = f"states{format_pointer((name,))}/lasts/scale{format_pointer((field,))}"
                yield place, f"{field} is not a field of the create request"
