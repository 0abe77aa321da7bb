"""Replies that show a job, or a page of jobs."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ..openapi import Call, Document, Reply
from ..openapi.jobs import JobOperation
from .accepted_call import AcceptedCall
from .clock import Clock
from .job_listing import JobLister
from .jobs.base_url import BaseUrls
from .jobs.job import Job, Snapshot, observe
from .jobs.kind_parts import KindParts
from .jobs.view import View


class JobReplies:
    """Makes the replies of operations about jobs.

    Args:
        document: The document.
        clock: The source of time.
        kinds: The parts of each kind of job, by name.
    """

    def __init__(self, document: Document, *, clock: Clock, kinds: Mapping[str, KindParts]) -> None:
        self._base_urls, self._clock, self._kinds = BaseUrls(document), clock, kinds

    def of_job(self, call: Call, role: JobOperation, job: Job, snapshot: Snapshot) -> Reply:
        """Return the reply of an operation that shows a job."""
        view = View(job, snapshot, self._base_urls.of(call))
        headers, body = self._kinds[job.kind].answers.respond(role, view)
        if body is None:
            return Reply(role.status, headers)
        return Reply(role.status, {**_JSON_HEADERS, **headers}, orjson.dumps(body))

    def of_list(self, accepted: AcceptedCall, lister: JobLister) -> Reply:
        """Return the reply with the page that a request asks for.

        Raises Refusal if the page starts at an unknown job.
        """
        page, listings = lister.page(accepted), lister.listings
        base_url, now = self._base_urls.of(accepted.call), self._clock.now()
        views = [View(job, observe(job, now), base_url) for job in page.jobs]
        if any(not view.snapshot.has_ended for view in views):
            self._clock.on_poll()
        items = [
            self._kinds[view.job.kind].answers.body(listings[view.job.kind], view) for view in views
        ]
        listing, values = lister.listing, lister.page_fields.values(page, accepted, base_url)
        body = self._kinds[listing.kind].answers.page(listing, items, values)
        return Reply(listing.status, _JSON_HEADERS, orjson.dumps(body))


_JSON_HEADERS = {"content-type": "application/json"}
