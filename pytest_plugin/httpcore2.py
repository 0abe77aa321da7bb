"""respx for clients that are built on httpcore2: httpx2, and the OpenAI SDK from version 3 on."""

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

from .routes import ROUTERS


class HTTPCore2Mocker(HTTPCoreMocker, ABC):
    """Brings requests of httpcore2 to routers of respx, whose own mocker knows httpcore alone.

    A direct base ABC keeps the class out of the registry of respx, where names are unique in a
    process and others may have taken any. The methods answer Any, as those of respx are not typed.
    """

    name = "httpcore2"
    routers: ClassVar[list[Router]] = []
    _patches: ClassVar[list[Any]] = []  # the type of a patch is private to unittest.mock
    # Every request of a client goes through its pool, that of a proxy included.
    targets: ClassVar[list[str]] = [
        "httpcore2._sync.connection_pool.ConnectionPool",
        "httpcore2._async.connection_pool.AsyncConnectionPool",
    ]

    @classmethod
    def to_httpx_request(cls, **kwargs: Any) -> httpx.Request:
        # Untyped in respx, as what it overrides.
        request: httpx.Request = super().to_httpx_request(**kwargs)  # type: ignore[no-untyped-call]
        request.extensions[ROUTERS] = cls.routers
        return request

    @classmethod
    def handler(cls, httpx_request: httpx.Request) -> Any:
        with in_words_of_httpx2():
            return super().handler(httpx_request)  # type: ignore[no-untyped-call]  # of respx

    @classmethod
    async def async_handler(cls, httpx_request: httpx.Request) -> Any:
        with in_words_of_httpx2():
            # Untyped in respx, too.
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
def in_words_of_httpx2() -> Iterator[None]:
    """Errors of httpx become those of the same names that clients of httpx2 expect."""
    try:
        yield
    except httpx.HTTPError as error:
        raise getattr(httpx2, type(error).__name__, httpx2.TransportError)(str(error)) from error


class Httpx2Stream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The bytes of an answer of httpx, for clients of httpx2: if they break off, in their words."""

    def __init__(self, stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with in_words_of_httpx2():
            yield from cast(httpx.SyncByteStream, self._stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with in_words_of_httpx2():
            async for chunk in cast(httpx.AsyncByteStream, self._stream):
                yield chunk

    def close(self) -> None:
        cast(httpx.SyncByteStream, self._stream).close()

    async def aclose(self) -> None:
        await cast(httpx.AsyncByteStream, self._stream).aclose()
