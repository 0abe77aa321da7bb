"""What many tests start from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    RandomIds,
    SystemClock,
    VideoServer,
    serve_in_thread,
)
from aisa_testkit.openapi import Document, load_document
from tests.support.documents import RENDERINGS

pytest_plugins = ["pytester"]

# How long an example takes says nothing about it on a busy machine. In CI, Hypothesis has a profile
# of its own, which is kept but for that.
settings.register_profile(
    "untimed", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None
)
settings.load_profile("untimed")


@pytest.fixture
def tool() -> Callable[[str], str]:
    """The path of a program; a machine that lacks it skips the test, but CI fails it."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("CI"):
            pytest.fail(f"{name} is not installed")
        if path is None:
            pytest.skip(f"{name} is not installed")
        return path

    return find


@pytest.fixture(scope="session")
def document() -> Document:
    """The bundled document."""
    return load_document()


@pytest.fixture(scope="session")
def other_document() -> Document:
    """A document of another API: other paths, other words, other places."""
    return load_document(RENDERINGS)


@pytest.fixture(
    scope="session", params=["document", "other_document"], ids=["videos", "renderings"]
)
def any_document(request: pytest.FixtureRequest) -> Document:
    """The bundled document, and the document of another API."""
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 1_780_000_000 until a test moves it."""
    return ManualClock()


@pytest.fixture
def service(document: Document, clock: ManualClock) -> JobService:
    """A strict service of the bundled document, whose ids are the same in every run."""
    return JobService(document, clock=clock, ids=RandomIds(1), strict=True)


@pytest.fixture
def endpoint(service: JobService) -> Endpoint:
    """That service, taking raw requests."""
    return Endpoint(service)


@pytest.fixture
def video_server(document: Document) -> Iterator[VideoServer]:
    """The mock on a real socket, strict, a hundred times as fast as life: a job takes a tenth of a
    second.
    """
    with serve_in_thread(document, clock=SystemClock(100), seed=1) as server:
        yield server
