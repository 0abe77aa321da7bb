"""HAR files as browsers and proxies write them."""

from __future__ import annotations

from typing import Any

import orjson

KEY = "sk-live-3cr3t"
JSON = {"name": "Content-Type", "value": "application/json"}
AUTHORIZATION = {"name": "Authorization", "value": f"Bearer {KEY}"}


def entry(
    method: str = "GET",
    url: str = "https://api.aisa.one/v1/videos/video_1",
    *,
    status: Any = 200,
    headers: Any = (),
    content: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """An entry with the fields that HAR requires, as other programs write it."""
    body = {"size": 2, "mimeType": "application/json", "text": "{}"}
    return {
        "startedDateTime": "2026-05-28T20:26:40.123Z",
        "time": 12.5,
        "request": {"method": method, "url": url, "headers": [*headers], **more.pop("request", {})},
        "response": {"status": status, "headers": [JSON], "content": content or body},
        **more,
    }


def post_entry(**data: Any) -> dict[str, Any]:
    url = "https://api.aisa.one/v1/videos"
    return entry("POST", url, headers=[AUTHORIZATION], request={"postData": data})


def har(*entries: Any, **more: Any) -> bytes:
    return orjson.dumps({"log": {"version": "1.2", "entries": entries, **more}})
