"""Delayed, slow and broken responses for httpx clients without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, cast

import httpx

from ..mock_server import Endpoint
from ..mock_server.chunks import split_body
from ..openapi import Delivery, Reply

# The extension of a response that holds its reply, if the reply has a delivery.
REPLY_EXTENSION: Final = "aisa_testkit.reply"


def reply_of(response: httpx.Response | None) -> Reply | None:
    """Return the mock's reply of a response with a delivery; None for any other response."""
    return response.extensions.get(REPLY_EXTENSION) if response is not None else None


def is_undelivered(response: httpx.Response | None) -> bool:
    """Return True if not even the status of the response arrives."""
    reply = reply_of(response)
    if reply is None or reply.delivery is None:
        return False
    delivered = reply.delivery.bytes_delivered
    return delivered is not None and delivered < 0


def deliver(response: httpx.Response, request: httpx.Request, endpoint: Endpoint) -> httpx.Response:
    """Return the response as the client receives it.

    Raises the errors of httpx if the client's read timeout passes or the connection breaks.
    """
    __tracebackhide__ = True
    reply = reply_of(response)
    if reply is None or reply.delivery is None:
        return response
    timeout = ReadTimeout(endpoint, reply, _read_timeout(request))
    timeout.wait_before_response(reply.delivery.delay)
    return _with_delivered_body(response, reply.delivery, timeout)


async def async_deliver(
    response: httpx.Response, request: httpx.Request, endpoint: Endpoint
) -> httpx.Response:
    """Do the same as `deliver`, for tasks."""
    __tracebackhide__ = True
    reply = reply_of(response)
    if reply is None or reply.delivery is None:
        return response
    timeout = ReadTimeout(endpoint, reply, _read_timeout(request))
    await timeout.async_wait_before_response(reply.delivery.delay)
    return _with_delivered_body(response, reply.delivery, timeout)


@dataclass(frozen=True, slots=True)
class ReadTimeout:
    """The read timeout of a client for one reply.

    A clock that does not follow real time is taken for the client's time. The endpoint records
    that the reply was not delivered if the client gives up.

    Args:
        endpoint: the endpoint of the mock.
        reply: the reply for which the client waits.
        limit: the timeout in real seconds; None for no timeout.
    """

    endpoint: Endpoint
    reply: Reply
    limit: float | None

    def wait_before_response(self, seconds: float) -> None:
        """Wait for seconds of the clock; raises httpx.ReadTimeout if the client gives up first."""
        __tracebackhide__ = True
        if seconds:
            share = self._share_before_timeout(seconds)
            self.endpoint.service.clock.wait_before_response(seconds * share)
            self._check_timeout(share)

    async def async_wait_before_response(self, seconds: float) -> None:
        """Do the same as `wait_before_response`, for tasks."""
        __tracebackhide__ = True
        if seconds:
            share = self._share_before_timeout(seconds)
            await self.endpoint.service.clock.async_wait_before_response(seconds * share)
            self._check_timeout(share)

    def _share_before_timeout(self, seconds: float) -> float:
        """Return the share of the seconds before the timeout, from 0 to 1."""
        real = self.endpoint.service.clock.wait_for(seconds) or seconds
        return 1 if self.limit is None or real <= self.limit else self.limit / real

    def _check_timeout(self, share: float) -> None:
        __tracebackhide__ = True
        if share < 1:
            self.endpoint.undelivered(self.reply)
            raise httpx.ReadTimeout(f"no byte received within {self.limit:g} seconds")


class DeliveredBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is slow, or that breaks off."""

    def __init__(self, body: bytes, delivery: Delivery, timeout: ReadTimeout) -> None:
        self._body, self._delivery, self._timeout = body, delivery, timeout

    def __iter__(self) -> Iterator[bytes]:
        __tracebackhide__ = True
        for chunk in split_body(self._body, self._delivery):
            self._timeout.wait_before_response(chunk.delay)
            yield chunk.content
        self._break_off()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        __tracebackhide__ = True
        for chunk in split_body(self._body, self._delivery):
            await self._timeout.async_wait_before_response(chunk.delay)
            yield chunk.content
        self._break_off()

    def _break_off(self) -> None:
        """Raise the error of an incomplete body; a complete one needs no connection any more."""
        __tracebackhide__ = True
        delivered, size = self._delivery.bytes_delivered, len(self._body)
        if delivered is not None and delivered < size:
            when = f"after {delivered} of {size} bytes of the body"
            raise _connection_error(self._delivery, when)


def _with_delivered_body(
    response: httpx.Response, delivery: Delivery, timeout: ReadTimeout
) -> httpx.Response:
    __tracebackhide__ = True
    if is_undelivered(response):
        raise _connection_error(delivery, "before the response")
    body = b"".join(cast(httpx.SyncByteStream, response.stream))  # content would be decoded
    extensions = {
        name: value for name, value in response.extensions.items() if name != REPLY_EXTENSION
    }
    return httpx.Response(
        response.status_code,
        headers=response.headers.raw,
        stream=DeliveredBody(body, delivery, timeout),
        extensions=extensions,
    )


def _connection_error(delivery: Delivery, when: str) -> httpx.TransportError:
    """Return the error of httpx for a connection that was reset, or closed too early."""
    if delivery.reset:
        return httpx.ReadError(f"the connection was reset {when}")
    return httpx.RemoteProtocolError(f"the connection was closed {when}")


def _read_timeout(request: httpx.Request) -> float | None:
    limit: float | None = request.extensions.get("timeout", {}).get("read")
    return limit
