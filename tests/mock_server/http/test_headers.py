"""Parsing and caching of request headers."""

from __future__ import annotations

from aisa_testkit.mock_server.http.headers import MAX_HEADER_BYTES, HeaderParser


def scope(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"path": "/v1/videos", "query_string": b"", "headers": [*headers]}


def test_requests_with_the_same_headers_share_one_mapping() -> None:
    parser = HeaderParser()
    first, second, other = (
        parser.parse(scope((b"host", b"a"), (b"x-number", number))) for number in (b"1", b"1", b"2")
    )
    assert first == {"host": "a", "x-number": "1"}
    assert second is first
    assert other == {"host": "a", "x-number": "2"}


def test_path_and_query_count_towards_the_limit_with_cached_headers() -> None:
    parser, header = HeaderParser(), (b"x", b"y")
    assert parser.parse(scope(header)) == {"x": "y"}
    assert parser.parse({**scope(header), "query_string": bytes(MAX_HEADER_BYTES)}) is None
    assert parser.parse(scope((b"x", bytes(MAX_HEADER_BYTES)))) is None
    assert parser.parse(scope(header)) == {"x": "y"}


def test_no_value_of_a_duplicate_header_is_lost() -> None:
    duplicates = scope((b"x-key", b"a"), (b"host", b"a"), (b"x-key", b"b"), (b"host", b"a"))
    assert HeaderParser().parse(duplicates) == {"x-key": "a, b"}
