"""What is known of a key: how much it may ask for, and what it may not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ...openapi import Document, JobRole, Tier
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from ...openapi.pointer import format_pointer
from ...openapi.text import quote
from ..errors import ConfigError

NO_LIMITS = Tier()


@dataclass(frozen=True, slots=True)
class Account:
    """A key, its limits, and whether it was revoked. `forbidden` are the values, by field of the
    create request, that no job of this key may be made with.
    """

    key: str
    tier: Tier = NO_LIMITS
    revoked: bool = False
    forbidden: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)


def read_tier(document: Document, data: Json, *, at: str = "/limits") -> Tier:
    """The limits that a word or a mapping of own numbers means: `none`, the name of a tier of the
    document, or any of `requests_per_minute`, `in_flight` and `spend`.

    `at` is the JSON pointer of the data in what was read. Raises ValueError, with the pointer of
    the place and what was expected there, for anything else.
    """
    if isinstance(data, Mapping):
        _require_known(data, _NUMBERS, at)
        return Tier(
            requests_per_minute=_number(data, "requests_per_minute", at),
            in_flight=_number(data, "in_flight", at),
            spend=_spend(document, data, at),
        )
    tiers = {"none": NO_LIMITS, **(document.limits.tiers if document.limits else {})}
    if isinstance(data, str) and data in tiers:
        return tiers[data]
    known = f"must be one of {', '.join(tiers)}, or a mapping of {', '.join(_NUMBERS)}"
    raise ConfigError(at, f"{known}, not {quote(data)}")


def read_accounts(
    document: Document, data: Json, *, tier: Tier = NO_LIMITS, at: str = "/accounts"
) -> dict[str, Account]:
    """The accounts by their keys, from a mapping of each key to any of `limits` (as `read_tier`
    takes them), `spend`, `revoked` and `forbidden`.

    `tier` are the limits of those that name none. Raises ValueError, with the pointer of the place
    and what was expected there, for anything else.
    """
    _require_mapping(data, at, "of keys")
    if data and document.credentials is None:
        raise ConfigError(at, "the document asks for no key (security), so there are no accounts")
    accounts = {}
    for key, told in data.items():
        try:
            accounts[key] = _read_account(document, key, told, tier=tier)
        except ConfigError as error:
            place, shown = (at + format_pointer([k]) for k in (key, mask_key(str(key))))
            reason = error.reason
            raise ConfigError(
                place + error.pointer, reason, displayed=shown + error.pointer
            ) from None
    return accounts


def _read_account(document: Document, key: Json, data: Json, *, tier: Tier) -> Account:
    if not isinstance(key, str) or not key.strip():
        raise ConfigError("", f"a key must be a text, not {quote(key)}")
    _require_mapping(data, "", f"of {', '.join(_PARTS)}")
    _require_known(data, _PARTS, "")
    if "limits" in data:
        tier = read_tier(document, data["limits"], at="/limits")
    if "spend" in data:
        tier = replace(tier, spend=_spend(document, data, ""))
    revoked = data.get("revoked", False)
    if not isinstance(revoked, bool):
        raise ConfigError("/revoked", f"must be true or false, not {quote(revoked)}")
    forbidden = _forbidden(document, data.get("forbidden", {}), "/forbidden")
    return Account(key, tier, revoked, forbidden)


def _forbidden(document: Document, data: Json, at: str) -> dict[str, tuple[Json, ...]]:
    _require_mapping(data, at, "of fields of the create request")
    bodies = document.by_role[JobRole.CREATE].bodies.values()
    fields = {n: p for body in bodies for n, p in body.properties.items() if n not in body.files}
    _require_known(data, fields, at)
    for name, values in data.items():
        place = at + format_pointer([name])
        if not isinstance(values, list | tuple) or not values:
            raise ConfigError(place, f"must be a list of values, not {quote(values)}")
        known = fields[name].get("enum", values)
        for index, value in enumerate(values):
            if value not in known:
                listed = ", ".join(map(quote, known))
                raise ConfigError(
                    f"{place}/{index}", f"must be one of {listed}, not {quote(value)}"
                )
    return {name: tuple(values) for name, values in data.items()}


def _number(data: Mapping[str, Json], name: str, at: str) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(
            f"{at}/{name}", f"must be a whole number of 1 or more, not {quote(value)}"
        )
    return value


def _spend(document: Document, data: Mapping[str, Json], at: str) -> Decimal | None:
    value = data.get("spend")
    if value is None:
        return None
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    amount = Decimal(str(value)) if number else Decimal("nan")
    if not amount.is_finite() or amount < 0:
        raise ConfigError(f"{at}/spend", f"must be an amount of 0 or more, not {quote(value)}")
    if document.by_role[JobRole.CREATE].price is None:
        raise ConfigError(f"{at}/spend", "the document names no price of a create (x-price)")
    return amount


def _require_mapping(data: Json, at: str, what: str) -> None:
    if not isinstance(data, Mapping):
        raise ConfigError(at, f"must be a mapping {what}, not {quote(data)}")


def _require_known(data: Mapping[str, Json], known: Collection[str], at: str) -> None:
    for name in data:
        if name not in known:
            place = at + format_pointer([name])
            raise ConfigError(place, f"is not known here, only {', '.join(known)} are")


_NUMBERS = ("requests_per_minute", "in_flight", "spend")
_PARTS = ("limits", "spend", "revoked", "forbidden")
