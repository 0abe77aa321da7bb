"""The valid creates of a check: the cheapest jobs, with every field and in every media type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from decimal import Decimal

from ...openapi import Call, CreateOperation, Document
from ...openapi.jobs import Part
from ...openapi.json import Json
from ...openapi.operation import RequestBody
from ...openapi.pointer import Path, get_or_none
from ...openapi.request import read_call
from ..rules.server.prompt_tags import tag_prompt
from ..traffic.sample_image import SAMPLE_IMAGE_TYPE
from .create_bodies import CreateBodies
from .field_values import possible_values
from .free_texts import paths_in, set_field, with_texts
from .prices import Offer, cheapest_offers, price_of, priced_places
from .request_maker import Content, RequestMaker, preferred_media_type


class ValidCreates:
    """Creates that the document allows, all at its lowest price.

    requests: makes the requests
    seed: varies the second create among equally cheap ones, and the prompt
    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    media_type: the media type of the first create; None if requests have no body
    """

    def __init__(
        self,
        document: Document,
        create: CreateOperation,
        requests: RequestMaker,
        *,
        seed: int,
        run_id: str,
    ) -> None:
        self._document, self._create, self._requests = document, create, requests
        self._operation, self._given = create.operation, requests.given
        self._seed, self._run_id = seed, run_id
        self.media_type = preferred_media_type(self._operation)
        self._bodies = CreateBodies(create, requests)
        self._conditions = self._bodies.conditions()
        self._offers = cheapest_offers(create, {**self._conditions, **self._given.values})
        fixed = (*priced_places(create), *self._given.values, *create.when.values)
        self._fixed_paths = {place.path for place in fixed if place.part is Part.BODY}

    def price(self, calls: Iterable[Call]) -> Decimal | None:
        """Return the highest price of these creates, None if one is unknown."""
        prices = [price_of(self._document, call) for call in calls]
        known = [price for price in prices if price is not None]
        return max(known) if known and len(known) == len(prices) else None

    def minimal_content(self, media_type: str | None) -> Content | None:
        """Return the body without whose fields the job is not the cheapest one."""
        if media_type is None:
            return None
        content = Content(media_type, self._minimal(media_type, self._offers[0]))
        return self._bodies.with_images(content)

    def pair(self) -> tuple[Call, Call]:
        """Return two creates that use every field and, if possible, two media types.

        The second one has text that is not ASCII and every field that its body allows. The first
        one has the other fields, such as files, so that it shows the defaults.
        """
        if self.media_type is None:
            return self._call(None, self._offers[0]), self._call(None, self._second_offer)
        bodies = self._operation.bodies
        other_type = next((m for m in bodies if m != self.media_type), self.media_type)
        files: set[Path] = {(name,) for name in bodies[other_type].files}
        varied = Content(other_type, self._varied(other_type))
        second = self._with_fields(varied, self._second_offer, skip=files)
        first = self._with_fields(
            Content(self.media_type, self._minimal(self.media_type, self._offers[0])),
            self._offers[0],
            skip={*paths_in(second.value)},
        )
        return (
            self._call(self._bodies.with_images(first), self._offers[0]),
            self._call(self._bodies.with_images(second), self._second_offer),
        )

    def minimal(self) -> Iterator[Call]:
        """Yield a create with required fields only in each media type."""
        for media_type in (self.media_type, *self._operation.bodies):
            yield self._call(self.minimal_content(media_type), self._offers[0])

    def unused_fields(self) -> tuple[str, ...]:
        """Return the fields that neither create has, because no valid value of them is known."""
        used = set[str]()
        for call in self.pair():
            arguments = read_call(self._operation, call)
            used |= arguments.fields.keys() | arguments.files.keys()
        bodies = self._operation.bodies.values()
        fields = (n for body in bodies for n, s in body.properties.items() if _is_settable(s))
        return tuple(dict.fromkeys(name for name in fields if name not in used))

    @property
    def _second_offer(self) -> Offer:
        return self._offers[(1 + self._seed) % len(self._offers)]

    def _minimal(self, media_type: str, offer: Offer) -> Json:
        """Return a body with required fields, and those that make the job the cheapest one."""
        value = self._bodies.required(media_type, offer, cheapest=self._offers[0])
        return self._tagged(self._operation.bodies[media_type], value)

    def _varied(self, media_type: str) -> Json:
        """Return required fields with non-ASCII text, and other values at the same price."""
        body, value = self._operation.bodies[media_type], self._minimal(media_type, {})
        for place, chosen in self._second_offer.items():
            if place.part is Part.BODY and body.schema.schemas_at(place.path):
                set_field(value, place.path, chosen)
        return with_texts(body, value, self._fixed_paths, _not_ascii)

    def _tagged(self, body: RequestBody, value: Json) -> Json:
        """Return a body with a tag at the end of its prompts."""
        return with_texts(body, value, self._fixed_paths, self._with_tag)

    def _with_tag(self, text: str) -> str:
        return tag_prompt(text, self._seed, self._run_id)

    def _with_fields(self, content: Content, offer: Offer, *, skip: set[Path]) -> Content:
        """Return a body with each optional field that has a value that the document allows."""
        media_type, value = content
        body, known = self._operation.bodies[media_type], self._problems(content, offer)
        for path, schema in body.schema.fields() if isinstance(value, dict) else ():
            if len(path) > _MAX_DEPTH or not _is_settable(schema) or self._is_used(path, value):
                continue
            if path in skip or self._is_fixed(path):
                continue
            for candidate in self._values(body, path):
                extended = deepcopy(value)
                set_field(extended, path, candidate)
                if self._problems(Content(media_type, extended), offer) <= known:
                    value = extended
                    break
        return Content(media_type, value)

    def _is_used(self, path: Path, value: Json) -> bool:
        """Return True if a field is there, or something else stands where it would be."""
        for size in range(1, len(path)):
            above = get_or_none(value, path[:size])
            if above is not None and not isinstance(above, dict):
                return True
        above = get_or_none(value, path[:-1])
        return isinstance(above, dict) and path[-1] in above

    def _is_fixed(self, path: Path) -> bool:
        """Return True if a field, or one below it, affects the price or was set."""
        return any(fixed[: len(path)] == path for fixed in self._fixed_paths)

    def _values(self, body: RequestBody, path: Path) -> Iterator[Json]:
        if path[0] not in body.files:
            yield from possible_values(body, path)
        # A file of any type may have to be one that is not an image.
        elif {SAMPLE_IMAGE_TYPE, "image/*"} & {*body.files[path[0]]}:
            yield b""

    def _problems(self, content: Content, offer: Offer) -> set[str]:
        arguments = read_call(self._operation, self._call(self._bodies.with_images(content), offer))
        return {problem.message for problem in arguments.problems} | {*arguments.unknown_names}

    def call(self, content: Content | None, *, key: str | None = "") -> Call:
        """Return a create with this body and the parameters of the cheapest job."""
        return self._call(content, self._offers[0], key=key)

    def _call(self, content: Content | None, offer: Offer, *, key: str | None = "") -> Call:
        """Return a create with this body, and with the parameters of an offer."""
        chosen = {**self._conditions, **offer, **self._given.values}
        return self._requests.request(self._operation, content, key=key, values=chosen)


def _not_ascii(text: str) -> str:
    return f"{_NON_ASCII_TEXT} {text}"


def _is_settable(schema: Json) -> bool:
    """Return True if a client may send a field."""
    return not schema.get("readOnly")


_NON_ASCII_TEXT = "à l'aube 灯"
_MAX_DEPTH = 3
