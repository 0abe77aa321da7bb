"""The prices of jobs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.price import Price, Rate, compile_price


def price_of(document: Document, create: str) -> Price:
    """Return the price of the jobs of a create."""
    found = (
        each.price
        for kind in document.kinds.values()
        for each in kind.creates
        if each.operation.id == create
    )
    price = next(found)
    assert price is not None
    return price


@pytest.mark.parametrize(
    ("model", "seconds", "size", "amount"),
    [
        ("sora-2", "4", "720x1280", "0.40"),
        ("sora-2", "12", "1792x1024", "1.20"),
        ("sora-2-pro", "4", "1280x720", "1.20"),
        ("sora-2-pro", "8", "1024x1792", "4.00"),
        ("sora-2-pro", "12", "1792x1024", "6.00"),
    ],
)
@pytest.mark.parametrize("create", ["createVideo", "remixVideo"])
def test_first_matching_rate_is_the_price(
    document: Document, create: str, model: str, seconds: str, size: str, amount: str
) -> None:
    price = price_of(document, create)
    assert price.currency == "USD"
    request = {"/model": model, "/seconds": seconds, "/size": size}
    assert price.amount_for(request) == Decimal(amount)


def test_price_per_job_is_not_multiplied(other_document: Document) -> None:
    price = price_of(other_document, "submitRendering")
    assert price.amount_for({"/quality": "final", "/frames": 100}) == Decimal("1.25")
    assert price.amount_for({"/quality": "draft"}) == price.amount_for({}) == Decimal("0.05")


def test_prices_are_exact_decimals() -> None:
    price = compile_price({"currency": "EUR", "per": "/n", "rates": [{"amount": 0.1}]})
    assert price == Price("EUR", "/n", (Rate({}, Decimal("0.1")),))
    assert price.amount_for({"/n": 3}) == Decimal("0.3")
    assert price.amount_for({"/n": "0.7"}) == Decimal("0.07")


@pytest.mark.parametrize(
    ("number", "amount"), [("5s", Decimal(10)), ("auto", None), (None, None), (2, Decimal(4))]
)
def test_number_may_be_at_the_start_of_a_text(number: Json, amount: Decimal | None) -> None:
    price = compile_price({"currency": "EUR", "per": "/n", "rates": [{"amount": 2}]})
    assert price.amount_for({"/n": number}) == amount


def test_price_without_a_matching_rate_is_unknown() -> None:
    price = compile_price({"currency": "EUR", "rates": [{"when": {"/a": [1, 2]}, "amount": 5}]})
    assert [price.amount_for({"/a": value}) for value in (1, 2, 3)] == [
        Decimal(5),
        Decimal(5),
        None,
    ]


def test_absent_value_is_null_in_a_condition() -> None:
    rates = [{"when": {"/a": [None]}, "amount": 1}, {"amount": 2}]
    price = compile_price({"currency": "EUR", "rates": rates})
    assert [price.amount_for({}), price.amount_for({"/a": 5})] == [Decimal(1), Decimal(2)]
