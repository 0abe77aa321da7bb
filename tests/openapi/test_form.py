"""The multipart parser: no part is lost, and every malformed form is an error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisa_testkit.openapi.errors import FormError
from aisa_testkit.openapi.form import PART_LIMIT, Part, parse_form

CONTENT_TYPE = "multipart/form-data; boundary=xYz"
GREETING = b'--xYz\r\nContent-Disposition: form-data; name="greeting"\r\n\r\nhello\r\n'
END = b"--xYz--\r\n"


def encode(parts: list[Part], boundary: str) -> bytes:
    """Return a form as browsers encode it (HTML, section 4.10.21.8)."""
    body = b""
    for part in parts:
        header = f'Content-Disposition: form-data; name="{part.name}"'
        header += "" if part.filename is None else f'; filename="{part.filename}"'
        header += f"\r\nContent-Type: {part.content_type}" if part.content_type else ""
        body += f"--{boundary}\r\n{header}\r\n\r\n".encode() + part.content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def test_multipart_parts_keep_their_order_and_headers() -> None:
    parts = [
        Part("text", None, None, b"a\r\nb"),
        Part("empty", None, None, b""),
        Part("picture", "p.png", "image/png", b"\x89PNG\r\n--xY\r\n--"),
        Part("text", None, "text/plain; charset=utf-8", b"again"),
    ]
    assert parse_form(CONTENT_TYPE, encode(parts, "xYz")) == parts


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/form-data; boundary="a b:c?"', "a b:c?"),
        ("Multipart/Form-Data; charset=utf-8; Boundary=x", "x"),
        ("multipart/form-data;boundary=----WebKit", "----WebKit"),
    ],
    ids=["quoted", "second option, other case", "without a space"],
)
def test_multipart_boundary_syntax(content_type: str, boundary: str) -> None:
    parts = [Part("a", None, None, b"1")]
    assert parse_form(content_type, encode(parts, boundary)) == parts


@pytest.mark.parametrize(
    ("header", "name", "filename"),
    [
        ('name="größe"; filename="影片.png"', "größe", "影片.png"),
        ('name="a%22b"; filename="c%0D%0Ad"', 'a"b', "c\r\nd"),
        ('name="a"; filename=""', "a", ""),
        ("name=a", "a", None),
        ('name=""', "", None),
        ('filename="f"; name="a"', "a", "f"),
    ],
    ids=["utf-8", "percent-encoded", "empty file name", "bare", "empty name", "file name first"],
)
def test_multipart_names_and_file_names(header: str, name: str, filename: str | None) -> None:
    body = f"--xYz\r\ncontent-disposition: form-data; {header}\r\n\r\n1\r\n".encode() + END
    assert parse_form(CONTENT_TYPE, body) == [Part(name, filename, None, b"1")]


def test_multipart_form_without_parts_is_valid() -> None:
    assert parse_form(CONTENT_TYPE, END) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GREETING, "its last boundary is missing"),
        (GREETING.rstrip(), "its last boundary is missing"),
        (GREETING + b"--xYz-", "its last boundary is missing"),
        ((GREETING + END).replace(b"\r\n", b"\n"), "its last boundary is missing"),
        (
            GREETING.replace(b"\r\n\r\n", b"\n\n") + END,
            "a part has no blank line after its headers",
        ),
        (GREETING + b"--xYzz\r\n" + END, "a boundary is malformed"),
        (b"--xYz\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + END, "a part has no name"),
        (
            b'--xYz\r\nContent-Disposition: file; name="a"\r\n\r\n1\r\n' + END,
            "a part has no header Content-Disposition: form-data",
        ),
        (
            b"--xYz\r\nContent-Type: text/plain\r\n\r\n1\r\n" + END,
            "a part has no header Content-Disposition: form-data",
        ),
        (GREETING.replace(b"greeting", b"\xff") + END, "the headers of a part are not UTF-8"),
        (
            GREETING.replace(b"greeting", b"a\rb") + END,
            "a header of a part is not one line with a colon",
        ),
    ],
    ids=[
        "no terminator",
        "cut off in a part",
        "cut off in the terminator",
        "lines end with LF",
        "header lines end with LF",
        "longer boundary between",
        "no name",
        "not form-data",
        "no disposition",
        "name not UTF-8",
        "CR in a header",
    ],
)
def test_malformed_multipart_form_is_an_error(body: bytes, reason: str) -> None:
    with pytest.raises(FormError, match=reason):
        parse_form(CONTENT_TYPE, body)


@pytest.mark.parametrize(
    ("written", "name", "filename"),
    [
        (r'name="l8P\"', "l8P\\", None),
        (r'name="a\"; filename="b\"', "a\\", "b\\"),
        (r'name="a\"b"; filename="c\\d"', 'a"b', r"c\\d"),
        ("name=a; filename=b", "a", "b"),
    ],
    ids=["at the end", "before a parameter", "before a quotation mark", "no quotation marks"],
)
def test_multipart_backslash_is_literal_except_before_a_quotation_mark(
    written: str, name: str, filename: str | None
) -> None:
    head = f"Content-Disposition: form-data; {written}\r\n\r\n".encode()
    (part,) = parse_form(CONTENT_TYPE, b"--xYz\r\n" + head + b"\r\n" + END)
    assert (part.name, part.filename) == (name, filename)


def test_multipart_name_may_contain_any_character_but_line_breaks() -> None:
    (part,) = parse_form(CONTENT_TYPE, GREETING.replace(b"greeting", b"a\0b") + END)
    assert part.name == "a\0b"


@pytest.mark.parametrize(
    "before",
    [b"\r\n", b"\n", b"\r\n\r\n", b"For clients without MIME.\r\n", b"\r\n--xY\r\nno end\r\n"],
    ids=["empty line", "LF", "empty lines", "preamble", "preamble with another boundary"],
)
def test_multipart_preamble_and_empty_lines_are_ignored(before: bytes) -> None:
    (part,) = parse_form(CONTENT_TYPE, before + GREETING + END)
    assert part == Part("greeting", None, None, b"hello")


@pytest.mark.parametrize("blanks", [b" ", b"\t", b" \t  "])
def test_multipart_blanks_after_a_boundary_are_ignored(blanks: bytes) -> None:
    body = (GREETING + GREETING + END).replace(b"--xYz\r\n", b"--xYz" + blanks + b"\r\n")
    body = body.replace(b"--xYz--", b"--xYz--" + blanks)
    assert [part.content for part in parse_form(CONTENT_TYPE, body)] == [b"hello", b"hello"]


def test_multipart_epilogue_is_ignored() -> None:
    assert len(parse_form(CONTENT_TYPE, GREETING + END + b"\r\nThe end\r\n--x")) == 1


@pytest.mark.parametrize("body", [b"", b"A preamble\r\n", b"x--xYz\r\n"])
def test_multipart_body_must_contain_the_boundary(body: bytes) -> None:
    with pytest.raises(FormError) as caught:
        parse_form(CONTENT_TYPE, body)
    assert str(caught.value) == "it does not contain the boundary 'xYz'"


@pytest.mark.parametrize(
    "start", [b"-xYz" + GREETING, b"--xyz" + GREETING[5:] + GREETING], ids=["malformed", "other"]
)
def test_multipart_part_before_the_first_boundary_is_an_error(start: bytes) -> None:
    with pytest.raises(FormError) as caught:
        parse_form(CONTENT_TYPE, start + END)
    assert str(caught.value) == "a part is before the first boundary"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
    ],
)
def test_multipart_content_type_needs_a_boundary(content_type: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_form(content_type, GREETING + END)
    assert str(caught.value) == "the Content-Type has no boundary"


def test_multipart_part_after_the_last_boundary_is_an_error() -> None:
    with pytest.raises(FormError):
        parse_form(CONTENT_TYPE, GREETING + END + GREETING + END)


def test_multipart_form_may_reach_the_part_limit() -> None:
    assert len(parse_form(CONTENT_TYPE, GREETING * PART_LIMIT + END)) == PART_LIMIT


@pytest.mark.parametrize("count", [PART_LIMIT + 1, 100_000], ids=["one more", "many more"])
def test_multipart_part_limit(count: int) -> None:
    with pytest.raises(FormError) as caught:
        parse_form(CONTENT_TYPE, GREETING * count + END)
    assert str(caught.value) == "it has more than 1000 parts"


def test_malformed_multipart_form_is_not_reported_as_too_many_parts() -> None:
    with pytest.raises(FormError) as caught:
        parse_form(CONTENT_TYPE, GREETING)
    assert "1000" not in str(caught.value)


# Browsers write a quote and line breaks as %22, %0D, %0A, so that a percent sign is ambiguous.
names = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='"%\\'))
parts = st.builds(
    Part,
    name=names,
    filename=st.none() | names,
    content_type=st.none() | st.sampled_from(["text/plain", "image/png"]),
    content=st.binary().filter(lambda content: b"--xYz" not in content),
)


@given(st.lists(parts, max_size=8))
def test_multipart_round_trip(sent: list[Part]) -> None:
    assert parse_form(CONTENT_TYPE, encode(sent, "xYz")) == sent


# Mostly pieces of real forms, since random bytes alone hardly ever begin with the boundary.
pieces = st.sampled_from(
    [GREETING, END, b"--xYz", b"\r\n", b"\n", b"--", b'Content-Type: a"', b":"]
)
bodies = st.lists(pieces | st.binary(max_size=20), max_size=12).map(b"".join)


@given(st.sampled_from([b"--xYz\r\n", b"--xYz", b"\r\n--xYz", b""]), bodies)
def test_any_body_is_parts_or_a_form_error(start: bytes, body: bytes) -> None:
    found: list[Part] = []
    with suppress(FormError):
        found = parse_form(CONTENT_TYPE, start + body)
    assert len(found) <= body.count(b"Content-Disposition")


@given(st.text(st.characters(exclude_categories=[])))
@example("\udc80")
def test_any_content_type_has_a_boundary_or_is_a_form_error(boundary: str) -> None:
    with pytest.raises(FormError):
        parse_form(f'multipart/form-data; boundary="{boundary}"', b"hello")
