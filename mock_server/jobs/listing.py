"""Lists of jobs: the page that a request asks for, and how a response describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ...openapi import Cause
from ...openapi.jobs import JobKind, ListOperation, Place
from ...openapi.jobs.answer import json_schema
from ...openapi.json import Json
from ...openapi.pointer import Path
from ...openapi.request_place import read_place
from ...openapi.text import quote
from ..accepted_call import AcceptedCall
from ..errors import Refusal
from .field_values import ABSENT
from .job import Job
from .store import Store

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
    """A page of jobs.

    Args:
        jobs: The jobs, in the order of the list.
        more: True if other jobs follow.
        before: True if other jobs come before.
        total: The number of jobs of the list; None if nobody asked for it.
        offset: The number of jobs before the page; 0 if it was not asked for.
        limit: The largest number of jobs on a page.
    """

    jobs: Sequence[Job]
    more: bool
    before: bool
    total: int | None
    offset: int
    limit: int


class JobLister:
    """Finds the pages of one list.

    Args:
        kind: The kind of job.
        listing: The operation.
        store: The jobs.
        value_of: Returns the value of a field of a job now.
        synthesize: True if unknown ids belong to jobs, after which nothing follows.
    """

    def __init__(
        self,
        kind: JobKind,
        listing: ListOperation,
        *,
        store: Store,
        value_of: Callable[[Job, Path], Json],
        synthesize: bool,
    ) -> None:
        self._kind, self._listing, self._store = kind, listing, store
        self._value_of, self._synthesize = value_of, synthesize
        self._schema = json_schema(listing.operation)

    def page(self, accepted: AcceptedCall) -> Page:
        """Return the page that a request asks for.

        Raises Refusal if it starts at an unknown job.
        """
        listing = self._listing
        limit = _count(self._read(listing.limit, accepted), DEFAULT_LIMIT)
        newest_first = self._is_newest_first(accepted)
        after, known = self._start(accepted)
        if not known:
            return Page((), more=False, before=False, total=None, offset=0, limit=limit)
        if not self._needs_all(accepted):
            found = self._store.page(
                after=after, limit=limit, newest_first=newest_first, owner=accepted.key
            )
            return Page(found.jobs, found.more, after is not None, None, 0, limit)
        jobs = self._all(accepted, newest_first=newest_first)
        start = self._first_index(accepted, jobs, after, limit)
        shown = jobs[start : start + limit]
        return Page(
            shown, start + limit < len(jobs), start > 0, total=len(jobs), offset=start, limit=limit
        )

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
                whole = self._is_address(places[word])
                url = self._address(cursor, accepted, base_url) if whole and cursor else None
                values[word] = url if whole else cursor and next(iter(cursor.values()))
        return {path: self._written(path, values[word]) for word, path in places.items()}

    def _read(self, place: Place | None, accepted: AcceptedCall) -> Json:
        if place is None:
            return None
        return read_place(place, accepted.call, accepted.arguments)

    def _is_newest_first(self, accepted: AcceptedCall) -> bool:
        if self._listing.order is None:
            return True
        place, words = self._listing.order
        return words.get(str(self._read(place, accepted))) != "ascending"

    def _start(self, accepted: AcceptedCall) -> tuple[Job | None, bool]:
        """Return the job before the page, and False if it is unknown and nothing follows it."""
        listing = self._listing
        for place in (listing.after, listing.cursor):
            wanted = self._read(place, accepted)
            if place is None or wanted is None:
                continue
            job = self._store.get(str(wanted))
            if job is not None and job.owner == accepted.key and job.kind == self._kind.name:
                return job, True
            if self._synthesize:
                return None, False
            message = f"{place.name}: there is no job {quote(wanted)}"
            raise Refusal(Cause.JOB_UNKNOWN, message, parameter=place.name)
        undeclared = dict(accepted.call.query).get(_CURSOR)
        if listing.cursor is None and listing.after is None and undeclared:
            return self._store.get(undeclared), True
        return None, True

    def _needs_all(self, accepted: AcceptedCall) -> bool:
        listing = self._listing
        if listing.filters or listing.before or listing.offset or listing.page:
            return True
        return "total" in listing.places or self._store.has_other_kinds(self._kind.name)

    def _all(self, accepted: AcceptedCall, *, newest_first: bool) -> list[Job]:
        found = self._store.page(
            after=None, limit=len(self._store), newest_first=newest_first, owner=accepted.key
        )
        wanted = {
            path: value
            for place, path in self._listing.filters.items()
            if (value := self._read(place, accepted)) is not None
        }
        return [
            job
            for job in found.jobs
            if job.kind == self._kind.name
            and all(str(self._value_of(job, path)) == str(v) for path, v in wanted.items())
        ]

    def _first_index(
        self, accepted: AcceptedCall, jobs: list[Job], after: Job | None, limit: int
    ) -> int:
        listing = self._listing
        if after is not None:
            return next((i + 1 for i, job in enumerate(jobs) if job.id == after.id), len(jobs))
        before = self._read(listing.before, accepted)
        if before is not None:
            end = next((i for i, job in enumerate(jobs) if job.id == str(before)), len(jobs))
            return max(0, end - limit)
        offset = self._read(listing.offset, accepted)
        if offset is not None:
            return _count(offset, 0)
        page = self._read(listing.page, accepted)
        return max(0, _count(page, 1) - 1) * limit if page is not None else 0

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
            following = {forward.name if forward else _CURSOR: jobs[-1].id}
            if listing.before:
                previous = {listing.before.name: jobs[0].id}
        return (following if page.more else None), (previous or None if page.before else None)

    def _is_address(self, path: Path) -> bool:
        """Return True if the schema of a place wants a whole URL."""
        schemas = self._schema.schemas_at(path) if self._schema else []
        return any(schema.get("format") in ("uri", "url") for schema in schemas)

    def _written(self, path: Path, value: Json) -> Json:
        """Return a value as the schema of its place allows it; ABSENT for null if it does not."""
        schema = self._schema.below(path) if self._schema else None
        if self._schema is None or schema is None or schema.accepts(value):
            return value
        if value is None:
            around = self._schema.schemas_at(path[:-1])
            required = any(path[-1] in each.get("required", ()) for each in around)
            return "" if required and schema.accepts("") else ABSENT
        text = str(value)
        return int(text) if text.isdecimal() and not schema.accepts(text) else text

    def _address(self, cursor: Mapping[str, Json], accepted: AcceptedCall, base_url: str) -> str:
        kept = {name: value for name, value in accepted.call.query if name not in cursor}
        path = self._listing.operation.template.expand(accepted.call.path_parameters)
        return f"{base_url}{path}?{urlencode({**kept, **cursor})}"


def owned_jobs(store: Store, *, owner: str, kinds: Iterable[str]) -> list[Job]:
    """Return all jobs of a key of these kinds, the newest first."""
    wanted = {*kinds}
    page = store.page(after=None, limit=len(store), newest_first=True, owner=owner)
    return [job for job in page.jobs if job.kind in wanted]


def _count(value: Json, default: int) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return default


_CURSOR = "cursor"
