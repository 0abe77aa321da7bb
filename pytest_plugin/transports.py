"""Transports to the mock, for programs that accept a transport."""

from __future__ import annotations

import httpx
import httpx2
from respx.models import PassThrough

from .httpcore2 import Httpx2Stream, raise_httpx2_errors
from .routes import ROUTERS_EXTENSION, VideoRouter


class HttpxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for `httpx.Client(transport=…)` and `httpx.AsyncClient(transport=…)`."""

    def __init__(self, router: VideoRouter) -> None:
        self._router = router

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        request.read()
        request.extensions[ROUTERS_EXTENSION] = [self._router]
        try:
            return self._router.handler(request)
        except PassThrough as error:
            raise _other_host_error(request) from error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        await request.aread()
        request.extensions[ROUTERS_EXTENSION] = [self._router]
        try:
            return await self._router.async_handler(request)
        except PassThrough as error:
            raise _other_host_error(request) from error


class Httpx2Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """A transport for `httpx2.Client(transport=…)` and `httpx2.AsyncClient(transport=…)`."""

    def __init__(self, router: VideoRouter) -> None:
        self._inner = HttpxTransport(router)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        __tracebackhide__ = True
        inner_request = _as_httpx(request, request.read())
        with raise_httpx2_errors():
            response = self._inner.handle_request(inner_request)
        return _as_httpx2(response)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        __tracebackhide__ = True
        inner_request = _as_httpx(request, await request.aread())
        with raise_httpx2_errors():
            response = await self._inner.handle_async_request(inner_request)
        return _as_httpx2(response)


def _as_httpx(request: httpx2.Request, body: bytes) -> httpx.Request:
    headers = request.headers.raw
    return httpx.Request(
        request.method,
        str(request.url),
        headers=headers,
        content=body,
        extensions=request.extensions,
    )


def _as_httpx2(response: httpx.Response) -> httpx2.Response:
    return httpx2.Response(
        response.status_code, headers=response.headers.raw, stream=Httpx2Stream(response.stream)
    )


def _other_host_error(request: httpx.Request) -> httpx.ConnectError:
    message = f"this transport only reaches the mock, not {request.url.host}"
    return httpx.ConnectError(message, request=request)
