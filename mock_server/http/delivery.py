"""Delayed, slow and broken responses on an ASGI server."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import anyio
from starlette.types import Message, Scope, Send

from ...openapi import Delivery
from ..chunks import split_body
from ..clock import Clock

CONNECTION_EXTENSION: Final = "aisa_testkit.connection"
REQUEST_TIMEOUT: Final = 30.0
INVALID_HEAD: Final = "aisa_testkit.invalid_head"


class RequestProblem(NamedTuple):
    """The problem of an invalid or incomplete request, and the status of the response to it."""

    status: int
    reason: str


class Connection(Protocol):
    """The connection of a request."""

    @property
    def broken_upload(self) -> RequestProblem | None:
        """The reason why the current upload has ended early, unless the client has disconnected."""
        ...

    def allow_response(self) -> None:
        """Accept a response to a broken upload."""
        ...

    @property
    def disconnected(self) -> bool:
        """True if the client has disconnected."""
        ...

    async def wait_until_closing(self) -> None:
        """Return when the client has disconnected or the server stops."""
        ...

    async def close(self, *, reset: bool) -> None:
        """Close the connection after the bytes sent so far, by a TCP RST or else by a FIN.

        The current response then needs no end.
        """
        ...


def connection_of(scope: Scope) -> Connection | None:
    """Return the connection of a request, or None if the ASGI server does not provide it."""
    extensions = scope.get("extensions") or {}
    connection: Connection | None = extensions.get(CONNECTION_EXTENSION, {}).get("connection")
    return connection


def head_problem(scope: Scope) -> RequestProblem | None:
    """Return the problem with the head of a request, None if it is valid."""
    extensions = scope.get("extensions") or {}
    problem: RequestProblem | None = extensions.get(INVALID_HEAD, {}).get("problem")
    return problem


async def deliver(
    start: Message,
    body: bytes,
    delivery: Delivery,
    *,
    clock: Clock,
    connection: Connection | None,
    send: Send,
) -> bool:
    """Send a response as its delivery says; return False if the client disconnected before the end.

    Args:
        start: The ASGI message with status and headers.
        body: The whole body, which the delivery may send slowly or in part.
        clock: Measures the delays.
        connection: The connection to close for a broken response; without it, ConnectionResetError
            is raised for the ASGI server to handle.
    """
    await _wait(delivery.delay, clock, connection)
    if delivery.bytes_delivered is None or delivery.bytes_delivered >= 0:
        await send(start)
        for piece in split_body(body, delivery):
            await _wait(piece.delay, clock, connection)
            message = {"type": "http.response.body", "body": piece.content, "more_body": True}
            await send(message)
    delivered = connection is None or not connection.disconnected
    if not delivery.is_incomplete:
        await send({"type": "http.response.body", "body": b""})
    elif connection is None:
        raise ConnectionResetError(
            "a fault breaks the connection here, and this ASGI server cannot close connections"
        )
    else:
        await connection.close(reset=delivery.reset)
    return delivered


async def _wait(seconds: float, clock: Clock, connection: Connection | None) -> None:
    """Wait for these seconds, or until the connection closes."""
    if not seconds:
        return
    if connection is None:
        return await clock.async_wait_before_response(seconds)
    async with anyio.create_task_group() as group:
        group.start_soon(_cancel_when_closing, group.cancel_scope, connection)
        await clock.async_wait_before_response(seconds)
        group.cancel_scope.cancel()


async def _cancel_when_closing(scope: anyio.CancelScope, connection: Connection) -> None:
    await connection.wait_until_closing()
    scope.cancel()
