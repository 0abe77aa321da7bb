"""How much one key may ask for, `x-limits`, and the headers that tell a client how much is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .json import Json
from .operation import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """How much one key may ask for; None where there is no limit.

    `requests_per_minute` is the number of requests, `in_flight` the number of jobs that may be
    pending at once, `spend` what its jobs may cost in all, in the currency of the price list.
    """

    requests_per_minute: int | None = None
    in_flight: int | None = None
    spend: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LimitHeaders:
    """The names of the headers, in lower case, that carry the requests of a minute, how many of
    them are left, and when they are counted anew (Unix seconds).
    """

    limit: tuple[str, ...]
    remaining: tuple[str, ...]
    reset: tuple[str, ...]

    def to_headers(self, *, limit: int, remaining: int, reset: int) -> dict[str, str]:
        """The headers with their values."""
        named = ((self.limit, limit), (self.remaining, remaining), (self.reset, reset))
        return {name: str(value) for names, value in named for name in names}


@dataclass(frozen=True, slots=True)
class DeclaredLimits:
    """The limits of an API: its headers, its tiers by name, and how well all that is known."""

    provenance: Provenance
    headers: LimitHeaders
    tiers: Mapping[str, Tier]


def compile_limits(data: Json) -> DeclaredLimits:
    """The limits from their data, which the schema of the extension has checked."""
    headers = data.get("headers", {})
    return DeclaredLimits(
        Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
        LimitHeaders(
            limit=_lower(headers.get("limit", ())),
            remaining=_lower(headers.get("remaining", ())),
            reset=_lower(headers.get("reset", ())),
        ),
        {
            name: Tier(
                requests_per_minute=tier["requests_per_minute"], in_flight=data.get("in_flight")
            )
            for name, tier in data["tiers"].items()
        },
    )


def _lower(names: Json) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)
