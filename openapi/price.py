"""The price of jobs, as `x-jobs` declares it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from .json import Json


class Rate(NamedTuple):
    """An amount of a price list.

    when: the values that this rate applies to, by place in the request, such as "/model"; empty for
        any request
    amount: the amount in the currency of the list
    """

    when: Mapping[str, tuple[Json, ...]]
    amount: Decimal


class Price(NamedTuple):
    """A price list.

    currency: the currency of the amounts, such as "USD"
    per: the place in the request whose number multiplies the amount; None for a price per job
    rates: the rates; the first that applies counts
    """

    currency: str
    per: str | None
    rates: tuple[Rate, ...]

    def amount_for(self, request: Mapping[str, Json]) -> Decimal | None:
        """Return the price of a job with these values of its request by place, defaults included.

        None if no rate applies, or if the number is missing, because the price is then unknown.
        """
        for rate in self.rates:
            if all(request.get(place) in values for place, values in rate.when.items()):
                number = Decimal(1) if self.per is None else _number(request.get(self.per))
                return None if number is None else rate.amount * number
        return None


def _number(value: Json) -> Decimal | None:
    """Return a number, or that at the start of a text such as "5s"; None if there is none."""
    match = _NUMBER.match(str(value))
    return Decimal(match[0]) if match else None


def compile_price(data: Json) -> Price:
    """Compile validated data of `price`."""
    rates = (
        Rate(
            {name: tuple(values) for name, values in row.get("when", {}).items()},
            Decimal(str(row["amount"])),
        )
        for row in data["rates"]
    )
    return Price(data["currency"], data.get("per"), tuple(rates))


_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?")
