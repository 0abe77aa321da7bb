"""The rate limits of a document, `x-limits`, and their response headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from .jobs.place import parse_place
from .json import Json
from .operation import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The limits of one API key; None means no limit.

    requests_per_minute: the number of requests per minute
    in_flight: the number of unfinished jobs at the same time
    spend: the total price of all jobs, in the currency of the price list
    """

    requests_per_minute: int | None = None
    in_flight: int | None = None
    spend: Decimal | None = None


class LimitHeaders(NamedTuple):
    """The names of the rate limit headers in lower case.

    limit: headers with the requests per minute
    remaining: headers with the remaining requests
    reset: headers with the time of the next reset (Unix seconds)
    """

    limit: tuple[str, ...]
    remaining: tuple[str, ...]
    reset: tuple[str, ...]

    def to_headers(self, *, limit: int, remaining: int, reset: int) -> dict[str, str]:
        """Return the headers with these values."""
        named = ((self.limit, limit), (self.remaining, remaining), (self.reset, reset))
        return {name: str(value) for names, value in named for name in names}


class DeclaredLimits(NamedTuple):
    """The limits of an API.

    provenance: how well the limits are known
    headers: the names of the response headers
    tiers: the limits by name of the tier
    """

    provenance: Provenance
    headers: LimitHeaders
    tiers: Mapping[str, Tier]


def compile_limits(data: Json) -> DeclaredLimits:
    """Compile validated data of `x-limits`."""
    places = {parse_place(text): value for text, value in data.get("answer", {}).items()}

    def named(word: str) -> tuple[str, ...]:
        return tuple(p.name for p, value in places.items() if value == {"allowance": word})

    return DeclaredLimits(
        Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
        LimitHeaders(limit=named("limit"), remaining=named("remaining"), reset=named("reset")),
        {
            name: Tier(
                requests_per_minute=tier["requests_per_minute"], in_flight=data.get("in_flight")
            )
            for name, tier in data["tiers"].items()
        },
    )
