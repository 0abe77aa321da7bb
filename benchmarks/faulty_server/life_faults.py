"""Faults in the life of a job: its states, progress, error and echoes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .behaviour import Behaviour, Look
from .catalogue import Fault
from .hooks import Show, afterwards, in_state, placed, shown, standing
from .jobs import FAILURE, Fields, Json, Stage

STATE, PROGRESS = "lifecycle: transition", "lifecycle: progress"
ERROR = "lifecycle: error"
ECHO, IDENTITY = "lifecycle: echo and default", "lifecycle: immutable field"
WORKING = Stage("in_progress", 99)


def _fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "lifecycle", source, summary, behaviour)


def _life(
    name: str,
    source: str,
    summary: str,
    life: Callable[[Stage, Look], Stage],
    *,
    end: str = "completed",
) -> Fault:
    return _fault(name, source, summary, Behaviour(life=life, end=end))


def _show(name: str, source: str, summary: str, show: Show, *, end: str = "completed") -> Fault:
    return _fault(name, source, summary, Behaviour(show=show, end=end))


def _take(name: str, summary: str, **fields: str) -> Fault:
    behaviour = Behaviour(take=lambda right, _: replace(right, **fields))
    return _fault(name, ECHO, summary, behaviour)


def _done(show: Show) -> Show:
    return in_state("completed", show)


def _falling(right: Stage, look: Look) -> Stage:
    """Work goes backwards: from 98 to 1."""
    running = right.state == "in_progress"
    return replace(right, progress=99 - right.progress) if running else right


def _back_in_queue(right: Stage, look: Look) -> Stage:
    """The second half of the work is shown as waiting."""
    return Stage("queued", 0) if right.state == "in_progress" and right.progress > 50 else right


def _sawtooth(right: Stage, look: Look) -> Stage:
    """Work begins anew every 20 per cent."""
    running = right.state == "in_progress"
    return replace(right, progress=1 + right.progress % 20) if running else right


def _default(name: str, summary: str, defaults: Fields) -> Fault:
    return _fault(name, ECHO, summary, Behaviour(defaults=defaults))


STATE_FAULTS = (
    _life("work-resumes", STATE, "A completed job is worked on again.", afterwards(WORKING)),
    _life(
        "work-requeued", STATE, "A completed job is queued again.", afterwards(Stage("queued", 0))
    ),
    _life(
        "completed-fails",
        STATE,
        "A completed job turns out as failed.",
        afterwards(Stage("failed", 100)),
    ),
    _life(
        "failed-completes",
        STATE,
        "A failed job turns out as completed.",
        afterwards(Stage("completed", 100)),
        end="failed",
    ),
    _life(
        "failed-resumes",
        STATE,
        "A failed job is worked on again.",
        afterwards(WORKING),
        end="failed",
    ),
    _life("back-to-queued", STATE, "A job goes back to the queue half-way.", _back_in_queue),
    _life(
        "unknown-state",
        STATE,
        "A job that is worked on is in an unknown state.",
        lambda right, _: (
            replace(right, state="processing") if right.state == "in_progress" else right
        ),
    ),
    _show(
        "unknown-final-state",
        STATE,
        "A job that is done is 'succeeded'.",
        _done(placed("status", "succeeded")),
    ),
    _life(
        "never-finishes",
        STATE,
        "A job stays at 99 per cent.",
        standing("completed", Stage("in_progress", 99)),
    ),
    _life("never-starts", STATE, "A job stays in the queue.", lambda _, __: Stage("queued", 0)),
    _life("progress-falls", PROGRESS, "Progress runs backwards.", _falling),
    _life("progress-restarts", PROGRESS, "Progress begins anew every 20 per cent.", _sawtooth),
    _life(
        "progress-done-while-queued",
        PROGRESS,
        "A queued job is at 100 per cent.",
        standing("queued", Stage("queued", 100)),
    ),
    _life(
        "progress-done-while-working",
        PROGRESS,
        "A job that is worked on is at 100 per cent.",
        standing("in_progress", Stage("in_progress", 100)),
    ),
    _life(
        "progress-99-at-the-end",
        PROGRESS,
        "A completed job is at 99 per cent.",
        standing("completed", Stage("completed", 99)),
    ),
    _life(
        "progress-0-at-the-end",
        PROGRESS,
        "A completed job is back at 0 per cent.",
        standing("completed", Stage("completed", 0)),
    ),
    _life(
        "progress-falls-on-failure",
        PROGRESS,
        "A failed job is back at 0 per cent.",
        standing("failed", Stage("failed", 0)),
        end="failed",
    ),
)

ERROR_FAULTS = (
    _show(
        "error-on-success", ERROR, "A completed job has an error.", _done(placed("error", FAILURE))
    ),
    _show(
        "error-while-working",
        ERROR,
        "A job that is worked on has an error.",
        in_state("in_progress", placed("error", FAILURE)),
    ),
    _show(
        "error-while-queued",
        ERROR,
        "A queued job has an error.",
        in_state("queued", placed("error", FAILURE)),
    ),
    _show(
        "error-missing",
        ERROR,
        "A failed job has no error.",
        in_state("failed", placed("error", None)),
        end="failed",
    ),
)


def _later(field: str, change: Callable[[Any], Any]) -> Show:
    """Another value from the moment on that the job is worked on."""
    change_it = shown(field, change)
    return lambda view, look: view if view["status"] == "queued" else change_it(view, look)


def _other_than_created(view: Json, look: Look) -> Json:
    return view if look.operation == "create" else {**view, "id": view["id"].upper()}


FIELD_FAULTS = (
    _show("id-changes", IDENTITY, "Polls know a job by another id.", _other_than_created),
    _show(
        "id-changes-at-the-end",
        IDENTITY,
        "A completed job has another id.",
        _done(shown("id", lambda job_id: f"{job_id}_done")),
    ),
    _take("model-other", "The model is another than was asked for.", model="sora-2-pro"),
    _take("seconds-other", "The length is another than was asked for.", seconds="12"),
    _take("size-other", "The size is another than was asked for.", size="1280x720"),
    _take("prompt-other", "The prompt is another than was sent.", prompt="a video"),
    _default("default-seconds-other", "The default length is 8.", Fields("", seconds="8")),
    _default("default-size-other", "The default is landscape.", Fields("", size="1280x720")),
    _default(
        "default-model-other", "The default is the dear model.", Fields("", model="sora-2-pro")
    ),
    _show("prompt-upper", ECHO, "The prompt comes back in capitals.", shown("prompt", str.upper)),
    _show("prompt-cut", ECHO, "The prompt loses its end.", shown("prompt", lambda text: text[:-1])),
    _show("model-changes", IDENTITY, "The model changes.", _later("model", "{}-pro".format)),
    _show("size-changes", IDENTITY, "The size changes.", _later("size", lambda _: "1280x720")),
    _show("seconds-change", IDENTITY, "The length changes.", _later("seconds", lambda _: "8")),
    _show(
        "prompt-revised", IDENTITY, "The prompt changes.", _later("prompt", "{} (revised)".format)
    ),
)
