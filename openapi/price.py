"""The price list of a document, `x-price`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .json import Json


@dataclass(frozen=True, slots=True)
class Rate:
    """An amount of a price list.

    when: the values of request fields that this rate applies to, by field; empty for any request
    amount: the amount in the currency of the list
    """

    when: Mapping[str, tuple[Json, ...]]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """A price list.

    currency: the currency of the amounts, such as "USD"
    per: the request field whose number multiplies the amount; None for a price per job
    rates: the rates; the first that applies counts
    """

    currency: str
    per: str | None
    rates: tuple[Rate, ...]

    def amount_for(self, fields: Mapping[str, Json]) -> Decimal | None:
        """Return the price of a job with these fields, defaults included.

        None if no rate applies, because the price is then unknown.
        """
        for rate in self.rates:
            if all(fields.get(name) in values for name, values in rate.when.items()):
                return rate.amount * (Decimal(str(fields[self.per])) if self.per else 1)
        return None


def compile_price(data: Json) -> Price:
    """Compile validated data of `x-price`."""
    rates = (
        Rate(
            {name: tuple(values) for name, values in row.get("when", {}).items()},
            Decimal(str(row["amount"])),
        )
        for row in data["rates"]
    )
    return Price(data["currency"], data.get("per"), tuple(rates))
