"""A walk through all pages of a list of jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import orjson

from aisa_testkit.contracts import Exchange
from aisa_testkit.contracts.traffic.job_views import jobs_in
from aisa_testkit.openapi import Document, ListOperation
from aisa_testkit.openapi.jobs import Place
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

PAGE_SIZE = 2

Ask = Callable[[Mapping[Place, Json]], Exchange]
"""Sends a request of the list with these values of its parameters."""


def listed_ids(document: Document, listing: ListOperation, ask: Ask) -> list[str]:
    """Return the ids of all jobs in the order of the list, page by page to its end."""
    ids: list[str] = []
    values: dict[Place, Json] | None = {listing.limit: PAGE_SIZE} if listing.limit else {}
    while values is not None:
        shown = ask(values)
        assert shown.accepted, shown.reply
        page = [view.job_id for view in jobs_in(document, shown)]
        assert listing.limit is None or len(page) <= PAGE_SIZE
        assert not {*page} & {*ids}, "a page repeats the jobs of another"
        ids += page
        following = dict(_next_values(listing, _body(shown), ids, page))
        values = {**values, **following} if following else None
    return ids


def _next_values(
    listing: ListOperation, body: Json, ids: list[str], page: list[str]
) -> Iterator[tuple[Place, Json]]:
    """Yield the values that lead to the next page; none after the last page."""
    at = listing.places
    if listing.cursor:
        link = get(body, at["next_page"])
        if link is not None:
            yield listing.cursor, _cursor_of(str(link), listing.cursor)
        return
    if listing.after and get(body, at["more"]):
        last = get(body, at["last"])
        assert not page or (get(body, at["first"]), last) == (page[0], page[-1])
        yield listing.after, last
    if "total" in at and page and len(ids) < get(body, at["total"]):
        assert get(body, at["count"]) == len(page)
        if listing.offset:
            yield listing.offset, len(ids)
        if listing.page:
            yield listing.page, len(ids) // PAGE_SIZE + 1


def _cursor_of(text: str, place: Place) -> str:
    """Return a cursor, which may stand in the query of the address of the next page."""
    return dict(parse_qsl(urlsplit(text).query))[place.name] if "://" in text else text


def _body(shown: Exchange) -> Json:
    assert shown.reply is not None
    return orjson.loads(shown.reply.body)
