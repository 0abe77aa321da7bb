"""Answers that do not arrive whole and at once, as an ASGI application sends them."""

from __future__ import annotations

from typing import Final, Protocol

import anyio
from starlette.types import Message, Scope, Send

from ...openapi import Delivery
from ..chunks import chunks
from ..clock import Clock

EXTENSION: Final = "aisa_testkit.wire"


class Connection(Protocol):
    """The connection that a request came by."""

    @property
    def gone(self) -> bool:
        """Whether the client is gone."""
        ...

    async def over(self) -> None:
        """Returns when nothing is to be held back any longer: the client is gone, or the server
        stops.
        """
        ...

    async def cut(self, *, reset: bool) -> None:
        """Breaks the connection behind what was sent, by a TCP RST or else by a FIN. An answer that
        is under way then needs no end.
        """
        ...


def connection_of(scope: Scope) -> Connection | None:
    """The connection of a request; None if the ASGI server does not hand it out."""
    wire: Connection | None = (scope.get("extensions") or {}).get(EXTENSION, {}).get("wire")
    return wire


async def deliver(
    start: Message,
    body: bytes,
    delivery: Delivery,
    *,
    clock: Clock,
    wire: Connection | None,
    send: Send,
) -> bool:
    """Sends an answer as its delivery says, and tells whether the client was there to the end;
    `start` is the message with status and headers.

    Raises ConnectionResetError where the connection is to break, and the server has none to give.
    """
    await _hold(delivery.delay, clock, wire)
    if delivery.arrives is None or delivery.arrives >= 0:
        await send(start)
        for piece in chunks(body, delivery):
            await _hold(piece.after, clock, wire)
            message = {"type": "http.response.body", "body": piece.content, "more_body": True}
            await send(message)
    taken = wire is None or not wire.gone
    if not delivery.breaks:
        await send({"type": "http.response.body", "body": b""})
    elif wire is None:
        raise ConnectionResetError(
            "the connection was to break here, and this ASGI server gives no way to do that"
        )
    else:
        await wire.cut(reset=delivery.reset)
    return taken


async def _hold(seconds: float, clock: Clock, wire: Connection | None) -> None:
    """Lets the seconds pass, unless the wire is over before."""
    if not seconds:
        return
    if wire is None:
        return await clock.async_wait_before_response(seconds)
    async with anyio.create_task_group() as both:
        both.start_soon(_end, both.cancel_scope, wire)
        await clock.async_wait_before_response(seconds)
        both.cancel_scope.cancel()


async def _end(scope: anyio.CancelScope, wire: Connection) -> None:
    await wire.over()
    scope.cancel()
