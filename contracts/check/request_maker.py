"""Requests with everything that the document requires, beside what a check chooses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from ...openapi import Call, CreateOperation, Document, JobOperation, Operation, Parameter
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.jobs import Part, Place
from ...openapi.json import Json
from ...openapi.media_types import is_json
from ...openapi.operation import FORM
from ...openapi.parameter_style import scalar_text
from ...openapi.pointer import Path, set_at
from ..traffic.body_encoding import encode_body
from ..traffic.request_builder import build_call
from .given_values import NOTHING_GIVEN, GivenValues


class Content(NamedTuple):
    """The body of a request: its media type, and its value before it is encoded."""

    media_type: str
    value: Json


_NO_VALUES: Mapping[Place, Json] = MappingProxyType({})


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
        return self.sends_keys and bool(operation.credentials)

    def credentials(self) -> Mapping[str, str]:
        """Return the header with the API key, none without one; a header that is set counts."""
        known = self._document.credentials
        if known is None:
            return {}
        if known.header in self.given.headers:
            return {known.header: self.given.headers[known.header]}
        return {} if self.key is None else {known.header: known.value_of(self.key)}

    def request(
        self,
        operation: Operation,
        content: Content | None = None,
        *,
        key: str | None = "",
        path: Mapping[str, str] | None = None,
        query: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        values: Mapping[Place, Json] = _NO_VALUES,
    ) -> Call:
        """Return a request of an operation.

        Args:
            operation: The operation.
            content: The body.
            key: The API key; "" for that of this client, None to send none.
            path, query, headers: Parameters as text, which count before all others.
            values: The values of parameters, which count before those that are made.
        """
        chosen = {**self.given.values, **{p: v for p, v in values.items() if v is not None}}
        own = self.credentials() if key == "" else {}
        secrets = {self._document.credentials.header} if self._document.credentials else set()
        given = {name: v for name, v in self.given.headers.items() if name not in secrets}
        sent = {**self._headers(operation, chosen), **given, **own, **(headers or {})}
        call = build_call(
            self._document,
            operation,
            key=key or None,
            path_parameters={**self._path_parameters(operation, chosen), **(path or {})},
            query=self._query(operation, tuple(query), chosen),
            headers=sent,
        )
        if content is None:
            return call
        declared = operation.bodies.get(content.media_type) or next(iter(operation.bodies.values()))
        media_type, body = encode_body(declared, *content)
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

    def _path_parameters(
        self, operation: Operation, chosen: Mapping[Place, Json]
    ) -> dict[str, str]:
        known = {**operation.path_parameters, **self.create.operation.path_parameters}
        return {
            name: self._text(Place(Part.PATH, (name,)), known.get(name), chosen)
            for name in operation.template.parameters
        }

    def _query(
        self, operation: Operation, texts: tuple[tuple[str, str], ...], chosen: Mapping[Place, Json]
    ) -> tuple[tuple[str, str], ...]:
        present = {name for name, _ in texts}
        left = {name: p for name, p in operation.query.items() if name not in present}
        return (*self._pairs(Part.QUERY, left, chosen), *texts)

    def _headers(self, operation: Operation, chosen: Mapping[Place, Json]) -> dict[str, str]:
        credentials = self._document.credentials
        own = {*_OWN_HEADERS, *([credentials.header] if credentials else ())}
        places = ((Place(Part.HEADER, (n.lower(),)), p) for n, p in operation.headers.items())
        headers = {
            place.name: self._text(place, p, chosen)
            for place, p in places
            if place.name not in own and (p.required or place in chosen)
        }
        free = (p for p in chosen if p.part is Part.HEADER and p.name not in headers)
        headers |= {p.name: scalar_text(chosen[p]) for p in free if p.name not in own}
        cookies = self._pairs(Part.COOKIE, operation.cookies, chosen)
        text = "; ".join(f"{name}={value}" for name, value in cookies)
        return {**headers, "cookie": text} if text else headers

    def _pairs(
        self, part: Part, parameters: Mapping[str, Parameter], chosen: Mapping[Place, Json]
    ) -> Iterator[tuple[str, str]]:
        """Yield the pairs of the parameters that are required or chosen."""
        for name, parameter in parameters.items():
            place = Place(part, (name,))
            if place in chosen or parameter.required:
                yield from parameter.style.pairs(name, self._value(place, parameter, chosen))

    def _text(self, place: Place, parameter: Parameter | None, chosen: Mapping[Place, Json]) -> str:
        value = self._value(place, parameter, chosen)
        text = scalar_text(value) if parameter is None else parameter.style.text(value)
        return text or place.name

    def _value(
        self, place: Place, parameter: Parameter | None, chosen: Mapping[Place, Json]
    ) -> Json:
        """Return the value of a parameter: the chosen one, or one made from its schema."""
        if place in chosen:
            return chosen[place]
        try:
            made = self._maker.make(parameter.schema, key=place.name) if parameter else ""
        except NoValueError:
            made = ""
        return place.name if made in ("", None, [], {}) else made


def preferred_media_type(operation: Operation) -> str | None:
    """Return the media type to send: a form, which can carry files, else JSON, else the first."""
    types = [*operation.bodies]
    if FORM in types:
        return FORM
    return next(filter(is_json, types), types[0] if types else None)


# OpenAPI says that parameters with these names are ignored.
_OWN_HEADERS = ("accept", "authorization", "content-type")
