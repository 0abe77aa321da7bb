"""Requests and responses as data."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.messages import media_type_of, read_headers


@pytest.mark.parametrize(
    ("headers", "media_type"),
    [
        ({"content-type": "Application/JSON ; charset=utf-8"}, "application/json"),
        ({"content-type": "text/html"}, "text/html"),
        ({"content-type": ""}, ""),
        ({}, ""),
    ],
    ids=["parameters", "plain", "empty", "absent"],
)
def test_media_type_of_headers(headers: dict[str, str], media_type: str) -> None:
    assert media_type_of(headers) == media_type


@pytest.mark.parametrize(
    ("raw", "headers"),
    [
        ([(b"Host", b"a"), (b"X-Name", b"caf\xe9")], {"host": "a", "x-name": "caf\xe9"}),
        ([(b"Prefer", b"a"), (b"prefer", b"b"), (b"x", b"")], {"prefer": "a, b", "x": ""}),
        ([], {}),
    ],
    ids=["different names", "same name", "none"],
)
def test_headers_of_the_same_name_are_joined(
    raw: list[tuple[bytes, bytes]], headers: dict[str, str]
) -> None:
    assert read_headers(raw) == headers
