"""Tags at the end of prompts, by which a check finds its own jobs in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi.jobs import CreateOperation, JobField, Part
from ....openapi.jobs.sources import FromRequest
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView


def tag_prompt(text: str, seed: int, run_id: str = "") -> str:
    """Return the text with a tag of the seed and the run; the text as it is if the seed is 0.

    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    """
    run = f"-{run_id}" if run_id else ""
    return f"{text} (check {seed}{run})" if seed else text


class TaggedPrompts:
    """The tagged prompts of the requests that were sent, except those with an unknown outcome."""

    def __init__(self) -> None:
        self._requested: set[str] = set()
        self._uncertain: set[str] = set()

    def record_request(self, exchange: Exchange) -> None:
        """Record the tagged prompts of a request that creates a job."""
        if exchange.create is None:
            return
        uncertain = exchange.status is None or exchange.status >= 500
        for _, source in _echoes(exchange.create):
            text = exchange.value_at(source.place)
            if isinstance(text, str) and _TAG.search(text):
                self._requested.add(text)
                if uncertain:  # the server may have created a job
                    self._uncertain.add(text)

    def requested_prompt(self, view: JobView) -> str | None:
        """Return the tagged prompt of a job, if a recorded request has sent the same one."""
        fields = (field for create in view.kind.creates for field, _ in _echoes(create))
        echoed = (view.value_at(field.place.path) for field in fields)
        return next((t for t in echoed if isinstance(t, str) and self._is_certain(t)), None)

    def _is_certain(self, text: str) -> bool:
        return text in self._requested and text not in self._uncertain


def _echoes(create: CreateOperation) -> Iterator[tuple[JobField, FromRequest]]:
    """Yield the fields of the body that come back from the request."""
    for field in create.fields:
        if isinstance(field.source, FromRequest) and field.place.part is Part.BODY:
            yield field, field.source


_TAG = re.compile(r" \(check [1-9][0-9]*(-[0-9a-f]+)?\)$")
