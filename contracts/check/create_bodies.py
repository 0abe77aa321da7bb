"""The bodies of valid creates: required fields, and those that a person or a price sets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy

from ...openapi import CreateOperation
from ...openapi.generator import NoValueError
from ...openapi.generator.layout import Layout
from ...openapi.jobs import Part, Place
from ...openapi.json import Json
from ...openapi.media_types import is_json
from ...openapi.operation import TEXT, RequestBody
from ...openapi.pointer import Path, get_or_none
from ..traffic.sample_image import SAMPLE_IMAGE_TYPE, sample_image
from .field_values import example_value, shown_values
from .free_texts import set_field
from .prices import Offer, default_at
from .request_maker import Content, RequestMaker


class CreateBodies:
    """Makes the bodies of one create.

    Args:
        create: The operation that creates the jobs.
        requests: Makes required values, and knows the values that a person has set.
    """

    def __init__(self, create: CreateOperation, requests: RequestMaker) -> None:
        self._create, self._requests = create, requests
        self._operation, self._given = create.operation, requests.given

    def conditions(self) -> Offer:
        """Return the values without which a request does not create a job."""
        conditions = self._create.when.values.items()
        return {p: values[0] for p, values in conditions if None not in values}

    def required(self, media_type: str, offer: Offer, *, cheapest: Offer) -> Json:
        """Return a body with required fields, with the values that the document shows.

        Args:
            media_type: The media type of the body.
            offer: The values that decide about the price.
            cheapest: The values of the cheapest job, for fields that must be sent in any case.
        """
        body, chosen = self._operation.bodies[media_type], self._chosen(offer)
        if not is_json(media_type) and media_type != TEXT:
            value: Json = self._required_form_fields(media_type) if body.properties else ""
            for path, each in chosen.items():
                set_field(value, path, each)
            return value
        try:
            value = self._requests.required_value(
                self._operation, media_type, Layout(values=chosen, sparse=())
            )
        except NoValueError:  # the schema contradicts itself
            return deepcopy(next(shown_values(body, ()), {}))
        return self._with_examples(body, value, cheapest)

    def _required_form_fields(self, media_type: str) -> dict[str, Json]:
        body = self._operation.bodies[media_type]
        names = [name for name in _required_names(body) if name not in body.files]
        fields = {name: example_value(body, (name,)) for name in names}
        empty = [name for name in names if fields[name] in ([], {})]
        if empty:
            with suppress(NoValueError):
                layout = Layout(sparse=())
                made = self._requests.required_value(self._operation, media_type, layout)
                fields |= {name: made[name] for name in empty}
        for name in empty:
            if fields[name] == []:  # a form with no entries does not have the field
                fields[name] = [example_value(body, (name, "0"))]
        return fields

    def _with_examples(self, body: RequestBody, value: Json, cheapest: Offer) -> Json:
        """Return the value with the fields that the example of the whole body has."""
        example = body.example
        if not isinstance(value, dict) or not isinstance(example, dict):
            return value
        for name in value:
            shown = {**value, name: deepcopy(example.get(name))}
            fixed = any(place.path[:1] == (name,) for place in self._fixed_in_body())
            if name in example and not fixed and body.schema.accepts(shown):
                value = shown
        for place in cheapest:  # the cheapest values of fields that must be sent
            is_sent = place.part is Part.BODY and get_or_none(value, place.path) is not None
            if is_sent and place not in self._given.values:
                set_field(value, place.path, cheapest[place])
        return value

    def _fixed_in_body(self) -> Iterator[Place]:
        places = (*self._given.values, *self._create.when.values)
        return (place for place in places if place.part is Part.BODY)

    def _chosen(self, offer: Offer) -> dict[Path, Json]:
        """Return the values in the body that were set, or that are not the default."""
        wanted = {p: v for p, v in offer.items() if v != default_at(self._create, p)}
        values = {**wanted, **self.conditions(), **self._given.values}
        return {
            place.path: value
            for place, value in values.items()
            if place.part is Part.BODY and value is not None
        }

    def with_images(self, content: Content) -> Content:
        """Return a body with images of the size that the other fields request."""
        media_type, value = content
        if isinstance(value, dict):
            body = self._operation.bodies[media_type]
            fields = dict.fromkeys([*value, *_required_names(body)])
            names = [name for name in fields if name in body.files]
            image = sample_image(self._create, value)
            images = {name: _files(body, name, image) for name in names}
            return Content(media_type, {**value, **images})
        if value == "" and media_type.startswith(("image/", "*/", "application/octet")):
            is_named = media_type.startswith("application/")
            media_type = media_type if is_named else SAMPLE_IMAGE_TYPE
            return Content(media_type, sample_image(self._create, {}))
        return content


def _files(body: RequestBody, name: str, file: bytes) -> Json:
    """Return the value of a field that is a file: the file, or the least number of them."""
    least = [each.get("minItems", 1) for each in body.schema.schemas_at((name,)) if "items" in each]
    return [file] * max(1, *least) if least else file


def _required_names(body: RequestBody) -> list[str]:
    """Return the fields that a body and the schemas combined with it require."""
    schemas = body.schema.schemas_at(())
    return [name for schema in schemas for name in schema.get("required", ())]
