"""The mock as a transport, for programs that take one."""

from __future__ import annotations

import httpx
import httpx2
from respx.models import AllMockedAssertionError, PassThrough

from .httpcore2 import raise_as_httpx2
from .routes import VideoRouter


class HttpxTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """For `httpx.Client(transport=…)` and `httpx.AsyncClient(transport=…)`."""

    def __init__(self, router: VideoRouter) -> None:
        self._router = router

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        try:
            return self._router.handler(request)
        except (PassThrough, AllMockedAssertionError) as error:
            raise _unreachable(request) from error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        try:
            return await self._router.async_handler(request)
        except (PassThrough, AllMockedAssertionError) as error:
            raise _unreachable(request) from error


class Httpx2Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """For `httpx2.Client(transport=…)` and `httpx2.AsyncClient(transport=…)`."""

    def __init__(self, router: VideoRouter) -> None:
        self._inner = HttpxTransport(router)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            response = self._inner.handle_request(_as_httpx(request, request.read()))
        except httpx.HTTPError as error:
            raise_as_httpx2(error)
        return _as_httpx2(response, response.read())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = _as_httpx(request, await request.aread())
        try:
            response = await self._inner.handle_async_request(asked)
        except httpx.HTTPError as error:
            raise_as_httpx2(error)
        return _as_httpx2(response, await response.aread())


def _as_httpx(request: httpx2.Request, body: bytes) -> httpx.Request:
    headers = request.headers.raw
    return httpx.Request(request.method, str(request.url), headers=headers, content=body)


def _as_httpx2(response: httpx.Response, body: bytes) -> httpx2.Response:
    return httpx2.Response(response.status_code, headers=response.headers.raw, content=body)


def _unreachable(request: httpx.Request) -> httpx.ConnectError:
    message = f"the transport of a mock leads to the mock alone, not to {request.url.host}"
    return httpx.ConnectError(message, request=request)
