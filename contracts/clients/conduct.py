"""What a client does over time: what it was told of each job, and what it made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...openapi import Cause, Document, Ending, JobRole, State
from ...openapi.schema import plain
from .. import client_catalogue as catalogue
from ..exchange import Exchange
from ..sighting import sightings
from ..violation import Violation, breach
from .identity import Identity, identity


@dataclass(frozen=True, slots=True)
class _Told:
    """The last state of a job that a client was told, and by which of its requests."""

    state: State
    number: int


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A job that a client had made."""

    exchange: Exchange
    number: int
    job_id: str


class Conduct:
    """The rules over a history, which is shown one exchange after the other.

    A client is judged by what it was told, not by what it could not know.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._key_header = document.credentials.header if document.credentials else ""
        self._unknown_status = document.envelope.answers[Cause.JOB_UNKNOWN].status
        self._told: dict[str, _Told] = {}
        self._ended: dict[str, _Told] = {}
        self._refused: dict[Identity, int] = {}
        self._accepted: dict[Identity, list[_Accepted]] = {}
        self._followed: set[str] = set()

    def see(self, exchange: Exchange, number: int) -> list[Violation]:
        """What this exchange breaks, in the light of those before."""
        found: list[Violation] = []
        if exchange.job_id is not None:
            self._followed.add(exchange.job_id)
            found += self._about_a_job(exchange, number, exchange.job_id)
        if not found:
            found += self._repeated(exchange, number)
        self._learn(exchange, number)
        return found

    def end(self) -> Iterator[Violation]:
        """What can be told only when the history is over: jobs made anew, of which the first was
        never asked for.
        """
        for jobs in self._accepted.values():
            for first, second in pairwise(jobs):
                if first.job_id not in self._followed:
                    yield breach(
                        catalogue.MADE_TWICE,
                        second.exchange,
                        first.number,
                        second.number,
                        received=f"the same again after {first.job_id}, which was accepted and"
                        " never asked for",
                        expected="one request for one job",
                    )

    def _about_a_job(self, exchange: Exchange, number: int, job_id: str) -> Iterator[Violation]:
        told, role = self._told.get(job_id), exchange.operation.role
        if told is None:
            if exchange.status == self._unknown_status:
                yield breach(
                    catalogue.UNKNOWN_JOB,
                    exchange,
                    number,
                    received=plain(job_id),
                    expected=self._known_ids(),
                )
        elif role is JobRole.RETRIEVE and job_id in self._ended:
            end = self._ended[job_id]
            yield breach(
                catalogue.POLLED_AFTER_END,
                exchange,
                number,
                received=f"a poll for {plain(job_id)} after the answer no. {end.number} that it is"
                f" {end.state.name}",
                expected=f"no poll after {self._finals()}",
            )
        elif role in _USING:
            yield from self._use(exchange, number, job_id, told)

    def _use(
        self, exchange: Exchange, number: int, job_id: str, told: _Told
    ) -> Iterator[Violation]:
        """Something that only a job which has succeeded is good for."""
        state = told.state
        if state.ends is Ending.FAILURE:
            rule = catalogue.FAILURE_IGNORED
        elif state.ends is None and not exchange.accepted:
            rule = catalogue.USED_TOO_EARLY
        else:
            return
        yield breach(
            rule,
            exchange,
            number,
            received=f"a request for {plain(job_id)}, which was {state.name} in the answer no."
            f" {told.number}",
            expected=f"a job that is {' or '.join(self._endings(Ending.SUCCESS))}",
        )

    def _repeated(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """A request that was refused before, in a way that no repetition helps against."""
        if not self._refused and not _is_final_refusal(exchange):
            return
        # What a job refuses in one state it may grant in another.
        told = self._told.get(exchange.job_id or "")
        key = (self._identity(exchange), told and told.state.name)
        if key in self._refused:
            yield breach(
                catalogue.REFUSED_REPEATED,
                exchange,
                number,
                received=f"the same request again, although it was answered {self._refused[key]}",
                expected="another request, or none",
            )
        if _is_final_refusal(exchange) and exchange.status:
            self._refused[key] = exchange.status

    def _learn(self, exchange: Exchange, number: int) -> None:
        seen = sightings(self._document, exchange)
        for sighting in seen:
            told = _Told(sighting.state, number)
            self._told[sighting.job_id] = told
            if exchange.operation.role is JobRole.LIST:
                self._followed.add(sighting.job_id)
            elif exchange.operation.role is JobRole.RETRIEVE and sighting.state.ends:
                self._ended.setdefault(sighting.job_id, told)
        if exchange.operation.role is JobRole.DELETE and exchange.accepted:
            # To look once whether a deleted job is gone is no poll.
            self._ended.pop(exchange.job_id or "", None)
        if exchange.operation.role in _MAKING and seen:
            made = _Accepted(exchange, number, seen[0].job_id)
            if seen[0].state.ends:  # there is nothing to follow
                self._followed.add(made.job_id)
            self._accepted.setdefault(identity(exchange, key_header=self._key_header), []).append(
                made
            )

    def _identity(self, exchange: Exchange) -> Identity:
        return identity(exchange, key_header=self._key_header)

    def _known_ids(self) -> str:
        known = list(self._told)
        if not known:
            return "an id that a create has answered with; there was none so far"
        return f"one of {', '.join(map(plain, known[-_SHOWN_IDS:]))}"

    def _endings(self, kind: Ending) -> tuple[str, ...]:
        return self._document.lifecycle.endings(kind)

    def _finals(self) -> str:
        return " or ".join([*self._endings(Ending.SUCCESS), *self._endings(Ending.FAILURE)])


def _is_final_refusal(exchange: Exchange) -> bool:
    """Whether the same request would be refused again: every 4xx but 429, as vendors say."""
    return exchange.status is not None and 400 <= exchange.status < 500 and exchange.status != 429


_USING = (JobRole.CONTENT, JobRole.REMIX)
_MAKING = (JobRole.CREATE, JobRole.REMIX)
_SHOWN_IDS = 3
