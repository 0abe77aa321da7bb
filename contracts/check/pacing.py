"""How long to wait before asking a server again, as it says itself."""

from __future__ import annotations

import re

from ...openapi import Document
from ..traffic.exchange import Exchange


class Pacing:
    """Waits, in seconds: between polls `poll_interval` at most; None leaves them to the server's
    hint, or to two seconds where it gives none.
    """

    def __init__(self, document: Document, *, poll_interval: float | None) -> None:
        self._hint, self._retry = document.lifecycle.poll_hint, document.envelope.retry_seconds
        self._poll_interval = poll_interval
        self._usual = _POLL_SECONDS if poll_interval is None else poll_interval

    def next_poll(self, exchange: Exchange) -> float:
        """The wait before the next poll."""
        said = _header(exchange, self._hint.header) if self._hint else None
        if self._hint is None or said is None:
            return self._usual
        hinted = said / self._hint.per_second
        return hinted if self._poll_interval is None else min(hinted, self._poll_interval)

    def next_try(self, exchange: Exchange, *, failures: int) -> float:
        """The wait after so many failures in a row."""
        asked = self.asked(exchange)
        return self._usual * 2 ** (failures - 1) if asked is None else asked

    def asked(self, exchange: Exchange) -> float | None:
        """The wait that an error asks for, None if it asks for none."""
        return _header(exchange, self._retry) if self._retry else None


def _header(exchange: Exchange, name: str) -> float | None:
    said = exchange.reply.headers.get(name, "") if exchange.reply else ""
    return float(said) if _COUNT.fullmatch(said) else None


_POLL_SECONDS = 2.0
_COUNT = re.compile("[1-9][0-9]{0,8}")
