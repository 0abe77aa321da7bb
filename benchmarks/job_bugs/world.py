"""A mock in which a program runs: its requests are counted, its sleeps cost nothing, and it can be
killed.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import pkgutil
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import httpx
import httpx2
import requests

from aisa_testkit.mock_server import ClientClock, MovableClock
from aisa_testkit.pytest_plugin import mock_videos, serve_videos
from aisa_testkit.pytest_plugin.observed_mock import ObservedMock

from . import careful, careful_async, careful_requests, programs, sdk
from .bug import Events, JobBug, Program, Scenario

MAX_REQUESTS = 500
MAX_SECONDS = 3600
"""The program's own time, after which it is said to have no end."""


class Killed(BaseException):
    """The program is killed; nothing that it does from now on counts."""


class NoEnd(BaseException):
    """The program has sent too many requests, or has waited too long."""


class World:
    """The mock of one program, and the folder that it writes to."""

    def __init__(self, mock: ObservedMock, folder: Path, scenario: Scenario) -> None:
        self.mock, self.folder = mock, folder
        self.killed = False
        self._scenario, self._count = scenario, 0
        self._start = mock.clock.now()
        self._left = folder.with_name("left")
        self._receive: Callable[[Mapping[str, str], bytes], int | None] | None = None
        self._forged = False

    def connect(self, program: Program) -> None:
        """Let the program receive the webhooks."""
        receive, folder = program.receive, self.folder
        if receive is not None:
            self._receive = lambda headers, body: receive(folder, headers, body)

    def restart(self) -> None:
        """Bring the folder back to the moment of the kill."""
        shutil.rmtree(self.folder)
        self._left.rename(self.folder)
        self.killed = False

    def deliver(self, headers: Mapping[str, str], body: bytes) -> int | None:
        """Deliver an event of the mock, as the scenario says."""
        if self._receive is None or self._scenario.events is Events.LOST:
            return 200
        status = self._receive(headers, body)
        if self._scenario.events is Events.TWICE:
            status = self._receive(headers, body)
        return status

    def before(self, headers: Any) -> None:
        """Count a request before it is sent."""
        if self.killed:
            raise Killed
        self._count += 1
        if self._count > MAX_REQUESTS:
            raise NoEnd
        if self._count == self._scenario.kill_before:
            self._kill()
        if self._scenario.ignore_range:
            headers.pop("Range", None)

    def after(self, headers: Any) -> None:
        """See the response of a request."""
        if self._count == self._scenario.kill_after and not self.killed:
            self._kill()
        if self._scenario.retry_after_date and "retry-after" in headers:
            moment = time.time() + float(headers["retry-after"])
            headers["retry-after"] = formatdate(moment, usegmt=True)
        if self._scenario.events is Events.FORGED and self.mock.jobs and not self._forged:
            self._forged = True
            self._forge()

    def slept(self) -> None:
        """See that the program has slept."""
        if self.killed:
            raise Killed
        if self.mock.clock.now() - self._start > MAX_SECONDS:
            raise NoEnd

    def _kill(self) -> None:
        self.killed = True
        shutil.copytree(self.folder, self._left)
        raise Killed

    def _forge(self) -> None:
        if self._receive is not None:
            event = {"id": "evt_0", "type": "video.failed", "created_at": 0}
            body = json.dumps({**event, "data": {"id": self.mock.jobs[0].id}}).encode()
            self._receive({"webhook-id": "evt_0"}, body)


@contextmanager
def open_world(bug: JobBug, scenario: Scenario, folder: Path) -> Iterator[World]:
    """Open a mock with this behaviour; the environment points programs at it."""
    worlds: list[World] = []
    open_mock = serve_videos if bug.socket else mock_videos
    with open_mock(
        clock=ClientClock(),
        check=False,
        unused_plans="pass",
        scenario=scenario.life,
        limits={"requests_per_minute": limit} if (limit := scenario.requests_per_minute) else None,
        webhook=lambda headers, body: worlds[0].deliver(headers, body),
    ) as mock:
        for fault in scenario.faults:
            mock.fault(**fault)
        for job in scenario.jobs:
            mock.next_job(**job)
        world = World(mock, folder, scenario)
        worlds.append(world)
        with _count_requests(world), _virtual_time(world, mock.clock, socket=bug.socket):
            yield world


@contextmanager
def _count_requests(world: World) -> Iterator[None]:
    """Let the world see each request of the program's libraries."""
    with ExitStack() as stack:
        for owner in (httpx.Client, httpx2.Client, requests.Session):
            stack.enter_context(patch.object(owner, "send", _watched(owner.send, world)))
        for asynchronous in (httpx.AsyncClient, httpx2.AsyncClient):
            send = _watched_async(asynchronous.send, world)
            stack.enter_context(patch.object(asynchronous, "send", send))
        yield


def _watched(send: Callable[..., Any], world: World) -> Callable[..., Any]:
    def watched(client: Any, request: Any, **options: Any) -> Any:
        world.before(request.headers)
        response = send(client, request, **options)
        world.after(response.headers)
        return response

    return watched


def _watched_async(send: Callable[..., Any], world: World) -> Callable[..., Any]:
    async def watched(client: Any, request: Any, **options: Any) -> Any:
        world.before(request.headers)
        response = await send(client, request, **options)
        world.after(response.headers)
        return response

    return watched


@contextmanager
def _virtual_time(world: World, clock: MovableClock, *, socket: bool) -> Iterator[None]:
    """Let the program sleep on the mock's clock, and measure its time by it."""

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        world.slept()

    checkpoint = asyncio.sleep

    async def async_sleep(seconds: float) -> None:
        if not seconds:
            # Libraries give way to other tasks like this; it is also what the clock's sleep does.
            return await checkpoint(0)
        await clock.async_sleep(seconds)
        world.slept()

    with ExitStack() as stack:
        stack.enter_context(patch.object(time, "sleep", sleep))
        if not socket:  # the server on a socket has an event loop of its own, in this process
            stack.enter_context(patch.object(asyncio, "sleep", async_sleep))
            stack.enter_context(patch.object(anyio, "sleep", async_sleep))
        for module in _modules():
            if hasattr(module, "monotonic"):
                stack.enter_context(patch.object(module, "monotonic", clock.client_time))
        yield


def _modules() -> list[Any]:
    """Return the modules of the programs and of their careful parts."""
    names = [item.name for item in pkgutil.iter_modules(programs.__path__, f"{programs.__name__}.")]
    return [careful, careful_async, careful_requests, sdk, *map(importlib.import_module, names)]
