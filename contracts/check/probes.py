"""Requests that a right server refuses, so that they cost nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from ...openapi import Call, Document, JobRole, Operation
from ...openapi.credentials import UNKNOWN_KEY
from ...openapi.json import Json
from ...openapi.operation import JSON, Body
from ...openapi.schema import types_of
from ..traffic.request_builder import build_call, job_id_parameter, unknown_job_id


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that a right server refuses. `why` says what is wrong with it, `price` what it
    costs if a wrong server accepts it.
    """

    call: Call
    why: str
    price: Decimal = Decimal(0)


class CreateProbes:
    """Wrong variations of a create that is right with these fields and costs this price.

    `outside` is a text that is no value of anything.
    """

    def __init__(
        self,
        document: Document,
        fields: Mapping[str, Json],
        *,
        media_type: str,
        key: str,
        price: Decimal,
        outside: str,
    ) -> None:
        self._document, self._operation = document, document.by_role[JobRole.CREATE]
        self._fields, self._media_type = fields, media_type
        self._body = self._operation.bodies[media_type]
        self._key, self._price, self._outside = key, price, outside

    def __iter__(self) -> Iterator[Probe]:
        if self._operation.secured and self._document.credentials:
            yield self._probe(self._call(self._fields, key=None), "no key")
        yield from self._wrong_fields()
        yield from self._wrong_files()
        yield from self._wrong_bodies()

    def _wrong_fields(self) -> Iterator[Probe]:
        required = self._body.schema.raw.get("required", ())
        for name in required:
            rest = {other: value for other, value in self._fields.items() if other != name}
            yield self._probe(self._call(rest or self._anything(name)), f"{name} is missing")
        for name, schema in self._body.properties.items():
            if "enum" in schema:
                yield self._with(name, self._outside, f"{name} is {self._outside!r}")
            if schema.get("minLength"):
                yield self._with(name, "", f"{name} is empty")
            if schema.get("maxLength", _LONGEST) < _LONGEST:
                yield self._with(name, "x" * (schema["maxLength"] + 1), f"{name} is too long")

    def _anything(self, but: str) -> dict[str, Json]:
        """A right field that need not be there, since a form without any is wrong by itself."""
        known = (name for name, schema in self._body.properties.items() if "default" in schema)
        return {name: usual(self._body, name) for name in known if name != but}

    def _wrong_files(self) -> Iterator[Probe]:
        for name in self._body.files:
            yield self._with(name, self._outside, f"{name} is no file")
            bytes_ = self._outside.encode()
            yield self._with(name, bytes_, f"{name} is a file of no known type")

    def _wrong_bodies(self) -> Iterator[Probe]:
        whole = self._call(self._fields, media_type=JSON)
        plain = {**whole.headers, "content-type": "text/plain"}
        yield self._probe(replace(whole, headers=plain), "its body is text/plain")
        if JSON in self._operation.bodies:
            cut = replace(whole, body=whole.body[:-1])
            yield self._probe(cut, "its JSON is cut off")
            for name in self._operation.bodies[JSON].schema.raw.get("required", ()):
                if types_of(self._operation.bodies[JSON].properties.get(name)) == ("string",):
                    wrong = self._call({**self._fields, name: 5}, media_type=JSON)
                    yield self._probe(wrong, f"{name} is a number")

    def _with(self, name: str, value: Json, why: str) -> Probe:
        wrong = {**self._fields, name: value}
        return Probe(self._call(wrong), why, price_if_accepted(self._operation, wrong, self._price))

    def _probe(self, call: Call, why: str) -> Probe:
        return Probe(call, why, self._price)

    def _call(
        self, fields: Mapping[str, Json], *, key: str | None = "", media_type: str = ""
    ) -> Call:
        return build_call(
            self._document,
            self._operation,
            fields,
            media_type=media_type or self._media_type,
            key=self._key if key == "" else key,
        )


def free_probes(document: Document, *, key: str, outside: str) -> Iterator[Probe]:
    """Questions about a job that was never made, lists that cannot be, and wrong keys."""
    for role in (JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE):
        operation = document.by_role.get(role)
        if operation is not None:
            unknown = {job_id_parameter(operation): unknown_job_id(document)}
            call = build_call(document, operation, key=key, path_parameters=unknown)
            yield Probe(call, "a job that was never made")
    listing = document.by_role.get(JobRole.LIST)
    if listing is not None:
        yield from _wrong_lists(document, listing, key, outside)
        yield from _wrong_keys(document, listing, key)


def _wrong_lists(
    document: Document, operation: Operation, key: str, outside: str
) -> Iterator[Probe]:
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        wrong = [outside] if "enum" in schema or "integer" in types_of(schema) else []
        wrong += [str(schema["minimum"] - 1)] if "minimum" in schema else []
        wrong += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        for value in wrong:
            call = build_call(document, operation, key=key, query=((name, value),))
            yield Probe(call, f"{name} is {value}")


def _wrong_keys(document: Document, operation: Operation, key: str) -> Iterator[Probe]:
    credentials = document.credentials
    if credentials is None or not operation.secured:
        return
    yield Probe(build_call(document, operation, key=None), "no key")
    yield Probe(build_call(document, operation, key=UNKNOWN_KEY), "a key that nobody has")
    if credentials.scheme:
        right = build_call(document, operation, key=key)
        for value, why in (
            (f"Basic {key}", "another scheme"),
            (credentials.scheme, "no key in it"),
        ):
            headers = {**right.headers, credentials.header: value}
            yield Probe(replace(right, headers=headers), f"{credentials.header} with {why}")


_LONGEST = 1_000_000


def usual(body: Body, name: str) -> Json:
    """The default of a field, or an example."""
    return body.properties[name].get("default", example(body, name))


def example(body: Body, name: str) -> Json:
    """A value for a field: the document's example or default, or the least that is allowed."""
    schema = body.properties.get(name, {})
    if isinstance(body.example, Mapping) and name in body.example:
        return body.example[name]
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    if "integer" in types_of(schema) or "number" in types_of(schema):
        return schema.get("minimum", 1)
    return "x" * max(1, schema.get("minLength", 1))


def price_if_accepted(
    operation: Operation, fields: Mapping[str, Json], at_least: Decimal
) -> Decimal:
    """What a request would cost if a wrong server accepted it, with its wrong value or without."""
    if operation.price is None:
        return at_least
    body = next(iter(operation.bodies.values()))
    known = {name: usual(body, name) for name in body.properties}
    try:
        return max(at_least, operation.price.of({**known, **fields}))
    except InvalidOperation:  # the wrong value is the one that multiplies
        return at_least
