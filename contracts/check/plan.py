"""What a check is going to send, and what it may cost, before the first request leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import inf

from ...openapi import Call, Document, JobRole, Operation, Provenance
from ...openapi.json import Json
from ...openapi.operation import FORM, Body
from ...openapi.schema import types_of
from ..rules.server.prompt_tags import tag_prompt
from ..traffic.request_builder import build_call
from .probes import CreateProbes, Probe, example, free_probes, usual


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What is going to be sent: probes first, since they cost nothing if the server is right, then
    the creates, each at `price`. What is known less well than `grade` is neither asked for nor
    judged.
    """

    probes: tuple[Probe, ...]
    creates: tuple[Call, ...]
    price: Decimal
    currency: str
    grade: Provenance

    @property
    def total(self) -> Decimal:
        """What the planned jobs cost together."""
        return self.price * len(self.creates)


def plan_check(
    document: Document,
    *,
    key: str,
    creates: int = 1,
    grade: Provenance = Provenance.INFERRED,
    seed: int = 0,
) -> CheckPlan:
    """The plan of a check that makes so many jobs, each the cheapest that the document allows.

    Where jobs cannot be followed at this grade, one is enough. Another `seed` chooses another
    second one of equally cheap jobs, other values for what is to be refused, and a text by which
    the jobs are known again.
    """
    retrieve = document.by_role.get(JobRole.RETRIEVE)
    followed = retrieve is not None and grade.covers(retrieve.provenance)
    operation = document.by_role[JobRole.CREATE]
    media_type = FORM if FORM in operation.bodies else next(iter(operation.bodies))
    body = operation.bodies[media_type]
    required, cheapest, price = _required(operation, body, seed), *_cheapest(operation, body)
    fields = {**required, **dict(_unusual(body, required, cheapest[0]))}
    outside = f"{_OUTSIDE}-{seed}" if seed else _OUTSIDE
    wrong = CreateProbes(
        document, fields, media_type=media_type, key=key, price=price, outside=outside
    )
    probes = [*free_probes(document, key=key, outside=outside), *wrong]
    known = {o.id for o in document.operations.values() if grade.covers(o.provenance)}
    count = creates if followed else min(1, creates)
    other = {**required, **cheapest[(1 + seed) % len(cheapest)]}
    right = [*_variations(document, operation, [fields, other], media_type, key)]
    return CheckPlan(
        probes=tuple(probe for probe in probes if probe.call.operation_id in known),
        creates=tuple(right[n % len(right)] for n in range(count)),
        price=price,
        currency=operation.price.currency if operation.price else "",
        grade=grade,
    )


def _variations(
    document: Document,
    operation: Operation,
    offers: Sequence[Mapping[str, Json]],
    media_type: str,
    key: str,
) -> Iterator[Call]:
    """Equally cheap jobs, asked for in the ways that a client may choose from: with what is needed
    alone or with more, in every media type, with text that is not ASCII.
    """
    kinds = [media_type, *(m for m in operation.bodies if m != media_type)]
    for number in range(max(len(kinds), len(offers))):
        fields, kind = offers[min(number, len(offers) - 1)], kinds[number % len(kinds)]
        texts = _texts(operation, operation.bodies[kind], fields) if number else ()
        varied = {**fields, **{name: f"{_BEYOND_ASCII} {fields[name]}" for name in texts}}
        yield build_call(document, operation, varied, media_type=kind, key=key)


def _texts(operation: Operation, body: Body, fields: Mapping[str, Json]) -> Iterator[str]:
    """The fields that hold any text, long enough for a few words, and make no price."""
    price = operation.price
    priced = [*(n for rate in price.rates for n in rate.when), price.per] if price else []
    for name, value in fields.items():
        if name in priced:
            continue
        schema = body.properties.get(name, {})
        free = not schema.keys() & {"enum", "const", "pattern", "format"}
        room = schema.get("maxLength", inf) >= len(str(value)) + _ROOM
        if isinstance(value, str) and free and room and types_of(schema) == ("string",):
            yield name


def _required(operation: Operation, body: Body, seed: int) -> dict[str, Json]:
    """The fields that every job needs."""
    required = {name: example(body, name) for name in body.schema.raw.get("required", ())}
    texts = {
        name: tag_prompt(str(required[name]), seed) for name in _texts(operation, body, required)
    }
    return {**required, **texts}


def _cheapest(operation: Operation, body: Body) -> tuple[list[dict[str, Json]], Decimal]:
    """What makes the jobs that are as cheap as can be, the most usual one first, and their
    price.
    """
    price = operation.price
    if price is None:
        return [{}], Decimal(0)
    named = dict.fromkeys([n for rate in price.rates for n in rate.when] + [price.per or ""])
    choices = {n: _choices(operation, body, n) for n in named if n in body.properties}
    offers = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
    least = min(map(price.of, offers))
    return [offer for offer in offers if price.of(offer) == least], least


def _unusual(
    body: Body, required: Mapping[str, Json], offer: Mapping[str, Json]
) -> Iterator[tuple[str, Json]]:
    """What must be said for an offer to be taken, since it is not the default."""
    default = {name: body.properties[name].get("default") for name in offer}
    return ((n, v) for n, v in offer.items() if n in required or v != default[n])


def _choices(operation: Operation, body: Body, name: str) -> list[Json]:
    """The allowed values of a field that can make a price, the usual one first."""
    schema = body.properties[name]
    rates = operation.price.rates if operation.price else ()
    said = [value for rate in rates for value in rate.when.get(name, ())]
    candidates = [usual(body, name), *schema.get("enum", ()), *said]
    candidates += [schema["minimum"]] if "minimum" in schema else []
    listed = schema.get("enum")
    allowed = [value for value in candidates if listed is None or value in listed]
    return [value for n, value in enumerate(allowed) if value not in allowed[:n]]


_OUTSIDE = "not-a-value"
_BEYOND_ASCII = "à l'aube 灯"
_ROOM = 40
