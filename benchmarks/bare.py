"""The baseline: a bare Starlette application that returns one constant video.

Run as `python benchmarks/bare.py PORT`.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

VIDEO: dict[str, object] = {
    "id": "video_0123456789abcdef0123456789abcdef",
    "object": "video",
    "model": "sora-2",
    "status": "queued",
    "progress": 0,
    "created_at": 1760000000,
    "completed_at": None,
    "expires_at": None,
    "prompt": "A calico cat plays a grand piano on a stage, slow dolly shot",
    "size": "720x1280",
    "seconds": "4",
    "remixed_from_video_id": None,
    "error": None,
}


async def video(request: Request) -> JSONResponse:
    """Return the constant video without reading the body."""
    return JSONResponse(VIDEO)


app = Starlette(
    routes=[
        Route("/v1/videos/{video_id}", video, methods=["GET"]),
        Route("/v1/videos", video, methods=["POST"]),
    ]
)


def main() -> None:
    """Serve the application on the port given as the only argument."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
