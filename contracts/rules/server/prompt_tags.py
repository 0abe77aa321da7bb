"""Tags at the end of prompts, by which a check finds its own jobs in a list."""

from __future__ import annotations

import re

from ....openapi import Document
from ....openapi.operation import CREATE_ROLES
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView, get_or_none


def tag_prompt(text: str, seed: int, run_id: str = "") -> str:
    """Return the text with a tag of the seed and the run; the text as it is if the seed is 0.

    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    """
    run = f"-{run_id}" if run_id else ""
    return f"{text} (check {seed}{run})" if seed else text


class TaggedPrompts:
    """The tagged prompts of the requests that were sent, except those with an unknown outcome."""

    def __init__(self, document: Document) -> None:
        self._echoes = document.lifecycle.echoes
        self._requested: set[str] = set()
        self._uncertain: set[str] = set()

    def record_request(self, exchange: Exchange) -> None:
        """Record the tagged prompts of a request that creates a job."""
        if exchange.operation.role not in CREATE_ROLES:
            return
        uncertain = exchange.status is None or exchange.status >= 500
        for text in exchange.fields.values():
            if isinstance(text, str) and _TAG.search(text):
                self._requested.add(text)
                if uncertain:  # the server may have created a job
                    self._uncertain.add(text)

    def requested_prompt(self, view: JobView) -> str | None:
        """Return the tagged prompt of a job, if a recorded request has sent the same one."""
        echoed = (get_or_none(view.job, echo.at) for echo in self._echoes)
        return next((t for t in echoed if isinstance(t, str) and self._is_certain(t)), None)

    def _is_certain(self, text: str) -> bool:
        return text in self._requested and text not in self._uncertain


_TAG = re.compile(r" \(check [1-9][0-9]*(-[0-9a-f]+)?\)$")
