"""The operations of the control API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ....openapi.json import Json
from ....openapi.text import quote
from ...clock import SystemClock
from ...controls import MockControls
from ...errors import AdminRequestError
from ...jobs.job import Job
from ...manual_clocks import ManualClock
from ...observers import RequestJournal
from ...service import JobService
from .admin_document import admin_document
from .admin_request import AdminRequest

Action = Callable[[AdminRequest], Json | bytes]


class AdminActions:
    """The operations of the control API on one service.

    Args:
        journal: The journal of requests to the mocked API, or None.
        secured: True if the control API requires an admin token.
    """

    def __init__(
        self, service: JobService, *, journal: RequestJournal | None, secured: bool
    ) -> None:
        self._service, self._journal, self._secured = service, journal, secured
        self._controls = MockControls(service)

    @property
    def actions(self) -> Mapping[str, Action]:
        """The functions by `operationId`. They return JSON data, or JSON as bytes, and raise
        AdminRequestError.
        """
        return {
            "listPaths": self._list_paths,
            "getHealth": self._get_health,
            "listJobs": self._list_jobs,
            "getJob": self._get_job,
            "completeJob": self._complete_job,
            "failJob": self._fail_job,
            "getClock": self._get_clock,
            "setClock": self._set_clock,
            "advanceClock": self._advance_clock,
            "listRequests": self._list_requests,
            "clearRequests": self._clear_requests,
            "exportRequests": self._export_requests,
            "getVerdict": self._get_verdict,
            "listFaults": self._list_faults,
            "addFault": self._add_fault,
            "clearFaults": self._clear_faults,
            "removeFault": self._remove_fault,
            "listScenarios": self._list_scenarios,
            "chooseScenario": self._choose_scenario,
            "listLimits": self._list_limits,
            "listWebhooks": self._list_webhooks,
            "getDocument": self._get_document,
            "getOpenapi": self._get_openapi,
            "reset": self._reset,
        }

    def journal(self) -> RequestJournal:
        """Return the journal; raises AdminRequestError if the server has none."""
        if self._journal is None:
            raise AdminRequestError("this server keeps no requests", status=404)
        return self._journal

    def _list_paths(self, request: AdminRequest) -> Json:
        return {"paths": admin_document().index()}

    def _get_health(self, request: AdminRequest) -> Json:
        document = self._service.document
        return {
            "status": "ok",
            "title": document.title,
            "version": document.version,
            "base_path": document.base_path,
            "jobs": len(self._service.store),
        }

    def _list_jobs(self, request: AdminRequest) -> Json:
        limit = int(request.query.get("limit", _DEFAULT_PAGE_SIZE))
        after = request.query.get("after")
        job = None if after is None else self._find_job(after, "after", 400)
        page = self._service.store.page(after=job, limit=limit, newest_first=True)
        return {"jobs": [self._service.describe(job) for job in page.jobs], "more": page.more}

    def _get_job(self, request: AdminRequest) -> Json:
        return self._service.describe(self._find_job(request.path["id"], "id", 404))

    def _complete_job(self, request: AdminRequest) -> Json:
        return self._end_job(request, success=True)

    def _fail_job(self, request: AdminRequest) -> Json:
        return self._end_job(request, success=False)

    def _end_job(self, request: AdminRequest, *, success: bool) -> Json:
        job = self._find_job(request.path["id"], "id", 404)
        with _admin_errors(not_found=f"id: {_not_a_job_id(job.id)}"):
            self._controls.end_job(job.id, code=request.body.get("code"), success=success)
        return self._get_job(request)

    def _get_clock(self, request: AdminRequest) -> Json:
        clock = self._service.clock
        return {
            "now": clock.now(),
            "speed": clock.speed if isinstance(clock, SystemClock) else None,
            "frozen": not isinstance(clock, SystemClock) or clock.frozen,
        }

    def _set_clock(self, request: AdminRequest) -> Json:
        clock = self._service.clock
        if not isinstance(clock, SystemClock):
            raise AdminRequestError("this clock can only be advanced; it has no speed")
        if "speed" in request.body:
            clock.set_speed(request.body["speed"])
        if "freeze" in request.body:
            clock.freeze(request.body["freeze"])
        return self._get_clock(request)

    def _advance_clock(self, request: AdminRequest) -> Json:
        clock = self._service.clock
        if not isinstance(clock, SystemClock | ManualClock):
            raise AdminRequestError("this clock cannot be moved")
        clock.advance(request.body["advance"])
        return self._get_clock(request)

    def _list_requests(self, request: AdminRequest) -> Json:
        with _admin_errors():
            return self.journal().requests(request.query)

    def _clear_requests(self, request: AdminRequest) -> Json:
        self.journal().clear()
        return self._list_requests(request)

    def _export_requests(self, request: AdminRequest) -> bytes:
        with _admin_errors():
            return self.journal().har(request.query)

    def _get_verdict(self, request: AdminRequest) -> Json:
        return self.journal().verdict()

    def _list_faults(self, request: AdminRequest) -> Json:
        return {"faults": self._service.faults.to_json()}

    def _add_fault(self, request: AdminRequest) -> Json:
        with _admin_errors():
            return {"id": self._service.faults.add(request.body)}

    def _clear_faults(self, request: AdminRequest) -> Json:
        self._service.faults.clear()
        return self._list_faults(request)

    def _remove_fault(self, request: AdminRequest) -> Json:
        fault_id = request.path["id"]
        not_found = f"id: must be the id of a pending fault, not {quote(fault_id)}"
        with _admin_errors(not_found=not_found):
            self._service.faults.remove(fault_id)
        return self._list_faults(request)

    def _list_scenarios(self, request: AdminRequest) -> Json:
        scenarios = self._service.scenarios
        return {"scenarios": scenarios.to_json(), "chosen": scenarios.selection()}

    def _choose_scenario(self, request: AdminRequest) -> Json:
        scenarios, body = self._service.scenarios, request.body
        with _admin_errors(place="/scenario"):
            scenarios.find(body["scenario"])
        with _admin_errors():
            scenarios.use(body["scenario"], next=body.get("next"), share=body.get("share"))
        return self._list_scenarios(request)

    def _list_limits(self, request: AdminRequest) -> Json:
        return {"limits": self._service.limits.to_json()}

    def _list_webhooks(self, request: AdminRequest) -> Json:
        if self._service.webhooks is None:
            raise AdminRequestError("this server sends no webhooks", status=404)
        return self._service.webhooks.to_json()

    def _get_document(self, request: AdminRequest) -> Json:
        document = self._service.document
        server = {"url": request.root + document.base_path, "description": "This mock."}
        return {**document.source.data, "servers": [server]}

    def _get_openapi(self, request: AdminRequest) -> Json:
        return admin_document().served_at(request.root, secured=self._secured)

    def _reset(self, request: AdminRequest) -> Json:
        self._controls.reset()
        if self._journal is not None:
            self._journal.clear()
        return {"jobs": len(self._service.store)}

    def _find_job(self, job_id: str, place: str, status: int) -> Job:
        job = self._service.store.get(job_id)
        if job is None:
            raise AdminRequestError(f"{place}: {_not_a_job_id(job_id)}", status=status)
        return job


def _not_a_job_id(job_id: str) -> str:
    return f"must be the id of a job, not {quote(job_id)}"


@contextmanager
def _admin_errors(*, not_found: str | None = None, place: str | None = None) -> Iterator[None]:
    """Raise the errors of the block as AdminRequestError.

    Args:
        not_found: The message for a KeyError.
        place: The field that a ValueError is about, where its message names none.
    """
    try:
        yield
    except ValueError as error:
        message = str(error)
        raise AdminRequestError(f"{place}: {message}" if place else message) from error
    except KeyError as error:
        if not_found is None:
            raise
        raise AdminRequestError(not_found, status=404) from error


_DEFAULT_PAGE_SIZE = 100
