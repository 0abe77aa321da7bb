"""Many texts looked for at once are found where looking for each would find it, and only there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts.traffic.encodings import decode_escapes
from aisa_testkit.contracts.traffic.multi_search import MultiStringSearch

NEEDLES = st.lists(st.text("ab-]^\\é", min_size=1, max_size=20), max_size=8)


@given(NEEDLES, NEEDLES, st.text("ab-]^\\é", max_size=60))
def test_those_are_found_that_the_text_holds(first: list[str], then: list[str], text: str) -> None:
    needles, known = MultiStringSearch(), list[str]()
    for some in (first, then):
        needles.add(*some)
        known += some
        whole = text + "b".join(known[::2])
        assert needles.find_all(whole) == {needle for needle in known if needle in whole}


def test_a_character_is_told_however_it_is_spelt() -> None:
    spelt = r"""%2d \u002D &#45; &#x2d; &#X0002D; &minus; \" \\ \/ %C3%A9 \u00e9 &eacute; &quot;"""
    dashes, rest = decode_escapes(spelt).split(" ")[:5], decode_escapes(spelt).split(" ")[6:]
    assert dashes == ["-"] * 5
    letter = "é".encode().decode("latin-1")
    assert rest == ['"', "\\", "/", letter, letter, letter, '"']


def test_what_spells_no_character_is_left_as_it_is() -> None:
    for text in ("100 %", "a & b;", r"\n \ud800 \u12", "&nothing; &#9999999; &#xffffff; &#x0;%"):
        assert decode_escapes(text).replace("\0", "&#x0;") == text
