"""Requests with everything that the document requires, beside what a check chooses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

from ...openapi import Call, CreateOperation, Document, JobOperation, Operation, Parameter
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.jobs import Part, Place
from ...openapi.json import Json
from ...openapi.media_types import is_json
from ...openapi.operation import FORM
from ...openapi.pointer import Path, set_at
from ..traffic.request_builder import BOUNDARY, build_call, encode_form
from .given_values import NOTHING_GIVEN, GivenValues


class Content(NamedTuple):
    """The body of a request: its media type, and its value before it is encoded."""

    media_type: str
    value: Json


class RequestMaker:
    """Makes requests of one client.

    Parameters and headers that the document requires are those that a person has set, or made from
    their schemas. Parameters of the same name have the same value in all requests about a job.

    key, create, given: as below

    Args:
        document: The document of the API.
        create: The operation that creates the jobs.
        key: The API key; None to send none.
        given: The values that a person has set.
    """

    def __init__(
        self,
        document: Document,
        create: CreateOperation,
        *,
        key: str | None,
        given: GivenValues = NOTHING_GIVEN,
    ) -> None:
        self.key, self.given = key, given
        self._document, self.create = document, create
        self._maker = ValueMaker(document.source.data)

    @property
    def sends_keys(self) -> bool:
        """True if requests have an API key, so that one without a key is another request."""
        return bool(self.credentials())

    def needs_key(self, operation: Operation) -> bool:
        """Return True if a request without the key should be rejected."""
        return self.sends_keys and operation.secured

    def credentials(self) -> Mapping[str, str]:
        """Return the header with the API key, none without one; a header that is set counts."""
        known = self._document.credentials
        if known is None:
            return {}
        if known.header in self.given.headers:
            return {known.header: self.given.headers[known.header]}
        return {} if self.key is None else {known.header: f"{known.scheme} {self.key}".strip()}

    def request(
        self,
        operation: Operation,
        content: Content | None = None,
        *,
        key: str | None = "",
        path: Mapping[str, str] | None = None,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """Return a request of an operation; "" is the key of this client, None sends none."""
        own = self.credentials() if key == "" else {}
        secrets = {self._document.credentials.header} if self._document.credentials else set()
        given = {name: v for name, v in self.given.headers.items() if name not in secrets}
        sent = {**self._headers(operation), **given, **own, **(headers or {})}
        call = build_call(
            self._document,
            operation,
            key=key or None,
            path_parameters={**self._path_parameters(operation), **(path or {})},
            query=self._query(operation, tuple(query)),
            headers=sent,
        )
        if content is None:
            return call
        media_type, body = _encode(content)
        return replace(call, headers={**call.headers, "content-type": media_type}, body=body)

    def about_job(
        self,
        each: JobOperation,
        job_id: str,
        *,
        key: str | None = "",
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        """Return a request about one job, whose id is where the operation expects it."""
        place = each.id or Place(Part.PATH, ("",))
        own = {place.name: job_id}
        return self.request(
            each.operation,
            self._content(each.operation, {place.path: job_id} if place.part is Part.BODY else {}),
            key=key,
            path=own if place.part is Part.PATH else None,
            query=[*(own.items() if place.part is Part.QUERY else ()), *query],
            headers={**(own if place.part is Part.HEADER else {}), **(headers or {})},
        )

    def required_value(self, operation: Operation, media_type: str, values: Layout) -> Json:
        """Return a body with required fields only. Raises NoValueError if none can be made."""
        return self._maker.make(operation.bodies[media_type].schema, layout=values)

    def _content(self, operation: Operation, values: Mapping[Path, Json]) -> Content | None:
        """Return the body of a request that does not create a job; None if it needs none."""
        media_type = preferred_media_type(operation)
        if media_type is None or not (operation.body_required or values):
            return None
        layout = Layout(values=values, sparse=())
        try:
            return Content(media_type, self.required_value(operation, media_type, layout))
        except NoValueError:
            value: dict[str, Json] = {}
            for path, each in values.items():
                set_at(value, path, each)
            return Content(media_type, value)

    def _path_parameters(self, operation: Operation) -> dict[str, str]:
        known = {**operation.path_parameters, **self.create.operation.path_parameters}
        return {
            name: self._text(Place(Part.PATH, (name,)), known.get(name))
            for name in operation.template.parameters
        }

    def _query(
        self, operation: Operation, chosen: tuple[tuple[str, str], ...]
    ) -> tuple[tuple[str, str], ...]:
        present = {name for name, _ in chosen}
        required = [p for p in operation.query.values() if p.name not in present]
        places = ((Place(Part.QUERY, (p.name,)), p) for p in required)
        texts = ((p, self._text(place, p)) for place, p in places if self._is_sent(place, p))
        return (*((p.name, text) for p, text in texts), *chosen)

    def _headers(self, operation: Operation) -> dict[str, str]:
        credentials = self._document.credentials
        own = {*_OWN_HEADERS, *([credentials.header] if credentials else ())}
        places = ((Place(Part.HEADER, (n.lower(),)), p) for n, p in operation.headers.items())
        return {
            place.name: self._text(place, p)
            for place, p in places
            if place.name not in own and self._is_sent(place, p)
        }

    def _is_sent(self, place: Place, parameter: Parameter) -> bool:
        return parameter.required or place in self.given.values

    def _text(self, place: Place, parameter: Parameter | None) -> str:
        """Return the text of a parameter: as a person has set it, or made from its schema."""
        if place in self.given.values:
            return as_text(self.given.values[place])
        if parameter is None:
            return place.name
        try:
            return as_text(self._maker.make(parameter.schema, key=place.name)) or place.name
        except NoValueError:
            return place.name


def preferred_media_type(operation: Operation) -> str | None:
    """Return the media type to send: a form, which can carry files, else JSON, else the first."""
    types = [*operation.bodies]
    if FORM in types:
        return FORM
    return next(filter(is_json, types), types[0] if types else None)


def _encode(content: Content) -> tuple[str, bytes]:
    """Return the Content-Type and the bytes of a body."""
    media_type, value = content
    if media_type == FORM:
        return f"{FORM}; boundary={BOUNDARY}", encode_form(value if isinstance(value, dict) else {})
    if media_type == _URL_FORM and isinstance(value, dict):
        return media_type, urlencode({name: as_text(v) for name, v in value.items()}).encode()
    if is_json(media_type):
        return media_type, orjson.dumps(value)
    return media_type, value if isinstance(value, bytes) else as_text(value).encode()


def as_text(value: Json) -> str:
    """Return a value as parameters write it: entries of an array with commas between them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return orjson.dumps(value).decode()


# OpenAPI says that parameters with these names are ignored.
_OWN_HEADERS = ("accept", "authorization", "content-type")
_URL_FORM = "application/x-www-form-urlencoded"
