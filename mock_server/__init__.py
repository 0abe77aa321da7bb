"""A fake of the API that obeys the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import Clock, ManualClock, MovableClock, SystemClock, TickingClock
from .endpoint import Endpoint, Observer
from .ids import Ids, RandomIds
from .job import Job, Plan, Snapshot, Stage, make_plan, observe
from .service import JobService, NonconformingReply
from .steering import Steering
from .store import JobPage, MemoryStore, Store

if TYPE_CHECKING:
    from .app import create_app
    from .server import VideoServer, serve_videos

__all__ = [
    "Clock",
    "Endpoint",
    "Ids",
    "Job",
    "JobPage",
    "JobService",
    "ManualClock",
    "MemoryStore",
    "MovableClock",
    "NonconformingReply",
    "Observer",
    "Plan",
    "RandomIds",
    "Snapshot",
    "Stage",
    "Steering",
    "Store",
    "SystemClock",
    "TickingClock",
    "VideoServer",
    "create_app",
    "make_plan",
    "observe",
    "serve_videos",
]


def __getattr__(name: str) -> object:
    """Loads Starlette and uvicorn only for those who want a socket."""
    if name == "create_app":
        from .app import create_app

        return create_app
    if name in ("VideoServer", "serve_videos"):
        from . import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
