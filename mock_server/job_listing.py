"""Lists of jobs: the page that a request asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from ..openapi import Cause
from ..openapi.jobs import ListOperation, Place
from ..openapi.json import Json
from ..openapi.pointer import Path
from ..openapi.request_place import read_place
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .errors import Refusal
from .jobs.job import Job
from .jobs.store import Store, all_jobs
from .page_fields import CURSOR, Page, PageFields

DEFAULT_LIMIT = 20


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
        self.page_fields = PageFields(self.listing)

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
        if not self._needs_all(accepted) and accepted.listed_until == inf:
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
        undeclared = dict(accepted.call.query).get(CURSOR)
        if listing.cursor is None and listing.after is None and undeclared:
            return self._store.get(undeclared), True
        return None, True

    def _needs_all(self, accepted: AcceptedCall) -> bool:
        listing = self.listing
        if listing.filters or listing.before or listing.offset or listing.page:
            return True
        return "total" in listing.places or self._store.has_other_kinds(self.listings)

    def _all(self, accepted: AcceptedCall, *, newest_first: bool) -> list[Job]:
        jobs = all_jobs(self._store, owner=accepted.owner, newest_first=newest_first)
        wanted = {
            path: value
            for place, path in self.listing.filters.items()
            if (value := self._read(place, accepted)) is not None
        }
        return [
            job
            for job in jobs
            if job.kind in self.listings
            and job.created <= accepted.listed_until
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


def _count(value: Json, default: int) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return default
