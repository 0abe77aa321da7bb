"""The parser that makes records of requests, with the names of a document."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from ....openapi import Cause, Document, JobRole, Reply
from ....openapi.operation import CREATE_ROLES
from ...traffic.exchange import Exchange
from ...traffic.job_views import get_or_none, json_body
from .fingerprint import fingerprint
from .request_record import JobReport, RequestedWait, RequestRecord


class RequestParser:
    """Makes the records of requests to the API of a document."""

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._key_header = document.credentials.header if document.credentials else ""
        self._envelope = envelope = document.envelope
        hint = document.lifecycle.poll_hint
        # Clients read the header with the milliseconds first.
        headers = ((envelope.retry_milliseconds, 1000), (envelope.retry_seconds, 1))
        self._retry_headers = tuple((name, units) for name, units in headers if name)
        self._poll_headers = ((hint.header, hint.units_per_second),) if hint else ()

    def parse(self, exchange: Exchange, number: int) -> RequestRecord:
        """Return the record of the request with this number."""
        reports = tuple(self.job_reports(exchange, exchange.reply, number))
        unreadable = exchange.accepted and not reports and self._lacks_jobs(exchange)
        undelivered = exchange.accepted and bool(self.undelivered_jobs(exchange))
        return RequestRecord(
            number=number,
            exchange=exchange,
            fingerprint=fingerprint(exchange, key_header=self._key_header),
            sender=exchange.headers.get(self._key_header),
            job_reports=reports,
            retry_after=_requested_wait(exchange.reply, self._retry_headers),
            poll_after=_requested_wait(exchange.reply, self._poll_headers),
            from_sdk=_SDK_HEADER in exchange.headers,
            quota_exhausted=self._says_quota_exhausted(exchange.reply),
            unreadable=unreadable,
            job_unknown_to_client=(
                exchange.operation.role in CREATE_ROLES and (unreadable or undelivered)
            ),
        )

    def job_reports(
        self, exchange: Exchange, reply: Reply | None, number: int
    ) -> Iterator[JobReport]:
        """Yield the jobs in a response to this request, unknown states included."""
        role = exchange.operation.role
        if reply is None or not 200 <= reply.status < 300 or role not in _ROLES_RETURNING_JOBS:
            return
        body, page = json_body(reply), exchange.operation.page
        jobs = [body] if page is None else get_or_none(body, page.places.get("items", ()))
        for job in jobs if isinstance(jobs, list) else ():
            job_id = get_or_none(job, self._lifecycle.id_at)
            status = get_or_none(job, self._lifecycle.state_at)
            if isinstance(job_id, str) and isinstance(status, str):
                state = self._lifecycle.states.get(status)
                yield JobReport(number, exchange, job_id, status, state, job)

    def undelivered_jobs(self, exchange: Exchange) -> tuple[str, ...]:
        """Return the ids of the jobs that this request created and its response does not show."""
        if exchange.undelivered_reply is None:
            return ()
        known = {report.job_id for report in self.job_reports(exchange, exchange.reply, 0)}
        created = self.job_reports(exchange, exchange.undelivered_reply, 0)
        return tuple(report.job_id for report in created if report.job_id not in known)

    def _lacks_jobs(self, exchange: Exchange) -> bool:
        """Return True if a response without jobs should have a job, or at least an empty list."""
        page, reply = exchange.operation.page, exchange.reply
        if exchange.operation.role not in _ROLES_RETURNING_JOBS or reply is None:
            return False
        return page is None or not isinstance(
            get_or_none(json_body(reply), page.places.get("items", ())), list
        )

    def _says_quota_exhausted(self, reply: Reply | None) -> bool:
        quota_error = self._envelope.responses.get(Cause.QUOTA_EXCEEDED)
        code_at = self._envelope.code_at
        if reply is None or quota_error is None or code_at is None:
            return False
        if reply.status != quota_error.status:
            return False
        return bool(get_or_none(json_body(reply), code_at) == quota_error.code)


def _requested_wait(reply: Reply | None, headers: tuple[tuple[str, int], ...]) -> RequestedWait:
    """Return the waits in these headers of a response.

    Args:
        headers: the names of the headers, and the number of their units in a second.
    """
    sent = [(reply.headers[n], units) for n, units in headers if reply and n in reply.headers]
    waits = [wait for text, units in sent if (wait := _parse_seconds(text, units)) is not None]
    return RequestedWait(tuple(waits) if waits else (0.0,) * bool(sent))


def _parse_seconds(text: str, units_per_second: int) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value / units_per_second if 0 <= value < inf else None


_ROLES_RETURNING_JOBS = (*CREATE_ROLES, JobRole.RETRIEVE, JobRole.LIST)
# Every official SDK sends this header: the same generator makes all of them.
_SDK_HEADER = "x-stainless-lang"
