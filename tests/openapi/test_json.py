"""JSON texts: all that the grammar allows is read."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.openapi.json import duplicate_name, parse_json

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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"a": 1, "b": ":", "a": 2}', "a"),
        ('{"a": 1, "a": 1}', "a"),
        (r'{"a" : {"x": 1}, "\u0061" : 2}', "a"),
        ('{"b": [{"a": 1}, {"c": {"a": 1, "a": 2}}]}', "a"),
        ('[{"é": 1, "é": 2}]', "é"),
        ('{"": 1, "": 2}', ""),
        ('{"a": {"a": {"a": "a"}}, "b": "\\\\"}', None),
        (r'{"a": "\"a\": 1, \"a\": 2", "b": "\"b\":"}', None),
        ('{"a": "x : y", "b": ["a", "a", "b:"]}', None),
        ("[]", None),
        ('"a:"', None),
    ],
)
def test_duplicate_name_is_found_at_any_depth(text: str, name: str | None) -> None:
    data = text.encode()
    assert duplicate_name(data, parse_json(data)) == name


JSON_VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text('a":\\{é', max_size=4),
    lambda values: st.lists(values) | st.dictionaries(st.text('a":\\{é', max_size=4), values),
)


@given(JSON_VALUES)
def test_json_of_any_value_has_no_duplicate_name(value: object) -> None:
    for text in (orjson.dumps(value), json.dumps(value, indent=1).encode()):
        assert duplicate_name(text, value) is None


def test_duplicate_name_is_found_below_any_number_of_levels() -> None:
    text = b'{"a":' * 200 + b'{"b":1,"b":2}' + b"}" * 200
    assert duplicate_name(text, parse_json(text)) == "b"
