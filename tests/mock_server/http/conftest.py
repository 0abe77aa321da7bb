"""A server that is sent nothing but bad requests, and a job that none of them may harm."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from aisa_testkit.mock_server import ManualClock, MockControls, VideoServer, serve_in_thread
from aisa_testkit.openapi import Document

KEY = {"Authorization": "Bearer sk-test"}


@pytest.fixture(scope="module")
def server(document: Document) -> Iterator[VideoServer]:
    """One for all: no bad request may spoil it for the next."""
    with serve_in_thread(document, clock=ManualClock(), seed=1) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: VideoServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.base_url, headers=KEY) as client:
        yield client


@pytest.fixture
def http(server: VideoServer, client: httpx2.Client) -> Iterator[httpx2.Client]:
    """That client; what a test does with it must leave the job made before as it is, and make no
    other.
    """
    MockControls(server.service).reset()
    made = client.post("/videos", json={"prompt": "Made before"}).json()
    yield client
    assert client.get(f"/videos/{made['id']}").json() == made
    assert client.get("/videos").json()["data"] == [made]
