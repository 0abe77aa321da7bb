"""Accounts: the limits and settings of single API keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ...openapi import Document, Tier
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from ...openapi.pointer import format_pointer
from ...openapi.text import did_you_mean, quote
from ..config_schema import errors_under, validate
from ..config_types import LimitOptions
from ..errors import ConfigError

NO_LIMITS = Tier()


@dataclass(frozen=True, slots=True)
class Account:
    """An API key and its settings.

    Args:
        key: the API key.
        tier: the limits of the key.
        revoked: True if requests with the key are refused.
        forbidden: values that are refused, by field of the create request.
    """

    key: str
    tier: Tier = NO_LIMITS
    revoked: bool = False
    forbidden: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)


def read_tier(document: Document, limits: Json, *, at: str = "/limits") -> Tier:
    """Return the limits that `config_types.Limits` describes.

    `at` is the JSON pointer of the limits. Raises ConfigError if they are invalid.
    """
    if isinstance(limits, Mapping):
        with errors_under(at):
            validate("Limits", limits)
            return Tier(
                requests_per_minute=_count(limits, "requests_per_minute"),
                in_flight=_count(limits, "in_flight"),
                spend=_spend(document, limits),
            )
    tiers = {"none": NO_LIMITS, **(document.limits.tiers if document.limits else {})}
    if isinstance(limits, str) and limits in tiers:
        return tiers[limits]
    numbers = f"an object with {', '.join(LimitOptions.__annotations__)}"
    suggestion = did_you_mean(limits, tiers) if isinstance(limits, str) else ""
    expected = f"must be one of {', '.join(tiers)}, or {numbers}"
    raise ConfigError(at, f"{expected}, not {quote(limits)}{suggestion}")


def read_accounts(
    document: Document,
    accounts: Mapping[str, Json],
    *,
    tier: Tier = NO_LIMITS,
    at: str = "/accounts",
) -> dict[str, Account]:
    """Return the accounts, by API key, that `Account` in `config.schema.json` describes.

    `tier` is for accounts without limits, `at` the JSON pointer of the accounts. Raises ConfigError
    if an account is invalid.
    """
    if not isinstance(accounts, Mapping):
        raise ConfigError(at, f"must be of type object, not {quote(accounts)}")
    if accounts and document.credentials is None:
        raise ConfigError(at, "the document does not use API keys (security)")
    return {
        key: _read_account(document, key, options, tier=tier, at=at)
        for key, options in accounts.items()
    }


def _read_account(document: Document, key: Json, options: Json, *, tier: Tier, at: str) -> Account:
    pointer, displayed = (at + format_pointer([k]) for k in (key, mask_key(str(key))))
    with errors_under(pointer, displayed=displayed):
        if not isinstance(key, str) or not key.strip():
            raise ConfigError("", f"an API key must be a text, not {quote(key)}")
        validate("Account", options)
        if "limits" in options:
            tier = read_tier(document, options["limits"])
        if "spend" in options:
            tier = replace(tier, spend=_spend(document, options))
        revoked, forbidden = options.get("revoked", False), options.get("forbidden", {})
        _check_forbidden(document, forbidden)
        return Account(key, tier, revoked, {name: (*forbidden[name],) for name in forbidden})


def _check_forbidden(document: Document, forbidden: Mapping[str, Json]) -> None:
    """Raise ConfigError for unknown fields and for values that a field cannot have."""
    creates = [create for kind in document.kinds.values() for create in kind.creates]
    bodies = [body for create in creates for body in create.operation.bodies.values()]
    fields = {n: p for body in bodies for n, p in body.properties.items() if n not in body.files}
    for name, values in forbidden.items():
        pointer = "/forbidden" + format_pointer([name])
        if name not in fields:
            known = f"only {', '.join(fields)}{did_you_mean(name, fields)}"
            raise ConfigError(pointer, f"is not known here, {known}")
        allowed = fields[name].get("enum", values)
        for index, value in enumerate(values):
            if value not in allowed:
                listed = ", ".join(map(quote, allowed))
                reason = f"must be one of {listed}, not {quote(value)}"
                raise ConfigError(f"{pointer}/{index}", reason)


def _count(limits: Mapping[str, Json], name: str) -> int | None:
    value = limits.get(name)
    return None if value is None else int(value)


def _spend(document: Document, options: Mapping[str, Json]) -> Decimal | None:
    value = options.get("spend")
    if value is None:
        return None
    if not any(create.price for kind in document.kinds.values() for create in kind.creates):
        raise ConfigError("/spend", "the document declares no price of a job (x-jobs)")
    return Decimal(str(value))
