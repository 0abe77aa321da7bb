"""A server for invalid requests, with a job that they must not change."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from aisa_testkit.mock_server import ManualClock, MockControls, VideoServer, serve_in_thread
from aisa_testkit.openapi import Document

KEY = {"Authorization": "Bearer sk-test"}


@pytest.fixture(scope="module")
def server(document: Document) -> Iterator[VideoServer]:
    with serve_in_thread(document, clock=ManualClock(1_780_000_000), seed=1) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: VideoServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.base_url, headers=KEY) as client:
        yield client


@pytest.fixture
def safe_client(server: VideoServer, client: httpx2.Client) -> Iterator[httpx2.Client]:
    """A client whose requests must neither change the existing job nor create another one."""
    MockControls(server.service).reset()
    job = client.post("/videos", json={"prompt": "An existing job"}).json()
    yield client
    assert client.get(f"/videos/{job['id']}").json() == job
    assert client.get("/videos").json()["data"] == [job]
