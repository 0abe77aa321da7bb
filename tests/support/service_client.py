"""A client of a service without a transport, for any document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get
from tests.support.operations import find_operation, id_in, only_kind, state_in


class ServiceClient:
    """Sends calls, chosen by role or by id, to a strict service with a manual clock.

    Args:
        document: the document of the service.
        clock: the clock of the service, a new ManualClock by default.
        conforming: True if every reply must conform to the document.
        options: further options of JobService.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: ManualClock | None = None,
        conforming: bool = False,
        **options: Any,
    ) -> None:
        self.document, self.clock = document, clock or ManualClock(1_780_000_000)
        defaults = {"ids": RandomIds(1), "seed": 1, "strict": True}
        self.service = JobService(document, clock=self.clock, **{**defaults, **options})
        self.controls = MockControls(self.service)
        self._conforming = conforming

    def send(
        self,
        operation: JobRole | str,
        job_id: str = "",
        *,
        key: str | None = "sk-test",
        scenario: str = "",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        prompt: str = "A teapot",
        **fields: Json,
    ) -> Reply:
        """Send a call of an operation, given by its role or its id, and return the reply."""
        found = find_operation(self.document, operation)
        sent = {"content-type": "application/json", **self._credentials(key)}
        sent |= {"x-mock-scenario": scenario} if scenario else {}
        path = dict.fromkeys(found.template.parameters, job_id)
        body = orjson.dumps({"prompt": prompt, "scene": prompt, **fields})
        arguments = tuple((query or {}).items())
        call = Call(found.id, path, arguments, {**sent, **(headers or {})}, body)
        reply = self.service.answer(call)
        if self._conforming:
            assert [*reply_problems(found, reply)] == []
        return reply

    def create(self, scenario: str = "", **options: Any) -> str:
        """Create a job and return its id. Errors are retried a few times."""
        reply = self.send(JobRole.CREATE, scenario=scenario, **options)
        for _ in range(5):
            if reply.status < 400:
                break
            reply = self.send(JobRole.CREATE, scenario=scenario, **options)
        return self.job_id(reply)

    def statuses(
        self, operation: JobRole | str, count: int, job_id: str = "", **options: Any
    ) -> list[int]:
        """Send so many calls and return the statuses of the replies."""
        return [self.send(operation, job_id, **options).status for _ in range(count)]

    def list_ids(self, key: str = "sk-test", **query: str) -> list[str]:
        """Return the job ids on a page of the list."""
        listing = only_kind(self.document).list
        assert listing
        body = orjson.loads(self.send(JobRole.LIST, key=key, query=query).body)
        return [id_in(self.document, item) for item in get(body, listing.items)]

    def job_id(self, reply: Reply) -> str:
        """Return the id of the job in a reply."""
        return id_in(self.document, orjson.loads(reply.body))

    def state(self, reply: Reply) -> str:
        """Return the state of the job in a reply."""
        return str(state_in(self.document, orjson.loads(reply.body)))

    def meaning(self, reply: Reply) -> Meaning:
        """Return the meaning of the state of the job in a reply."""
        state = only_kind(self.document).lifecycle.find(
            state_in(self.document, orjson.loads(reply.body))
        )
        assert state
        return state.meaning

    def _credentials(self, key: str | None) -> dict[str, str]:
        credentials = self.document.credentials
        if key is None or credentials is None:
            return {}
        return {credentials.header: f"{credentials.scheme} {key}".strip()}


def error_of(reply: Reply) -> tuple[int, str]:
    """Return the status and the error code of an error reply of the bundled document."""
    return reply.status, orjson.loads(reply.body)["error"]["code"]
