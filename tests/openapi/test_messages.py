"""Requests and responses as data."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.messages import media_type_of


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
