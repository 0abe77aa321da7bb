"""Raw requests to an endpoint of the bundled document, and the JSON of its replies."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from aisa_testkit.mock_server import Endpoint
from aisa_testkit.openapi import Reply
from aisa_testkit.openapi.json import Json

PROMPT = {"prompt": "A lighthouse in a storm"}


def send(
    endpoint: Endpoint,
    request_line: str,
    *,
    json: Json = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send a request such as `GET /v1/videos?limit=1`, with an API key."""
    method, target = request_line.split(" ")
    path, _, query = target.partition("?")
    body = b"" if json is None else orjson.dumps(json)
    sent = {"authorization": "Bearer sk-test", "content-type": "application/json"}
    sent |= headers or {}
    return endpoint.respond(method, path, query=query, headers=sent, body=body)


def body_of(reply: Reply, status: int = 200) -> Json:
    """Return the JSON body of a reply with this status."""
    assert reply.status == status, reply.body
    return orjson.loads(reply.body)


def error_of(reply: Reply, status: int) -> Json:
    """Return the error object of a reply with this status."""
    return body_of(reply, status)["error"]


def create_job(endpoint: Endpoint, **fields: str) -> Json:
    """Create a job and return its JSON."""
    return body_of(send(endpoint, "POST /v1/videos", json={**PROMPT, **fields}))
