"""A budget that is never exceeded, and what it says of itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from aisa_testkit.contracts.budget import Budget, format_amount
from aisa_testkit.contracts.errors import BudgetExceeded


def test_the_last_cent_may_be_spent_and_no_more() -> None:
    ledger = Budget(max_spend=Decimal("0.3"))
    for _ in range(3):
        ledger.reserve(Decimal("0.1"), "USD")
    with pytest.raises(BudgetExceeded) as told:
        ledger.reserve(Decimal("0.01"), "USD")
    assert str(told.value) == "it costs 0.01 USD, and 0.30 of 0.30 is already spent"
    assert (ledger.spent, ledger.creates) == (Decimal("0.3"), 3)


def test_a_job_too_many_is_not_paid_for_even_if_it_is_free() -> None:
    ledger = Budget(max_creates=1)
    ledger.reserve(Decimal(0), "EUR")
    with pytest.raises(BudgetExceeded) as told:
        ledger.reserve(Decimal(0), "EUR")
    assert str(told.value) == "the limit of 1 job is reached"
    assert (ledger.spent, ledger.creates) == (Decimal(0), 1)


def test_what_is_released_can_be_spent_again() -> None:
    ledger = Budget(max_spend=Decimal(1), max_creates=1)
    ledger.reserve(Decimal(1), "USD")
    ledger.release(Decimal(1))
    ledger.reserve(Decimal("0.75"), "USD")
    assert (ledger.spent, ledger.creates) == (Decimal("0.75"), 1)


def test_a_budget_of_nothing_still_allows_what_costs_nothing() -> None:
    ledger = Budget(max_spend=Decimal(0))
    ledger.reserve(Decimal(0), "USD")
    with pytest.raises(BudgetExceeded):
        ledger.reserve(Decimal("0.0001"), "USD")
    assert ledger.creates == 1


def test_many_threads_do_not_spend_more_than_there_is() -> None:
    ledger = Budget(max_spend=Decimal(10))

    def buy(_: int) -> bool:
        try:
            ledger.reserve(Decimal("0.5"), "USD")
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        bought = sum(pool.map(buy, range(200)))
    assert (bought, ledger.spent, ledger.creates) == (20, Decimal(10), 20)


@pytest.mark.parametrize(
    ("prices", "limit", "expected"),
    [
        ([], None, "0 jobs, at most 0.00"),
        (["0.4"], None, "1 job, at most 0.40 USD"),
        (["0.4", "0.005"], "3", "2 jobs, at most 0.405 of 3.00 USD"),
    ],
    ids=["nothing", "one job", "two jobs of a budget"],
)
def test_a_ledger_says_what_is_spent_at_most(
    prices: list[str], limit: str | None, expected: str
) -> None:
    ledger = Budget(max_spend=Decimal(limit) if limit else None)
    for price in prices:
        ledger.reserve(Decimal(price), "USD")
    assert str(ledger) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", "0.00"),
        ("1E+2", "100.00"),
        ("0.50", "0.50"),
        ("1.2500", "1.25"),
        ("1E-7", "0.0000001"),
    ],
    ids=["nothing", "a power of ten", "as written", "no needless zeros", "very little"],
)
def test_an_amount_has_two_places_or_as_many_as_it_needs(value: str, expected: str) -> None:
    assert format_amount(Decimal(value)) == expected
