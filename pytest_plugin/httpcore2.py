"""respx for clients that use httpcore2: httpx2, and the OpenAI SDK from version 3 on."""

from __future__ import annotations

from abc import ABC
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

import httpcore2
import httpx
import httpx2
from respx.mocks import HTTPCoreMocker
from respx.router import Router

from .routes import ROUTERS_EXTENSION


class HTTPCore2Mocker(HTTPCoreMocker, ABC):
    """Sends requests of httpcore2 to respx routers; respx itself only supports httpcore.

    The direct base class ABC keeps this class out of the registry of respx: names are unique there,
    and another package may use the same name. The methods return Any because respx has no types.
    """

    name = "httpcore2"
    routers: ClassVar[list[Router]] = []
    _patches: ClassVar[list[Any]] = []  # the type of a patch is private to unittest.mock
    # Every request of a client goes through its pool, also with a proxy.
    targets: ClassVar[list[str]] = [
        "httpcore2._sync.connection_pool.ConnectionPool",
        "httpcore2._async.connection_pool.AsyncConnectionPool",
    ]

    @classmethod
    def to_httpx_request(cls, **kwargs: Any) -> httpx.Request:
        # respx has no types.
        request: httpx.Request = super().to_httpx_request(**kwargs)  # type: ignore[no-untyped-call]
        request.extensions[ROUTERS_EXTENSION] = cls.routers
        return request

    @classmethod
    def handler(cls, httpx_request: httpx.Request) -> Any:
        __tracebackhide__ = True
        with raise_httpx2_errors():
            return super().handler(httpx_request)  # type: ignore[no-untyped-call]

    @classmethod
    async def async_handler(cls, httpx_request: httpx.Request) -> Any:
        __tracebackhide__ = True
        with raise_httpx2_errors():
            return await super().async_handler(httpx_request)  # type: ignore[no-untyped-call]

    @classmethod
    def from_sync_httpx_response(
        cls, httpx_response: httpx.Response, target: object, **kwargs: object
    ) -> Any:
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=Httpx2Stream(httpx_response.stream),
            extensions=httpx_response.extensions,
        )


@contextmanager
def raise_httpx2_errors() -> Iterator[None]:
    """Turn the errors of httpx into the errors of httpx2 with the same names."""
    __tracebackhide__ = True
    try:
        yield
    except httpx.HTTPError as error:
        kind = getattr(httpx2, type(error).__name__, httpx2.TransportError)
        raise kind(str(error)).with_traceback(error.__traceback__) from None


class Httpx2Stream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The body of an httpx response for httpx2 clients, with the errors of httpx2."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        __tracebackhide__ = True
        with raise_httpx2_errors():
            yield from cast(httpx.SyncByteStream, self._stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        __tracebackhide__ = True
        with raise_httpx2_errors():
            async for chunk in cast(httpx.AsyncByteStream, self._stream):
                yield chunk

    def close(self) -> None:
        cast(httpx.SyncByteStream, self._stream).close()

    async def aclose(self) -> None:
        await cast(httpx.AsyncByteStream, self._stream).aclose()
