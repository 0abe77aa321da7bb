"""YAML 1.2: the plain words that are not text."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.source import parse_source


def value_of(text: str) -> Json:
    """Return the value that a plain word has in YAML."""
    return parse_source(f"a: {text}\n", name="text").data["a"]


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "N",
        "2026-01-01",
        "12:30:45",
        "0b11",
        "1_000",
        "0x",
        "1e",
        "=",
    ],
)
def test_words_of_yaml_1_1_are_text(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("012", 12),
        ("0o14", 12),
        ("0xfF", 255),
        ("-5", -5),
        ("+5", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", float(2**64)),
        ('"true"', "true"),
    ],
)
def test_words_of_yaml_1_2_have_a_value(text: str, value: Json) -> None:
    found = value_of(text)
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text() -> None:
    assert parse_source("200: a\nyes: b\ntrue: c\n", name="text").data == {
        "200": "a",
        "yes": "b",
        "true": "c",
    }


def test_aliases_and_merge_keys_are_read() -> None:
    text = "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\nsame: *base\n"
    data = parse_source(text, name="text").data
    assert data["other"] == {"a": 1, "b": 3}
    assert data["same"] == data["base"]
