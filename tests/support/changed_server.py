"""The mock in process, whose responses a test changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, Reply

ChangeReply = Callable[[Call, Reply], Reply | None]

POLL_HINTS = ("openai-poll-after-ms", "retry-after")  # with them a check polls a thousand times


class ChangedServer:
    """A server for checks. `change` returns the response to use, None for a broken connection."""

    def __init__(self, document: Document, change: ChangeReply, key: str) -> None:
        self._document, self._change, self._clock = document, change, ManualClock(1_780_000_000)
        self._service = JobService(document, clock=self._clock, ids=RandomIds(1), api_keys=[key])

    def send(self, call: Call) -> Exchange:
        original = self._service.answer(call)
        headers = {n: value for n, value in original.headers.items() if n not in POLL_HINTS}
        reply = self._change(call, replace(original, headers=headers))
        return read_exchange(self._document, call, reply, at=self._clock.now(), took=0.25)

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)
