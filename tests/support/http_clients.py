"""Clients of httpx and httpx2, sync and async, for tests that run with all of them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeAlias, TypeVar, cast

import httpx
import httpx2
import pytest

HttpClient: TypeAlias = httpx.Client | httpx.AsyncClient | httpx2.Client | httpx2.AsyncClient
T = TypeVar("T")

ASYNC_CLIENTS = (httpx.AsyncClient, httpx2.AsyncClient)
CLIENT_TYPES = [
    pytest.param(httpx.Client, id="httpx"),
    pytest.param(httpx.AsyncClient, id="async httpx"),
    pytest.param(httpx2.Client, id="httpx2"),
    pytest.param(httpx2.AsyncClient, id="async httpx2"),
]


def library_of(client_type: type[HttpClient]) -> Any:
    """Return the module of a client: httpx or httpx2."""
    return httpx if issubclass(client_type, (httpx.Client, httpx.AsyncClient)) else httpx2


async def close(client: HttpClient) -> None:
    """Close a client of any type."""
    await maybe_await(client.aclose() if isinstance(client, ASYNC_CLIENTS) else client.close())


async def maybe_await(value: T | Awaitable[T]) -> T:
    """Return the result of a method of a sync or an async client."""
    if isinstance(value, Awaitable):
        return await cast("Awaitable[T]", value)
    return value


async def response_of(value: Any) -> Any:
    """Return the response of a sync or an async client of httpx or httpx2."""
    return await maybe_await(value)
