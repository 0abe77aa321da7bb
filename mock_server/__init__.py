"""A fake of the API that obeys the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import Clock, ManualClock, MovableClock, ProgramClock, SystemClock, TickingClock
from .courier import Courier, deliver_on_moves
from .endpoint import Endpoint, Observer
from .ids import Ids, RandomIds
from .job import Job, Snapshot, observe
from .plan import Fate, Plan, Stage, make_plan
from .receiver import Receiver, Undelivered
from .service import JobService, NonconformingReply
from .signature import new_secret
from .steering import Steering
from .store import JobPage, MemoryStore, Store
from .webhooks import Webhooks

if TYPE_CHECKING:
    from .app import create_app
    from .http_receiver import HttpReceiver
    from .server import VideoServer, serve_videos

__all__ = [
    "Clock",
    "Courier",
    "Endpoint",
    "Fate",
    "HttpReceiver",
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
    "ProgramClock",
    "RandomIds",
    "Receiver",
    "Snapshot",
    "Stage",
    "Steering",
    "Store",
    "SystemClock",
    "TickingClock",
    "Undelivered",
    "VideoServer",
    "Webhooks",
    "create_app",
    "deliver_on_moves",
    "make_plan",
    "new_secret",
    "observe",
    "serve_videos",
]


def __getattr__(name: str) -> object:
    """Loads Starlette, uvicorn and httpx2 only for those who want a socket."""
    if name == "create_app":
        from .app import create_app

        return create_app
    if name == "HttpReceiver":
        from .http_receiver import HttpReceiver

        return HttpReceiver
    if name in ("VideoServer", "serve_videos"):
        from . import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
