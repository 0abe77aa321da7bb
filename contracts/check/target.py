"""The interface of a server under check, and its outcomes in words."""

from __future__ import annotations

from typing import Protocol

from ...openapi import Call
from ..traffic.exchange import Exchange


class Target(Protocol):
    """A server that receives calls, and the clock that it runs on."""

    def send(self, call: Call) -> Exchange:
        """Send a call. The exchange has no reply if the connection broke.

        Raises ServerUnreachable if no call has ever had a response, and CheckTimedOut if the time
        for all calls is over.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds of the target's time. Raises CheckTimedOut, too."""
        ...


def describe_outcome(exchange: Exchange) -> str:
    """Return the status of an exchange in words, or the reason why there is none."""
    if exchange.status is not None:
        return f"status {exchange.status}"
    return f"no response ({exchange.problem})" if exchange.problem else "no response"
