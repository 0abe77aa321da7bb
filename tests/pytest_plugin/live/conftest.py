"""A project whose tests use a live API, and a local server in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from textwrap import dedent

import pytest

import aisa_testkit.pytest_plugin.gateway
import aisa_testkit.pytest_plugin.live  # noqa: F401  # pytester would load these again for each run
from aisa_testkit.mock_server import TickingClock, VideoServer, serve_in_thread
from tests.support.plugin_project import Run

# No server listens at this port, so no test can reach the vendor by mistake.
INI = """
[pytest]
addopts = -p no:cacheprovider -p no:schemathesis
filterwarnings = error
video_base_url = http://127.0.0.1:9/v1
# The programs poll and retry without waiting.
video_allow = AV722 AV731
"""
PROGRAM = """
import os
import httpx

def client():
    key = os.environ["OPENAI_API_KEY"]
    assert key == os.environ["AISA_API_KEY"]
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers, timeout=60)

def create(**fields):
    with client() as http:
        return http.post("/videos", json={"prompt": "x", **fields})

def finished():
    job = create().json()
    with client() as http:
        while job["status"] != "completed":
            job = http.get(f"/videos/{job['id']}").json()
    return job
"""


class LiveUpstream:
    """A plugin with the fixture `upstream`: the local server in place of the live API."""

    def __init__(self, server: VideoServer) -> None:
        self.server = server

    @pytest.fixture
    def upstream(self) -> VideoServer:
        return self.server


@pytest.fixture(scope="session")
def live_key() -> str:
    """The API key of the live API."""
    return "sk-real-0d9f4b"


@pytest.fixture(scope="module")
def live_server(live_key: str) -> Iterator[VideoServer]:
    """A local server in place of the live API, which accepts only the live key."""
    with serve_in_thread(api_keys=[live_key], clock=TickingClock(1_780_000_000)) as server:
        yield server


@pytest.fixture
def project(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, live_key: str
) -> pytest.Pytester:
    """A project with the live key in its environment."""
    monkeypatch.setenv("AISA_API_KEY", live_key)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(program=PROGRAM)
    return pytester


@pytest.fixture
def live(project: pytest.Pytester, live_server: VideoServer, live_key: str) -> Run:
    """Run tests against the local server: `live(source, spend="1.50")`."""

    def run(source: str, *, spend: str = "1.50") -> pytest.RunResult:
        live_server.reset()
        project.makepyfile(test_live="from program import *\n" + dedent(source))
        result = project.runpytest_inprocess(
            "--video-target=live",
            f"--video-max-spend={spend}",
            f"--override-ini=video_base_url={live_server.base_url}",
            plugins=[LiveUpstream(live_server)],
        )
        assert live_key not in str(result.stdout) + str(result.stderr)
        return result

    return run


@pytest.fixture
def spending_of() -> Callable[[pytest.RunResult], str]:
    """Return the costs in the last line of a run."""

    def find(result: pytest.RunResult) -> str:
        (line,) = (line for line in result.outlines if line.startswith("live API"))
        return line.partition(": ")[2]

    return find
