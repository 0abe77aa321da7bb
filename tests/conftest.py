"""Fixtures for all tests."""

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
from tests.support.signals import use_default_signals_in_children

pytest_plugins = ["pytester"]

# On a busy machine the duration of an example means nothing, so there is no deadline. Everything
# else is as in the default profile, or in the profile of Hypothesis for CI.
settings.register_profile(
    "untimed", settings.get_profile("ci" if os.environ.get("CI") else "default"), deadline=None
)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def _default_signals() -> None:
    """Let the tests pass under nohup and in the background, too."""
    use_default_signals_in_children()


@pytest.fixture
def tool() -> Callable[[str], str]:
    """Find the path of a program; skip the test if it is missing, or fail it in CI."""

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
    """The document of another API, with other paths, fields and states."""
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
    """A clock that stays at Unix time 1_780_000_000 until a test moves it."""
    return ManualClock(1_780_000_000)


@pytest.fixture
def service(document: Document, clock: ManualClock) -> JobService:
    """A strict service of the bundled document, with the same ids in every run."""
    return JobService(document, clock=clock, ids=RandomIds(1), strict=True)


@pytest.fixture
def endpoint(service: JobService) -> Endpoint:
    """The endpoint of `service`, for raw requests."""
    return Endpoint(service)


@pytest.fixture
def video_server(document: Document) -> Iterator[VideoServer]:
    """The mock on a real socket at speed 100: a job takes a tenth of a second."""
    with serve_in_thread(document, clock=SystemClock(100), seed=1) as server:
        yield server
