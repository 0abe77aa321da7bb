"""What each call of the control API does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from ....openapi.json import Json
from ....openapi.text import quote
from ...clock import ManualClock, SystemClock
from ...controls import MockControls
from ...jobs.job import Job
from ...observers import RequestJournal
from ...service import JobService
from .description import AdminDescription, AdminRequestError


@dataclass(frozen=True, slots=True)
class AdminRequest:
    """What a control call asks for, all of it as the document of this API has it. `root` is the URL
    that the mock was reached at.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Json]
    root: str


Action = Callable[[AdminRequest], Json | bytes]


class AdminActions:
    """The control API of one service. `journal` is what keeps its requests, if anything does;
    `guarded` says whether the admin token is wanted.
    """

    def __init__(
        self,
        service: JobService,
        description: AdminDescription,
        *,
        journal: RequestJournal | None,
        guarded: bool,
    ) -> None:
        self._service, self._description = service, description
        self._controls = MockControls(service)
        self._journal, self._guarded = journal, guarded

    @property
    def actions(self) -> Mapping[str, Action]:
        """What is done, by the id of the operation in the document of this API. Actions return JSON
        data, or bytes that are JSON; they raise AdminRequestError.
        """
        return {
            "listPaths": self._index,
            "getHealth": self._health,
            "listJobs": self._jobs,
            "getJob": self._job,
            "completeJob": self._complete,
            "failJob": self._fail,
            "getClock": self._clock,
            "setClock": self._set_clock,
            "advanceClock": self._advance_clock,
            "listRequests": self._requests,
            "clearRequests": self._clear_requests,
            "exportRequests": self._har,
            "getVerdict": self._verdict,
            "listFaults": self._faults,
            "addFault": self._add_fault,
            "clearFaults": self._clear_faults,
            "removeFault": self._remove_fault,
            "listScenarios": self._scenarios,
            "chooseScenario": self._choose_scenario,
            "listLimits": self._limits,
            "listWebhooks": self._webhooks,
            "getDocument": self._document,
            "getOpenapi": self._openapi,
            "reset": self._reset,
        }

    def journal(self) -> RequestJournal:
        """Whoever keeps the requests; raises AdminRequestError if nobody does."""
        if self._journal is None:
            raise AdminRequestError("this server keeps no requests", status=404)
        return self._journal

    def _index(self, order: AdminRequest) -> Json:
        base = self._description.base
        return {
            "paths": [
                {"method": each.method, "path": base + each.path, "summary": each.summary}
                for each in self._description.operations
            ]
        }

    def _health(self, order: AdminRequest) -> Json:
        document = self._service.document
        return {
            "status": "ok",
            "title": document.title,
            "version": document.version,
            "base_path": document.base_path,
            "jobs": len(self._service.store),
        }

    def _jobs(self, order: AdminRequest) -> Json:
        limit = int(order.query.get("limit", _PAGE))
        after = self._find(order.query["after"], "after", 400) if "after" in order.query else None
        page = self._service.store.page(after=after, limit=limit, newest_first=True)
        return {"jobs": [self._service.describe(job) for job in page.jobs], "more": page.more}

    def _job(self, order: AdminRequest) -> Json:
        return self._service.describe(self._find(order.path["id"], "id", 404))

    def _complete(self, order: AdminRequest) -> Json:
        return self._end(order, success=True)

    def _fail(self, order: AdminRequest) -> Json:
        return self._end(order, success=False)

    def _end(self, order: AdminRequest, *, success: bool) -> Json:
        job = self._find(order.path["id"], "id", 404)
        with _refusing(gone=f"id: {_no_job(job.id)}"):
            self._controls.end_job(job.id, code=order.body.get("code"), success=success)
        return self._job(order)

    def _clock(self, order: AdminRequest) -> Json:
        clock = self._service.clock
        runs = isinstance(clock, SystemClock)
        return {
            "now": clock.now(),
            "speed": clock.speed if isinstance(clock, SystemClock) else None,
            "frozen": clock.frozen if isinstance(clock, SystemClock) else not runs,
        }

    def _set_clock(self, order: AdminRequest) -> Json:
        clock = self._service.clock
        if not isinstance(clock, SystemClock):
            raise AdminRequestError("this clock does not run by itself; it can only be advanced")
        if "speed" in order.body:
            clock.set_speed(order.body["speed"])
        if "freeze" in order.body:
            clock.freeze(order.body["freeze"])
        return self._clock(order)

    def _advance_clock(self, order: AdminRequest) -> Json:
        clock = self._service.clock
        if not isinstance(clock, SystemClock | ManualClock):
            raise AdminRequestError("this clock cannot be moved")
        clock.advance(order.body["advance"])
        return self._clock(order)

    def _requests(self, order: AdminRequest) -> Json:
        with _refusing():
            return self.journal().requests(order.query)

    def _clear_requests(self, order: AdminRequest) -> Json:
        self.journal().clear()
        return self._requests(order)

    def _har(self, order: AdminRequest) -> bytes:
        with _refusing():
            return self.journal().har(order.query)

    def _verdict(self, order: AdminRequest) -> Json:
        return self.journal().verdict()

    def _faults(self, order: AdminRequest) -> Json:
        return {"faults": self._service.faults.listed()}

    def _add_fault(self, order: AdminRequest) -> Json:
        with _refusing():
            return {"id": self._service.faults.add(order.body)}

    def _clear_faults(self, order: AdminRequest) -> Json:
        self._service.faults.clear()
        return self._faults(order)

    def _remove_fault(self, order: AdminRequest) -> Json:
        name = order.path["id"]
        with _refusing(gone=f"id: must be that of a fault still to come, not {quote(name)}"):
            self._service.faults.remove(name)
        return self._faults(order)

    def _scenarios(self, order: AdminRequest) -> Json:
        scenarios = self._service.scenarios
        return {"scenarios": scenarios.listed(), "chosen": scenarios.chosen()}

    def _choose_scenario(self, order: AdminRequest) -> Json:
        scenarios, body = self._service.scenarios, order.body
        with _refusing(place="/scenario"):
            scenarios.named(body["scenario"])
        with _refusing():
            scenarios.use(body["scenario"], next=body.get("next"), share=body.get("share"))
        return self._scenarios(order)

    def _limits(self, order: AdminRequest) -> Json:
        return {"limits": self._service.limits.listed()}

    def _webhooks(self, order: AdminRequest) -> Json:
        if self._service.webhooks is None:
            raise AdminRequestError("this server sends no webhooks", status=404)
        return self._service.webhooks.report()

    def _document(self, order: AdminRequest) -> Json:
        document = self._service.document
        here = {"url": order.root + document.base_path, "description": "This mock."}
        return {**document.source.data, "servers": [here]}

    def _openapi(self, order: AdminRequest) -> Json:
        return self._description.served(root=order.root, guarded=self._guarded)

    def _reset(self, order: AdminRequest) -> Json:
        self._controls.reset()
        if self._journal is not None:
            self._journal.clear()
        return {"jobs": len(self._service.store)}

    def _find(self, job_id: str, place: str, status: int) -> Job:
        job = self._service.store.get(job_id)
        if job is None:
            raise AdminRequestError(f"{place}: {_no_job(job_id)}", status=status)
        return job


def _no_job(job_id: str) -> str:
    return f"must be the id of a job, not {quote(job_id)}"


@contextmanager
def _refusing(*, gone: str | None = None, place: str | None = None) -> Iterator[None]:
    """Turns what the block cannot do into AdminRequestError; `gone` is what is said of a KeyError,
    `place` stands before the words of a ValueError that name none.
    """
    try:
        yield
    except ValueError as error:
        words = str(error)
        raise AdminRequestError(f"{place}: {words}" if place else words) from error
    except KeyError as error:
        if gone is None:
            raise
        raise AdminRequestError(gone, status=404) from error


_PAGE = 100
