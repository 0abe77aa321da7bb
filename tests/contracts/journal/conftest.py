"""A mock with a journal, as a server has them, and a client that asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import Journal
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Operation, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

KEY = "sk-aisa-of-a-client-7f3a"


class Journaled:
    """A mock on a clock that stands still, its journal, and a client with a key."""

    def __init__(self, document: Document, **settings: Any) -> None:
        self.document, self.clock = document, ManualClock()
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), strict=True)
        self.journal = Journal(
            document,
            now=self.clock.now,
            client_time=self.clock.client_time,
            knows_client_waits=lambda: self.clock.knows_client_waits,
            **settings,
        )
        self.endpoint = Endpoint(self.service, observers=[self.journal])

    def operation(self, role: JobRole) -> Operation:
        """The operation with a role."""
        return self.document.by_role[role]

    def call(
        self,
        role: JobRole,
        *,
        job: str = "",
        fields: Mapping[str, Json] | None = None,
        key: str | None = KEY,
        query: tuple[tuple[str, str], ...] = (),
    ) -> Call:
        """A call as a client sends it."""
        operation = self.operation(role)
        return build_call(
            self.document,
            operation,
            fields,
            key=key,
            media_type="application/json",
            path_parameters=dict.fromkeys(operation.template.parameters, job),
            query=query,
        )

    def ask(self, role: JobRole, *, job: str = "", **said: Any) -> Reply:
        """The answer to a call, of which the journal is told."""
        call = self.call(role, job=job, **said)
        reply = self.service.answer(call)
        self.journal.answered(call, reply)
        return reply

    def create(self, prompt: str = "a cat", *, key: str = KEY) -> str:
        """Makes a job, and says which."""
        reply = self.ask(JobRole.CREATE, fields=self.wish(prompt), key=key)
        made: str = get(orjson.loads(reply.body), self.document.lifecycle.id_at)
        return made

    def wish(self, prompt: str = "a cat") -> dict[str, Json]:
        """The fields of a create: the one that is required."""
        body = self.operation(JobRole.CREATE).bodies["application/json"]
        return {body.schema.raw["required"][0]: prompt}

    def requests(self, **query: str) -> Json:
        """What the journal tells of the requests that a query means."""
        return self.journal.requests(query)["requests"]

    def numbers(self, **query: str) -> list[int]:
        """The numbers of the requests that a query means."""
        return [entry["number"] for entry in self.requests(**query)]


@pytest.fixture
def journaled() -> Callable[..., Journaled]:
    """Makes a mock with a journal from a document and the journal's settings."""
    return Journaled


@pytest.fixture
def mock(document: Document) -> Journaled:
    """A mock of the bundled document with a journal."""
    return Journaled(document)


@pytest.fixture
def either_mock(either: Document) -> Journaled:
    """A mock with a journal, of either document."""
    return Journaled(either)
