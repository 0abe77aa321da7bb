"""The states of a kind of job, and the ways through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from ..json import Json
from ..text import did_you_mean
from .place import Place


class Meaning(StrEnum):
    """The meaning of a state for a client."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    """Not a state of a job, but the response for an id that no job has."""

    @property
    def is_terminal(self) -> bool:
        """True if a job stays in a state of this meaning."""
        return self in _TERMINAL


STATE_WORDS = ("pending", "success", "failure", "canceled", "terminal")
"""The words that select all states with a meaning, or all terminal ones."""


@dataclass(frozen=True, slots=True)
class State:
    """One state of a job.

    name: its name in the document
    meaning: its meaning for a client
    value: how a response writes it, by default its name
    next: the names of the states that may follow, the usual one first; empty for a terminal state
    seconds: its usual duration in seconds; 0 for a state that a client does not see
    scale: factors of the duration, by place in the request and by value there
    moderation: True if the state itself reports a rejection by content moderation
    """

    name: str
    meaning: Meaning = Meaning.PENDING
    value: Json = None
    next: tuple[str, ...] = ()
    seconds: float = 0.0
    scale: Mapping[Place, Mapping[str, float]] = field(default_factory=dict)
    moderation: bool = False


class Lifecycle(NamedTuple):
    """The states that jobs of one kind go through.

    states: the states by name, in the order of the document; the first one is the initial one
    """

    states: Mapping[str, State]

    @property
    def initial(self) -> State:
        """The state of a new job."""
        return next(iter(self.states.values()))

    @property
    def unknown(self) -> State | None:
        """The state that is reported for an id that no job has; None if such ids are errors."""
        return next((s for s in self.states.values() if s.meaning is Meaning.UNKNOWN), None)

    def of_job(self) -> tuple[State, ...]:
        """Return the states that a job can have."""
        return tuple(s for s in self.states.values() if s.meaning is not Meaning.UNKNOWN)

    def named(self, meaning: Meaning) -> tuple[str, ...]:
        """Return the names of the states with this meaning, in the order of the document."""
        return tuple(s.name for s in self.states.values() if s.meaning is meaning)

    def find(self, value: Json) -> State | None:
        """Return the first state that a response writes like this; None if there is none."""
        return next(iter(self.find_all(value)), None)

    def find_all(self, value: Json) -> tuple[State, ...]:
        """Return the states that a response writes like this, in the order of the document."""
        return tuple(s for s in self.states.values() if _same(s.value, value))

    def select(self, words: Iterable[str]) -> frozenset[str]:
        """Return the names of the states that names and words for meanings select.

        The name of a state takes precedence over a word. Raises KeyError for an unknown word.
        """
        return frozenset(name for word in words for name in self._select(word))

    def after(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names of the states that can follow one of these, at once or later."""
        found, left = set[str](), [*names]
        while left:
            following = {*self.states[left.pop()].next} - found
            found |= following
            left += following
        return frozenset(found)

    def route_to(self, outcome: str) -> tuple[str, ...]:
        """Return the states of a job that ends in this terminal state, from the initial one on.

        From each state, the route takes the first next state that is not terminal, if possible.
        Raises ValueError, with the terminal states, if there is no route.
        """
        route = self._find_route((self.initial.name,), outcome)
        if route is None:
            finals = ", ".join(s.name for s in self.of_job() if s.meaning.is_terminal)
            near = did_you_mean(outcome, finals.split(", "))
            raise ValueError(f"no job ends as {outcome!r}; the final states are {finals}{near}")
        return route

    def _select(self, word: str) -> tuple[str, ...]:
        if word in self.states:
            return (word,)
        if word == "terminal":
            return tuple(s.name for s in self.states.values() if s.meaning.is_terminal)
        if word in STATE_WORDS:
            return self.named(Meaning(word))
        raise KeyError(word)

    def _find_route(self, visited: tuple[str, ...], outcome: str) -> tuple[str, ...] | None:
        following = self.states[visited[-1]].next
        for name in following:
            if not self.states[name].meaning.is_terminal and name not in visited:
                route = self._find_route((*visited, name), outcome)
                if route is not None:
                    return route
        ends = outcome in following and self.states[outcome].meaning.is_terminal
        return (*visited, outcome) if ends else None


def _same(expected: Json, received: Json) -> bool:
    """Return True for equal values; `true` and 1 are not equal, though Python says so."""
    return type(expected) is type(received) and bool(expected == received)


_TERMINAL = frozenset({Meaning.SUCCESS, Meaning.FAILURE, Meaning.CANCELED})
