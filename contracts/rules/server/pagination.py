"""The laws of a list that is read page by page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ....openapi import Document
from ....openapi.json import Json
from ....openapi.pointer import format_pointer
from ....openapi.text import one_line, quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import get_or_none, is_number, json_body
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of


@dataclass(slots=True)
class _Reading:
    """A list on its way from its first page to its last: the ids so far, in their order, and the
    jobs that were there when it began.
    """

    order: str | None
    there: Mapping[str, int]
    ids: list[str] = field(default_factory=list)
    created: Json = None


class PaginationRules:
    """The pages of lists, of several readings in turns; a cursor tells which one goes on."""

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._created_at = next(
            (s.at for s in self._lifecycle.stamps if s.set_on == self._lifecycle.initial), None
        )
        self._open: dict[tuple[str | None, str], _Reading] = {}

    def check(
        self, exchange: Exchange, number: int, existing: Mapping[str, int]
    ) -> Iterator[Violation]:
        """What this page breaks; `there` are the jobs that are made and not deleted."""
        page, reply = exchange.operation.page, exchange.reply
        if page is None or reply is None:
            return
        body = json_body(reply)
        items = get_or_none(body, page.places.get("items", ()))
        if not isinstance(items, list):
            return
        ids = [get_or_none(item, self._lifecycle.id_at) for item in items]
        if not all(isinstance(job_id, str) for job_id in ids):
            return  # the schema is broken, which is told elsewhere
        after = exchange.query.get(page.after)
        order = exchange.query.get(page.order) if page.order else None
        reading = self._continued(after, order, existing)

        def wrong(rule: Rule, received: str, expected: str, place: str | None = None) -> Violation:
            return violation_of(
                rule, exchange, number, place=place, received=received, expected=expected
            )

        limit = exchange.arguments.query.get(page.limit)
        if isinstance(limit, int) and len(ids) > limit:
            yield wrong(catalogue.PAGE_LIMIT, f"{len(ids)} jobs", f"at most {limit}")
        repeated = _repeated(ids, [*reading.ids, after])
        if repeated is not None:
            yield wrong(catalogue.PAGE_REPEATS, one_line(repeated), "each job once")
        yield from self._order(items, reading, exchange, number)
        for key, expected in (("first", ids[:1]), ("last", ids[-1:])):
            place = page.places.get(key)
            if place and get_or_none(body, place) != (expected[0] if expected else None):
                pointer = format_pointer(place)
                want = quote(expected[0] if expected else None)
                yield wrong(catalogue.PAGE_CURSOR, quote(get_or_none(body, place)), want, pointer)
        more = self._more(body, exchange)
        if more and not ids and limit != 0:
            yield wrong(catalogue.PAGE_CURSOR, "an empty page with more to follow", "an end")
        reading.ids += ids
        cursor = (
            get_or_none(body, page.places["next"]) if "next" in page.places else (ids or [None])[-1]
        )
        if more and isinstance(cursor, str):
            self._open[order, cursor] = reading
        if not more:
            told = set(reading.ids)
            lost = [i for i in reading.there if i in existing and i not in told]
            if lost:
                yield wrong(
                    catalogue.PAGE_OMITS,
                    f"a list without {one_line(lost[0])}, of {len(reading.ids)} in all",
                    f"all jobs, also that of no. {reading.there[lost[0]]}",
                )

    def _continued(
        self, after: str | None, order: str | None, there: Mapping[str, int]
    ) -> _Reading:
        """The reading that this page continues, or a new one. One that begins in the middle knows
        nothing of what it has to hold.
        """
        if after is None:
            return _Reading(order, dict(there))
        return self._open.pop((order, after), None) or _Reading(order, {})

    def _more(self, body: Json, exchange: Exchange) -> bool:
        page = exchange.operation.page
        if page is None:
            return False
        if "more" in page.places:
            return get_or_none(body, page.places["more"]) is True
        return get_or_none(body, page.places.get("next", ())) is not None

    def _order(
        self, items: list[Json], reading: _Reading, exchange: Exchange, number: int
    ) -> Iterator[Violation]:
        """Whether the moments of creation go one way."""
        page = exchange.operation.page
        if page is None or page.order is None or self._created_at is None:
            return
        default = exchange.operation.query[page.order].default
        falling = (reading.order or default) == page.descending
        for item in items:
            created, before = get_or_none(item, self._created_at), reading.created
            if not is_number(created):
                continue
            if before is not None and (created > before if falling else created < before):
                yield violation_of(
                    catalogue.PAGE_ORDER,
                    exchange,
                    number,
                    received=f"{one_line(str(get_or_none(item, self._lifecycle.id_at)))}"
                    f" of {created} behind one of {before}",
                    expected="newest first" if falling else "oldest first",
                )
                return
            reading.created = created


def _repeated(ids: Iterable[str], before: Iterable[str | None]) -> str | None:
    """The first id that is one of those before, or comes twice."""
    known = set(before)
    for job_id in ids:
        if job_id in known:
            return job_id
        known.add(job_id)
    return None
