"""Texts by which a client knows its own jobs again in a list."""

from __future__ import annotations

import re

from ....openapi import Document
from ....openapi.operation import CREATING
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView, get_or_none


def tag_prompt(text: str, seed: int) -> str:
    """The text with a number that tells it from those of other clients; 0 is none."""
    return f"{text} (check {seed})" if seed else text


class TaggedPrompts:
    """The signed texts that jobs were asked for with, of requests whose end is known."""

    def __init__(self, document: Document) -> None:
        self._echoes = document.lifecycle.echoes
        self._asked: set[str] = set()
        self._doubtful: set[str] = set()

    def record_request(self, exchange: Exchange) -> None:
        """Takes note of a request that asks for a job."""
        if exchange.operation.role not in CREATING:
            return
        unknown = exchange.status is None or exchange.status >= 500
        for text in exchange.fields.values():
            if isinstance(text, str) and _SIGNED.search(text):
                self._asked.add(text)
                if unknown:  # it may have made a job all the same
                    self._doubtful.add(text)

    def requested_prompt(self, sighting: JobView) -> str | None:
        """The text by which a job is known to go back to a request that was seen."""
        told = (get_or_none(sighting.job, echo.at) for echo in self._echoes)
        return next((text for text in told if isinstance(text, str) and self._is_ours(text)), None)

    def _is_ours(self, text: str) -> bool:
        return text in self._asked and text not in self._doubtful


_SIGNED = re.compile(r" \(check [1-9][0-9]*\)$")
