"""JSON pointers (RFC 6901)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import (
    format_pointer,
    get,
    parse_pointer,
    pointer_of,
    set_at,
)

steps = st.lists(st.text(st.characters(codec="utf-8"))).map(tuple)

# The document and the pointers of RFC 6901, section 5.
RFC = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, 'k"l': 6, " ": 7, "m~n": 8}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_examples_of_rfc_6901(pointer: str, value: Json) -> None:
    assert get(RFC, parse_pointer(pointer)) == value


def test_escaped_tilde_before_a_one_is_not_a_slash() -> None:
    assert parse_pointer("/~01") == ("~1",)


@given(steps)
def test_pointer_round_trip(path: tuple[str, ...]) -> None:
    assert parse_pointer(format_pointer(path)) == path


def test_reference_may_be_percent_encoded() -> None:
    assert pointer_of("#/paths/~1a~1%7Bb%7D/x%20y") == "/paths/~1a~1{b}/x y"
    assert pointer_of("#/components/schemas/A") == "/components/schemas/A"


@pytest.mark.parametrize(
    "path",
    [
        ("none",),
        ("foo", "2"),
        ("foo", "-"),
        ("foo", "-1"),
        ("foo", "²"),
        ("foo", "0", "0"),
        ("", "a"),
    ],
    ids=[
        "no key",
        "behind the list",
        "dash",
        "negative",
        "superscript",
        "into text",
        "into number",
    ],
)
def test_missing_place_is_a_lookup_error(path: tuple[str, ...]) -> None:
    with pytest.raises(LookupError):
        get(RFC, path)


def test_set_at_creates_missing_objects() -> None:
    data: dict[str, Json] = {"error": None, "kept": {"a": 1}}
    set_at(data, ("error", "code"), "bad")
    set_at(data, ("kept", "b"), 2)
    set_at(data, ("new", "deep", "er"), 3)
    assert data == {
        "error": {"code": "bad"},
        "kept": {"a": 1, "b": 2},
        "new": {"deep": {"er": 3}},
    }
