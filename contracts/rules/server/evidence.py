"""The evidence that each rule needs: a rule that nothing was shown to has not passed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from ....openapi import Document, JobRole, Meaning
from ....openapi.jobs import ResultOperation
from ....openapi.jobs.sources import FileAddress
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange
from ...traffic.file_read import FileRead
from ...traffic.job_views import JobView, jobs_in
from .. import server_catalogue as catalogue
from ..rule import Rule
from .timestamps import read_time


class Evidence(StrEnum):
    """The kinds of requests and responses that rules look at."""

    REQUEST = "request"
    RESPONSE = "complete response"
    ERROR = "error response"
    VALID_REQUEST = "valid request"
    INVALID_REQUEST = "invalid request"
    INVALID_KEY = "request with an invalid API key"
    ACCEPTED_CREATE = "accepted create"
    JOB = "job in a response"
    FINISHED_JOB = "finished job"
    COMPLETED_JOB = "completed job"
    FAILED_JOB = "failed job"
    DELETED_JOB = "request after the deletion of a job"
    REMIX = "accepted remix"
    CANCEL = "accepted cancel"
    UNKNOWN_JOB = "request for an unknown job"
    EARLY_CONTENT = "request for the content of an unfinished job"
    CONTENT = "request for the content of a completed job"
    DOWNLOAD = "download of a completed job"
    PARTIAL_DOWNLOAD = "request for a part of the content"
    EXPIRED_CONTENT = "request for expired content"
    LIST = "list of jobs"


def evidence_for(rule: Rule) -> Evidence:
    """Return the evidence that a rule for servers needs."""
    if rule.code in _EVIDENCE:
        return _EVIDENCE[rule.code]
    if rule.roles == frozenset({JobRole.LIST}):
        return Evidence.LIST
    return Evidence.RESPONSE if rule.roles is None else Evidence.JOB


def evidence_by_operation(
    document: Document,
    history: Sequence[Exchange],
    covers: Callable[[Exchange], bool],
    *,
    files: Iterable[FileRead] = (),
) -> Mapping[str, Collection[Evidence]]:
    """Return the evidence in a history by the id of the operation.

    covers: returns False for exchanges that are not checked, which are no evidence
    files: the files that were read at addresses in the responses
    """
    reader, found = _EvidenceReader(document), dict[str, set[Evidence]]()
    for exchange in history:
        evidence = [*reader.read(exchange)]
        if covers(exchange):
            found.setdefault(exchange.operation_id, set()).update(evidence)
    for file in files:
        showing, reply = history[file.number - 1], file.found.reply
        if covers(showing) and isinstance(file.field.source, FileAddress):
            downloaded = reply is not None and 200 <= reply.status < 300
            found[showing.operation_id] |= {
                Evidence.CONTENT,
                *([Evidence.DOWNLOAD] if downloaded else []),
            }
    return found


def unchecked_rules(
    document: Document,
    history: Sequence[Exchange],
    codes: Collection[str],
    covers: Callable[[Exchange], bool],
    *,
    files: Iterable[FileRead] = (),
) -> Mapping[Evidence, tuple[str, ...]]:
    """Return the codes of the rules that no exchange was evidence for, by the missing evidence.

    Rules about cancellations are left out if the document has none.

    covers: returns False for exchanges that are not checked, which are no evidence
    files: the files that were read at addresses in the responses
    """
    by_operation = evidence_by_operation(document, history, covers, files=files)
    found = set[Evidence]().union(*by_operation.values())
    unchecked: dict[Evidence, tuple[str, ...]] = {}
    cancels = any(kind.cancel for kind in document.kinds.values())
    for code in sorted(codes):
        needed = evidence_for(catalogue.SERVER_RULES[code])
        if needed not in found and (needed is not Evidence.CANCEL or cancels):
            unchecked[needed] = (*unchecked.get(needed, ()), code)
    return unchecked


def has_completed_job(document: Document, history: Iterable[Exchange]) -> bool:
    """Return True if a response other than a list shows a job that completed."""
    views = (
        view
        for exchange in history
        if exchange.role is not JobRole.LIST
        for view in jobs_in(document, exchange)
    )
    return any(view.state.meaning is Meaning.SUCCESS for view in views)


class _EvidenceReader:
    """Reads exchanges in their order, and remembers the jobs."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._jobs: dict[str, JobView] = {}
        self._deleted: set[str] = set()

    def read(self, exchange: Exchange) -> Iterator[Evidence]:
        """Yield the evidence in an exchange."""
        yield Evidence.REQUEST
        if exchange.reply is None:
            return
        yield Evidence.RESPONSE
        if exchange.reply.status >= 400 or exchange.reports_error:
            yield Evidence.ERROR
        key_problem = credential_problem(self._document, exchange)
        if key_problem is not None:
            yield Evidence.INVALID_KEY
        else:
            problems = exchange.arguments.problems
            yield Evidence.INVALID_REQUEST if problems else Evidence.VALID_REQUEST
            yield from self._job_evidence(exchange)

    def _job_evidence(self, exchange: Exchange) -> Iterator[Evidence]:
        role, job_id = exchange.role, self._job_id(exchange)
        if job_id is not None and job_id not in self._jobs:
            yield Evidence.UNKNOWN_JOB
        if job_id in self._deleted or (role is JobRole.LIST and self._deleted):
            yield Evidence.DELETED_JOB
        if job_id in self._jobs and job_id not in self._deleted:
            for each in exchange.roles:
                if isinstance(each, ResultOperation):
                    yield from self._content_evidence(exchange, self._jobs[job_id], each)
        if exchange.accepted:
            yield from self._accepted_evidence(exchange)

    def _job_id(self, exchange: Exchange) -> str | None:
        """Return the id of the job of a request, which may name it by another field."""
        requested = exchange.job_id
        for role in exchange.roles:
            if isinstance(role, ResultOperation) and role.key is not None:
                for job in self._jobs.values():
                    if str(job.value_at(role.key)) == requested:
                        return job.job_id
        return requested

    def _accepted_evidence(self, exchange: Exchange) -> Iterator[Evidence]:
        role = exchange.role
        if role is not None and role in _EVIDENCE_OF_ROLE:
            yield _EVIDENCE_OF_ROLE[role]
        if exchange.create is not None and exchange.create.source is not None:
            yield Evidence.REMIX
        if role is JobRole.DELETE and exchange.job_id:
            self._deleted.add(exchange.job_id)
        for view in jobs_in(self._document, exchange):
            self._jobs[view.job_id] = view
            yield Evidence.JOB
            if view.state.meaning.is_terminal:
                yield Evidence.FINISHED_JOB
            if view.state.meaning in _EVIDENCE_OF_MEANING:
                yield _EVIDENCE_OF_MEANING[view.state.meaning]

    def _content_evidence(
        self, exchange: Exchange, job: JobView, role: ResultOperation
    ) -> Iterator[Evidence]:
        if job.state.name not in role.states:
            yield Evidence.EARLY_CONTENT
            return
        path = job.kind.expires_at
        expiry = read_time(job.kind, path, job.value_at(path)) if path else None
        if expiry is not None and exchange.at > expiry:
            yield Evidence.EXPIRED_CONTENT
            return
        yield Evidence.CONTENT
        if exchange.accepted:
            yield Evidence.DOWNLOAD
        if "range" in exchange.headers:
            yield Evidence.PARTIAL_DOWNLOAD


_EVIDENCE_OF_ROLE = {
    JobRole.CREATE: Evidence.ACCEPTED_CREATE,
    JobRole.LIST: Evidence.LIST,
    JobRole.CANCEL: Evidence.CANCEL,
}
_EVIDENCE_OF_MEANING = {
    Meaning.SUCCESS: Evidence.COMPLETED_JOB,
    Meaning.FAILURE: Evidence.FAILED_JOB,
}
_EVIDENCE = {
    catalogue.ENVELOPE_MISSING.code: Evidence.ERROR,
    catalogue.FIELD_NOT_ECHOED.code: Evidence.JOB,
    catalogue.DEFAULT_NOT_APPLIED.code: Evidence.JOB,
    catalogue.VALID_REJECTED.code: Evidence.VALID_REQUEST,
    catalogue.INVALID_ACCEPTED.code: Evidence.INVALID_REQUEST,
    catalogue.INVALID_KEY_ACCEPTED.code: Evidence.INVALID_KEY,
    catalogue.UNDOCUMENTED_ERROR_CODE.code: Evidence.ERROR,
    catalogue.SERVER_ERROR.code: Evidence.REQUEST,
    catalogue.INCOMPLETE_RESPONSE.code: Evidence.REQUEST,
    catalogue.WRONG_KEY_ERROR.code: Evidence.INVALID_KEY,
    catalogue.FINAL_STATE_CHANGED.code: Evidence.FINISHED_JOB,
    catalogue.TIMESTAMP_MISSING.code: Evidence.FINISHED_JOB,
    catalogue.ERROR_MISSING.code: Evidence.FAILED_JOB,
    catalogue.DELETED_JOB_AVAILABLE.code: Evidence.DELETED_JOB,
    catalogue.REMIX_SOURCE.code: Evidence.REMIX,
    catalogue.UNKNOWN_JOB_ACCEPTED.code: Evidence.UNKNOWN_JOB,
    catalogue.RESULT_MISSING.code: Evidence.COMPLETED_JOB,
    catalogue.CANCEL_IGNORED.code: Evidence.CANCEL,
    catalogue.CONTENT_EARLY.code: Evidence.EARLY_CONTENT,
    catalogue.CONTENT_UNAVAILABLE.code: Evidence.CONTENT,
    catalogue.CONTENT_AFTER_EXPIRY.code: Evidence.EXPIRED_CONTENT,
    catalogue.CONTENT_TYPE.code: Evidence.DOWNLOAD,
    catalogue.CONTENT_SIZE.code: Evidence.DOWNLOAD,
    catalogue.CONTENT_DURATION.code: Evidence.DOWNLOAD,
    catalogue.CONTENT_RANGE.code: Evidence.PARTIAL_DOWNLOAD,
}
