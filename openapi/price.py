"""What an accepted create costs, `x-price`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .json import Json


@dataclass(frozen=True, slots=True)
class Rate:
    """An amount and the request values that it holds for, by field; no field means that it holds
    for all.
    """

    when: Mapping[str, tuple[Json, ...]]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """A price list. `per` is the request field whose number multiplies the amount, None for a price
    per job.
    """

    currency: str
    per: str | None
    rates: tuple[Rate, ...]

    def amount_for(self, fields: Mapping[str, Json]) -> Decimal:
        """The price of one create with these fields, with defaults; zero where no rate holds."""
        for rate in self.rates:
            if all(fields.get(name) in values for name, values in rate.when.items()):
                return rate.amount * (Decimal(str(fields[self.per])) if self.per else 1)
        return Decimal(0)


def compile_price(data: Json) -> Price:
    """The price list from its data, which the schema of the extension has checked."""
    rates = (
        Rate(
            {name: tuple(values) for name, values in row.get("when", {}).items()},
            Decimal(str(row["amount"])),
        )
        for row in data["rates"]
    )
    return Price(data["currency"], data.get("per"), tuple(rates))
