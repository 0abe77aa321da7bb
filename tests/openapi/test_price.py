"""The prices of jobs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisa_testkit.openapi import Document, Price, Rate
from aisa_testkit.openapi.price import compile_price


@pytest.mark.parametrize(
    ("model", "seconds", "size", "price"),
    [
        ("sora-2", "4", "720x1280", "0.40"),
        ("sora-2", "12", "1792x1024", "1.20"),
        ("sora-2-pro", "4", "1280x720", "1.20"),
        ("sora-2-pro", "8", "1024x1792", "4.00"),
        ("sora-2-pro", "12", "1792x1024", "6.00"),
    ],
)
def test_first_matching_rate_is_the_price(
    document: Document, model: str, seconds: str, size: str, price: str
) -> None:
    listed = document.operations["createVideo"].price
    assert listed is not None
    assert listed.currency == "USD"
    fields = {"model": model, "seconds": seconds, "size": size}
    assert listed.amount_for(fields) == Decimal(price)


def test_price_per_job_is_not_multiplied(other_document: Document) -> None:
    listed = other_document.operations["submitRendering"].price
    assert listed is not None
    assert listed.amount_for({"quality": "final", "frames": 100}) == Decimal("1.25")
    assert listed.amount_for({"quality": "draft"}) == listed.amount_for({}) == Decimal("0.05")


def test_prices_are_exact_decimals() -> None:
    price = compile_price({"currency": "EUR", "per": "n", "rates": [{"amount": 0.1}]})
    assert price == Price("EUR", "n", (Rate({}, Decimal("0.1")),))
    assert price.amount_for({"n": 3}) == Decimal("0.3")
    assert price.amount_for({"n": "0.7"}) == Decimal("0.07")


def test_price_without_a_matching_rate_is_unknown() -> None:
    price = compile_price({"currency": "EUR", "rates": [{"when": {"a": [1, 2]}, "amount": 5}]})
    assert [price.amount_for({"a": value}) for value in (1, 2, 3)] == [
        Decimal(5),
        Decimal(5),
        None,
    ]
