"""The prices of creates: what a request costs, and the values of the cheapest ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice, product

from ...openapi import Call, CreateOperation, Document
from ...openapi.jobs import Part, Place, parse_place
from ...openapi.jobs.request_places import request_schemas
from ...openapi.json import Json
from ...openapi.pointer import Path
from ..traffic.billing import create_price
from ..traffic.exchange import read_exchange
from .field_values import shown_values

Offer = dict[Place, Json]
"""The values of the places that affect the price."""


def priced_places(create: CreateOperation) -> tuple[Place, ...]:
    """Return the places in a request that affect its price."""
    price = create.price
    if price is None:
        return ()
    texts = [text for rate in price.rates for text in rate.when]
    return tuple(map(parse_place, dict.fromkeys([*texts, *([price.per] if price.per else [])])))


def default_at(create: CreateOperation, place: Place) -> Json:
    """Return the value of a request that leaves a place out; None if there is no default."""
    schemas = request_schemas(create.operation, place)
    return next((schema["default"] for schema in schemas if "default" in schema), None)


def price_of(document: Document, call: Call) -> Decimal | None:
    """Return the price of a create; None if it is unknown."""
    price = create_price(read_exchange(document, call, None, at=0.0))
    return price[0] if price else None


def cheapest_offers(create: CreateOperation, fixed: Mapping[Place, Json]) -> list[Offer]:
    """Return the values of the cheapest jobs, default values first; fixed values stay.

    Without a known price, the jobs have the default values.
    """
    price = create.price
    if price is None:
        return [{}]
    choices = {
        place: [fixed[place]] if place in fixed else _choices(create, place)
        for place in priced_places(create)
        if request_schemas(create.operation, place)
    }
    every = islice(product(*choices.values()), _MAX_OFFERS)
    offers = [dict(zip(choices, values, strict=True)) for values in every]
    amounts = [price.amount_for({str(p): v for p, v in offer.items()}) for offer in offers]
    lowest = min((amount for amount in amounts if amount is not None), default=None)
    return [offer for offer, amount in zip(offers, amounts, strict=True) if amount == lowest]


def _choices(create: CreateOperation, place: Place) -> list[Json]:
    """Return the allowed values of a place that affects the price, the default first."""
    schemas = request_schemas(create.operation, place)
    default = default_at(create, place)
    usual = [default] if default is not None else _shown(create, place)[:1]
    listed = [value for schema in schemas for value in schema.get("enum", ())]
    candidates = [*usual, *listed]
    rates = create.price.rates if create.price else ()
    candidates += [value for rate in rates for value in rate.when.get(str(place), ())]
    candidates += [schema["minimum"] for schema in schemas if "minimum" in schema]
    allowed = [v for v in candidates if v is not None and (not listed or v in listed)]
    # Other values may make a request that does not create a job.
    creating = create.when.values.get(place, allowed)
    return _unique(value for value in allowed if value in creating) or [None]


def _shown(create: CreateOperation, place: Place) -> list[Json]:
    """Return the values that the document shows for a place."""
    path: Path = place.path
    if place.part is Part.BODY:
        return [v for body in create.operation.bodies.values() for v in shown_values(body, path)]
    schemas = request_schemas(create.operation, place)
    return [schema["example"] for schema in schemas if "example" in schema]


def _unique(values: Iterable[Json]) -> list[Json]:
    found: list[Json] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


_MAX_OFFERS = 10_000
