"""The client of an example, and the history of its requests to the mock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from aisa_testkit.contracts import Exchange, UnmatchedRequest, read_exchange
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Document, Reply, load_document
from aisa_testkit.openapi.json import Json

PROMPT = "A lighthouse in a storm"

Change = Callable[[Reply], Reply]
"""Replaces a response of the mock before the client receives it."""


class ExampleSession:
    """A client of the mock, and `history`, the requests and responses that the rules check.

    path: the path of the document; None for the bundled one
    """

    def __init__(self, path: Path | None = None) -> None:
        self.document, self.clock = _document(path), ManualClock(1_780_000_000)
        service = JobService(self.document, clock=self.clock, ids=RandomIds(1))
        self.controls = MockControls(service)
        self.history: list[Exchange | UnmatchedRequest] = []
        self._endpoint = Endpoint(service, observers=[self])
        self._change: Change | None = None

    def request(
        self,
        method: str,
        path: str,
        *,
        data: object = None,
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        with_key: bool = True,
        change: Change | None = None,
    ) -> Reply:
        """Send a request, and return the response after the change."""
        self._change = change
        sent = {"authorization": "Bearer sk-aisa-x"} if with_key else {}
        sent |= {"content-type": "application/json"} if data or body else {}
        reply = self._endpoint.respond(
            method,
            self.document.base_path + path,
            query=query,
            headers={**sent, **(headers or {})},
            body=json.dumps(data).encode() if data else body,
        )
        return change(reply) if change else reply

    def answered(self, call: Call, reply: Reply) -> None:
        """Record a request with its response, after the change."""
        reply = self._change(reply) if self._change else reply
        client_time = self.clock.client_time() if self.clock.knows_client_waits else None
        self.history.append(
            read_exchange(self.document, call, reply, at=self.clock.now(), client_time=client_time)
        )

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Record a request that matches no operation."""
        self.history.append(UnmatchedRequest(method, path))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Ignore it: the clients of the examples send valid requests."""

    def undelivered(self, reply: Reply) -> None:
        """Ignore it: the clients of the examples receive every response."""

    def create(self, change: Change | None = None, /, **fields: object) -> str:
        """Create a job, and return its id."""
        data = {"prompt": PROMPT, **fields}
        reply = self.request("POST", "/videos", data=data, change=change)
        return str(body_of(reply).get("id"))

    def create_many(self, count: int) -> list[str]:
        """Create jobs one second apart, and return their ids, the newest first."""
        job_ids = []
        for _ in range(count):
            job_ids.append(self.create())
            self.clock.advance(1)
        return job_ids[::-1]

    def create_completed(self, **fields: object) -> str:
        """Create a job, poll it once when it is completed, and return its id."""
        job_id = self.create(**fields)
        self.clock.advance(60)
        self.poll(job_id)
        return job_id

    def poll(self, job_id: str, change: Change | None = None) -> Reply:
        return self.request("GET", f"/videos/{job_id}", change=change)

    def content(self, job_id: str, change: Change | None = None, **headers: str) -> Reply:
        return self.request("GET", f"/videos/{job_id}/content", headers=headers, change=change)

    def list_jobs(self, query: str = "", change: Change | None = None) -> Reply:
        return self.request("GET", "/videos", query=query, change=change)


def body_of(reply: Reply) -> Json:
    """Return the JSON body of a response."""
    return json.loads(reply.body)


@cache
def _document(path: Path | None) -> Document:
    return load_document(path)
