"""The judge of servers over time: whether the answers to one client agree with each other and with
the declared life of a job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ....openapi import Cause, Document, JobRole
from ....openapi.json import Json
from ....openapi.operation import CREATING
from ....openapi.text import one_line, quote
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange, UnmatchedRequest
from ...traffic.job_views import JobView, get_or_none, is_number, jobs_in
from ...traffic.request_builder import unknown_job_id
from .. import server_catalogue as catalogue
from ..grouping import deduplicate
from ..violation import Violation, violation_of
from .availability import AvailabilityRules
from .check_exchange import exchange_violations
from .files import FileRules
from .lifecycle import LifecycleRules, ObservedJob
from .pagination import PaginationRules
from .prompt_tags import TaggedPrompts


def check_history(
    document: Document,
    observations: Iterable[Exchange | UnmatchedRequest],
    *,
    timeout: float | None = None,
) -> tuple[Violation, ...]:
    """Every way in which a server broke the laws over time, in the order of the exchanges.

    `observations` are exchanges of one client, in their order, about any number of jobs. With
    `timeout`, in seconds, a job that was watched for longer and has not ended is a violation, too.
    """
    history = HistoryRules(document, timeout=timeout)
    violations: list[Violation] = []
    for number, item in enumerate(observations, start=1):
        if isinstance(item, Exchange):
            violations += history.check(item, number)
    return deduplicate([*violations, *history.finish()])


def check_server(
    document: Document,
    observations: Iterable[Exchange | UnmatchedRequest],
    *,
    timeout: float | None = None,
) -> tuple[Violation, ...]:
    """Everything that is wrong with the answers of a server, each by itself and all over time."""
    history = list(observations)
    alone = [
        violation
        for number, item in enumerate(history, start=1)
        if isinstance(item, Exchange)
        for violation in exchange_violations(document, item, number)
    ]
    return deduplicate([*alone, *check_history(document, history, timeout=timeout)])


class HistoryRules:
    """The laws over the answers of one server, which is shown them one after the other."""

    def __init__(self, document: Document, *, timeout: float | None = None) -> None:
        self._document, self._timeout = document, timeout
        self._nobody = unknown_job_id(document)
        self._unknown_status = document.envelope.answers[Cause.JOB_UNKNOWN].status
        self._jobs: dict[str, LifecycleRules] = {}
        self._began: dict[str, ObservedJob] = {}
        self._made: dict[str, int] = {}
        self._deleted: dict[str, int] = {}
        self._doubtful: set[str] = set()
        # A server's clock is known by the jobs that it makes alone.
        self._ahead, self._unsure = 0.0, 60.0
        self._first: float | None = None
        self._asked: dict[str, Mapping[str, Json]] = {}
        self._late: set[str] = set()
        self._files, self._failures = FileRules(document), AvailabilityRules(document)
        self._pages, self._texts = PaginationRules(document), TaggedPrompts(document)

    def check(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """What this exchange breaks, in the light of those before."""
        late = exchange.job_id in self._deleted or exchange.job_id in self._doubtful
        self._failures.check(exchange, number, deleted=late)
        yield from self._about_a_job(exchange, number)
        for sighting in jobs_in(self._document, exchange):
            yield from self._check_view(sighting, exchange, number)
        self._texts.record_request(exchange)
        if exchange.operation.role is JobRole.LIST and exchange.accepted:
            yield from self._unasked(exchange, number)
            gone = self._deleted.keys() | self._doubtful
            there = {job_id: n for job_id, n in self._made.items() if job_id not in gone}
            yield from self._pages.check(exchange, number, there)
        if exchange.operation.role is JobRole.DELETE and exchange.job_id:
            if exchange.accepted:
                self._deleted.setdefault(exchange.job_id, number)
            elif exchange.status is None or exchange.status >= 500:
                self._doubtful.add(exchange.job_id)  # it may have been deleted all the same

    def finish(self) -> Iterator[Violation]:
        """What can be told only when the history is over."""
        yield from self._failures.finish()

    def _unasked(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Jobs in a list that go back to a request of ours, but not to one that was accepted."""
        for sighting in jobs_in(self._document, exchange):
            text = self._texts.requested_prompt(sighting)
            known = sighting.job_id in self._made or sighting.job_id in self._deleted
            if text and not known and self._is_new(sighting):
                yield violation_of(
                    catalogue.PAGE_UNREQUESTED_JOB,
                    exchange,
                    number,
                    received=f"{one_line(sighting.job_id)} with {quote(text)}",
                    expected="the jobs alone that accepted requests have made",
                )

    def _is_new(self, sighting: JobView) -> bool:
        """Whether a job is not older than the first that was made; else it is of another run."""
        created = self._created(sighting)
        return created is None or self._first is None or created >= self._first

    def _created(self, sighting: JobView) -> float | None:
        lifecycle = self._document.lifecycle
        stamps = [stamp.at for stamp in lifecycle.stamps if stamp.set_on == lifecycle.initial]
        created = get_or_none(sighting.job, stamps[0]) if stamps else None
        return created if is_number(created) else None

    def _in_time(self, first: ObservedJob, seen: ObservedJob) -> Iterator[Violation]:
        """Whether a job has ended in time, told once."""
        job_id, watched = seen.view.job_id, seen.exchange.at - first.exchange.at
        if self._timeout is None or seen.state.ends or watched <= self._timeout:
            return
        if job_id not in self._late:
            self._late.add(job_id)
            yield violation_of(
                catalogue.LIVENESS,
                seen.exchange,
                first.number,
                seen.number,
                received=f"{job_id} is {seen.state.name} after {watched:.0f} seconds",
                expected=f"a final state within {self._timeout:g} seconds",
            )

    def _check_view(
        self, sighting: JobView, exchange: Exchange, number: int
    ) -> Iterator[Violation]:
        job_id, role = sighting.job_id, exchange.operation.role
        if role in CREATING:
            known = self._began[job_id].number if job_id in self._began else None
            if known is not None:
                yield violation_of(
                    catalogue.DUPLICATE_ID,
                    exchange,
                    known,
                    number,
                    received=one_line(job_id),
                    expected=f"another id than that of no. {known}",
                )
                return
            self._learn_clock(exchange, sighting)
            self._made[job_id] = number
            self._asked[job_id] = exchange.fields
        elif job_id in self._deleted:
            yield self._gone(exchange, number, job_id)
            return
        yield from self._files.check_view(sighting, number)
        seen = ObservedJob(sighting, exchange, number)
        yield from self._in_time(self._began.setdefault(job_id, seen), seen)
        yield from self._jobs.setdefault(job_id, LifecycleRules(self._document)).check(seen)

    def _about_a_job(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """What the answer to a request for one job tells, whatever it shows of it."""
        job_id, unknown = exchange.job_id, exchange.status == self._unknown_status
        if job_id is None or exchange.reply is None or credential_problem(self._document, exchange):
            return  # a refusal of the key says nothing of the job
        if job_id == self._nobody and exchange.accepted:
            received = f"{exchange.status} for {job_id}"
            expected = str(self._unknown_status)
            yield violation_of(
                catalogue.UNKNOWN_JOB_ANSWERED,
                exchange,
                number,
                received=received,
                expected=expected,
            )
        elif job_id in self._deleted:
            shown = exchange.operation.role in (JobRole.CONTENT, JobRole.DELETE)
            if shown and exchange.accepted:
                yield self._gone(exchange, number, job_id)
        elif job_id in self._jobs and not (unknown and job_id in self._doubtful):
            last = self._jobs[job_id].last
            if last is not None:
                yield from self._about_a_known_job(exchange, number, last)

    def _about_a_known_job(
        self, exchange: Exchange, number: int, last: ObservedJob
    ) -> Iterator[Violation]:
        job_id, role = last.view.job_id, exchange.operation.role
        if exchange.status == self._unknown_status and role in _FINDING:
            began = self._began[job_id].number
            received, expected = (
                f"{exchange.status} for {job_id}",
                f"the job that no. {began} showed",
            )
            yield violation_of(
                catalogue.JOB_DISAPPEARED,
                exchange,
                began,
                number,
                received=received,
                expected=expected,
            )
        elif role is JobRole.RETRIEVE and exchange.status in _REFUSALS:
            received, expected = str(exchange.status), f"{job_id}, which no. {last.number} showed"
            yield violation_of(
                catalogue.VALID_REFUSED,
                exchange,
                last.number,
                number,
                received=received,
                expected=expected,
            )
        elif role is JobRole.CONTENT:
            yield from self._files.check(
                exchange,
                number,
                last,
                requested_fields=self._asked.get(job_id, {}),
                server_time=exchange.at - self._ahead,
                uncertainty=self._unsure,
            )

    def _learn_clock(self, exchange: Exchange, sighting: JobView) -> None:
        """By how many seconds our clock is ahead of the server's, as a new job tells."""
        created = self._created(sighting)
        if not self._made and created is not None:
            self._first = created
            self._ahead = exchange.at - created
            # The stamp is of any moment since the request, in whole seconds, as others are.
            self._unsure = exchange.took + 2.0

    def _gone(self, exchange: Exchange, number: int, job_id: str) -> Violation:
        return violation_of(
            catalogue.DELETED_JOB_PRESENT,
            exchange,
            self._deleted[job_id],
            number,
            received=f"{job_id}, which no. {self._deleted[job_id]} had deleted",
            expected=f"{self._unknown_status}, or a list without it",
        )


# These find a job, or say that there is none.
_FINDING = (JobRole.RETRIEVE, JobRole.DELETE)
# With these a server says that it will not, not that it cannot.
_REFUSALS = (400, 403, 405, 409, 410, 422)
