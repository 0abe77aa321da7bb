"""The control API, `/__admin/`: what the mock holds and what time it is, outside the API that is
mocked.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..openapi.json import Json
from .clock import ManualClock, SystemClock
from .job import Job
from .service import JobService


class ControlError(ValueError):
    """A control request that cannot be done; nothing was changed."""


def control_routes(service: JobService) -> list[BaseRoute]:
    """The routes of the control API of one service."""
    control = Control(service)
    routes = (
        ("/health", "GET", control.health),
        ("/jobs", "GET", control.jobs),
        ("/clock", "GET", control.clock),
        ("/clock", "PUT", control.set_clock),
        ("/clock", "POST", control.advance_clock),
        ("/document", "GET", control.document),
        ("/reset", "POST", control.reset),
    )
    return [Route(path, _route(handler), methods=[method]) for path, method, handler in routes]


Handler = Callable[[Request], Awaitable[Json]]


def _route(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            status, body = 200, await handler(request)
        except ControlError as error:
            status, body = 400, {"error": str(error)}
        return Response(orjson.dumps(body), status_code=status, media_type="application/json")

    return answer


class Control:
    """What each control request does."""

    def __init__(self, service: JobService) -> None:
        self._service = service

    async def health(self, request: Request) -> Json:
        """That the mock is up, and what it serves."""
        document = self._service.document
        return {
            "status": "ok",
            "title": document.title,
            "version": document.version,
            "base_path": document.base_path,
            "jobs": len(self._service.store),
        }

    async def jobs(self, request: Request) -> Json:
        """The jobs as a client sees them now, newest first; `limit` and `after` cut pages."""
        limit = _limit(request.query_params.get("limit", "100"))
        after = self._after(request.query_params.get("after"))
        page = self._service.store.page(after=after, limit=limit, newest_first=True)
        return {"jobs": [self._service.describe(job) for job in page.jobs], "more": page.more}

    async def clock(self, request: Request) -> Json:
        """What time it is."""
        return self._clock_state()

    async def set_clock(self, request: Request) -> Json:
        """Sets `speed` or `freeze` of a clock that runs by itself."""
        clock, body = self._service.clock, await _body(request, known=("speed", "freeze"))
        if not isinstance(clock, SystemClock):
            raise ControlError("this clock does not run by itself; it can only be advanced")
        speed, freeze = body.get("speed"), body.get("freeze")
        if speed is not None:
            speed = _number(speed, "speed", above_zero=True)
        if freeze is not None and not isinstance(freeze, bool):
            raise ControlError(f"freeze: must be true or false, not {freeze!r}")
        if speed is not None:
            clock.set_speed(speed)
        if freeze is not None:
            clock.freeze(freeze)
        return self._clock_state()

    async def advance_clock(self, request: Request) -> Json:
        """Moves the clock on by `advance` seconds."""
        clock, body = self._service.clock, await _body(request, known=("advance",))
        seconds = _number(body.get("advance"), "advance", above_zero=False)
        if not isinstance(clock, SystemClock | ManualClock):
            raise ControlError("this clock cannot be moved")
        clock.advance(seconds)
        return self._clock_state()

    async def document(self, request: Request) -> Json:
        """The document that is served, with this server as its first."""
        document = self._service.document
        here = {
            "url": f"{request.url.scheme}://{request.url.netloc}{document.base_path}",
            "description": "This mock.",
        }
        return {**document.source.data, "servers": [here]}

    async def reset(self, request: Request) -> Json:
        """Forgets every job."""
        self._service.reset()
        return {"jobs": len(self._service.store)}

    def _clock_state(self) -> Json:
        clock = self._service.clock
        runs = isinstance(clock, SystemClock)
        return {
            "now": clock.now(),
            "speed": clock.speed if isinstance(clock, SystemClock) else None,
            "frozen": clock.frozen if isinstance(clock, SystemClock) else not runs,
        }

    def _after(self, job_id: str | None) -> Job | None:
        job = self._service.store.get(job_id) if job_id else None
        if job_id and job is None:
            raise ControlError(f"after: there is no job {job_id!r}")
        return job


async def _body(request: Request, *, known: tuple[str, ...]) -> dict[str, Json]:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise ControlError(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict) or not body:
        raise ControlError(f"the body must be an object with {' or '.join(known)}")
    for name in body:
        if name not in known:
            raise ControlError(f"{name}: is not known here, only {' and '.join(known)}")
    return body


def _number(value: Json, name: str, *, above_zero: bool) -> float:
    bound = "more than 0" if above_zero else "0 or more"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlError(f"{name}: must be a number, {bound}, not {value!r}")
    if not (0 < value < _LARGEST if above_zero else 0 <= value < _LARGEST):
        raise ControlError(f"{name}: must be {bound} and less than {_LARGEST:g}, not {value!r}")
    return float(value)


def _limit(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= _PAGE:
        raise ControlError(f"limit: must be a whole number from 1 to {_PAGE}, not {text!r}")
    return int(text)


_LARGEST = 1e9
_PAGE = 1000
