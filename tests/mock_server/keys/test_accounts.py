"""Limits and accounts read from options, and errors in them."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest

from aisa_testkit.mock_server.errors import ConfigError
from aisa_testkit.mock_server.keys.accounts import Account, read_accounts, read_tier
from aisa_testkit.openapi import Document, Tier, parse_document
from aisa_testkit.openapi.json import Json

UNLIMITED = Tier()


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("none", UNLIMITED),
        ("free", Tier(requests_per_minute=60, in_flight=3)),
        ("growth", Tier(requests_per_minute=3000, in_flight=3)),
    ],
)
def test_tier_by_name(document: Document, name: str, tier: Tier) -> None:
    assert read_tier(document, name) == tier


def test_another_document_has_other_tiers(other_document: Document) -> None:
    assert read_tier(other_document, "hobby") == Tier(requests_per_minute=5, in_flight=1)
    with pytest.raises(ValueError, match=r"^/limits: must be one of none, hobby, studio, or an"):
        read_tier(other_document, "free")


def test_limits_as_numbers_are_unlimited_by_default(document: Document) -> None:
    limits = {"requests_per_minute": 7, "in_flight": 1, "spend": 2.5}
    assert read_tier(document, limits) == Tier(
        requests_per_minute=7, in_flight=1, spend=Decimal("2.5")
    )
    assert read_tier(document, {"in_flight": 2, "spend": None}) == Tier(in_flight=2)
    assert read_tier(document, {}) == UNLIMITED


@pytest.mark.parametrize("amount", [0, 2, 0.1, Decimal("0.1")])
def test_spend_cap_is_an_exact_decimal(document: Document, amount: Json) -> None:
    assert read_tier(document, {"spend": amount}).spend == Decimal(str(amount))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "gold",
            "/limits: must be one of none, free, starter, growth, or an object with"
            " requests_per_minute, in_flight, spend, not 'gold'",
        ),
        (60, "/limits: must be one of none, free, starter, growth, or an object"),
        (None, "/limits: must be one of none, free, starter, growth, or an object"),
        (["free"], "/limits: must be one of none, free, starter, growth, or an object"),
        (
            {"requests": 5},
            "/limits/requests: is not known here, only requests_per_minute, in_flight, spend",
        ),
        ({"a/b": 5}, "/limits/a~1b: is not known here, only "),
        (
            {"requests_per_minute": 0},
            "/limits/requests_per_minute: must be at least 1, not 0",
        ),
        (
            {"requests_per_minute": 1.5},
            "/limits/requests_per_minute: must be of type integer or null, numbers at least 1,"
            " not 1.5",
        ),
        ({"in_flight": -1}, "/limits/in_flight: must be at least 1, not -1"),
        (
            {"in_flight": True},
            "/limits/in_flight: must be of type integer or null, numbers at least 1, not true",
        ),
        (
            {"in_flight": "3"},
            "/limits/in_flight: must be of type integer or null, numbers at least 1, not '3'",
        ),
        ({"spend": -0.1}, "/limits/spend: must be at least 0, not -0.1"),
        (
            {"spend": "2"},
            "/limits/spend: must be of type null or number, numbers at least 0, not '2'",
        ),
        (
            {"spend": True},
            "/limits/spend: must be of type null or number, numbers at least 0, not true",
        ),
        ({"spend": float("nan")}, "/limits/spend: must be a finite number, not nan"),
        ({"spend": float("inf")}, "/limits/spend: must be a finite number, not inf"),
    ],
    ids=str,
)
def test_invalid_limits_are_reported_with_their_pointer(
    document: Document, data: Json, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^/limits") as caught:
        read_tier(document, data)
    assert str(caught.value).startswith(message)


def test_spend_cap_needs_a_price_in_the_document(other_document: Document) -> None:
    root = dict(other_document.source.data)
    ((name, kind),) = root["x-jobs"].items()
    root["x-jobs"] = {name: {word: value for word, value in kind.items() if word != "price"}}
    free = parse_document(_text(root))
    with pytest.raises(ValueError, match=r"^/limits/spend: the document declares no price"):
        read_tier(free, {"spend": 1})
    assert read_tier(free, {"in_flight": 1}) == Tier(in_flight=1)


def test_account_has_its_own_limits_or_the_default(document: Document) -> None:
    accounts = read_accounts(
        document,
        {
            "sk-rich": {"limits": "growth"},
            "sk-poor": {"spend": 0.4},
            "sk-plain": {},
            "sk-free": {"limits": "none", "spend": 1},
        },
        tier=Tier(in_flight=1),
    )
    assert accounts == {
        "sk-rich": Account("sk-rich", Tier(requests_per_minute=3000, in_flight=3)),
        "sk-poor": Account("sk-poor", Tier(in_flight=1, spend=Decimal("0.4"))),
        "sk-plain": Account("sk-plain", Tier(in_flight=1)),
        "sk-free": Account("sk-free", Tier(spend=Decimal(1))),
    }


def test_account_with_revoked_key_or_forbidden_values(document: Document) -> None:
    options = {
        "sk-gone": {"revoked": True},
        "sk-small": {"forbidden": {"model": ["sora-2-pro"], "seconds": ["8", "12"]}},
    }
    gone, small = read_accounts(document, options).values()
    assert gone == Account("sk-gone", revoked=True)
    assert small.forbidden == {"model": ("sora-2-pro",), "seconds": ("8", "12")}
    assert not small.revoked


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["sk-1"], '/accounts: must be of type object, not ["sk-1"]'),
        (
            {"sk-1": None},
            "/accounts/…: must be of type object, not null",
        ),
        ({" ": {}}, "/accounts/…: an API key must be a text, not ' '"),
        ({7: {}}, "/accounts/…: an API key must be a text, not 7"),
        (
            {"a/b": {"limit": 1}},
            "/accounts/…/limit: is not known here, only limits, spend, revoked, forbidden",
        ),
        (
            {"sk-1": {"limits": "gold"}},
            "/accounts/…/limits: must be one of none, free, ",
        ),
        (
            {"sk-1": {"limits": {"in_flight": 0}}},
            "/accounts/…/limits/in_flight: must be at least 1, not 0",
        ),
        (
            {"sk-1": {"spend": -1}},
            "/accounts/…/spend: must be at least 0, not -1",
        ),
        (
            {"sk-1": {"revoked": "yes"}},
            "/accounts/…/revoked: must be of type boolean, not 'yes'",
        ),
        (
            {"sk-1": {"forbidden": ["sora-2"]}},
            '/accounts/…/forbidden: must be of type object, not ["sora-2"]',
        ),
        (
            {"sk-1": {"forbidden": {"modl": ["sora-2"]}}},
            "/accounts/…/forbidden/modl: is not known here, only prompt, model, seconds, size",
        ),
        (
            {"sk-1": {"forbidden": {"input_reference": ["a"]}}},
            "/accounts/…/forbidden/input_reference: is not known here, only prompt, ",
        ),
        (
            {"sk-1": {"forbidden": {"model": "sora-2"}}},
            "/accounts/…/forbidden/model: must be of type array, not 'sora-2'",
        ),
        (
            {"sk-1": {"forbidden": {"model": []}}},
            "/accounts/…/forbidden/model: must have at least 1 entry, not 0",
        ),
        (
            {"sk-1": {"forbidden": {"model": ["sora-2", "sora-3"]}}},
            "/accounts/…/forbidden/model/1: must be one of 'sora-2', 'sora-2-pro', not 'sora-3'",
        ),
    ],
    ids=[
        "not an object",
        "null",
        "blank key",
        "number as key",
        "unknown option",
        "unknown tier",
        "limit too small",
        "negative amount",
        "not a boolean",
        "forbidden values without a field",
        "unknown field",
        "file field",
        "not a list",
        "empty list",
        "undocumented value",
    ],
)
def test_invalid_accounts_are_reported_with_their_pointer(
    document: Document, data: Json, message: str
) -> None:
    with pytest.raises(ValueError, match=r"^/accounts") as caught:
        read_accounts(document, data)
    assert str(caught.value).startswith(message)


def test_pointer_starts_at_the_given_place_and_masks_the_key(document: Document) -> None:
    with pytest.raises(ConfigError, match=r"^/mock/keys/…4321/limits: must be") as refused:
        read_accounts(document, {"sk-live-987654321": {"limits": 1}}, at="/mock/keys")
    assert "sk-live" not in f"{refused.value} {refused.value!r}"
    assert refused.value.pointer == "/mock/keys/sk-live-987654321/limits"
    with pytest.raises(ValueError, match=r"^/mock/limits/in_flight: must be"):
        read_tier(document, {"in_flight": 0}, at="/mock/limits")


def test_accounts_need_keys_in_the_document(other_document: Document) -> None:
    root = {key: part for key, part in other_document.source.data.items() if key != "security"}
    keyless = parse_document(_text(root))
    assert read_accounts(keyless, {}) == {}
    with pytest.raises(ValueError, match=r"^/accounts: the document does not use API keys"):
        read_accounts(keyless, {"sk-1": {}})


def _text(root: Json) -> str:
    return orjson.dumps(root).decode()
