"""An application whose clock moves only by hand, and jobs in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, create_app
from tests.support.asgi import send_request


@pytest.fixture
def app(service: JobService) -> ASGIApp:
    return create_app(service=service)


@pytest.fixture
def create_job(app: ASGIApp) -> Callable[[], str]:
    """Creates a job through the API and returns its id."""

    def create() -> str:
        job = send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()
        job_id: str = job["id"]
        return job_id

    return create
