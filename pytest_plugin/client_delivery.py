"""Answers that do not arrive whole and at once, as clients of httpx meet them without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, cast

import httpx

from ..mock_server import Endpoint
from ..mock_server.chunks import chunks
from ..openapi import Delivery, Reply

REPLY: Final = "aisa_testkit.reply"


def reply_of(response: httpx.Response | None) -> Reply | None:
    """The reply of the mock that a response was made of, if it is not to arrive whole and at
    once.
    """
    return response.extensions.get(REPLY) if response is not None else None


def is_lost(response: httpx.Response | None) -> bool:
    """Whether not even the status of this response arrives."""
    delivery = _delivery_of(response)
    return delivery is not None and delivery.arrives is not None and delivery.arrives < 0


def deliver(response: httpx.Response, request: httpx.Request, endpoint: Endpoint) -> httpx.Response:
    """The response as it comes to the client that has asked.

    Raises what httpx raises where the client would not wait that long, or the connection breaks.
    """
    reply = reply_of(response)
    if reply is None or reply.delivery is None:
        return response
    patience = ReadTimeout(endpoint, reply, _read_timeout(request))
    patience.hold(reply.delivery.delay)
    return _under_way(response, reply.delivery, patience)


async def async_deliver(
    response: httpx.Response, request: httpx.Request, endpoint: Endpoint
) -> httpx.Response:
    """The same for tasks."""
    reply = reply_of(response)
    if reply is None or reply.delivery is None:
        return response
    patience = ReadTimeout(endpoint, reply, _read_timeout(request))
    await patience.async_hold(reply.delivery.delay)
    return _under_way(response, reply.delivery, patience)


@dataclass(frozen=True, slots=True)
class ReadTimeout:
    """How long a client waits for the next bytes of a reply: `limit` real seconds, or for ever. A
    clock that does not go by real time is taken for what the client lives in. The endpoint that has
    answered is told of a client who gives up.
    """

    endpoint: Endpoint
    reply: Reply
    limit: float | None

    def hold(self, seconds: float) -> None:
        """Lets seconds of the clock pass; raises ReadTimeout where the client does not wait so
        long.
        """
        if seconds:
            share = self._share(seconds)
            self.endpoint.service.clock.wait_before_response(seconds * share)
            self._give_up_after(share)

    async def async_hold(self, seconds: float) -> None:
        """The same for tasks."""
        if seconds:
            share = self._share(seconds)
            await self.endpoint.service.clock.async_wait_before_response(seconds * share)
            self._give_up_after(share)

    def _share(self, seconds: float) -> float:
        """How much of the seconds the client waits for, 1 for all of them."""
        real = self.endpoint.service.clock.wait_for(seconds) or seconds
        return 1 if self.limit is None or real <= self.limit else self.limit / real

    def _give_up_after(self, share: float) -> None:
        if share < 1:
            self.endpoint.undelivered(self.reply)
            raise httpx.ReadTimeout(f"no byte came within {self.limit:g} seconds")


class DeliveredBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that takes its time, and may break off."""

    def __init__(self, body: bytes, delivery: Delivery, patience: ReadTimeout) -> None:
        self._body, self._delivery, self._patience = body, delivery, patience

    def __iter__(self) -> Iterator[bytes]:
        for piece in chunks(self._body, self._delivery):
            self._patience.hold(piece.after)
            yield piece.content
        self._break_off()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in chunks(self._body, self._delivery):
            await self._patience.async_hold(piece.after)
            yield piece.content
        self._break_off()

    def _break_off(self) -> None:
        """Raises what a client sees where there should be more; of a body that has come whole, it
        does not care what becomes of the connection.
        """
        arrives = self._delivery.arrives
        if arrives is not None and arrives < len(self._body):
            raise _broken(self._delivery, f"after {arrives} of {len(self._body)} bytes of the body")


def _delivery_of(response: httpx.Response | None) -> Delivery | None:
    reply = reply_of(response)
    return reply.delivery if reply else None


def _under_way(
    response: httpx.Response, delivery: Delivery, patience: ReadTimeout
) -> httpx.Response:
    if is_lost(response):
        raise _broken(delivery, "before the answer")
    body = b"".join(cast(httpx.SyncByteStream, response.stream))  # not decoded, as content is
    extensions = {name: v for name, v in response.extensions.items() if name != REPLY}
    return httpx.Response(
        response.status_code,
        headers=response.headers.raw,
        stream=DeliveredBody(body, delivery, patience),
        extensions=extensions,
    )


def _broken(delivery: Delivery, when: str) -> httpx.TransportError:
    """As httpx tells a connection that was reset from one that was closed too early."""
    if delivery.reset:
        return httpx.ReadError(f"the connection was reset {when}")
    return httpx.RemoteProtocolError(f"the connection was closed {when}")


def _read_timeout(request: httpx.Request) -> float | None:
    limit: float | None = request.extensions.get("timeout", {}).get("read")
    return limit
