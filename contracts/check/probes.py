"""Invalid requests, which a conforming server rejects and does not bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from ...openapi import Call, Document, JobRole, Operation
from ...openapi.credentials import UNKNOWN_KEY
from ...openapi.json import Json
from ...openapi.operation import JSON
from ...openapi.schema import types_of
from ..traffic.request_builder import build_call, unknown_job_id
from .field_values import default_value


@dataclass(frozen=True, slots=True)
class Probe:
    """An invalid request.

    call: the request
    reason: why it is invalid
    price: the price to pay if the server accepts it, None if it is unknown
    """

    call: Call
    reason: str
    price: Decimal | None = Decimal(0)


class CreateProbes:
    """Invalid variations of a valid create.

    fields: the fields of the valid create
    media_type: the media type of its body
    key: the API key to send
    price: the price of the valid create, None if it is unknown
    invalid_value: a text that is not a valid value of any field
    """

    def __init__(
        self,
        document: Document,
        fields: Mapping[str, Json],
        *,
        media_type: str,
        key: str,
        price: Decimal | None,
        invalid_value: str,
    ) -> None:
        self._document, self._operation = document, document.by_role[JobRole.CREATE]
        self._fields, self._media_type = fields, media_type
        self._body = self._operation.bodies[media_type]
        self._key, self._price, self._invalid_value = key, price, invalid_value

    def __iter__(self) -> Iterator[Probe]:
        if self._operation.secured and self._document.credentials:
            yield self._probe(self._call(self._fields, key=None), "no API key")
        yield from self._invalid_fields()
        yield from self._invalid_files()
        yield from self._invalid_bodies()

    def _invalid_fields(self) -> Iterator[Probe]:
        required = self._body.schema.raw.get("required", ())
        for name in required:
            rest = {other: value for other, value in self._fields.items() if other != name}
            yield self._probe(
                self._call(rest or self._optional_fields(omitted=name)), f"{name} is missing"
            )
        for name, schema in self._body.properties.items():
            if "enum" in schema:
                yield self._with(name, self._invalid_value, f"{name} is {self._invalid_value!r}")
            if schema.get("minLength"):
                yield self._with(name, "", f"{name} is empty")
            if schema.get("maxLength", _MAX_PROBED_LENGTH) < _MAX_PROBED_LENGTH:
                yield self._with(name, "x" * (schema["maxLength"] + 1), f"{name} is too long")

    def _optional_fields(self, omitted: str) -> dict[str, Json]:
        """Return the fields with defaults, because an empty form is invalid for another reason."""
        names = (name for name, schema in self._body.properties.items() if "default" in schema)
        return {name: default_value(self._body, name) for name in names if name != omitted}

    def _invalid_files(self) -> Iterator[Probe]:
        for name in self._body.files:
            yield self._with(name, self._invalid_value, f"{name} is not a file")
            yield self._with(
                name, self._invalid_value.encode(), f"{name} is a file of an unknown type"
            )

    def _invalid_bodies(self) -> Iterator[Probe]:
        fields = {n: v for n, v in self._fields.items() if n not in self._body.files}
        valid = self._call(fields, media_type=JSON)
        text = {**valid.headers, "content-type": "text/plain"}
        yield self._probe(replace(valid, headers=text), "the body is text/plain")
        if JSON in self._operation.bodies:
            yield self._probe(replace(valid, body=valid.body[:-1]), "the JSON is truncated")
            for name in self._operation.bodies[JSON].schema.raw.get("required", ()):
                if types_of(self._operation.bodies[JSON].properties.get(name)) == ("string",):
                    invalid = self._call({**fields, name: 5}, media_type=JSON)
                    yield self._probe(invalid, f"{name} is a number")

    def _with(self, name: str, value: Json, reason: str) -> Probe:
        fields = {**self._fields, name: value}
        price = price_if_accepted(self._operation, fields, self._price)
        return Probe(self._call(fields), reason, price)

    def _probe(self, call: Call, reason: str) -> Probe:
        return Probe(call, reason, self._price)

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


def unbilled_probes(document: Document, *, key: str, invalid_value: str) -> Iterator[Probe]:
    """Yield requests for an unknown job, lists with invalid parameters, and invalid API keys."""
    for role in (JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE):
        operation = document.by_role.get(role)
        if operation is not None:
            unknown = {operation.job_id_parameter: unknown_job_id(document)}
            call = build_call(document, operation, key=key, path_parameters=unknown)
            yield Probe(call, "an unknown job id")
    listing = document.by_role.get(JobRole.LIST)
    if listing is not None:
        yield from _invalid_lists(document, listing, key, invalid_value)
        yield from _invalid_keys(document, listing, key)


def _invalid_lists(
    document: Document, operation: Operation, key: str, invalid_value: str
) -> Iterator[Probe]:
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        values = [invalid_value] if "enum" in schema or "integer" in types_of(schema) else []
        values += [str(schema["minimum"] - 1)] if "minimum" in schema else []
        values += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        for value in values:
            call = build_call(document, operation, key=key, query=((name, value),))
            yield Probe(call, f"{name} is {value}")


def _invalid_keys(document: Document, operation: Operation, key: str) -> Iterator[Probe]:
    credentials = document.credentials
    if credentials is None or not operation.secured:
        return
    yield Probe(build_call(document, operation, key=None), "no API key")
    yield Probe(build_call(document, operation, key=UNKNOWN_KEY), "an unknown API key")
    if credentials.scheme:
        valid = build_call(document, operation, key=key)
        for value, reason in (
            (f"Basic {key}", "another scheme"),
            (credentials.scheme, "no API key in it"),
        ):
            headers = {**valid.headers, credentials.header: value}
            yield Probe(replace(valid, headers=headers), f"{credentials.header} with {reason}")


def price_if_accepted(
    operation: Operation, fields: Mapping[str, Json], minimum: Decimal | None
) -> Decimal | None:
    """Return the price of an invalid request, in case a server accepts it."""
    if operation.price is None or minimum is None:
        return minimum
    body = next(iter(operation.bodies.values()))
    defaults = {name: default_value(body, name) for name in body.properties}
    try:
        return max(minimum, operation.price.amount_for({**defaults, **fields}) or minimum)
    except InvalidOperation:  # the invalid value is the multiplier of the price
        return minimum


_MAX_PROBED_LENGTH = 1_000_000
