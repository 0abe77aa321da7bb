"""What a check is going to send, and what it may cost, before the first request leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product

from ..openapi import Call, Document, JobRole, Operation, Provenance
from ..openapi.json import Json
from ..openapi.operation import FORM, Body
from ..openapi.schema import types_of
from .writing import job_parameter, nobodys_job, write_call


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that a right server refuses. `why` says what is wrong with it, `price` what it
    costs if a wrong server accepts it.
    """

    call: Call
    why: str
    price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be sent: probes first, since they cost nothing if the server is right, then
    the creates, each at `price`. What is known less well than `grade` is neither asked for nor
    judged.
    """

    probes: tuple[Probe, ...]
    create: Call
    creates: int
    price: Decimal
    currency: str
    grade: Provenance

    @property
    def total(self) -> Decimal:
        """What the planned jobs cost together."""
        return self.price * self.creates


def plan_check(
    document: Document,
    *,
    key: str,
    creates: int = 1,
    grade: Provenance = Provenance.INFERRED,
    seed: int = 0,
) -> Plan:
    """The plan of a check that makes so many jobs, each the cheapest that the document allows.

    Where jobs cannot be followed at this grade, one is enough. Another `seed` chooses another one
    of equally cheap jobs, and other values for what is to be refused.
    """
    retrieve = document.by_role.get(JobRole.RETRIEVE)
    followed = retrieve is not None and grade.covers(retrieve.provenance)
    operation = document.by_role[JobRole.CREATE]
    media_type = FORM if FORM in operation.bodies else next(iter(operation.bodies))
    fields, price = _cheapest(operation, operation.bodies[media_type], seed)
    outside = f"{_OUTSIDE}-{seed}" if seed else _OUTSIDE
    probes = [
        *_create_probes(document, operation, media_type, fields, key, price, outside),
        *_other_probes(document, key, outside),
    ]
    known = {o.id for o in document.operations.values() if grade.covers(o.provenance)}
    return Plan(
        probes=tuple(probe for probe in probes if probe.call.operation_id in known),
        create=write_call(document, operation, fields, media_type=media_type, key=key),
        creates=creates if followed else min(1, creates),
        price=price,
        currency=operation.price.currency if operation.price else "",
        grade=grade,
    )


def _cheapest(operation: Operation, body: Body, seed: int) -> tuple[dict[str, Json], Decimal]:
    """The fields of a job that is as cheap as can be, and its price; the usual one for seed 0."""
    required = {name: _example(body, name) for name in body.schema.raw.get("required", ())}
    price = operation.price
    if price is None:
        return required, Decimal(0)
    named = dict.fromkeys([n for rate in price.rates for n in rate.when] + [price.per or ""])
    choices = {n: _choices(operation, body, n) for n in named if n in body.properties}
    offers = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    least = min(map(price.of, offers))
    cheapest = [offer for offer in offers if price.of(offer) == least]
    chosen = cheapest[seed % len(cheapest)]
    default = {name: body.properties[name].get("default") for name in chosen}
    needed = {n: v for n, v in chosen.items() if n in required or v != default[n]}
    return {**required, **needed}, least


def _choices(operation: Operation, body: Body, name: str) -> list[Json]:
    """The allowed values of a field that can make a price, the usual one first."""
    schema = body.properties[name]
    rates = operation.price.rates if operation.price else ()
    said = [value for rate in rates for value in rate.when.get(name, ())]
    candidates = [_usual(body, name), *schema.get("enum", ()), *said]
    candidates += [schema["minimum"]] if "minimum" in schema else []
    listed = schema.get("enum")
    allowed = [value for value in candidates if listed is None or value in listed]
    return [value for n, value in enumerate(allowed) if value not in allowed[:n]]


def _usual(body: Body, name: str) -> Json:
    return body.properties[name].get("default", _example(body, name))


def _price_of(operation: Operation, fields: Mapping[str, Json], at_least: Decimal) -> Decimal:
    """What a request would cost if a wrong server accepted it, with its wrong value or without."""
    if operation.price is None:
        return at_least
    body = next(iter(operation.bodies.values()))
    known = {name: _usual(body, name) for name in body.properties}
    try:
        return max(at_least, operation.price.of({**known, **fields}))
    except InvalidOperation:  # the wrong value is the one that multiplies
        return at_least


def _example(body: Body, name: str) -> Json:
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


def _create_probes(
    document: Document,
    operation: Operation,
    media_type: str,
    fields: Mapping[str, Json],
    key: str,
    price: Decimal,
    outside: str,
) -> Iterator[Probe]:
    body = operation.bodies[media_type]

    def written(changed: Mapping[str, Json], *, key: str | None = key) -> Call:
        return write_call(document, operation, changed, media_type=media_type, key=key)

    if operation.secured and document.credentials:
        yield Probe(written(fields, key=None), "no key", price)
    for name in body.schema.raw.get("required", ()):
        rest = {other: value for other, value in fields.items() if other != name}
        yield Probe(written(rest), f"{name} is missing", price)
    for name, schema in body.properties.items():
        if "enum" in schema:
            wrong = {**fields, name: outside}
            cost = _price_of(operation, wrong, price)
            yield Probe(written(wrong), f"{name} is {outside!r}", cost)
    for name in body.files:
        yield Probe(written({**fields, name: outside}), f"{name} is no file", price)


def _other_probes(document: Document, key: str, outside: str) -> Iterator[Probe]:
    """Questions about a job that was never made, and lists that cannot be."""
    for role in (JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE):
        operation = document.by_role.get(role)
        if operation is not None:
            unknown = {job_parameter(operation): nobodys_job(document)}
            call = write_call(document, operation, key=key, path_parameters=unknown)
            yield Probe(call, "a job that was never made")
    listing = document.by_role.get(JobRole.LIST)
    for name, parameter in listing.query.items() if listing else ():
        schema = parameter.schema.raw
        wrong = str(schema["maximum"] + 1) if "maximum" in schema else outside
        if listing and ("maximum" in schema or "enum" in schema):
            call = write_call(document, listing, key=key, query=((name, wrong),))
            yield Probe(call, f"{name} is {wrong}")


_OUTSIDE = "not-a-value"
