"""What a client makes of what it was told of each job: request by request, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Cause, Document, Ending, JobRole
from ....openapi.text import one_line
from ...traffic.job_views import get_or_none, is_number
from .. import client_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .fingerprint import Fingerprint
from .request_record import JobReport, RequestRecord, format_seconds


class JobUsageRules:
    """The rules over a history, which is shown one request after the other. `whole` says that it
    begins where the client did.

    A client is judged by what it was told, not by what it could not know: what one key was told, no
    other knows.
    """

    def __init__(self, document: Document, *, whole: bool = True) -> None:
        self._lifecycle, self._whole = document.lifecycle, whole
        self._unknown_status = document.envelope.answers[Cause.JOB_UNKNOWN].status
        self._told: dict[_Known, JobReport] = {}
        self._ended: dict[_Known, JobReport] = {}
        self._deleted: set[_Known] = set()
        self._refused: dict[tuple[Fingerprint, str | None], int] = {}

    def check(self, attempt: RequestRecord) -> list[Violation]:
        """What this request breaks, in the light of those before."""
        found: list[Violation] = []
        if attempt.exchange.job_id is not None:
            found += self._about_a_job(attempt, attempt.exchange.job_id)
        if not found:
            found += self._repeated(attempt)
        self._learn(attempt)
        return found

    def _about_a_job(self, attempt: RequestRecord, job_id: str) -> Iterator[Violation]:
        known = (attempt.sender, job_id)
        told = self._told.get(known)
        if told is None:
            if self._whole and attempt.exchange.status == self._unknown_status:
                yield violation_of(
                    catalogue.UNKNOWN_JOB,
                    attempt.exchange,
                    attempt.number,
                    received=one_line(job_id),
                    expected=self._known_ids(attempt.sender),
                )
        elif attempt.role is JobRole.RETRIEVE and known in self._ended:
            end = self._ended[known]
            yield violation_of(
                catalogue.POLLED_AFTER_END,
                attempt.exchange,
                attempt.number,
                received=f"a poll for {one_line(job_id)} after the answer no. {end.number}"
                f" that it is {end.status}",
                expected=f"no poll after {self._finals()}",
            )
        elif attempt.role in _USING:
            yield from self._use(attempt, told)

    def _use(self, attempt: RequestRecord, told: JobReport) -> Iterator[Violation]:
        """Something that only a job which has succeeded is good for."""
        rule = self._misuse(attempt, told)
        if rule:
            unknown = "" if told.state else ", no state of the document"
            yield violation_of(
                rule,
                attempt.exchange,
                attempt.number,
                received=f"a request for {one_line(told.job_id)}, which was"
                f" {one_line(told.status)} in the answer no. {told.number}{unknown}",
                expected=f"a job that is {' or '.join(self._endings(Ending.SUCCESS))}",
            )
        elif attempt.role is JobRole.CONTENT and attempt.refused:
            yield from self._expired(attempt, told)

    def _misuse(self, attempt: RequestRecord, told: JobReport) -> Rule | None:
        if told.state is None:
            return catalogue.UNKNOWN_STATUS_ACCEPTED
        if told.state.ends is Ending.FAILURE:
            return catalogue.FAILURE_IGNORED
        early = told.pending and not attempt.exchange.accepted
        return catalogue.USED_TOO_EARLY if early else None

    def _expired(self, attempt: RequestRecord, told: JobReport) -> Iterator[Violation]:
        """A file that was asked for when it was to be gone, and was."""
        expiry = (
            get_or_none(told.job, self._lifecycle.expiry_at) if self._lifecycle.expiry_at else None
        )
        exchange = attempt.exchange
        if (attempt.sender, told.job_id) in self._deleted or not is_number(expiry):
            return
        late = exchange.at - exchange.took - expiry
        if late > 0:
            yield violation_of(
                catalogue.DOWNLOADED_LATE,
                exchange,
                attempt.number,
                received=f"a request for the files of {one_line(told.job_id)}"
                f" {format_seconds(late)} after they expired, as the"
                f" answer no. {told.number} had told",
                expected=f"a download before the moment {expiry:.0f} (Unix time)",
            )

    def _repeated(self, attempt: RequestRecord) -> Iterator[Violation]:
        """A request that was refused before, in a way that no repetition helps against."""
        if not self._refused and not attempt.refused:
            return
        # What a job refuses in one state it may grant in another.
        told = self._told.get((attempt.sender, attempt.exchange.job_id or ""))
        key = (attempt.fingerprint, told.status if told else None)
        if key in self._refused:
            yield violation_of(
                catalogue.RETRY_AFTER_PERMANENT_ERROR,
                attempt.exchange,
                attempt.number,
                received=f"the same request again, although it was answered {self._refused[key]}",
                expected="another request, or none",
            )
        if attempt.refused and attempt.exchange.status:
            self._refused[key] = attempt.exchange.status

    def _learn(self, attempt: RequestRecord) -> None:
        for telling in attempt.jobs:
            known = (attempt.sender, telling.job_id)
            self._told[known] = telling
            if attempt.role is JobRole.RETRIEVE and telling.state and telling.state.ends:
                self._ended.setdefault(known, telling)
        if attempt.role is JobRole.DELETE and attempt.exchange.accepted:
            # To look once whether a deleted job is gone is no poll.
            gone = (attempt.sender, attempt.exchange.job_id or "")
            self._ended.pop(gone, None)
            self._deleted.add(gone)

    def _known_ids(self, sender: str | None) -> str:
        known = [job_id for told, job_id in self._told if told == sender]
        if not known:
            return "an id that a create has answered with; there was none so far"
        return f"one of {', '.join(map(one_line, known[-_SHOWN_IDS:]))}"

    def _endings(self, kind: Ending) -> tuple[str, ...]:
        return self._lifecycle.endings(kind)

    def _finals(self) -> str:
        return " or ".join([*self._endings(Ending.SUCCESS), *self._endings(Ending.FAILURE)])


# A sender, and the id of a job.
_Known = tuple[str | None, str]
_USING = (JobRole.CONTENT, JobRole.REMIX)
_SHOWN_IDS = 3
