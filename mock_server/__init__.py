"""A mock server for the API that a document describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import Clock, MovableClock, SystemClock
from .config_types import AccountOptions, ConfigOptions, FaultOptions, LimitOptions, ScenarioOptions
from .controls import MockControls
from .endpoint import Endpoint
from .errors import DeliveryError, NonconformingReply
from .jobs.ids import Ids, RandomIds
from .jobs.job import Job, Snapshot, observe
from .jobs.job_fields import JobFields
from .jobs.progression import JobOutcome, Phase, Progression, plan_progression
from .jobs.store import JobPage, MemoryStore, Store
from .manual_clocks import ClientClock, ManualClock, TickingClock
from .media_library import JobFile
from .observers import Observer
from .service import JobService
from .webhooks.delivery_attempt import Receiver
from .webhooks.signature import new_secret
from .webhooks.webhooks import Webhooks
from .webhooks.worker import WebhookWorker, deliver_on_moves

if TYPE_CHECKING:
    from .http.app import create_app
    from .http.server import VideoServer, serve_in_thread
    from .webhooks.http_receiver import HttpReceiver

__all__ = [
    "AccountOptions",
    "ClientClock",
    "Clock",
    "ConfigOptions",
    "DeliveryError",
    "Endpoint",
    "FaultOptions",
    "HttpReceiver",
    "Ids",
    "Job",
    "JobFields",
    "JobFile",
    "JobOutcome",
    "JobPage",
    "JobService",
    "LimitOptions",
    "ManualClock",
    "MemoryStore",
    "MockControls",
    "MovableClock",
    "NonconformingReply",
    "Observer",
    "Phase",
    "Progression",
    "RandomIds",
    "Receiver",
    "ScenarioOptions",
    "Snapshot",
    "Store",
    "SystemClock",
    "TickingClock",
    "VideoServer",
    "WebhookWorker",
    "Webhooks",
    "create_app",
    "deliver_on_moves",
    "new_secret",
    "observe",
    "plan_progression",
    "serve_in_thread",
]


def __getattr__(name: str) -> object:
    """Load Starlette, uvicorn and httpx2 only if a socket is needed."""
    if name == "create_app":
        from .http.app import create_app

        return create_app
    if name == "HttpReceiver":
        from .webhooks.http_receiver import HttpReceiver

        return HttpReceiver
    if name in ("VideoServer", "serve_in_thread"):
        from .http import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
