"""The compiler of states, from the data of `x-jobs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..json import Json
from ..pointer import format_pointer
from ..text import suggest
from .long_form import as_duration, as_list, as_state
from .place import parse_place
from .problems import Report
from .states import STATE_WORDS, Lifecycle, Meaning, State

DEFAULT_SECONDS = 2.0
"""The duration of a state for which the document says none."""


def compile_states(data: Mapping[str, Json], pointer: str, report: Report) -> Lifecycle:
    """Return the lifecycle of valid data of `states`, and report what contradicts itself.

    Args:
        data: The states by name, in the order of life.
        pointer: The JSON pointer of the data.
        report: Is called with the pointer and the reason of each error.
    """
    entries = {name: as_state(entry) for name, entry in data.items()}
    meanings = {name: Meaning(entry.get("means", "pending")) for name, entry in entries.items()}
    names = [*entries]
    states: dict[str, State] = {}
    for index, (name, entry) in enumerate(entries.items()):
        lasts = as_duration(entry.get("lasts", DEFAULT_SECONDS))
        below = [n for n in names[index + 1 :] if meanings[n] is not Meaning.UNKNOWN]
        pending = meanings[name] is Meaning.PENDING
        states[name] = State(
            name=name,
            meaning=meanings[name],
            value=entry.get("value", name),
            next=tuple(entry.get("next", below if pending else ())),
            seconds=lasts["seconds"] if pending else 0.0,
            scale={parse_place(text): f for text, f in lasts.get("times", {}).items()},
            moderation=entry.get("moderation", False),
        )
    lifecycle = Lifecycle(states)
    for place, reason in _problems(lifecycle):
        report(pointer + place, reason)
    return lifecycle


def _problems(lifecycle: Lifecycle) -> Iterator[tuple[str, str]]:
    """Yield the place and the reason of each contradiction."""
    states = lifecycle.states
    if lifecycle.initial.meaning is not Meaning.PENDING:
        place = format_pointer((lifecycle.initial.name,))
        yield place, "is the first state, in which a job begins, so that it must be pending"
        return
    unknown_names = [
        (state, name) for state in states.values() for name in state.next if name not in states
    ]
    for state, name in unknown_names:
        place = format_pointer((state.name, "next"))
        yield place, f"{name} is not one of the states{suggest(name, states)}"
    if unknown_names:
        return
    for state in lifecycle.of_job():
        if state.next and state.meaning.is_terminal:
            yield format_pointer((state.name, "next")), "is a terminal state, so that none follows"
        ends = [n for n in lifecycle.after((state.name,)) if states[n].meaning.is_terminal]
        if not state.meaning.is_terminal and not ends:
            yield format_pointer((state.name,)), _ENDLESS
    reachable = lifecycle.after((lifecycle.initial.name,))
    if not any(states[name].meaning is Meaning.SUCCESS for name in reachable):
        named = lifecycle.named(Meaning.SUCCESS)
        advice = f"name {named[0]} in next" if named else "write one as NAME: success"
        yield "", f"no state that means success can be reached from the first one; {advice}"


def unreachable_states(lifecycle: Lifecycle, entered: frozenset[str]) -> list[str]:
    """Return the states that no state leads to and that no operation enters.

    Args:
        lifecycle: The states.
        entered: The names of the states that operations lead to, such as a cancel.
    """
    start = {lifecycle.initial.name, *entered}
    known = start | lifecycle.after(start)
    return [state.name for state in lifecycle.of_job() if state.name not in known]


def select_states(
    lifecycle: Lifecycle, words: Json, pointer: str, report: Report
) -> frozenset[str]:
    """Return the names of the states that words select, and report unknown words.

    Args:
        lifecycle: The states.
        words: One word or a list: names of states, or words for meanings.
        pointer: The JSON pointer of the words.
        report: Is called with the pointer and the reason of each error.
    """
    selected = frozenset[str]()
    for word in as_list(words):
        try:
            selected |= lifecycle.select((word,))
        except KeyError:
            known = (*lifecycle.states, *STATE_WORDS)
            report(pointer, f"{word} is not one of the states{suggest(word, known)}")
    return selected


_ENDLESS = "is pending, but no terminal state follows it; name one in its next"
