"""The interface of a server under check, and its outcomes in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ...openapi import Call
from ..traffic.exchange import Exchange
from ..traffic.file_read import FileReply


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


class FileReader(Protocol):
    """Reads what is at addresses, which may be those of other hosts."""

    def read_file(self, url: str, headers: Mapping[str, str]) -> FileReply:
        """Read the file at an address, which may be relative to the base URL of the server.

        The headers, such as the key, are sent only to the server under check, and only if it
        asks for them.
        Raises CheckTimedOut if the time for all requests is over.
        """
        ...

    def owns(self, url: str) -> bool:
        """Return True if an address is one of the server under check."""
        ...


def describe_outcome(exchange: Exchange) -> str:
    """Return the status of an exchange in words, or the reason why there is none."""
    if exchange.status is not None:
        return f"status {exchange.status}"
    return f"no response ({exchange.problem})" if exchange.problem else "no response"
