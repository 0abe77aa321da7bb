"""The fields of a list beside its items: what a response says of a page, and of those around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from ..openapi import Schema
from ..openapi.jobs import ListOperation
from ..openapi.jobs.answer import json_schema
from ..openapi.json import Json
from ..openapi.keywords import types_of
from ..openapi.pointer import Path
from .accepted_call import AcceptedCall
from .jobs.job import Job
from .jobs.view import ABSENT

CURSOR = "cursor"
"""The parameter of a list that declares none for the start of a page."""


class Page(NamedTuple):
    """A page of jobs.

    Args:
        jobs: The jobs, in the order of the list.
        more: True if other jobs follow.
        before: True if other jobs come before.
        total: The number of jobs of the list; None if the response does not need it.
        offset: The number of jobs before the page; 0 if it was not asked for.
        limit: The largest number of jobs on a page.
    """

    jobs: Sequence[Job]
    more: bool
    before: bool
    total: int | None
    offset: int
    limit: int


class _Form(NamedTuple):
    """How a value beside the items is written.

    Args:
        nothing: What stands for null: None, or "" or ABSENT where the schema forbids null.
        is_whole: True if ids are numbers there.
        is_address: True if a whole URL must stand there.
    """

    nothing: Json = None
    is_whole: bool = False
    is_address: bool = False

    def write(self, value: Json) -> Json:
        """Return a value as the schema of its place allows it."""
        if value is None:
            return self.nothing
        return int(value) if self.is_whole and str(value).isdecimal() else value


class PageFields:
    """Makes the fields of one list beside its items.

    Args:
        listing: The list.
    """

    def __init__(self, listing: ListOperation) -> None:
        self._listing = listing
        schema = json_schema(listing.operation)
        self._forms = {path: _form_at(schema, path) for path in listing.places.values()}

    def values(self, page: Page, accepted: AcceptedCall, base_url: str) -> dict[Path, Json]:
        """Return the values in the response beside the items, or ABSENT, by path."""
        jobs, places = page.jobs, self._listing.places
        following, previous = self._cursors(page)
        as_address = {"next_page": following, "previous_page": previous}
        values: dict[str, Json] = {
            "first": jobs[0].id if jobs else None,
            "last": jobs[-1].id if jobs else None,
            "more": page.more,
            "count": len(jobs),
            "total": page.total if page.total is not None else len(jobs),
        }
        for word, cursor in as_address.items():
            if word in places:
                whole = self._forms[places[word]].is_address
                url = self._address(cursor, accepted, base_url) if whole and cursor else None
                values[word] = url if whole else cursor and next(iter(cursor.values()))
        return {path: self._forms[path].write(values[word]) for word, path in places.items()}

    def _cursors(self, page: Page) -> tuple[dict[str, Json] | None, dict[str, Json] | None]:
        """Return the parameters of the next and of the previous page; None if there is none."""
        listing, jobs = self._listing, page.jobs
        following: dict[str, Json] = {}
        previous: dict[str, Json] = {}
        if listing.offset:
            following = {listing.offset.name: page.offset + page.limit}
            previous = {listing.offset.name: max(0, page.offset - page.limit)}
        elif listing.page:
            number = page.offset // page.limit + 1 if page.limit else 1
            following = {listing.page.name: number + 1}
            previous = {listing.page.name: number - 1}
        elif jobs:
            forward = listing.after or listing.cursor
            following = {forward.name if forward else CURSOR: jobs[-1].id}
            if listing.before:
                previous = {listing.before.name: jobs[0].id}
        return (following if page.more else None), (previous or None if page.before else None)

    def _address(self, cursor: Mapping[str, Json], accepted: AcceptedCall, base_url: str) -> str:
        kept = {name: value for name, value in accepted.call.query if name not in cursor}
        path = self._listing.operation.template.expand(accepted.call.path_parameters)
        return f"{base_url}{path}?{urlencode({**kept, **cursor})}"


def _form_at(schema: Schema | None, path: Path) -> _Form:
    """Return how a value at a path of the response is written."""
    below = schema.below(path) if schema else None
    if schema is None or below is None:
        return _Form()
    found = schema.schemas_at(path)
    nothing: Json = None
    if not below.accepts(None):
        around = schema.schemas_at(path[:-1])
        required = any(path[-1] in each.get("required", ()) for each in around)
        nothing = "" if required and below.accepts("") else ABSENT
    return _Form(
        nothing,
        is_whole=any({*types_of(each)} - {"null"} == {"integer"} for each in found),
        is_address=any(each.get("format") in ("uri", "url") for each in found),
    )
