"""Heads of requests are read once, however often they come."""

from __future__ import annotations

from aisa_testkit.mock_server.http.headers import HEAD_LIMIT, HeaderCache


def scope(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"path": "/v1/videos", "query_string": b"", "headers": [*headers]}


def test_requests_with_the_same_headers_share_them() -> None:
    heads = HeaderCache()
    first, again, other = (
        heads.headers(scope((b"host", b"a"), (b"x-number", number)))
        for number in (b"1", b"1", b"2")
    )
    assert first == {"host": "a", "x-number": "1"}
    assert again is first
    assert other == {"host": "a", "x-number": "2"}


def test_the_path_counts_even_where_the_headers_are_known() -> None:
    heads, header = HeaderCache(), (b"x", b"y")
    assert heads.headers(scope(header)) == {"x": "y"}
    assert heads.headers({**scope(header), "query_string": bytes(HEAD_LIMIT)}) is None
    assert heads.headers(scope((b"x", bytes(HEAD_LIMIT)))) is None
    assert heads.headers(scope(header)) == {"x": "y"}
