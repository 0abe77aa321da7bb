"""A fake of the API that obeys the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import Clock, ManualClock, MovableClock, ProgramClock, SystemClock, TickingClock
from .controls import Steering
from .endpoint import Endpoint, Observer
from .jobs.ids import Ids, RandomIds
from .jobs.job import Job, Snapshot, observe
from .jobs.progression import Fate, Plan, Stage, make_plan
from .jobs.store import JobPage, MemoryStore, Store
from .service import JobService, NonconformingReply
from .webhooks.receiver import Receiver, Undelivered
from .webhooks.signature import new_secret
from .webhooks.webhooks import Webhooks
from .webhooks.worker import Courier, deliver_on_moves

if TYPE_CHECKING:
    from .http.app import create_app
    from .http.server import VideoServer, serve_videos
    from .webhooks.http_receiver import HttpReceiver

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
        from .http.app import create_app

        return create_app
    if name == "HttpReceiver":
        from .webhooks.http_receiver import HttpReceiver

        return HttpReceiver
    if name in ("VideoServer", "serve_videos"):
        from .http import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
