"""JSON texts: all that the grammar allows is read."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.openapi.json import parse_json

ANY_CHARACTER = st.characters(exclude_categories=())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"cut \ud83d"', "cut \ufffd"),
        (r'"\uDE00 second half"', "\ufffd second half"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'["\\ud83d", "\ud83d"]', [r"\ud83d", "\ufffd"]),
        (r'{"\ud83d": 1}', {"\ufffd": 1}),
    ],
    ids=["first half", "second half", "pair", "half and pair", "escaped backslash", "name"],
)
def test_half_of_a_surrogate_pair_becomes_the_replacement_character(
    text: str, value: object
) -> None:
    assert parse_json(text.encode()) == value


@given(st.text(ANY_CHARACTER))
def test_every_string_of_another_parser_is_read(text: str) -> None:
    encoded = json.dumps(text)  # two halves that meet are a pair in JSON
    characters = json.loads(encoded)
    expected = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in characters)
    assert parse_json(encoded.encode()) == expected


@pytest.mark.parametrize("data", [b"", b"oops", b'"\\ud83d', b"[NaN]", b"\xff"], ids=repr)
def test_other_texts_are_not_json(data: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        parse_json(data)
