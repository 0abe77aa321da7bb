"""The values of a request that a job keeps, by place, and conditions on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...openapi import Arguments, Call
from ...openapi.jobs import Condition, CreateOperation, JobKind, Part, Place, parse_place
from ...openapi.jobs.request_places import request_schemas
from ...openapi.jobs.sources import FromRequest
from ...openapi.json import Json
from ...openapi.request_place import read_place
from .returned_places import returned_places


@dataclass(frozen=True, slots=True)
class KeptPlace:
    """A place in a request whose value a job keeps.

    Args:
        place: The place.
        key: The place as text.
        default: The value of a request without it; None if the document has no default.
        name: The name of a field at the top of the body; "" for any other place.
    """

    place: Place
    key: str
    default: Json
    name: str = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        top = self.place.part is Part.BODY and len(self.place.path) == 1
        object.__setattr__(self, "name", self.place.name if top else "")

    @property
    def is_field(self) -> bool:
        """True for a field at the top of the body."""
        return bool(self.name)


class RequestReader:
    """Reads the values that the jobs of one create keep.

    Args:
        kind: The kind of job.
        create: The operation that creates the jobs.
    """

    def __init__(self, kind: JobKind, create: CreateOperation) -> None:
        kept = [
            KeptPlace(place, str(place), _default(create, place))
            for place in dict.fromkeys(_kept_places(kind, create))
        ]
        # Most places are fields at the top of a body, which are quickly looked up.
        self._fields = tuple(each for each in kept if each.is_field)
        self._others = tuple(each for each in kept if not each.is_field)

    @property
    def defaults(self) -> dict[str, Json]:
        """The values of a request that leaves out everything."""
        kept = (*self._fields, *self._others)
        return {each.key: each.default for each in kept if each.default is not None}

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
        values: dict[str, Json] = dict(source or {})
        fields = arguments.fields
        for kept in self._fields:
            value = fields.get(kept.name)
            if value is None:
                value = values.get(kept.key, kept.default)
            if value is not None:
                values[kept.key] = value
        for kept in self._others:
            value = read_place(kept.place, call, arguments)
            if value is None:
                value = values.get(kept.key, kept.default)
            if value is not None:
                values[kept.key] = value
        return values


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
