"""The events of a job: when each is due, and what its body says."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

import orjson

from ...openapi import Document
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.jobs import JobKind, Webhook
from ...openapi.jobs.job_ids import id_of_pattern
from ...openapi.jobs.sources import NewId
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from ..clock import Clock
from ..jobs.answers import Answers
from ..jobs.field_values import FieldValues
from ..jobs.job import Job, observe
from ..jobs.view import ABSENT, View


class Event(NamedTuple):
    """One event of a job.

    Args:
        due: The time at which it happens (Unix seconds).
        state: The name of the state that the job enters.
        id: The id of the event, the same for the same job and seed.
        type: The name of the webhook.
        body: The JSON that is sent.
        url: The URL that the create's request names for it; None if it names none.
    """

    due: float
    state: str
    id: str
    type: str
    body: bytes
    url: str | None = None


class JobEvents:
    """The events of the jobs of a document.

    Args:
        document: The document.
        clock: The clock of the mock.
    """

    def __init__(self, document: Document, *, clock: Clock) -> None:
        self._kinds = {
            name: _KindEvents(document, kind, clock=clock) for name, kind in document.kinds.items()
        }

    def of(self, job: Job) -> Iterator[Event]:
        """Yield the events of a job in the order of their times."""
        yield from self._kinds[job.kind].of(job)


class _KindEvents:
    """The events of the jobs of one kind."""

    def __init__(self, document: Document, kind: JobKind, *, clock: Clock) -> None:
        self._kind, self._base_url = kind, document.server_url
        self._maker = ValueMaker(document.source.data, moment=clock.now())
        self._answers = Answers(document, kind, clock=clock, maker=self._maker)
        self._values = FieldValues(kind, document.operations, clock=clock)

    def of(self, job: Job) -> Iterator[Event]:
        for phase in job.progression.phases:
            due = job.created + phase.starts_after
            for webhook in self._kind.webhooks:
                if phase.state in webhook.states:
                    yield self._event(webhook, job, due, phase.state)

    def _event(self, webhook: Webhook, job: Job, due: float, state: str) -> Event:
        name = webhook.name or self._kind.name
        # A hash keeps the id the same under the same seed, without using up an id of the service.
        digest = sha256(f"{name} {job.id}".encode()).hexdigest()[:32]
        view = View(job, observe(job, due), self._base_url)
        url = _address(webhook, job)
        if webhook.body is None:
            creates = {create.operation.id: create for create in self._kind.creates}
            poll = creates.get(job.create, self._kind.creates[0]).poll
            body = self._answers.body(poll, view)
            return Event(due, state, digest, name, orjson.dumps(body), url)
        values = [*self._body_values(webhook, view, digest)]
        event_id = next((str(v) for _, v, is_id in values if is_id), digest)
        body = self._make(webhook, {path: value for path, value, _ in values})
        return Event(due, state, event_id, name, orjson.dumps(body), url)

    def _body_values(
        self, webhook: Webhook, view: View, digest: str
    ) -> Iterator[tuple[Path, Json, bool]]:
        """Yield the path and the value of each field, and True for the id of the event."""
        for field in webhook.body or ():
            is_id = isinstance(field.source, NewId)
            if isinstance(field.source, NewId):
                value: Json = id_of_pattern(field.source.pattern)(digest)
            else:
                function = self._values.value_of(field, [])
                value = function(view) if function else ABSENT
            if value is not ABSENT:
                yield field.place.path, value, is_id

    def _make(self, webhook: Webhook, values: dict[Path, Json]) -> Json:
        if webhook.schema is not None:
            try:
                return self._maker.make(webhook.schema, layout=Layout(values=values, sparse=()))
            except NoValueError as error:
                return error.nearest
        body: dict[str, Json] = {}
        for path, value in values.items():
            set_at(body, path, value)
        return body


def _address(webhook: Webhook, job: Job) -> str | None:
    """Return the URL that the request of a job names for a webhook; None if it names none."""
    url = job.request.get(str(webhook.address)) if webhook.address is not None else None
    return url if isinstance(url, str) and url else None
