"""An application in the hands of a test, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import httpx2
import orjson
import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.openapi.json import Json

KEY = {"authorization": "Bearer sk-test", "content-type": "application/json"}


def _ask(
    app: ASGIApp,
    request: str,
    json: Json = None,
    *,
    raw: bytes | None = None,
    headers: Mapping[str, str] = KEY,
) -> httpx2.Response:
    method, path = request.split(" ", 1)
    content = orjson.dumps(json) if raw is None and json is not None else raw

    async def respond() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock:81") as client:
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(respond())


@pytest.fixture
def ask() -> Callable[..., httpx2.Response]:
    """The answer of an application to a request such as `PUT /__admin/clock`, with JSON or raw
    bytes as its body.
    """
    return _ask


@pytest.fixture
def app(service: JobService) -> ASGIApp:
    """An application whose clock moves only by hand."""
    return create_app(service=service)


@pytest.fixture
def make(app: ASGIApp) -> Callable[[], str]:
    """Makes a job through the API, and gives its id."""

    def create() -> str:
        job_id: str = _ask(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
        return job_id

    return create
