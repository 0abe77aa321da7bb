"""Downloads: whole files, ranges and 304."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.jobs.download import Download
from aisa_testkit.openapi import Cause

CONTENT = bytes(range(100))
ETAG = '"0123abcd"'
FILE = Download(CONTENT, "video/mp4", ETAG, "video_1.mp4")
HEADERS = {
    "etag": ETAG,
    "accept-ranges": "bytes",
    "content-disposition": 'attachment; filename="video_1.mp4"',
    "content-type": "video/mp4",
}


def test_download_without_conditions_is_the_whole_file() -> None:
    reply = FILE.reply({})
    assert (reply.status, reply.headers, reply.body) == (200, HEADERS, CONTENT)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("bytes=0-0", 0, 0, id="the first byte"),
        pytest.param("bytes=10-19", 10, 19, id="from one to another"),
        pytest.param("bytes=99-99", 99, 99, id="the last byte"),
        pytest.param("bytes=0-99", 0, 99, id="all bytes by number"),
        pytest.param("bytes=40-", 40, 99, id="from one to the end"),
        pytest.param("bytes=0-", 0, 99, id="from the beginning to the end"),
        pytest.param("bytes=-1", 99, 99, id="a suffix of one"),
        pytest.param("bytes=-30", 70, 99, id="a suffix"),
        pytest.param("bytes=-100", 0, 99, id="a suffix as long as the file"),
        pytest.param("bytes=-5000", 0, 99, id="a suffix longer than the file"),
        pytest.param("bytes=90-100", 90, 99, id="an end one beyond the last byte"),
        pytest.param("bytes=90-999999999999", 90, 99, id="an end far beyond the last byte"),
        pytest.param("bytes= 10 - 19 ", 10, 19, id="spaces"),
        pytest.param("bytes=007-008", 7, 8, id="leading zeros"),
    ],
)
def test_range_returns_its_bytes(text: str, first: int, last: int) -> None:
    reply = FILE.reply({"range": text})
    assert reply.status == 206
    assert reply.headers == {**HEADERS, "content-range": f"bytes {first}-{last}/100"}
    assert reply.body == CONTENT[first : last + 1]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("bytes=20-10", id="an end before the beginning"),
        pytest.param("bytes=200-150", id="an end before a beginning beyond the file"),
        pytest.param("bytes=0-1,5-6", id="several ranges"),
        pytest.param("bytes=0-1, -5", id="several ranges with a space"),
        pytest.param("items=0-1", id="another unit"),
        pytest.param("0-1", id="no unit"),
        pytest.param("bytes=-", id="no number"),
        pytest.param("bytes=", id="nothing but the unit"),
        pytest.param("bytes=a-b", id="no digits"),
        pytest.param("bytes=--5", id="a negative suffix"),
        pytest.param("bytes=1.0-2.0", id="fractions"),
        pytest.param("bytes=\u0661-\u0662", id="digits of another script"),
        pytest.param("bytes=0-1x", id="something behind the range"),
        pytest.param("", id="an empty header"),
    ],
)
def test_unsupported_range_header_is_ignored(text: str) -> None:
    reply = FILE.reply({"range": text})
    assert (reply.status, reply.headers, reply.body) == (200, HEADERS, CONTENT)


@pytest.mark.parametrize("text", ["bytes=100-", "bytes=100-200", "bytes=5000-6000", "bytes=-0"])
def test_range_outside_the_file_is_refused_with_its_length(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        FILE.reply({"range": text})
    refusal = caught.value
    assert (refusal.cause, refusal.parameter) == (Cause.RANGE_UNSATISFIABLE, "Range")
    assert refusal.message == "Range: must be within the 100 bytes of the file"
    assert refusal.headers == {"content-range": "bytes */100"}


def test_if_range_with_the_same_version_returns_the_range() -> None:
    assert FILE.reply({"range": "bytes=1-2", "if-range": ETAG}).body == CONTENT[1:3]


@pytest.mark.parametrize(
    "version",
    [
        pytest.param('"ffff"', id="another tag"),
        pytest.param(f"W/{ETAG}", id="a weak tag"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", id="a date"),
    ],
)
@pytest.mark.parametrize("text", ["bytes=1-2", "bytes=5000-"], ids=["inside", "outside"])
def test_if_range_with_another_version_returns_the_whole_file(version: str, text: str) -> None:
    reply = FILE.reply({"range": text, "if-range": version})
    assert (reply.status, reply.headers, reply.body) == (200, HEADERS, CONTENT)


@pytest.mark.parametrize(
    "condition",
    [
        ETAG,
        "*",
        f"W/{ETAG}",
        f'"ffff", {ETAG}',
        f'{ETAG},"ffff"',
        f'W/"ffff" , W/{ETAG} ',
    ],
)
@pytest.mark.parametrize(
    "range_header",
    [{}, {"range": "bytes=1-2"}, {"range": "bytes=5000-"}],
    ids=["whole", "a range", "a range outside the file"],
)
def test_if_none_match_with_the_same_version_returns_304(
    condition: str, range_header: dict[str, str]
) -> None:
    reply = FILE.reply({"if-none-match": condition, **range_header})
    assert (reply.status, reply.headers, reply.body) == (304, {"etag": ETAG}, b"")


@pytest.mark.parametrize("condition", ['"ffff"', 'W/"ffff"', "0123abcd", '"0123abcd', '"*"', ""])
def test_if_none_match_with_another_version_returns_the_file(condition: str) -> None:
    whole = FILE.reply({"if-none-match": condition})
    assert (whole.status, whole.body) == (200, CONTENT)
    part = FILE.reply({"if-none-match": condition, "range": "bytes=1-2"})
    assert (part.status, part.body) == (206, CONTENT[1:3])


POSITIONS = st.integers(0, 120)


@settings(deadline=None)
@given(content=st.binary(max_size=100), first=POSITIONS | st.none(), last=POSITIONS | st.none())
def test_any_range_is_a_slice_of_the_content(
    content: bytes, first: int | None, last: int | None
) -> None:
    numbers = ["" if number is None else str(number) for number in (first, last)]
    if first is not None:
        expected = content[first:] if last is None else content[first : last + 1]
    else:
        expected = content[-last:] if last else b""
    download = Download(content, "video/mp4", ETAG, "video_1.mp4")
    try:
        reply = download.reply({"range": "bytes={}-{}".format(*numbers)})
    except Refusal:
        assert expected == b""
        return
    is_range = (first, last) != (None, None) and (first is None or last is None or first <= last)
    assert (reply.status, reply.body) == ((206, expected) if is_range else (200, content))
