"""The requests that a check will send, and their price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import inf

from ...openapi import Call, Document, JobRole, Operation, Provenance
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.operation import FORM, RequestBody
from ..budget import Budget
from ..rules.server.prompt_tags import tag_prompt
from ..traffic.request_builder import build_call
from .probes import CreateProbes, Probe, default_value, example_value, unbilled_probes


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """The requests of a check.

    free_probes: invalid requests that no server bills, because they create nothing
    creates: the creates to send, for one job each
    fallbacks: other valid creates, in case the server rejects all those
    create_probes: invalid creates, which a conforming server rejects and does not bill
    price: the price of one create, None if it is unknown
    currency: the code of the currency, empty if the document has no prices
    grade: operations and responses that are less certain than this are left out
    """

    free_probes: tuple[Probe, ...]
    creates: tuple[Call, ...]
    fallbacks: tuple[Call, ...]
    create_probes: tuple[Probe, ...]
    price: Decimal | None
    currency: str
    grade: Provenance

    @property
    def total(self) -> Decimal | None:
        """The price of all planned jobs, None if it is unknown."""
        return None if self.price is None else self.price * len(self.creates)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All invalid requests."""
        return (*self.free_probes, *self.create_probes)

    def has_room_for_probes(self, budget: Budget) -> bool:
        """Return True if the budget has room for an invalid create beside the first job."""
        return budget.allows(self.price, min(2, len(self.creates) + 1))

    def creates_before_probes(self, budget: Budget) -> int:
        """Return the number of creates to send before the invalid creates.

        These need room for one more job, because a server may accept and bill one. Without that
        room all creates but one come first, and the last one gets what the budget has left.
        """
        planned = len(self.creates)
        return (
            planned if budget.allows(self.price, planned + 1) else min(planned, max(1, planned - 1))
        )


def plan_check(
    document: Document,
    *,
    key: str,
    creates: int = 1,
    grade: Provenance = Provenance.INFERRED,
    seed: int = 0,
    run_id: str = "",
) -> CheckPlan:
    """Return the plan of a check that creates the cheapest jobs that the document allows.

    key: the API key to send
    creates: the number of jobs; at most one if the grade excludes polling
    grade: operations that are less certain than this are left out
    seed: varies the second job among equally cheap ones, the invalid values and the prompt
    run_id: hexadecimal digits, different for each run with the same seed; may be empty
    """
    retrieve = document.by_role.get(JobRole.RETRIEVE)
    can_poll = retrieve is not None and grade.covers(retrieve.provenance)
    operation = document.by_role[JobRole.CREATE]
    media_type = FORM if FORM in operation.bodies else next(iter(operation.bodies))
    body = operation.bodies[media_type]
    required, offers, price = (
        _required_fields(operation, body, seed, run_id),
        *_cheapest_offers(operation, body),
    )
    fields = {**required, **dict(_non_default_fields(body, required, offers[0]))}
    invalid_value = f"{_INVALID_VALUE}-{seed}" if seed else _INVALID_VALUE
    create_probes = CreateProbes(
        document, fields, media_type=media_type, key=key, price=price, invalid_value=invalid_value
    )
    free_probes = unbilled_probes(document, key=key, invalid_value=invalid_value)
    covered = {o.id for o in document.operations.values() if grade.covers(o.provenance)}
    count = creates if can_poll else min(1, creates)
    other = {**required, **offers[(1 + seed) % len(offers)]}
    valid = [*_valid_creates(document, operation, [fields, other], media_type, key)]
    planned = tuple(valid[n % len(valid)] for n in range(count))
    return CheckPlan(
        free_probes=tuple(probe for probe in free_probes if probe.call.operation_id in covered),
        creates=planned,
        fallbacks=tuple(call for call in valid if planned and call not in planned),
        create_probes=tuple(create_probes if operation.id in covered else ()),
        price=price,
        currency=operation.price.currency if operation.price else "",
        grade=grade,
    )


def _valid_creates(
    document: Document,
    operation: Operation,
    offers: Sequence[Mapping[str, Json]],
    media_type: str,
    key: str,
) -> Iterator[Call]:
    """Yield equally cheap creates: with required fields only and with more, in every media type,
    and with text that is not ASCII.
    """
    media_types = [media_type, *(m for m in operation.bodies if m != media_type)]
    for number in range(max(len(media_types), len(offers))):
        fields = offers[min(number, len(offers) - 1)]
        chosen = media_types[number % len(media_types)]
        names = _free_text_fields(operation, operation.bodies[chosen], fields) if number else ()
        texts = {name: f"{_NON_ASCII_TEXT} {fields[name]}" for name in names}
        yield build_call(document, operation, {**fields, **texts}, media_type=chosen, key=key)


def _free_text_fields(
    operation: Operation, body: RequestBody, fields: Mapping[str, Json]
) -> Iterator[str]:
    """Yield the fields that may hold a few more words and do not affect the price."""
    price = operation.price
    priced = [*(n for rate in price.rates for n in rate.when), price.per] if price else []
    for name, value in fields.items():
        if name in priced:
            continue
        schema = body.properties.get(name, {})
        unrestricted = not schema.keys() & {"enum", "const", "pattern", "format"}
        fits = schema.get("maxLength", inf) >= len(str(value)) + _MIN_SPARE_LENGTH
        if isinstance(value, str) and unrestricted and fits and types_of(schema) == ("string",):
            yield name


def _required_fields(
    operation: Operation, body: RequestBody, seed: int, run_id: str
) -> dict[str, Json]:
    """Return the required fields, with tagged prompts."""
    required = {name: example_value(body, name) for name in body.schema.raw.get("required", ())}
    names = _free_text_fields(operation, body, required)
    return {**required, **{name: tag_prompt(str(required[name]), seed, run_id) for name in names}}


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


_INVALID_VALUE = "not-a-value"
_NON_ASCII_TEXT = "à l'aube 灯"
_MIN_SPARE_LENGTH = 40
