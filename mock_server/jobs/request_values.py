"""The values of a request that a job keeps, by place, and conditions on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...openapi import Arguments, Call
from ...openapi.jobs import Condition, CreateOperation, JobKind, Part, Place, parse_place
from ...openapi.jobs.request_places import request_schemas
from ...openapi.jobs.sources import FromRequest
from ...openapi.json import Json
from ...openapi.request_place import read_place
from .returned_places import returned_places


class RequestReader:
    """Reads the values that the jobs of one create keep.

    Args:
        kind: The kind of job.
        create: The operation that creates the jobs.
    """

    def __init__(self, kind: JobKind, create: CreateOperation) -> None:
        places = [*dict.fromkeys(_kept_places(kind, create))]
        # Most places are fields at the top of a body, which are quickly looked up.
        self._fields = {place.name: str(place) for place in places if _is_field(place)}
        self._others = tuple((place, str(place)) for place in places if not _is_field(place))
        defaults = {str(place): _default(create, place) for place in places}
        self._defaults = {key: value for key, value in defaults.items() if value is not None}

    @property
    def defaults(self) -> dict[str, Json]:
        """The values of a request that leaves out everything."""
        return {**self._defaults}

    def read(
        self, call: Call, arguments: Arguments, *, source: Mapping[str, Json] | None = None
    ) -> dict[str, Json]:
        """Return the values of a request by place; places without a value are left out.

        Args:
            call: The request.
            arguments: The same request, read.
            source: The values of the job that the new one is made from, which count before
                defaults.
        """
        values: dict[str, Json] = {**self._defaults, **(source or {})}
        for name, value in arguments.fields.items():
            key = self._fields.get(name)
            if key is not None and value is not None:
                values[key] = value
        for place, key in self._others:
            value = read_place(place, call, arguments)
            if value is not None:
                values[key] = value
        return values


def _is_field(place: Place) -> bool:
    """Return True for a field at the top of the body."""
    return place.part is Part.BODY and len(place.path) == 1


def holds(condition: Condition, request: Mapping[str, Json]) -> bool:
    """Return True if a condition holds for a request, given by its values by place."""
    if not condition.values:
        return True
    return all(request.get(str(place)) in values for place, values in condition.values.items())


def _kept_places(kind: JobKind, create: CreateOperation) -> Iterator[Place]:
    for field in create.fields:
        if isinstance(field.source, FromRequest):
            yield field.source.place
        yield from field.when.values
    yield from create.when.values
    yield from returned_places(kind, create)
    for state in kind.lifecycle.states.values():
        yield from state.scale
    for failure in create.failures:
        yield from failure.when.values if failure.when else ()
    media = create.media
    shaping = (media.size, media.width, media.height, media.resolution, media.ratio, media.duration)
    yield from (place for place in shaping if place is not None)
    yield from (webhook.address for webhook in kind.webhooks if webhook.address is not None)
    for rate in create.price.rates if create.price else ():
        yield from map(parse_place, rate.when)
    if create.price and create.price.per:
        yield parse_place(create.price.per)
    # The poll of a job may be below the same resource as its create.
    for name in create.operation.template.parameters:
        yield Place(Part.PATH, (name,))


def _default(create: CreateOperation, place: Place) -> Json:
    schemas = request_schemas(create.operation, place)
    return next((schema["default"] for schema in schemas if "default" in schema), None)
