"""Rules for lists that are read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ....openapi import Document, JobKind
from ....openapi.json import Json
from ....openapi.pointer import format_pointer, get_or_none
from ....openapi.text import count_of, one_line, quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import job_id_in, json_body, listed_jobs
from .. import server_catalogue as catalogue
from ..violation import Violation
from .received_page import ReceivedPage
from .server_clock import created_at_path
from .timestamps import read_time


@dataclass(slots=True)
class _Listing:
    """A list that is being read.

    expected: the jobs that existed when the first page was read, with the numbers of their creates
    ids: the ids on the pages so far, in their order
    last_created: the creation time of the last job so far in Unix seconds, and as it is written
    """

    expected: Mapping[str, int]
    ids: list[str] = field(default_factory=list)
    last_created: tuple[float, Json] | None = None


class PaginationRules:
    """The rules for pages of one kind of job. Any number of lists may be read at a time.

    Args:
        document: The document of the API.
        kind: The kind of job.
    """

    def __init__(self, document: Document, kind: JobKind) -> None:
        self._document, self._kind = document, kind
        self._created_at = created_at_path(kind)
        self._unfinished: dict[tuple[object, ...], _Listing] = {}

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
        elif received.next_start is not None:
            self._unfinished[_key(received, received.next_start)] = listing

    def _read(self, exchange: Exchange, number: int) -> ReceivedPage | None:
        """Return the page, None if it does not match its schema, which another rule reports."""
        listing, reply = self._kind.list, exchange.reply
        if listing is None or reply is None:
            return None
        body = json_body(reply)
        if not isinstance(get_or_none(body, listing.items), list):
            return None
        jobs = listed_jobs(listing, body)
        ids = [job_id_in(self._document, exchange, listing, job) for job in jobs]
        known = [job_id for job_id in ids if job_id is not None]
        if len(known) < len(ids):
            return None
        return ReceivedPage(exchange, number, listing, body, jobs, known)

    def _listing(self, received: ReceivedPage, existing: Mapping[str, int]) -> _Listing:
        """Return the listing that a page continues, or a new one.

        A listing that starts in the middle, or that leaves out jobs, has no expected jobs.
        """
        if received.start is None:
            return _Listing({} if received.filters else dict(existing))
        return self._unfinished.pop(_key(received, received.start), None) or _Listing({})

    def _order_violations(self, received: ReceivedPage, listing: _Listing) -> Iterator[Violation]:
        """Yield a violation for the first job that is not in the order of creation times."""
        newest_first, path = received.newest_first, self._created_at
        if newest_first is None or path is None:
            return
        for job_id, job in zip(received.ids, received.jobs, strict=True):
            shown = get_or_none(job, path)
            created, before = read_time(self._kind, path, shown), listing.last_created
            if created is None:
                continue
            if before is not None and (
                created > before[0] if newest_first else created < before[0]
            ):
                yield received.violation(
                    catalogue.LIST_OUT_OF_ORDER,
                    f"{one_line(job_id)}, created at {shown}, after a job created at {before[1]}",
                    "newest first" if newest_first else "oldest first",
                )
                return
            listing.last_created = created, shown


def _key(received: ReceivedPage, start: str) -> tuple[object, ...]:
    """Return what the request of a page has in common with what the page before says of it."""
    return received.order, received.filters, start


def _limit_violations(received: ReceivedPage) -> Iterator[Violation]:
    count, limit = len(received.ids), received.limit
    if limit is not None and 0 <= limit < count:  # another rule reports a negative limit
        yield received.violation(
            catalogue.PAGE_TOO_LONG, count_of(count, "job"), f"at most {limit}"
        )


def _repeated_job_violations(received: ReceivedPage, listing: _Listing) -> Iterator[Violation]:
    repeated = _first_repeated(received.ids, [*listing.ids, received.after])
    if repeated is not None:
        yield received.violation(catalogue.DUPLICATE_IN_LIST, one_line(repeated), "each job once")


def _edge_violations(received: ReceivedPage) -> Iterator[Violation]:
    """Yield the violations in the ids of the first and last job, and in the end of the list."""
    for key, edge in (("first", received.ids[:1]), ("last", received.ids[-1:])):
        place, expected = received.listing.places.get(key), edge[0] if edge else None
        shown = get_or_none(received.body, place) if place else None
        if place and (None if shown is None else str(shown)) != expected:
            named = quote(shown)
            pointer = format_pointer(place)
            yield received.violation(catalogue.INVALID_CURSOR, named, quote(expected), pointer)
    announced = received.has_more and not received.ids and not received.filters
    if announced and received.limit != 0:
        text = "an empty page that announces another page"
        yield received.violation(catalogue.INVALID_CURSOR, text, "the last page")


def _missing_job_violations(
    received: ReceivedPage, listing: _Listing, existing: Mapping[str, int]
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
