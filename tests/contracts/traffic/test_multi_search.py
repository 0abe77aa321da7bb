"""Search for many strings at once, and decoding of escapes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts.traffic.encodings import decode_escapes
from aisa_testkit.contracts.traffic.multi_search import MultiStringSearch

STRINGS = st.lists(st.text("ab-]^\\é", min_size=1, max_size=20), max_size=8)


@given(STRINGS, STRINGS, st.text("ab-]^\\é", max_size=60))
def test_search_finds_exactly_the_strings_in_the_text(
    first: list[str], second: list[str], text: str
) -> None:
    search, known = MultiStringSearch(), list[str]()
    for strings in (first, second):
        search.add(*strings)
        known += strings
        whole = text + "b".join(known[::2])
        assert search.find_all(whole) == {string for string in known if string in whole}


def test_encoded_characters_are_decoded() -> None:
    encoded = (
        r"""%2d \u002D &#45; &#x2d; &#X0002D; &minus; \" \\ \/ %C3%A9 \u00e9 &eacute; &quot;"""
    )
    dashes, rest = decode_escapes(encoded).split(" ")[:5], decode_escapes(encoded).split(" ")[6:]
    assert dashes == ["-"] * 5
    letter = "é".encode().decode("latin-1")
    assert rest == ['"', "\\", "/", letter, letter, letter, '"']


def test_invalid_escapes_are_unchanged() -> None:
    for text in ("100 %", "a & b;", r"\n \ud800 \u12", "&nothing; &#9999999; &#xffffff; &#x0;%"):
        assert decode_escapes(text).replace("\0", "&#x0;") == text
