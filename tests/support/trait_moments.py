"""The exchanges that show the traits of documents: one per moment in the life of a job."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from aisa_testkit.contracts import Exchange
from aisa_testkit.openapi import Call, Document, JobOperation
from aisa_testkit.openapi.jobs import Place
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer
from tests.support.job_lives import KEY, JobLives
from tests.support.job_pages import PAGE_SIZE

UNKNOWN_ID = "12345678"  # also a number


class TraitMoments(JobLives):
    """A client of the first kind of a document, which asks at certain moments.

    Args:
        document: The document.
        sends: The JSON body of creates; None for one that is made.
    """

    def __init__(self, document: Document, sends: Json = None) -> None:
        super().__init__(document)
        self.kind = next(iter(document.kinds.values()))
        self.first = self.kind.creates[0]
        self.call = self.new_call(self.first)
        if sends is not None:
            self.call = replace(self.call, body=orjson.dumps(sends))

    def at(self, moment: str) -> Exchange:
        """Return the exchange of a moment, such as "create" or "early delete"."""
        return self._moments()[moment]()

    def states(self, outcome: str) -> list[str]:
        """Return the names of the states that polls show, one per second."""
        return [view.state.name for view in self.follow(self.first, self._job(outcome))]

    def _moments(self) -> dict[str, Callable[[], Exchange]]:
        kind, first = self.kind, self.first

        def after(each: JobOperation | None, outcome: str = "success", wait: float = 0) -> Exchange:
            assert each is not None
            job = self._job(outcome)
            last = self.follow(first, job)[-1]
            self.clock.advance(wait)
            return self.send(first, each, self.id_for(each, last))

        def before(each: JobOperation | None) -> Exchange:
            assert each is not None
            return self.send(first, each, self._job("success"))

        result = kind.results[0] if kind.results else None
        return {
            "create": lambda: self.answer(self.call),
            "pending": lambda: before(first.poll),
            "success": lambda: after(first.poll),
            "failure": lambda: after(first.poll, "failure"),
            "unknown": lambda: self.send(first, first.poll, UNKNOWN_ID),
            "list": self._list_some,
            "cancel": lambda: before(kind.cancel),
            "late cancel": lambda: after(kind.cancel),
            "early delete": lambda: before(kind.delete),
            "delete": lambda: after(kind.delete),
            "early result": lambda: before(result),
            "result": lambda: after(result),
            "late result": lambda: after(result, wait=3700),
            "error": lambda: self.answer(replace(self.call, body=b"{")),
            "keyless": lambda: self.answer(self._with_key(None)),
            "keyed": lambda: self.answer(self._with_key(f"Key {KEY}")),
            "bare": lambda: self.answer(self._bare()),
            "waiting": lambda: self.answer(self._with_headers(prefer="wait=60")),
        }

    def _job(self, outcome: str) -> str:
        self.controls.next_job(outcome=outcome)
        return self.create(self.first, call=self.call)

    def _list_some(self) -> Exchange:
        listing = self.kind.list
        assert listing is not None
        for _ in range(PAGE_SIZE + 1):
            self._job("success")
        values: dict[Place, Json] = {listing.limit: PAGE_SIZE} if listing.limit else {}
        return self.answer(self.requests(self.first).request(listing.operation, values=values))

    def _with_key(self, key: str | None) -> Call:
        """Return a create without its key, or with this text in the header of the key."""
        call = self.requests(self.first, key=None).request(self.first.operation)
        content = {n: t for n, t in self.call.headers.items() if n == "content-type"}
        headers = {**call.headers, **content, **({"authorization": key} if key else {})}
        return replace(call, headers=headers, body=self.call.body)

    def _with_headers(self, **headers: str) -> Call:
        return replace(self.call, headers={**self.call.headers, **headers})

    def _bare(self) -> Call:
        """Return a create without parameters."""
        kept = {n: t for n, t in self.call.headers.items() if n == "content-type"}
        return replace(self.call, headers=kept, query=())


def shown_at(exchange: Exchange, place: str) -> str | None:
    """Return what a response shows at a place, as text; None for nothing.

    Args:
        exchange: The exchange with the response.
        place: `status`, `body`, `header.NAME` or a JSON pointer in the body.
    """
    reply = exchange.reply
    assert reply is not None
    if place == "status":
        return str(reply.status)
    if place == "body":
        return reply.body.decode()
    if place.startswith("header."):
        return reply.headers.get(place.removeprefix("header."))
    try:
        value = get(orjson.loads(reply.body), parse_pointer(place))
    except LookupError:
        return None
    return value if isinstance(value, str) else json.dumps(value)


def differences(exchange: Exchange, places: dict[str, str | None]) -> Iterator[str]:
    """Yield each place that shows something else than its regular expression.

    None stands for a place that shows nothing.
    """
    for place, expected in places.items():
        shown = shown_at(exchange, place)
        fits = shown is None if expected is None else re.search(expected, shown or "") is not None
        if not fits or (expected is not None and shown is None):
            yield f"{place} is {shown!r}, not {expected!r}"
