"""Jobs as JSON, as the bundled API and the other API send them."""

from __future__ import annotations

from aisa_testkit.openapi.json import Json

CREATED_AT = 1_780_000_000


def video_json(**changes: Json) -> dict[str, Json]:
    """A queued job of the bundled API."""
    return {
        "id": "video_1",
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": CREATED_AT,
        "completed_at": None,
        "expires_at": None,
        "prompt": "x",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
        **changes,
    }


def completed_video_json(**changes: Json) -> dict[str, Json]:
    """A completed job of the bundled API, whose file expires after a day."""
    completed: dict[str, Json] = {
        "status": "completed",
        "progress": 100,
        "completed_at": CREATED_AT + 10,
        "expires_at": CREATED_AT + 86_400,
    }
    return video_json(**{**completed, **changes})


def ticket_json(
    ref: str = "r-1",
    *,
    phase: dict[str, Json] | None = None,
    order: dict[str, Json] | None = None,
    **changes: Json,
) -> dict[str, Json]:
    """A waiting job of the other API; `phase` and `order` change fields inside it."""
    job: dict[str, Json] = {
        "ref": ref,
        "phase": {
            "word": "waiting",
            "since": CREATED_AT,
            "ended": None,
            "trouble": None,
            **(phase or {}),
        },
        "order": {"scene": "x", "quality": "draft", "frames": 4, **(order or {})},
        **changes,
    }
    return {"kind": "ticket", "job": job, "links": {}}
