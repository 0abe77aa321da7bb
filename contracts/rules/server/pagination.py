"""Rules for lists that are read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ....openapi import Document
from ....openapi.json import Json
from ....openapi.operation import Pagination
from ....openapi.pointer import format_pointer
from ....openapi.text import count_of, one_line, quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import get_or_none, is_number, json_body
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of


@dataclass(slots=True)
class _Listing:
    """A list that is being read.

    order: the requested order, None for the default
    expected: the jobs that existed when the first page was read, with the numbers of their creates
    ids: the ids on the pages so far, in their order
    last_created: the creation time of the last job so far
    """

    order: str | None
    expected: Mapping[str, int]
    ids: list[str] = field(default_factory=list)
    last_created: Json = None


@dataclass(frozen=True, slots=True)
class _ReceivedPage:
    """One page as a server sent it.

    exchange: the request and its response
    number: the number of the exchange in the history
    page: the parameters and places of the pagination
    body: the JSON of the response
    items: the jobs on the page
    ids: the ids of the jobs
    """

    exchange: Exchange
    number: int
    page: Pagination
    body: Json
    items: list[Json]
    ids: list[str]

    @property
    def limit(self) -> int | None:
        """The requested or default number of jobs."""
        limit = self.exchange.arguments.query.get(self.page.limit)
        return limit if isinstance(limit, int) else None

    @property
    def after(self) -> str | None:
        """The cursor of the request, None for the first page."""
        return self.exchange.query.get(self.page.after)

    @property
    def order(self) -> str | None:
        """The requested order, None for the default."""
        return self.exchange.query.get(self.page.order) if self.page.order else None

    @property
    def has_more(self) -> bool:
        """True if another page may follow.

        A list without a field for it ends with an empty page, or with fewer jobs than the limit.
        """
        places = self.page.places
        if "more" in places:
            return get_or_none(self.body, places["more"]) is True
        if "next" in places:
            return get_or_none(self.body, places["next"]) is not None
        return len(self.ids) >= self.limit if self.limit is not None else bool(self.ids)

    @property
    def cursor(self) -> Json:
        """The cursor of the next page: as this page names it, or the id of its last job."""
        if "next" in self.page.places:
            return get_or_none(self.body, self.page.places["next"])
        return self.ids[-1] if self.ids else None

    def violation(
        self, rule: Rule, received: str, expected: str, place: str | None = None
    ) -> Violation:
        """Return the violation of a rule by this page."""
        return violation_of(
            rule, self.exchange, self.number, place=place, received=received, expected=expected
        )


class PaginationRules:
    """The rules for pages. Any number of listings may be read at a time; cursors identify them."""

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._created_at = next(
            (s.at for s in self._lifecycle.timestamps if s.set_on == self._lifecycle.initial), None
        )
        self._unfinished: dict[tuple[str | None, str], _Listing] = {}

    def check(
        self, exchange: Exchange, number: int, existing: Mapping[str, int]
    ) -> Iterator[Violation]:
        """Yield the violations in one page.

        Args:
            exchange: An accepted request for a list.
            number: The number of the exchange in the history.
            existing: The ids of the jobs that exist, with the numbers of the exchanges that
                created them.
        """
        received = self._read(exchange, number)
        if received is None:
            return
        listing = self._listing(received, existing)
        yield from _limit_violations(received)
        yield from _repeated_job_violations(received, listing)
        yield from self._order_violations(received, listing)
        yield from _edge_violations(received)
        listing.ids += received.ids
        if not received.has_more:
            yield from _missing_job_violations(received, listing, existing)
        elif isinstance(received.cursor, str):
            self._unfinished[received.order, received.cursor] = listing

    def _read(self, exchange: Exchange, number: int) -> _ReceivedPage | None:
        """Return the page, None if it does not match its schema, which another rule reports."""
        page, reply = exchange.operation.page, exchange.reply
        if page is None or reply is None:
            return None
        body = json_body(reply)
        items = get_or_none(body, page.places.get("items", ()))
        if not isinstance(items, list):
            return None
        ids = [get_or_none(item, self._lifecycle.id_at) for item in items]
        if not all(isinstance(job_id, str) for job_id in ids):
            return None
        return _ReceivedPage(exchange, number, page, body, items, ids)

    def _listing(self, received: _ReceivedPage, existing: Mapping[str, int]) -> _Listing:
        """Return the listing that a page continues, or a new one.

        A listing that starts in the middle has no expected jobs.
        """
        if received.after is None:
            return _Listing(received.order, dict(existing))
        key = received.order, received.after
        return self._unfinished.pop(key, None) or _Listing(received.order, {})

    def _order_violations(self, received: _ReceivedPage, listing: _Listing) -> Iterator[Violation]:
        """Yield a violation for the first job that is not in the order of creation times."""
        page = received.page
        if page.order is None or self._created_at is None:
            return
        order = listing.order or received.exchange.operation.query[page.order].default
        if order is None:
            return
        newest_first = order == page.descending
        for item in received.items:
            created, before = get_or_none(item, self._created_at), listing.last_created
            if not is_number(created):
                continue
            if before is not None and (created > before if newest_first else created < before):
                job_id = one_line(str(get_or_none(item, self._lifecycle.id_at)))
                yield received.violation(
                    catalogue.LIST_OUT_OF_ORDER,
                    f"{job_id}, created at {created}, after a job created at {before}",
                    "newest first" if newest_first else "oldest first",
                )
                return
            listing.last_created = created


def _limit_violations(received: _ReceivedPage) -> Iterator[Violation]:
    count, limit = len(received.ids), received.limit
    if limit is not None and 0 <= limit < count:  # another rule reports a negative limit
        yield received.violation(
            catalogue.PAGE_TOO_LONG, count_of(count, "job"), f"at most {limit}"
        )


def _repeated_job_violations(received: _ReceivedPage, listing: _Listing) -> Iterator[Violation]:
    repeated = _first_repeated(received.ids, [*listing.ids, received.after])
    if repeated is not None:
        yield received.violation(catalogue.DUPLICATE_IN_LIST, one_line(repeated), "each job once")


def _edge_violations(received: _ReceivedPage) -> Iterator[Violation]:
    """Yield the violations in the ids of the first and last job, and in the end of the list."""
    for key, edge in (("first", received.ids[:1]), ("last", received.ids[-1:])):
        place, expected = received.page.places.get(key), edge[0] if edge else None
        if place and get_or_none(received.body, place) != expected:
            named = quote(get_or_none(received.body, place))
            pointer = format_pointer(place)
            yield received.violation(catalogue.INVALID_CURSOR, named, quote(expected), pointer)
    if received.has_more and not received.ids and received.limit != 0:
        text = "an empty page that announces another page"
        yield received.violation(catalogue.INVALID_CURSOR, text, "the last page")


def _missing_job_violations(
    received: _ReceivedPage, listing: _Listing, existing: Mapping[str, int]
) -> Iterator[Violation]:
    """Yield a violation if a complete list lacks a job that exists."""
    listed = set(listing.ids)
    missing = [i for i in listing.expected if i in existing and i not in listed]
    if missing:
        yield received.violation(
            catalogue.MISSING_FROM_LIST,
            f"a list of {count_of(len(listing.ids), 'job')} without {one_line(missing[0])}",
            f"all jobs, including the one of no. {listing.expected[missing[0]]}",
        )


def _first_repeated(ids: Iterable[str], before: Iterable[str | None]) -> str | None:
    """Return the first id that is one of those before, or that occurs twice."""
    known = set(before)
    for job_id in ids:
        if job_id in known:
            return job_id
        known.add(job_id)
    return None
