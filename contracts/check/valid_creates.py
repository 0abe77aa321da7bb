"""The valid creates of a check: the cheapest jobs, with every field and in every media type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import product
from math import inf

from ...openapi import Call, Document, JobRole, Operation
from ...openapi.json import Json
from ...openapi.operation import FORM, RequestBody
from ...openapi.request import read_call
from ...openapi.schema import types_of
from ..rules.server.prompt_tags import tag_prompt
from ..traffic.request_builder import build_call
from ..traffic.sample_image import SAMPLE_IMAGE_TYPE, sample_image
from .field_values import default_value, example_value, possible_values


class ValidCreates:
    """Creates that the document allows, all at its lowest price.

    key: the API key to send
    seed: varies the second create among equally cheap ones, and the prompt
    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    media_type: the media type of the first create
    price: the price of each create, None if it is unknown
    """

    def __init__(self, document: Document, *, key: str, seed: int, run_id: str) -> None:
        self._document, self._operation = document, document.by_role[JobRole.CREATE]
        self._key, self._seed, self._run_id = key, seed, run_id
        bodies = self._operation.bodies
        self.media_type = FORM if FORM in bodies else next(iter(bodies))
        self._offers, self.price = _cheapest_offers(self._operation, bodies[self.media_type])

    def minimal_fields(self, media_type: str) -> dict[str, Json]:
        """Return the fields without which the job is not the cheapest one."""
        required = self._required_fields(media_type)
        body = self._operation.bodies[media_type]
        return {**required, **dict(_non_default_fields(body, required, self._offers[0]))}

    def pair(self) -> tuple[Call, Call]:
        """Return two creates that use every field and, if possible, two media types.

        The second one has text that is not ASCII and every field that its body allows. The first
        one has the other fields, such as files, so that it shows the defaults.
        """
        bodies = self._operation.bodies
        other_type = next((m for m in bodies if m != self.media_type), self.media_type)
        second = self._with_fields(
            self._varied_fields(other_type), other_type, skip=bodies[other_type].files
        )
        first = self._with_fields(
            self.minimal_fields(self.media_type), self.media_type, skip=second
        )
        return self._call(first, self.media_type), self._call(second, other_type)

    def minimal(self) -> Iterator[Call]:
        """Yield a create with required fields only in each media type."""
        for media_type in (self.media_type, *self._operation.bodies):
            yield self._call(self.minimal_fields(media_type), media_type)

    def unused_fields(self) -> tuple[str, ...]:
        """Return the fields that neither create has, because no valid value of them is known."""
        operation = self._operation
        used = set[str]()
        for call in self.pair():
            arguments = read_call(operation, call)
            used |= arguments.fields.keys() | arguments.files.keys()
        fields = (n for body in operation.bodies.values() for n in _settable_fields(body))
        return tuple(dict.fromkeys(name for name in fields if name not in used))

    def _varied_fields(self, media_type: str) -> dict[str, Json]:
        """Return required fields with non-ASCII text, and other values at the same price."""
        operation, body = self._operation, self._operation.bodies[media_type]
        required = self._required_fields(media_type)
        offer = self._offers[(1 + self._seed) % len(self._offers)]
        fields = {**required, **{n: v for n, v in offer.items() if n in body.properties}}
        names = _free_text_fields(operation, body, required)
        return {**fields, **{name: f"{_NON_ASCII_TEXT} {fields[name]}" for name in names}}

    def _required_fields(self, media_type: str) -> dict[str, Json]:
        """Return the required fields, with tagged prompts."""
        body = self._operation.bodies[media_type]
        names = body.schema.raw.get("required", ())
        fields = {name: example_value(body, name) for name in names if name not in body.files}
        for name in [*_free_text_fields(self._operation, body, fields)]:
            fields[name] = tag_prompt(str(fields[name]), self._seed, self._run_id)
        image = sample_image(self._document, fields)
        return {**fields, **{name: image for name in names if name in body.files}}

    def _with_fields(
        self, fields: dict[str, Json], media_type: str, *, skip: Iterable[str]
    ) -> dict[str, Json]:
        """Return the fields, and each optional one with a value that the document allows."""
        body, known = self._operation.bodies[media_type], self._problems(fields, media_type)
        priced, skipped = {*_priced_fields(self._operation)}, {*skip}
        for name in _settable_fields(body):
            if name in fields or name in priced or name in skipped:
                continue
            for value in self._values(body, name, fields):
                extended = {**fields, name: value}
                if self._problems(extended, media_type) <= known:
                    fields = extended
                    break
        return fields

    def _values(self, body: RequestBody, name: str, fields: Mapping[str, Json]) -> Iterator[Json]:
        if name not in body.files:
            yield from possible_values(body, name)
        # A file of any type may have to be one that is not an image.
        elif {SAMPLE_IMAGE_TYPE, "image/*"} & {*body.files[name]}:
            yield sample_image(self._document, fields)

    def _problems(self, fields: Mapping[str, Json], media_type: str) -> set[str]:
        arguments = read_call(self._operation, self._call(fields, media_type))
        return {problem.message for problem in arguments.problems} | {*arguments.unknown_names}

    def _call(self, fields: Mapping[str, Json], media_type: str) -> Call:
        """Return a create with these fields; its images have the size that the others request."""
        files = self._operation.bodies[media_type].files
        images = {n: sample_image(self._document, fields) for n in fields if n in files}
        sent = {**fields, **images}
        return build_call(
            self._document, self._operation, sent, media_type=media_type, key=self._key
        )


def _settable_fields(body: RequestBody) -> Iterator[str]:
    """Yield the fields that a client may send."""
    return (name for name, schema in body.properties.items() if not schema.get("readOnly"))


def _priced_fields(operation: Operation) -> Iterator[str]:
    """Yield the fields that affect the price."""
    price = operation.price
    if price is not None:
        yield from (name for rate in price.rates for name in rate.when)
        yield from [price.per] if price.per else []


def _free_text_fields(
    operation: Operation, body: RequestBody, fields: Mapping[str, Json]
) -> Iterator[str]:
    """Yield the fields that may hold a few more words and do not affect the price."""
    priced = [*_priced_fields(operation)]
    for name, value in fields.items():
        if name in priced:
            continue
        schema = body.properties.get(name, {})
        unrestricted = not schema.keys() & {"enum", "const", "pattern", "format"}
        fits = schema.get("maxLength", inf) >= len(str(value)) + _MIN_SPARE_LENGTH
        if isinstance(value, str) and unrestricted and fits and types_of(schema) == ("string",):
            yield name


def _cheapest_offers(
    operation: Operation, body: RequestBody
) -> tuple[list[dict[str, Json]], Decimal | None]:
    """Return the fields of the cheapest jobs, default values first, and their price.

    Without a known price, the jobs have the default values, and the price is None.
    """
    price = operation.price
    if price is None:
        return [{}], None
    named = dict.fromkeys([n for rate in price.rates for n in rate.when] + [price.per or ""])
    choices = {n: _priced_values(operation, body, n) for n in named if n in body.properties}
    offers = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    amounts = [price.amount_for(offer) for offer in offers]
    lowest = min((amount for amount in amounts if amount is not None), default=None)
    cheapest = (offer for offer, amount in zip(offers, amounts, strict=True) if amount == lowest)
    return [*cheapest], lowest


def _non_default_fields(
    body: RequestBody, required: Mapping[str, Json], offer: Mapping[str, Json]
) -> Iterator[tuple[str, Json]]:
    """Yield the fields of an offer that must be sent, because their values are not the default."""
    default = {name: body.properties[name].get("default") for name in offer}
    return ((n, v) for n, v in offer.items() if n in required or v != default[n])


def _priced_values(operation: Operation, body: RequestBody, name: str) -> list[Json]:
    """Return the allowed values of a field that affects the price, the default first."""
    schema = body.properties[name]
    rates = operation.price.rates if operation.price else ()
    candidates = [default_value(body, name), *schema.get("enum", ())]
    candidates += [value for rate in rates for value in rate.when.get(name, ())]
    candidates += [schema["minimum"]] if "minimum" in schema else []
    listed = schema.get("enum")
    allowed = [value for value in candidates if listed is None or value in listed]
    return [value for n, value in enumerate(allowed) if value not in allowed[:n]]


_NON_ASCII_TEXT = "à l'aube 灯"
_MIN_SPARE_LENGTH = 40
