"""Rules for lists that are read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ....openapi import Document
from ....openapi.json import Json
from ....openapi.operation import Pagination
from ....openapi.pointer import format_pointer
from ....openapi.text import one_line, quote
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
        page, reply = exchange.operation.page, exchange.reply
        if page is None or reply is None:
            return
        body = json_body(reply)
        items = get_or_none(body, page.places.get("items", ()))
        if not isinstance(items, list):
            return
        ids = [get_or_none(item, self._lifecycle.id_at) for item in items]
        if not all(isinstance(job_id, str) for job_id in ids):
            return  # the body does not match its schema, which another rule reports
        after = exchange.query.get(page.after)
        order = exchange.query.get(page.order) if page.order else None
        listing = self._listing(after, order, existing)

        def violation(
            rule: Rule, received: str, expected: str, place: str | None = None
        ) -> Violation:
            return violation_of(
                rule, exchange, number, place=place, received=received, expected=expected
            )

        limit = exchange.arguments.query.get(page.limit)
        if isinstance(limit, int) and len(ids) > limit:
            yield violation(catalogue.PAGE_TOO_LONG, f"{len(ids)} jobs", f"at most {limit}")
        repeated = _first_repeated(ids, [*listing.ids, after])
        if repeated is not None:
            yield violation(catalogue.DUPLICATE_IN_LIST, one_line(repeated), "each job once")
        yield from self._order_violations(items, listing, exchange, number)
        for key, edge in (("first", ids[:1]), ("last", ids[-1:])):
            place, edge_id = page.places.get(key), edge[0] if edge else None
            if place and get_or_none(body, place) != edge_id:
                received = quote(get_or_none(body, place))
                pointer = format_pointer(place)
                yield violation(catalogue.INVALID_CURSOR, received, quote(edge_id), pointer)
        more = _has_more(page, body)
        if more and not ids and limit != 0:
            received = "an empty page that announces another page"
            yield violation(catalogue.INVALID_CURSOR, received, "the last page")
        listing.ids += ids
        if more:
            self._remember(listing, order, _cursor(page, body, ids))
        else:
            listed = set(listing.ids)
            missing = [i for i in listing.expected if i in existing and i not in listed]
            if missing:
                yield violation(
                    catalogue.MISSING_FROM_LIST,
                    f"a list of {len(listing.ids)} jobs without {one_line(missing[0])}",
                    f"all jobs, including the one of no. {listing.expected[missing[0]]}",
                )

    def _listing(
        self, after: str | None, order: str | None, existing: Mapping[str, int]
    ) -> _Listing:
        """Return the listing that a page continues, or a new one.

        A listing that starts in the middle has no expected jobs.
        """
        if after is None:
            return _Listing(order, dict(existing))
        return self._unfinished.pop((order, after), None) or _Listing(order, {})

    def _remember(self, listing: _Listing, order: str | None, cursor: Json) -> None:
        if isinstance(cursor, str):
            self._unfinished[order, cursor] = listing

    def _order_violations(
        self, items: list[Json], listing: _Listing, exchange: Exchange, number: int
    ) -> Iterator[Violation]:
        """Yield a violation for the first job that is not in the order of creation times."""
        page = exchange.operation.page
        if page is None or page.order is None or self._created_at is None:
            return
        default = exchange.operation.query[page.order].default
        newest_first = (listing.order or default) == page.descending
        for item in items:
            created, before = get_or_none(item, self._created_at), listing.last_created
            if not is_number(created):
                continue
            if before is not None and (created > before if newest_first else created < before):
                job_id = one_line(str(get_or_none(item, self._lifecycle.id_at)))
                yield violation_of(
                    catalogue.LIST_OUT_OF_ORDER,
                    exchange,
                    number,
                    received=f"{job_id}, created at {created}, after a job created at {before}",
                    expected="newest first" if newest_first else "oldest first",
                )
                return
            listing.last_created = created


def _has_more(page: Pagination, body: Json) -> bool:
    if "more" in page.places:
        return get_or_none(body, page.places["more"]) is True
    return get_or_none(body, page.places.get("next", ())) is not None


def _cursor(page: Pagination, body: Json, ids: list[str]) -> Json:
    """Return the cursor of the next page: as the page names it, or the id of the last job."""
    if "next" in page.places:
        return get_or_none(body, page.places["next"])
    return ids[-1] if ids else None


def _first_repeated(ids: Iterable[str], before: Iterable[str | None]) -> str | None:
    """Return the first id that is one of those before, or that occurs twice."""
    known = set(before)
    for job_id in ids:
        if job_id in known:
            return job_id
        known.add(job_id)
    return None
