"""The judge of servers over time: whether the answers to one client agree with each other and with
the declared life of a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..openapi import Cause, Document, Ending, JobRole
from ..openapi.json import Json
from ..openapi.schema import plain
from . import server_catalogue as catalogue
from .content import content_violations
from .exchange import Exchange, Stray
from .job_laws import JobLaws, Seen
from .merging import merged
from .pages import Pages
from .server import exchange_violations
from .sighting import Sighting, found, is_number, sightings
from .violation import Violation, breach
from .writing import nobodys_job


def check_history(
    document: Document, observations: Iterable[Exchange | Stray], *, timeout: float | None = None
) -> tuple[Violation, ...]:
    """Every way in which a server broke the laws over time, in the order of the exchanges.

    `observations` are exchanges of one client, in their order, about any number of jobs. With
    `timeout`, in seconds, a job that was watched for longer and has not ended is a violation, too.
    """
    history = History(document, timeout=timeout)
    violations: list[Violation] = []
    for number, item in enumerate(observations, start=1):
        if isinstance(item, Exchange):
            violations += history.see(item, number)
    return merged([*violations, *history.end()])


def check_server(
    document: Document, observations: Iterable[Exchange | Stray], *, timeout: float | None = None
) -> tuple[Violation, ...]:
    """Everything that is wrong with the answers of a server, each by itself and all over time."""
    history = list(observations)
    alone = [
        violation
        for number, item in enumerate(history, start=1)
        if isinstance(item, Exchange)
        for violation in exchange_violations(document, item, number)
    ]
    return merged([*alone, *check_history(document, history, timeout=timeout)])


class History:
    """The laws over the answers of one server, which is shown them one after the other."""

    def __init__(self, document: Document, *, timeout: float | None = None) -> None:
        self._document, self._timeout = document, timeout
        self._nobody = nobodys_job(document)
        self._unknown_status = document.envelope.answers[Cause.JOB_UNKNOWN].status
        self._jobs: dict[str, JobLaws] = {}
        self._began: dict[str, Seen] = {}
        self._made: dict[str, int] = {}
        self._deleted: dict[str, int] = {}
        self._doubtful: set[str] = set()
        # A server's clock is known by the jobs that it makes alone.
        self._ahead, self._unsure = 0.0, 60.0
        self._asked: dict[str, Mapping[str, Json]] = {}
        self._served: dict[str, tuple[Exchange, int]] = {}
        self._pages = Pages(document)

    def see(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """What this exchange breaks, in the light of those before."""
        yield from self._about_a_job(exchange, number)
        for sighting in sightings(self._document, exchange):
            yield from self._sighted(sighting, exchange, number)
        if exchange.operation.role is JobRole.LIST and exchange.accepted:
            gone = self._deleted.keys() | self._doubtful
            there = {job_id: n for job_id, n in self._made.items() if job_id not in gone}
            yield from self._pages.see(exchange, number, there)
        if exchange.operation.role is JobRole.DELETE and exchange.job_id:
            if exchange.accepted:
                self._deleted.setdefault(exchange.job_id, number)
            elif exchange.status is None or exchange.status >= 500:
                self._doubtful.add(exchange.job_id)  # it may have been deleted all the same

    def end(self) -> Iterator[Violation]:
        """What can be told only when the history is over."""
        for job_id, laws in self._jobs.items():
            first, last = self._began[job_id], laws.last
            if self._timeout is None or last is None or last.state.ends or job_id in self._deleted:
                continue
            watched = last.exchange.at - first.exchange.at
            if watched > self._timeout:
                yield breach(
                    catalogue.LIVENESS,
                    last.exchange,
                    first.number,
                    last.number,
                    received=f"{job_id} is {last.state.name} after {watched:.0f} seconds",
                    expected=f"a final state within {self._timeout:g} seconds",
                )

    def _sighted(self, sighting: Sighting, exchange: Exchange, number: int) -> Iterator[Violation]:
        job_id, role = sighting.job_id, exchange.operation.role
        if role in (JobRole.CREATE, JobRole.REMIX):
            known = self._began[job_id].number if job_id in self._began else None
            if known is not None:
                yield breach(
                    catalogue.DUPLICATE_ID,
                    exchange,
                    known,
                    number,
                    received=plain(job_id),
                    expected=f"another id than that of no. {known}",
                )
                return
            self._learn_clock(exchange, sighting)
            self._made[job_id] = number
            self._asked[job_id] = exchange.fields
        elif job_id in self._deleted:
            yield self._gone(exchange, number, job_id)
            return
        served, when = self._served.pop(job_id, (None, 0))
        if sighting.state.ends is None and served is not None:
            yield breach(
                catalogue.CONTENT_EARLY,
                served,
                when,
                number,
                received=f"a file of {job_id}, which was still {sighting.state.name} afterwards",
                expected="a refusal, until the job has succeeded",
            )
        seen = Seen(sighting, exchange, number)
        self._began.setdefault(job_id, seen)
        yield from self._jobs.setdefault(job_id, JobLaws(self._document)).see(seen)

    def _about_a_job(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        job_id, role = exchange.job_id, exchange.operation.role
        if job_id is None or exchange.reply is None:
            return
        if job_id == self._nobody and exchange.accepted:
            yield breach(
                catalogue.NOBODYS,
                exchange,
                number,
                received=f"{exchange.status} for {job_id}",
                expected=str(self._unknown_status),
            )
            return
        if job_id in self._deleted:
            if role is JobRole.CONTENT and exchange.accepted:
                yield self._gone(exchange, number, job_id)
            return
        if exchange.status == self._unknown_status and job_id in self._doubtful:
            return
        lost = exchange.status == self._unknown_status and job_id in self._jobs
        if lost and role is JobRole.RETRIEVE:
            began = self._began[job_id].number
            yield breach(
                catalogue.LOST,
                exchange,
                began,
                number,
                received=f"{exchange.status} for {job_id}",
                expected=f"the job that no. {began} showed",
            )
        if role is JobRole.CONTENT and job_id in self._jobs:
            yield from self._content(exchange, number, self._jobs[job_id].last)

    def _content(self, exchange: Exchange, number: int, last: Seen | None) -> Iterator[Violation]:
        if last is None:
            return
        if exchange.accepted and last.state.ends is Ending.FAILURE:
            yield breach(
                catalogue.CONTENT_EARLY,
                exchange,
                last.number,
                number,
                received=f"a file of {exchange.job_id}, which is {last.state.name}",
                expected="a refusal",
            )
        elif exchange.accepted and last.state.ends is None and exchange.job_id:
            self._served[exchange.job_id] = exchange, number
        elif last.state.ends is Ending.SUCCESS:
            asked = self._asked.get(last.sighting.job_id, {})
            yield from content_violations(
                self._document,
                exchange,
                number,
                last,
                asked=asked,
                now=exchange.at - self._ahead,
                unsure=self._unsure,
            )

    def _learn_clock(self, exchange: Exchange, sighting: Sighting) -> None:
        """By how many seconds our clock is ahead of the server's, as a new job tells."""
        lifecycle = self._document.lifecycle
        stamps = [stamp.at for stamp in lifecycle.stamps if stamp.set_on == lifecycle.initial]
        created = found(sighting.job, stamps[0]) if stamps else None
        if not self._made and is_number(created):
            self._ahead = exchange.at - created
            # The stamp is of any moment since the request, in whole seconds, as others are.
            self._unsure = exchange.took + 2.0

    def _gone(self, exchange: Exchange, number: int, job_id: str) -> Violation:
        return breach(
            catalogue.GONE,
            exchange,
            self._deleted[job_id],
            number,
            received=f"{job_id}, which no. {self._deleted[job_id]} had deleted",
            expected=f"{self._unknown_status}, or a list without it",
        )
