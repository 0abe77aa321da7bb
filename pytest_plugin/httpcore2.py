"""respx for clients that are built on httpcore2: httpx2, and the OpenAI SDK from version 3 on."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn

import httpcore2
import httpx
import httpx2
from respx.mocks import HTTPCoreMocker
from respx.models import AllMockedAssertionError
from respx.router import Router

from .routes import passing


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
    def handler(cls, httpx_request: httpx.Request) -> Any:
        with _in_words_of_httpx2(httpx_request):
            return super().handler(httpx_request)  # type: ignore[no-untyped-call]  # of respx

    @classmethod
    async def async_handler(cls, httpx_request: httpx.Request) -> Any:
        with _in_words_of_httpx2(httpx_request):
            return await super().async_handler(httpx_request)  # type: ignore[no-untyped-call]

    @classmethod
    def from_sync_httpx_response(
        cls, httpx_response: httpx.Response, target: object, **kwargs: object
    ) -> Any:
        return httpcore2.Response(
            status=httpx_response.status_code,
            headers=httpx_response.headers.raw,
            content=httpx_response.stream,
            extensions=httpx_response.extensions,
        )


@contextmanager
def _in_words_of_httpx2(request: httpx.Request) -> Iterator[None]:
    """What no router takes passes, and errors of httpx become those that httpx2 clients know."""
    try:
        yield
    except AllMockedAssertionError as error:
        raise passing(request) from error
    except httpx.HTTPError as error:
        raise_as_httpx2(error)


def raise_as_httpx2(error: httpx.HTTPError) -> NoReturn:
    """Raises the error of the same name that clients of httpx2 expect."""
    raise getattr(httpx2, type(error).__name__, httpx2.TransportError)(str(error)) from error
