"""The requests of a check about one job, from its creation to its deletion."""

from __future__ import annotations

from http import HTTPStatus
from math import inf

from ...openapi import Cause, Document, JobOperation, Meaning, Operation
from ...openapi.jobs import JobField, Part, Place, ResultOperation
from ...openapi.jobs.sources import FileAddress, Moment, OperationAddress
from ...openapi.moment import SECONDS
from ...openapi.pointer import get_or_none
from ...openapi.schema_places import values_of
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, created_job_id, jobs_in, json_body, value_in
from .list_steps import ListSteps
from .pacing import Pacing
from .plan import CheckPlan
from .session import Session
from .target import describe_outcome


class JobSteps:
    """The requests about one job.

    plan: the plan of the check; operations below its grade are not requested
    timeout: the seconds after which the job is no longer polled
    """

    def __init__(
        self,
        document: Document,
        session: Session,
        job_id: str,
        *,
        plan: CheckPlan,
        pacing: Pacing,
        timeout: float,
    ) -> None:
        self._document, self._session, self._job_id = document, session, job_id
        self._kind, self._grade = plan.kind, plan.grade
        self._poll, self._ended_at = plan.create.poll, inf
        self._pacing, self._timeout = pacing, timeout

    def request_early_results(self) -> None:
        """Request the results of a new job, which has none yet."""
        self._request_results("requests the file at once")

    def follow(self, lists: ListSteps) -> None:
        """Poll until the job has ended or the timeout is over.

        While the job is in progress, request the list and the results once.
        """
        session, began, requested_early = self._session, None, False
        session.follow(None)
        while self._is_covered(self._poll):
            exchange = session.request_job(self._poll, self._job_id, "polls the job")
            began = exchange.at if began is None else began
            views = jobs_in(self._document, exchange)
            # Several kinds may have one poll.
            view = next((view for view in views if view.kind is self._kind), None)
            session.follow(view or session.followed)
            if view is not None and view.state.meaning.is_terminal:
                self._ended_at = exchange.at
                return
            left = self._timeout - (exchange.at - began)
            if left < 0 or not exchange.accepted or self._is_unknown(exchange):
                reason = f": {describe_outcome(exchange)}"
                if view is not None:
                    reason = f" after {exchange.at - began:.0f} seconds, still {view.state.name}"
                session.note(f"stopped polling {self._job_id}{reason}")
                return
            if not requested_early and view is not None and self._has_started(view):
                requested_early = True
                self._request_results("requests the file too early")
                lists.request_first_page()
            session.report_step("waits for the job")
            # At most one second past the timeout, when the job is certainly late.
            session.wait(min(self._pacing.poll_delay(exchange), left + 1))

    def check_finished(self) -> None:
        """Send all requests that need a finished job."""
        self._read_files()
        for result in self._kind.results:
            self._download(result)
        self._request_expired_files()
        self._request(self._poll, "sends no API key", with_key=False)
        self._request_results("sends no API key", with_key=False)
        for each in (self._poll, *self._kind.results):
            self._request_unchecked(each)
        self._cancel_finished()

    def poll_again(self) -> None:
        """Poll the finished job again."""
        self._request(self._poll, "retrieves the finished job again")

    def cancel(self) -> bool:
        """Cancel the job, and return False if the target cannot be asked to."""
        cancel = self._kind.cancel
        return self._request(cancel, "cancels the job while it runs") is not None

    def delete(self) -> bool:
        """Delete the job, request it again, and return True if it is gone."""
        delete = self._kind.delete
        self._request(delete, "deletes the job without an API key", with_key=False)
        exchange = self._request(delete, "deletes the job")
        if exchange is None or not (exchange.accepted or self._is_refused_as_unknown(exchange)):
            return False
        is_gone = self._poll_deleted()
        self._request_results("requests the file of the deleted job")
        self._request(delete, "deletes the job again")
        return is_gone

    def delete_while_running(self) -> bool:
        """Delete the job while it runs, which a server may reject. Return True if it is gone."""
        exchange = self._request(self._kind.delete, "deletes the job while it runs")
        if exchange is None or not exchange.accepted:
            return False
        return self._poll_deleted()

    def _poll_deleted(self) -> bool:
        """Poll the deleted job, and return True if it is gone, as far as can be seen."""
        exchange = self._request(self._poll, "retrieves the deleted job")
        if exchange is None or exchange.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return True
        return self._is_refused_as_unknown(exchange) or self._is_unknown(exchange)

    def _is_refused_as_unknown(self, exchange: Exchange) -> bool:
        """Return True for the status with which the operation refuses unknown ids."""
        status = self._document.envelope.status_of(Cause.JOB_UNKNOWN, exchange.operation)
        return exchange.status == status

    def _is_unknown(self, exchange: Exchange) -> bool:
        """Return True if a response reports the state of an id that no job has."""
        body = json_body(exchange.reply) if exchange.reply and exchange.accepted else None
        job = get_or_none(body, self._poll.job_at)
        state = self._kind.lifecycle.find(get_or_none(job, self._kind.state_at))
        return state is not None and state.meaning is Meaning.UNKNOWN

    def _cancel_finished(self) -> None:
        """Cancel the finished job, unless that deletes it."""
        cancel, delete = self._kind.cancel, self._kind.delete
        if cancel is not None and (delete is None or delete.operation is not cancel.operation):
            self._request(cancel, "cancels the finished job")

    def _read_files(self) -> None:
        """Read the files at the addresses that the finished job shows, and its operations."""
        session, view = self._session, self._session.followed
        if view is None:
            return
        for field in session.requests.create.fields:
            if _is_address(field) and view.state.name in field.possible:
                session.read_file(view.job_id, field, view.value_at(field.place.path))
            elif isinstance(field.source, OperationAddress):
                operation = self._document.operations[field.source.operation_id]
                if self._answers(operation, view):
                    self._request_address(operation, field, view)

    def _answers(self, operation: Operation, view: JobView) -> bool:
        """Return True if an operation only reads, and accepts the job as it is."""
        results = [each for each in self._kind.results if each.operation is operation]
        accepts = all(view.state.name in each.states for each in results)
        return operation.method == "GET" and accepts and self._grade.covers(operation.provenance)

    def _request_address(self, operation: Operation, field: JobField, view: JobView) -> None:
        number = self._last_shown_in(field)
        address = value_in(self._session.history[number - 1], field, view.job)
        self._session.request_address(
            view.job_id, field, address, operation=operation, number=number
        )

    def _last_shown_in(self, field: JobField) -> int:
        """Return the number of the last exchange that shows a field of the job."""
        history = self._session.history
        if field.place.part is Part.HEADER:
            for number, exchange in reversed([*enumerate(history, start=1)]):
                job_id = exchange.job_id or created_job_id(self._document, exchange)
                if job_id == self._job_id and value_in(exchange, field, None) is not None:
                    return number
        return len(history)

    def _download(self, result: ResultOperation) -> None:
        """Request a result in all its variants; also in part, if the document knows parts."""
        exchange = self._request(result, "downloads the file")
        if exchange is not None and exchange.accepted and exchange.reply is not None:
            body = json_body(exchange.reply)
            for field in filter(_is_address, result.answer):
                address = get_or_none(body, field.place.path)
                self._session.read_file(self._job_id, field, address)
        if HTTPStatus.PARTIAL_CONTENT in result.operation.responses:
            for byte_range in ("bytes=5-104", "bytes=999999999999-"):
                headers = {"range": byte_range}
                self._request(result, "downloads part of the file", headers=headers)
        for name, parameter in result.operation.query.items():
            if result.id == Place(Part.QUERY, (name,)):
                continue
            choices = values_of(self._document.source.data, parameter.schema.raw)
            for value in [choice for choice in choices if choice != parameter.default]:
                self._request(result, f"downloads the {value}", query=((name, str(value)),))
            if choices:
                action = f"requests an unknown {name}"
                self._request(result, action, query=((name, _INVALID_VALUE),))

    def _request_expired_files(self) -> None:
        """Request the files again after they have expired, if that is soon."""
        expiry = self._expiry()
        if expiry is None or not self._kind.results:
            return
        left = expiry - self._session.history[-1].at
        if abs(left) < _MAX_EXPIRY_WAIT:
            self._session.wait(max(0.0, left) + _CLOCK_SKEW)
            self._request_results("requests the expired file")

    def _expiry(self) -> float | None:
        """Return the Unix time at which the files of the followed job expire.

        It is what the job says, or so long after its success was seen as the document says.
        """
        view, path = self._session.followed, self._kind.expires_at
        if view is None or path is None:
            after = self._kind.expires_after
            return None if after is None else self._ended_at + after
        fields = self._session.requests.create.fields
        sources = (f.source for f in fields if f.place == Place(Part.BODY, path))
        forms = (source.form for source in sources if isinstance(source, Moment))
        return next(forms, SECONDS).read(view.value_at(path))

    def _request_unchecked(self, each: JobOperation) -> None:
        """Send one request to an operation below the grade, and note its status."""
        operation, job_id = each.operation, self._id_for(each)
        if self._is_covered(each) or job_id is None:
            return
        exchange = self._session.request_job(each, job_id, f"tries {operation.id}", check_key=False)
        self._session.note(
            f"{operation.id} is {operation.provenance} and was not checked;"
            f" {describe_outcome(exchange)}"
        )

    def _request_results(self, action: str, *, with_key: bool = True) -> None:
        for result in self._kind.results:
            self._request(result, action, with_key=with_key)

    def _request(
        self,
        each: JobOperation | None,
        action: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] | None = None,
    ) -> Exchange | None:
        """Send a request about the job, or return None if no such operation can be requested."""
        if each is None or not self._is_covered(each):
            return None
        job_id, needs_key = self._id_for(each), self._session.requests.needs_key(each.operation)
        if job_id is None or not (with_key or needs_key):
            return None
        return self._session.request_job(
            each, job_id, action, with_key=with_key, query=query, headers=headers
        )

    def _id_for(self, each: JobOperation) -> str | None:
        """Return the id in a request, which may be another field of the job; None if unknown."""
        if not isinstance(each, ResultOperation) or each.key is None:
            return self._job_id
        view = self._session.followed
        value = view.value_at(each.key) if view and view.job_id == self._job_id else None
        return str(value) if isinstance(value, str | int) else None

    def _has_started(self, view: JobView) -> bool:
        return view.state.name != self._kind.lifecycle.initial.name

    def _is_covered(self, each: JobOperation) -> bool:
        return self._grade.covers(each.operation.provenance)


def _is_address(field: JobField) -> bool:
    return isinstance(field.source, FileAddress) and field.place.part is Part.BODY


_MAX_EXPIRY_WAIT, _CLOCK_SKEW = 10.0, 3.5  # seconds
_INVALID_VALUE = "not-a-value"
