"""New jobs in the list of a server, as evidence of what a create did."""

from __future__ import annotations

from ...openapi import Document, JobRole, Operation
from ...openapi.json import Json
from ...openapi.operation import Pagination
from ..traffic.exchange import Exchange
from ..traffic.job_views import get_or_none, json_body


class NewJobs:
    """The jobs that the list has shown, and whether a later list shows others.

    operation: the operation that lists jobs, whatever its grade; None if there is none
    query: the query that asks for the newest jobs first, if the document allows it
    """

    def __init__(self, document: Document) -> None:
        self._id_at = document.lifecycle.id_at
        listing = document.by_role.get(JobRole.LIST)
        page = listing.page if listing else None
        self.operation: Operation | None = listing if page else None
        self.query: tuple[tuple[str, str], ...] = ()
        if page and page.order and page.descending:
            self.query = ((page.order, page.descending),)
        self._known: set[str] | None = None

    def add(self, job_id: str) -> None:
        """Remember a job that a create returned."""
        if self._known is not None:
            self._known.add(job_id)

    def read(self, exchange: Exchange) -> bool:
        """Read a list. Return True if it shows that no job was created since the last one."""
        page = exchange.operation.page
        body = json_body(exchange.reply) if exchange.reply and exchange.accepted else None
        items = get_or_none(body, page.places.get("items", ())) if page else None
        if page is None or not isinstance(items, list):
            return False
        shown = [get_or_none(item, self._id_at) for item in items]
        if not all(isinstance(job_id, str) for job_id in shown):
            return False
        known, self._known = self._known, {*(self._known or ()), *shown}
        return known is not None and known.issuperset(shown) and self._is_recent(page, body)

    def _is_recent(self, page: Pagination, body: Json) -> bool:
        """Return True if a new job would be on this page."""
        more = [get_or_none(body, page.places[k]) for k in ("more", "next") if k in page.places]
        return bool(self.query) or (bool(more) and not any(more))
