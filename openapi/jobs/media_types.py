"""Media types of responses about jobs."""

from __future__ import annotations

from ..operation import JSON


def is_json(media_type: str) -> bool:
    """Return True for `application/json` and for types such as `application/problem+json`."""
    essence = media_type.partition(";")[0].strip().lower()
    return essence == JSON or essence.endswith("+json")
