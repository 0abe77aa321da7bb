"""Rules for the fields that come back from the request that created the job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi.jobs import JobField, Part
from ....openapi.jobs.sources import FromRequest
from ....openapi.json import Json
from ....openapi.keywords import types_of
from ....openapi.pointer import Path, format_pointer
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_places import JobPlaces
from ...traffic.job_views import JobView
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .observed_job import ObservedJob


class EchoRules:
    """The fields of the request that the response to the create did not show, but others do.

    Args:
        places: The places that responses declare.
    """

    def __init__(self, places: JobPlaces) -> None:
        self._places = places
        self._left: dict[str, tuple[Exchange, list[JobField]]] = {}

    def record_create(self, exchange: Exchange, job_id: str, view: JobView | None) -> None:
        """Record the request that created a job, and the job as the response shows it."""
        fields = exchange.create.fields if exchange.create else ()
        left = [f for f in fields if view is None or not self._shows(view, f)]
        self._left[job_id] = exchange, left

    def check(self, observed: ObservedJob) -> Iterator[Violation]:
        """Yield the violations of fields that a response is the first to show."""
        view = observed.view
        create, fields = self._left.get(view.job_id, (None, []))
        if create is None or create is observed.exchange:
            return
        shown = [field for field in fields if self._shows(view, field)]
        self._left[view.job_id] = create, [field for field in fields if field not in shown]
        for field in shown:
            yield from echo_violations(
                self._places,
                field,
                view,
                create=create,
                shown_by=observed.exchange,
                number=observed.number,
            )

    def _shows(self, view: JobView, field: JobField) -> bool:
        return self._places.shows(view.role, field, view.state)


def echo_violations(
    places: JobPlaces,
    field: JobField,
    view: JobView,
    *,
    create: Exchange,
    shown_by: Exchange,
    number: int,
) -> Iterator[Violation]:
    """Yield a violation if a field of a job is not that of the request, or its default.

    Args:
        places: The places that responses declare.
        field: The field of the job.
        view: The job.
        create: The exchange that created the job.
        shown_by: The exchange that shows the job.
        number: The number of that exchange in the history.
    """
    source, path = field.source, field.place.path
    if not isinstance(source, FromRequest) or not _applies(field, view, create):
        return
    returned, sent = view.value_at(path), create.value_at(source.place)
    expected = create.requested_value(source.place)
    if expected is None or not places.shows(view.role, field, view.state):
        return
    if returned is None and (field.optional or may_be_null(places, view, path)):
        return
    translated = source.translated(expected)
    if not _contains(returned, translated):
        yield violation_of(
            catalogue.FIELD_NOT_ECHOED if sent is not None else catalogue.DEFAULT_NOT_APPLIED,
            shown_by,
            number,
            place=format_pointer(path),
            received=quote(returned),
            expected=quote(translated),
        )


def _applies(field: JobField, view: JobView, create: Exchange) -> bool:
    """Return True if a job has a field, and if the request had a valid value for it."""
    if field.place.part is not Part.BODY or view.state.name not in field.possible:
        return False
    source = field.source
    name = source.place.path[0] if isinstance(source, FromRequest) and source.place.path else ""
    invalid = (str(problem.parameter or "") for problem in create.arguments.problems)
    return create.meets(field.when) and not any(_INNER.split(p)[0] == name for p in invalid)


def may_be_null(places: JobPlaces, view: JobView, path: Path) -> bool:
    """Return True if the schema of a field in a response allows null."""
    schemas = places.schemas_at(view.role, path, view.state)
    return any("null" in types_of(schema) for schema in schemas)


def _contains(returned: Json, expected: Json) -> bool:
    """Return True for equal values; a server may add members, such as defaults, to objects."""
    if isinstance(expected, dict):
        return isinstance(returned, dict) and all(
            _contains(returned.get(name), value) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(returned, list):
        pairs = zip(returned, expected, strict=False)
        return len(returned) == len(expected) and all(_contains(*pair) for pair in pairs)
    return bool(returned == expected)


# The end of the name of a field at the top of the body, in the place of a problem below it.
_INNER = re.compile(r"[./\[]")
