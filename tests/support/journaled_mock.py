"""A mock with a journal, and a client that sends requests to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from aisa_testkit.contracts import Journal
from aisa_testkit.contracts.journal.journal import REQUESTS
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Operation, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

KEY = "sk-aisa-of-a-client-7f3a"


class JournaledMock:
    """A mock with a manual clock, its journal, and a client with an API key.

    Args:
        document: the document of the mock.
        keys: the API keys that the journal knows from the start.
        requests: the number of requests that the journal keeps.
    """

    def __init__(
        self, document: Document, *, keys: Iterable[str] = (), requests: int = REQUESTS
    ) -> None:
        self.document, self.clock = document, ManualClock(1_780_000_000)
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), strict=True)
        self.journal = Journal(
            document,
            now=self.clock.now,
            client_time=self.clock.client_time,
            knows_client_waits=lambda: self.clock.knows_client_waits,
            keys=keys,
            requests=requests,
        )
        self.endpoint = Endpoint(self.service, observers=[self.journal])

    def operation(self, role: JobRole) -> Operation:
        """The operation with a role."""
        return self.document.by_role[role]

    def call(
        self,
        role: JobRole,
        *,
        job_id: str = "",
        fields: Mapping[str, Json] | None = None,
        key: str | None = KEY,
        query: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """A call of the operation with a role."""
        operation = self.operation(role)
        return build_call(
            self.document,
            operation,
            fields,
            key=key,
            media_type="application/json",
            path_parameters=dict.fromkeys(operation.template.parameters, job_id),
            query=query,
        )

    def send(
        self,
        role: JobRole,
        *,
        job_id: str = "",
        fields: Mapping[str, Json] | None = None,
        key: str | None = KEY,
        query: tuple[tuple[str, str], ...] = (),
    ) -> Reply:
        """Send a call, record it in the journal, and return the reply."""
        call = self.call(role, job_id=job_id, fields=fields, key=key, query=query)
        reply = self.service.answer(call)
        self.journal.answered(call, reply)
        return reply

    def create(self, prompt: str = "a cat", *, key: str = KEY) -> str:
        """Create a job, and return its id."""
        reply = self.send(JobRole.CREATE, fields=self.create_fields(prompt), key=key)
        return str(get(orjson.loads(reply.body), self.document.lifecycle.id_at))

    def create_fields(self, prompt: str = "a cat") -> dict[str, Json]:
        """The required field of a create."""
        body = self.operation(JobRole.CREATE).bodies["application/json"]
        return {body.schema.raw["required"][0]: prompt}

    def requests(self, **query: str) -> Json:
        """The requests in the journal that match a query."""
        return self.journal.requests(query)["requests"]

    def numbers(self, **query: str) -> list[int]:
        """The numbers of the requests that match a query."""
        return [request["number"] for request in self.requests(**query)]
