"""Heads of requests are read once, however often they come."""

from __future__ import annotations

from aisa_testkit.mock_server.http.headers import MAX_HEADER_BYTES, HeaderParser


def scope(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"path": "/v1/videos", "query_string": b"", "headers": [*headers]}


def test_requests_with_the_same_headers_share_them() -> None:
    heads = HeaderParser()
    first, again, other = (
        heads.parse(scope((b"host", b"a"), (b"x-number", number))) for number in (b"1", b"1", b"2")
    )
    assert first == {"host": "a", "x-number": "1"}
    assert again is first
    assert other == {"host": "a", "x-number": "2"}


def test_the_path_counts_even_where_the_headers_are_known() -> None:
    heads, header = HeaderParser(), (b"x", b"y")
    assert heads.parse(scope(header)) == {"x": "y"}
    assert heads.parse({**scope(header), "query_string": bytes(MAX_HEADER_BYTES)}) is None
    assert heads.parse(scope((b"x", bytes(MAX_HEADER_BYTES)))) is None
    assert heads.parse(scope(header)) == {"x": "y"}
