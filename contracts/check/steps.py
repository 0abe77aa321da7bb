"""The requests of a check about one job and about the list of jobs."""

from __future__ import annotations

from http import HTTPStatus

from ...openapi import Cause, Document, JobRole, Operation, Provenance
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, get_or_none, is_number, jobs_in, json_body
from .pacing import Pacing
from .session import Session
from .target import describe_outcome


class JobSteps:
    """The requests about one job, from its creation to its deletion.

    grade: operations that are less certain than this are not requested
    timeout: the seconds after which the job is no longer polled
    """

    def __init__(
        self,
        document: Document,
        session: Session,
        job_id: str,
        *,
        grade: Provenance,
        pacing: Pacing,
        timeout: float,
    ) -> None:
        self._document, self._session, self._job_id = document, session, job_id
        self._grade, self._pacing, self._timeout = grade, pacing, timeout
        self._not_found_status = document.envelope.responses[Cause.JOB_UNKNOWN].status

    def request_early_content(self) -> None:
        """Request the file of a new job, which has none yet."""
        self._request(JobRole.CONTENT, "requests the file at once")

    def follow(self, lists: ListSteps) -> None:
        """Poll until the job has ended or the timeout is over.

        While the job is in progress, request the list and the file once.
        """
        operation, session = self._operation(JobRole.RETRIEVE), self._session
        began, requested_early = None, False
        session.follow(None)
        while operation is not None:
            exchange = session.request_job(operation, self._job_id, "polls the job")
            began = exchange.at if began is None else began
            view = next(iter(jobs_in(self._document, exchange)), None)
            session.follow(view or session.followed)
            if view is not None and view.state.ends:
                return
            left = self._timeout - (exchange.at - began)
            if left < 0 or not exchange.accepted:
                reason = f": {describe_outcome(exchange)}"
                if view is not None:
                    reason = f" after {exchange.at - began:.0f} seconds, still {view.state.name}"
                session.note(f"stopped polling {self._job_id}{reason}")
                return
            if not requested_early and view is not None and self._has_started(view):
                requested_early = True
                self._request(JobRole.CONTENT, "requests the file too early")
                lists.request_first_page()
            session.report_step("waits for the job")
            # At most one second past the timeout, when the job is certainly late.
            session.wait(min(self._pacing.poll_delay(exchange), left + 1))

    def check_finished(self) -> None:
        """Send all requests that need a finished job."""
        self._download_files()
        self._request_expired_file()
        for role in (JobRole.RETRIEVE, JobRole.CONTENT):
            self._request(role, "sends no API key", with_key=False)
        for role in (JobRole.RETRIEVE, JobRole.CONTENT):
            self._request_unchecked(role)

    def retrieve_again(self) -> None:
        """Retrieve the finished job again."""
        self._request(JobRole.RETRIEVE, "retrieves the finished job again")

    def delete(self) -> bool:
        """Delete the job, request it again, and return True if it is gone."""
        self._request(JobRole.DELETE, "deletes the job without an API key", with_key=False)
        exchange = self._request(JobRole.DELETE, "deletes the job")
        if exchange is None or not (exchange.accepted or exchange.status == self._not_found_status):
            return False
        is_gone = self._retrieve_deleted()
        self._request(JobRole.CONTENT, "requests the file of the deleted job")
        self._request(JobRole.DELETE, "deletes the job again")
        return is_gone

    def delete_while_running(self) -> bool:
        """Delete the job while it runs, which a server may reject. Return True if it is gone."""
        exchange = self._request(JobRole.DELETE, "deletes the job while it runs")
        if exchange is None or not exchange.accepted:
            return False
        return self._retrieve_deleted()

    def _retrieve_deleted(self) -> bool:
        """Retrieve the deleted job, and return True if it is gone, as far as can be seen."""
        exchange = self._request(JobRole.RETRIEVE, "retrieves the deleted job")
        gone = (self._not_found_status, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
        return exchange is None or exchange.status in gone

    def _download_files(self) -> None:
        operation = self._operation(JobRole.CONTENT)
        if operation is None:
            return
        self._request(JobRole.CONTENT, "downloads the file")
        for byte_range in ("bytes=5-104", "bytes=999999999999-"):
            self._request(
                JobRole.CONTENT, "downloads part of the file", headers={"range": byte_range}
            )
        for name, parameter in operation.query.items():
            choices = parameter.schema.raw.get("enum", ())
            for value in [choice for choice in choices if choice != parameter.default]:
                self._request(
                    JobRole.CONTENT, f"downloads the {value}", query=((name, str(value)),)
                )
            if choices:
                self._request(
                    JobRole.CONTENT, f"requests an unknown {name}", query=((name, _INVALID_VALUE),)
                )

    def _request_expired_file(self) -> None:
        """Request the file again after it has expired, if that is soon."""
        view, path = self._session.followed, self._document.lifecycle.expiry_at
        expiry = get_or_none(view.job, path) if view and path else None
        if is_number(expiry):
            left = expiry - self._session.history[-1].at
            if abs(left) < _MAX_EXPIRY_WAIT:
                self._session.wait(max(0.0, left) + _CLOCK_SKEW)
                self._request(JobRole.CONTENT, "requests the expired file")

    def _request_unchecked(self, role: JobRole) -> None:
        """Send one request to an operation below the grade, and note its status."""
        operation = self._document.by_role.get(role)
        if operation is None or self._grade.covers(operation.provenance):
            return
        exchange = self._session.request_job(
            operation, self._job_id, f"tries {operation.id}", check_key=False
        )
        self._session.note(
            f"{operation.id} is {operation.provenance} and was not checked;"
            f" {describe_outcome(exchange)}"
        )

    def _request(
        self,
        role: JobRole,
        action: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Exchange | None:
        """Send a request about the job, or return None if no such operation can be requested."""
        operation = self._operation(role)
        if operation is None or (not with_key and not operation.secured):
            return None
        return self._session.request_job(
            operation, self._job_id, action, with_key=with_key, query=query, headers=headers
        )

    def _has_started(self, view: JobView) -> bool:
        return view.state.name != self._document.lifecycle.initial

    def _operation(self, role: JobRole) -> Operation | None:
        """Return the operation of a role, None if there is none within the grade."""
        operation = self._document.by_role.get(role)
        return operation if operation and self._grade.covers(operation.provenance) else None


class ListSteps:
    """The requests for the list of jobs."""

    def __init__(self, document: Document, session: Session, *, grade: Provenance) -> None:
        self._session, self._document = session, document
        listing = document.by_role.get(JobRole.LIST)
        self._operation = listing if listing and grade.covers(listing.provenance) else None

    def request_first_page(self) -> None:
        """Request the first page with default parameters."""
        if self._operation is not None:
            self._session.request_page(self._operation, ())

    def read_pages(self) -> None:
        """Read a few pages of one job each, then the first page in every order."""
        operation = self._operation
        if operation is None or operation.page is None:
            return
        page, query = operation.page, [(operation.page.limit, "1")]
        for _ in range(_MAX_PAGES):
            exchange = self._session.request_page(operation, tuple(query))
            views = jobs_in(self._document, exchange)
            cursor = views[-1].job_id if views else None
            if "next" in page.places and exchange.reply:
                cursor = get_or_none(json_body(exchange.reply), page.places["next"])
            if not views or not isinstance(cursor, str):
                break
            query[1:] = [(page.after, cursor)]
        for order in operation.query[page.order].schema.raw.get("enum", ()) if page.order else ():
            self._session.request_page(operation, ((page.order or "", str(order)),))


_MAX_PAGES = 5
_MAX_EXPIRY_WAIT, _CLOCK_SKEW = 10.0, 3.5  # seconds
_INVALID_VALUE = "not-a-value"
