"""The checks of the states of a kind of job against the schemas of its document."""

from __future__ import annotations

from collections.abc import Mapping

from ..json import Json
from ..pointer import format_pointer
from ..schema_places import values_of
from ..text import suggest
from .answer import Answer, allow, answer_of, answers_of, is_documented, missing_place
from .kind import JobKind
from .place import Part, Place
from .problems import Report
from .state_compiler import unreachable_states
from .states import STATE_WORDS, Meaning


class StateChecks:
    """The checks of the states of one kind.

    Args:
        kind: The kind.
        answers: The responses that report its jobs.
        root: The document.
        report: Is called with the pointer and the reason of each error.
        warn: Is called with the pointer and the reason of each warning.
    """

    def __init__(
        self,
        kind: JobKind,
        answers: tuple[Answer, ...],
        *,
        root: Json,
        report: Report,
        warn: Report,
    ) -> None:
        self._kind, self._answers, self._root = kind, answers, root
        self._report, self._warn = report, warn

    def run(self) -> None:
        """Report what contradicts the schemas, and warn of states that jobs cannot enter."""
        self._check_polls()
        self._check_states()
        self._warn_of_states()

    def _check_polls(self) -> None:
        """Report polls whose responses have fields, but not the state."""
        place = Place(Part.BODY, self._kind.state_at)
        for create in self._kind.creates if is_documented(self._answers, place) else ():
            answer = answer_of(create.poll)
            if any(answer.fields()) and not answer.schemas_at(place):
                reason = f"{missing_place([answer], place)}; needs job, the place of the job in it"
                self._report(create.poll.pointer, reason)

    def _check_states(self) -> None:
        pointer = f"{self._kind.pointer}/states"
        states = self._kind.lifecycle.states.values()
        listed = self._listed_states
        texts = self.listed_states
        for state in states:
            place = pointer + format_pointer((state.name,))
            if listed and state.value not in listed:
                reason = "the schema of the state does not allow it"
                self._report(place, reason + suggest(str(state.value), texts))
            elif not listed and not allow(self._answers, self._kind.state_at, [state.value]):
                reason = "the schema of the state does not allow it; needs value, which says how"
                self._report(place, f"{reason} the state is written, such as {{value: 1}}")

    @property
    def listed_states(self) -> tuple[str, ...]:
        """The values that the schema of the state lists, as texts."""
        return tuple(dict.fromkeys(str(value) for value in self._listed_states))

    @property
    def _listed_states(self) -> list[Json]:
        """The values that the schemas of the polls list, or without those any other response."""
        place = Place(Part.BODY, self._kind.state_at)
        polls = answers_of(create.poll for create in self._kind.creates)
        for answers in (polls, self._answers):
            schemas = [schema for answer in answers for schema in answer.schemas_at(place)]
            listed = [value for schema in schemas for value in values_of(self._root, schema)]
            if listed:
                return listed
        return []

    def _warn_of_states(self) -> None:
        kind, pointer = self._kind, f"{self._kind.pointer}/states"
        entered = frozenset({kind.cancel.next} if kind.cancel else ())
        for name in unreachable_states(kind.lifecycle, entered):
            reason = f"no state leads to it{_entry(kind, name)}"
            self._warn(pointer + format_pointer((name,)), reason)
        for name in kind.lifecycle.states:
            if name in STATE_WORDS and _word_selects(kind, name) != {name}:
                reason = "is also a word for several states; here, it selects this state alone"
                self._warn(pointer + format_pointer((name,)), reason)


def warn_of_states_left_out(
    kinds: Mapping[str, JobKind], listed: Mapping[str, tuple[str, ...]], warn: Report
) -> None:
    """Warn of each listed state that no kind has whose state has the same values, once.

    Args:
        kinds: The kinds by name.
        listed: The values that the schema of the state lists, by the name of the kind.
        warn: Is called with the pointer and the reason of each warning.
    """
    known: dict[tuple[str, ...], set[str]] = {}
    for name, kind in kinds.items():
        written = {str(state.value) for state in kind.lifecycle.states.values()}
        known.setdefault(listed[name], set()).update(written)
    for name, kind in kinds.items():
        for value in listed[name]:
            if value not in known[listed[name]]:
                known[listed[name]].add(value)
                warn(f"{kind.pointer}/states", f"leaves out {value}, which the schema lists")


def _entry(kind: JobKind, name: str) -> str:
    """Return the pending state whose `next` may lead to a state, as a proposal."""
    names = [*kind.lifecycle.states]
    above = (kind.lifecycle.states[each] for each in reversed(names[: names.index(name)]))
    pending = [state.name for state in above if state.meaning is Meaning.PENDING]
    return f"; name it in next of {pending[0]}" if pending else ""


def _word_selects(kind: JobKind, word: str) -> set[str]:
    """Return the states that a word would select if no state had its name."""
    states = kind.lifecycle.of_job()
    if word == "terminal":
        return {state.name for state in states if state.meaning.is_terminal}
    return {state.name for state in states if state.meaning.value == word}
