"""A budget is never exceeded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from aisa_testkit.contracts.budget import Budget, format_amount, format_price
from aisa_testkit.contracts.errors import BudgetExceeded


def test_spending_limit_can_be_used_up_exactly() -> None:
    budget = Budget(max_spend=Decimal("0.3"))
    for _ in range(3):
        budget.reserve(Decimal("0.1"), "USD")
    with pytest.raises(BudgetExceeded) as error:
        budget.reserve(Decimal("0.01"), "USD")
    assert str(error.value) == "it costs 0.01 USD, and 0.30 of 0.30 is already spent"
    assert (budget.spent, budget.creates) == (Decimal("0.3"), 3)


def test_limit_of_jobs_applies_to_free_jobs() -> None:
    budget = Budget(max_creates=1)
    budget.reserve(Decimal(0), "EUR")
    with pytest.raises(BudgetExceeded) as error:
        budget.reserve(Decimal(0), "EUR")
    assert str(error.value) == "the limit of 1 job is reached"
    assert (budget.spent, budget.creates) == (Decimal(0), 1)


def test_released_price_can_be_spent_again() -> None:
    budget = Budget(max_spend=Decimal(1), max_creates=1)
    budget.reserve(Decimal(1), "USD")
    budget.release(Decimal(1))
    budget.reserve(Decimal("0.75"), "USD")
    assert (budget.spent, budget.creates) == (Decimal("0.75"), 1)


def test_zero_budget_allows_free_jobs() -> None:
    budget = Budget(max_spend=Decimal(0))
    budget.reserve(Decimal(0), "USD")
    with pytest.raises(BudgetExceeded):
        budget.reserve(Decimal("0.0001"), "USD")
    assert budget.creates == 1


def test_concurrent_threads_stay_within_the_budget() -> None:
    budget = Budget(max_spend=Decimal(10))

    def reserve(_: int) -> bool:
        try:
            budget.reserve(Decimal("0.5"), "USD")
        except BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        reserved = sum(pool.map(reserve, range(200)))
    assert (reserved, budget.spent, budget.creates) == (20, Decimal(10), 20)


@pytest.mark.parametrize(
    ("prices", "limit", "expected"),
    [
        ([], None, "0 jobs"),
        ([], "3", "0 jobs, at most 0.00 of 3.00"),
        (["0"], None, "1 job, at most 0.00 USD"),
        (["0.4"], None, "1 job, at most 0.40 USD"),
        (["0.4", "0.005"], "3", "2 jobs, at most 0.405 of 3.00 USD"),
    ],
    ids=["nothing", "nothing of a budget", "a free job", "one job", "two jobs of a budget"],
)
def test_budget_as_text(prices: list[str], limit: str | None, expected: str) -> None:
    budget = Budget(max_spend=Decimal(limit) if limit else None)
    for price in prices:
        budget.reserve(Decimal(price), "USD")
    assert str(budget) == expected


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([None], "1 job at an unknown price"),
        ([None, None], "2 jobs at an unknown price"),
        (["0.4", None], "2 jobs, at most 0.40 USD, and 1 at an unknown price"),
    ],
    ids=["one job", "two jobs", "one of two"],
)
def test_unknown_price_is_never_zero(prices: list[str | None], expected: str) -> None:
    budget = Budget(max_creates=9)
    for price in prices:
        budget.reserve(None if price is None else Decimal(price), "USD")
    assert (str(budget), budget.total) == (expected, None)
    budget.release(None)
    assert (budget.unpriced, budget.creates) == (prices.count(None) - 1, len(prices) - 1)


def test_unknown_price_exceeds_every_spending_limit() -> None:
    budget = Budget(max_spend=Decimal(100))
    with pytest.raises(BudgetExceeded) as error:
        budget.reserve(None, "USD")
    assert str(error.value) == "its price is unknown, and the limit is 100.00"
    assert (budget.creates, budget.total) == (0, Decimal(0))


def test_price_with_its_currency() -> None:
    assert format_price(Decimal("0.4"), "USD") == "0.40 USD"
    assert format_price(Decimal(0), "USD") == "0.00 USD"
    assert format_price(None, "USD") == "an unknown price"


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
def test_amount_has_at_least_two_decimal_places(value: str, expected: str) -> None:
    assert format_amount(Decimal(value)) == expected
