"""The requests of a check for the list of jobs."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from ...openapi import Document, JobKind, ListOperation, Provenance
from ...openapi.jobs import Part, Place
from ...openapi.json import Json
from ...openapi.pointer import get_or_none
from ..traffic.exchange import Exchange
from ..traffic.job_views import jobs_in, json_body
from .session import Session

Query = tuple[tuple[str, str], ...]


class ListSteps:
    """The requests for the list of jobs.

    grade: a list that is less certain than this is not requested
    """

    def __init__(
        self, document: Document, kind: JobKind, session: Session, *, grade: Provenance
    ) -> None:
        self._session, self._document = session, document
        covered = kind.list and grade.covers(kind.list.operation.provenance)
        self._list = kind.list if covered else None

    def request_first_page(self) -> None:
        """Request the first page with default parameters."""
        if self._list is not None:
            self._session.request_page(self._list.operation, ())

    def read_pages(self) -> None:
        """Read a few pages of one job each, then the first page in every order."""
        listing = self._list
        if listing is None:
            return
        self._read_some(listing)
        place, words = listing.order or (None, {})
        for word in words:
            self._session.request_page(listing.operation, _query(place, word))

    def _read_some(self, listing: ListOperation) -> None:
        limit = _query(listing.limit, str(_least(listing)))
        query: Query | None = limit
        seen = 0
        for page in range(1, _MAX_PAGES + 1):
            exchange = self._session.request_page(listing.operation, query or ())
            views = jobs_in(self._document, exchange)
            if not views:
                return
            seen += len(views)
            query = next_query(listing, exchange, views[-1].job_id, seen=seen, page=page)
            if query is None:
                return
            # An address of the next page says everything, also the size of the page.
            sizes = () if limit and limit[0][0] in dict(query) else limit
            query = (*sizes, *query)


def next_query(
    listing: ListOperation, exchange: Exchange, last_id: str, *, seen: int, page: int
) -> Query | None:
    """Return the query of the next page; None after the last page.

    seen: the number of jobs on all pages so far
    page: the number of those pages
    """
    body = json_body(exchange.reply) if exchange.reply else None
    if "next_page" in listing.places:
        following = get_or_none(body, listing.places["next_page"])
        if not isinstance(following, str | int) or following in ("", False):
            return None
        address = urlsplit(str(following))
        if listing.cursor is None or address.scheme:
            return tuple(parse_qsl(address.query)) or None
        return _query(listing.cursor, str(following)) or None
    if listing.after is not None:
        return _query(listing.after, last_id) or None
    if "more" in listing.places and not get_or_none(body, listing.places["more"]):
        return None
    if listing.offset is not None:
        return _query(listing.offset, str(seen)) or None
    first = _first_page(listing)
    return _query(listing.page, str(first + page)) or None


def _query(place: Place | None, value: str) -> Query:
    return ((place.name, value),) if place is not None and place.part is Part.QUERY else ()


def _least(listing: ListOperation) -> int:
    """Return the least number of jobs on a page that the list allows."""
    parameter = listing.operation.query.get(listing.limit.name) if listing.limit else None
    least = parameter.schema.raw.get("minimum", 1) if parameter else 1
    return max(1, int(least))


def _first_page(listing: ListOperation) -> int:
    """Return the number of the first page: its default, or its minimum, or 1."""
    parameter = listing.operation.query.get(listing.page.name) if listing.page else None
    schema: dict[str, Json] = parameter.schema.raw if parameter else {}
    first: Json = schema.get("default", schema.get("minimum", 1))
    return first if isinstance(first, int) else 1


_MAX_PAGES = 5
