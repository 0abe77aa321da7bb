"""Lists of jobs: the page that a request asks for, and how a response describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from ..openapi import Cause, Schema
from ..openapi.jobs import ListOperation, Place
from ..openapi.jobs.answer import json_schema
from ..openapi.json import Json
from ..openapi.keywords import types_of
from ..openapi.pointer import Path
from ..openapi.request_place import read_place
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .errors import Refusal
from .jobs.field_values import ABSENT
from .jobs.job import Job
from .jobs.store import Store

DEFAULT_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Page:
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


@dataclass(frozen=True, slots=True)
class _Form:
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


class JobLister:
    """Finds the pages of one list.

    Args:
        listings: What the operation lists: its role for each kind of job, at least one. Pages are
            those of the first kind.
        store: The jobs.
        value_of: Returns the value of a field of a job now.
        synthesize: True if unknown ids belong to jobs, after which nothing follows.
    """

    def __init__(
        self,
        listings: Sequence[ListOperation],
        *,
        store: Store,
        value_of: Callable[[Job, Path], Json],
        synthesize: bool,
    ) -> None:
        self.listing, self.listings = listings[0], {each.kind: each for each in listings}
        self._store = store
        self._value_of, self._synthesize = value_of, synthesize
        schema = json_schema(self.listing.operation)
        self._forms = {path: _form_at(schema, path) for path in self.listing.places.values()}

    def page(self, accepted: AcceptedCall) -> Page:
        """Return the page that a request asks for.

        Raises Refusal if it starts at an unknown job.
        """
        listing = self.listing
        limit = _count(self._read(listing.limit, accepted), DEFAULT_LIMIT)
        newest_first = self._is_newest_first(accepted)
        after, known = self._start(accepted)
        if not known:
            return Page((), more=False, before=False, total=None, offset=0, limit=limit)
        if not self._needs_all(accepted):
            found = self._store.page(
                after=after, limit=limit, newest_first=newest_first, owner=accepted.owner
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
        jobs, places = page.jobs, self.listing.places
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

    def _read(self, place: Place | None, accepted: AcceptedCall) -> Json:
        if place is None:
            return None
        return read_place(place, accepted.call, accepted.arguments)

    def _is_newest_first(self, accepted: AcceptedCall) -> bool:
        if self.listing.order is None:
            return True
        place, words = self.listing.order
        return words.get(str(self._read(place, accepted))) != "ascending"

    def _start(self, accepted: AcceptedCall) -> tuple[Job | None, bool]:
        """Return the job before the page, and False if it is unknown and nothing follows it."""
        listing = self.listing
        for place in (listing.after, listing.cursor):
            wanted = self._read(place, accepted)
            if place is None or wanted is None:
                continue
            job = self._store.get(str(wanted))
            if job is not None and accepted.sees(job) and job.kind in self.listings:
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
        listing = self.listing
        if listing.filters or listing.before or listing.offset or listing.page:
            return True
        return "total" in listing.places or self._store.has_other_kinds(self.listings)

    def _all(self, accepted: AcceptedCall, *, newest_first: bool) -> list[Job]:
        found = self._store.page(
            after=None, limit=len(self._store), newest_first=newest_first, owner=accepted.owner
        )
        wanted = {
            path: value
            for place, path in self.listing.filters.items()
            if (value := self._read(place, accepted)) is not None
        }
        return [
            job
            for job in found.jobs
            if job.kind in self.listings
            and all(str(self._value_of(job, path)) == str(v) for path, v in wanted.items())
        ]

    def _first_index(
        self, accepted: AcceptedCall, jobs: list[Job], after: Job | None, limit: int
    ) -> int:
        listing = self.listing
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
        listing, jobs = self.listing, page.jobs
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

    def _address(self, cursor: Mapping[str, Json], accepted: AcceptedCall, base_url: str) -> str:
        kept = {name: value for name, value in accepted.call.query if name not in cursor}
        path = self.listing.operation.template.expand(accepted.call.path_parameters)
        return f"{base_url}{path}?{urlencode({**kept, **cursor})}"


def owned_jobs(store: Store, *, owner: str | None, kinds: Iterable[str]) -> list[Job]:
    """Return all jobs of a key of these kinds, the newest first; None stands for all keys."""
    wanted = {*kinds}
    page = store.page(after=None, limit=len(store), newest_first=True, owner=owner)
    return [job for job in page.jobs if job.kind in wanted]


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


def _count(value: Json, default: int) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return default


_CURSOR = "cursor"
