"""The rule for fields that a job has from the job that it was made from."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import JobKind
from ....openapi.jobs import JobField, Part
from ....openapi.jobs.sources import FromSource
from ....openapi.json import Json
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_places import JobPlaces
from .. import server_catalogue as catalogue
from ..violation import Violation
from .echoes import may_be_null
from .observed_job import ObservedJob


class SourceRules:
    """The fields of jobs of one kind that come from other jobs; each is checked once.

    Args:
        kind: The kind of job.
        places: The places that responses declare.
    """

    def __init__(self, kind: JobKind, places: JobPlaces) -> None:
        self._kind, self._places = kind, places
        self._left: dict[str, list[tuple[JobField, Json]]] = {}

    def record_create(self, exchange: Exchange, job_id: str, source: ObservedJob | None) -> None:
        """Record what a new job should have from the job that it was made from.

        Args:
            exchange: The request that created the job.
            job_id: The id of the new job.
            source: The last view of the other job. It counts if that job has ended, because
                fields of a job that goes on may change.
        """
        if exchange.create is None or exchange.source_id is None:
            return
        left = self._left.setdefault(job_id, [])
        for field in exchange.create.fields:
            if not isinstance(field.source, FromSource) or field.place.part is not Part.BODY:
                continue
            value: Json = None
            if field.source.path == self._kind.id_at:
                # The rules for single responses look at the response to the create.
                shown = self._places.shows(exchange.create, field, None)
                value = None if shown else exchange.source_id
            elif source is not None and source.state.meaning.is_terminal:
                value = source.value_at(field.source.path)
            if value is not None and exchange.meets(field.when):
                left.append((field, value))

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations of fields that a response is the first to show."""
        view = observed.view
        for each in self._left.get(view.job_id, ())[:]:
            field, expected = each
            path, possible = field.place.path, view.state.name in field.possible
            if not possible or not self._places.shows(view.role, field, view.state):
                continue
            self._left[view.job_id].remove(each)
            found = observed.value_at(path)
            may_be_absent = field.optional or may_be_null(self._places, view, path)
            if found != expected and not (found is None and may_be_absent):
                expected_text = f"{quote(expected)}, as in the job that it was made from"
                yield observed.violation(catalogue.REMIX_SOURCE, path, expected_text)
