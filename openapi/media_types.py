"""Media types of requests and responses."""

from __future__ import annotations

from .operation import JSON


def is_json(media_type: str) -> bool:
    """Return True for `application/json` and for types such as `application/problem+json`."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence == JSON or essence.endswith("+json")


def media_type_matches(media_type: str | None, pattern: str) -> bool:
    if pattern == "*/*" or media_type == pattern:
        return True
    return media_type is not None and pattern == media_type.partition("/")[0] + "/*"
