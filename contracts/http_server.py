"""A server on the network, as the walk asks it."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import httpx2

from ..openapi import Call, Document, Reply
from .exchange import Exchange, read_exchange
from .walk import Unreachable


class HttpServer:
    """A server at a base URL, asked with one client.

    `now` tells the moment of an answer, in Unix seconds, and `sleep` lets time pass.
    """

    def __init__(
        self,
        document: Document,
        base_url: str,
        client: httpx2.Client,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._document, self._base_url, self._client = document, base_url.rstrip("/"), client
        self._now, self._sleep = now, sleep
        self._answered = False

    def ask(self, call: Call) -> Exchange:
        """Sends the call once. An exchange without a reply is one that broke off; Unreachable is
        raised if there never was an answer.
        """
        operation = self._document.operations[call.operation_id]
        path = operation.path
        for name, value in call.path_parameters.items():
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        try:
            response = self._client.request(
                operation.method,
                self._base_url + path,
                params=list(call.query),
                headers=dict(call.headers),
                content=call.body or None,
            )
        except httpx2.HTTPError as error:
            if not self._answered:
                raise Unreachable(f"{self._base_url} does not answer: {error}") from error
            return read_exchange(self._document, call, None, at=self._now())
        self._answered = True
        reply = Reply(response.status_code, dict(response.headers), response.content)
        return read_exchange(self._document, call, reply, at=self._now())

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self._sleep(seconds)
