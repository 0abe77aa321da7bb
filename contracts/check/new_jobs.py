"""New jobs in the list of a server, as evidence of what a create did."""

from __future__ import annotations

from ...openapi import JobKind, ListOperation
from ...openapi.jobs import Part
from ...openapi.json import Json
from ...openapi.pointer import get_or_none
from ..traffic.exchange import Exchange
from ..traffic.job_views import json_body


class NewJobs:
    """The jobs that the list has shown, and whether a later list shows others.

    operation: the operation that lists jobs, whatever its grade; None if there is none
    query: the query that asks for the newest jobs first, if the document allows it
    """

    def __init__(self, kind: JobKind) -> None:
        self._id_at = kind.id_at
        self.operation = kind.list if kind.id_at is not None else None
        self.query = _newest_first(self.operation) if self.operation else ()
        self._known: set[str] | None = None

    def add(self, job_id: str) -> None:
        """Remember a job that a create returned."""
        if self._known is not None:
            self._known.add(job_id)

    def read(self, exchange: Exchange) -> bool:
        """Read a list. Return True if it shows that no job was created since the last one."""
        body = json_body(exchange.reply) if exchange.reply and exchange.accepted else None
        listing, id_at = self.operation, self._id_at
        items = get_or_none(body, listing.items) if listing else None
        if listing is None or id_at is None or not isinstance(items, list):
            return False
        part = listing.part  # an item is this part of the job
        id_in_item = id_at[len(part) :] if id_at[: len(part)] == part else id_at
        shown = [get_or_none(item, id_in_item) for item in items]
        if not all(isinstance(job_id, str | int) for job_id in shown):
            return False
        ids = {str(job_id) for job_id in shown}
        known, self._known = self._known, {*(self._known or ()), *ids}
        return known is not None and known.issuperset(ids) and self._is_recent(listing, body)

    def _is_recent(self, listing: ListOperation, body: Json) -> bool:
        """Return True if a new job would be on this page."""
        places = (listing.places.get(name) for name in ("more", "next_page"))
        more = [get_or_none(body, place) for place in places if place is not None]
        return bool(self.query) or (bool(more) and not any(more))


def _newest_first(listing: ListOperation) -> tuple[tuple[str, str], ...]:
    if listing.order is None or listing.order[0].part is not Part.QUERY:
        return ()
    place, words = listing.order
    return tuple((place.name, word) for word, means in words.items() if means == "descending")[:1]
