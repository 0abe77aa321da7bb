"""Numbers for schemas of type integer and number."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, lcm
from random import Random

from ..json import Json

SPAN = 100
"""The numbers to choose from, if a schema has no bounds or only one."""


def make_number(
    schema: Mapping[str, Json], *, random: Random, whole: bool, shares: int
) -> int | float:
    """Return a number within the bounds of a schema, or near them if there is none.

    Args:
        schema: The keywords of the schema.
        random: Chooses among the possible numbers.
        whole: True for an integer.
        shares: The number of equal steps between the bounds, one of which is chosen.
    """
    low, high = _bounds(schema)
    step = Fraction(str(schema["multipleOf"])) if "multipleOf" in schema else None
    if whole:
        step = Fraction(1) if step is None else common_multiple(step, Fraction(1))
    if step is not None:
        first, last = ceil(low / step), floor(high / step)
        value = random.randint(first, max(first, last)) * step
        exact = _inside(value, schema, step)
        return int(exact) if exact.denominator == 1 else float(exact)
    return _between(low, high, Fraction(random.randint(1, shares - 1), shares))


def common_multiple(left: Fraction, right: Fraction) -> Fraction:
    """Return the least number that is a multiple of both."""
    shared = left.denominator * right.denominator
    return Fraction(lcm(int(left * shared), int(right * shared)), shared)


def _bounds(schema: Mapping[str, Json]) -> tuple[Fraction, Fraction]:
    lows = [Fraction(str(schema[k])) for k in ("minimum", "exclusiveMinimum") if k in schema]
    highs = [Fraction(str(schema[k])) for k in ("maximum", "exclusiveMaximum") if k in schema]
    low = max(lows, default=None)
    high = min(highs, default=None)
    if low is None:
        low = Fraction(0) if high is None or high > 0 else high - SPAN
    return low, low + SPAN if high is None else high


def _inside(value: Fraction, schema: Mapping[str, Json], step: Fraction) -> Fraction:
    """Return a multiple beside an exclusive bound that the value is equal to."""
    if "exclusiveMinimum" in schema and value <= Fraction(str(schema["exclusiveMinimum"])):
        return value + step
    if "exclusiveMaximum" in schema and value >= Fraction(str(schema["exclusiveMaximum"])):
        return value - step
    return value


def _between(low: Fraction, high: Fraction, share: Fraction) -> int | float:
    """Return a number strictly between the bounds with few digits, or the only possible one.

    Args:
        low, high: The bounds.
        share: How far from the lower bound to the other one, between 0 and 1.
    """
    if low >= high:
        return float(low)
    value = low + (high - low) * share
    rounded = Fraction(round(float(value), 2)).limit_denominator(100)
    return float(rounded if low < rounded < high else value)
