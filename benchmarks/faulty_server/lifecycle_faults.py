"""Faults in the lifecycle of jobs: states, progress, errors and echoed fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .behaviour import Behaviour, ViewContext
from .catalogue import Fault
from .changes import (
    ViewChange,
    after_final_state,
    changed_field,
    in_state,
    instead_of_state,
    replaced_field,
)
from .jobs import FAILURE, JobFields, Json, Phase

STATE, PROGRESS = "lifecycle: transition", "lifecycle: progress"
ERROR = "lifecycle: error"
ECHO, IDENTITY = "lifecycle: echo and default", "lifecycle: immutable field"
WORKING = Phase("in_progress", 99)


def _fault(name: str, source: str, summary: str, behaviour: Behaviour) -> Fault:
    return Fault(name, "lifecycle", source, summary, behaviour)


def _phase_fault(
    name: str,
    source: str,
    summary: str,
    life: Callable[[Phase, ViewContext], Phase],
    *,
    end: str = "completed",
) -> Fault:
    return _fault(name, source, summary, Behaviour(change_phase=life, final_state=end))


def _view_fault(
    name: str, source: str, summary: str, change_view: ViewChange, *, end: str = "completed"
) -> Fault:
    return _fault(name, source, summary, Behaviour(change_view=change_view, final_state=end))


def _create_fault(name: str, summary: str, **fields: str) -> Fault:
    behaviour = Behaviour(accept_create=lambda original, _: replace(original, **fields))
    return _fault(name, ECHO, summary, behaviour)


def _when_completed(change_view: ViewChange) -> ViewChange:
    return in_state("completed", change_view)


def _decreasing(original: Phase, context: ViewContext) -> Phase:
    """Progress goes backwards, from 98 to 1."""
    running = original.state == "in_progress"
    return replace(original, progress=99 - original.progress) if running else original


def _back_in_queue(original: Phase, context: ViewContext) -> Phase:
    """The second half of the work is shown as queued."""
    return (
        Phase("queued", 0)
        if original.state == "in_progress" and original.progress > 50
        else original
    )


def _sawtooth(original: Phase, context: ViewContext) -> Phase:
    """Progress restarts every 20 per cent."""
    running = original.state == "in_progress"
    return replace(original, progress=1 + original.progress % 20) if running else original


def _default_fault(name: str, summary: str, defaults: JobFields) -> Fault:
    return _fault(name, ECHO, summary, Behaviour(defaults=defaults))


STATE_FAULTS = (
    _phase_fault(
        "work-resumes", STATE, "A completed job is worked on again.", after_final_state(WORKING)
    ),
    _phase_fault(
        "work-requeued",
        STATE,
        "A completed job is queued again.",
        after_final_state(Phase("queued", 0)),
    ),
    _phase_fault(
        "completed-fails",
        STATE,
        "A completed job turns out as failed.",
        after_final_state(Phase("failed", 100)),
    ),
    _phase_fault(
        "failed-completes",
        STATE,
        "A failed job turns out as completed.",
        after_final_state(Phase("completed", 100)),
        end="failed",
    ),
    _phase_fault(
        "failed-resumes",
        STATE,
        "A failed job is worked on again.",
        after_final_state(WORKING),
        end="failed",
    ),
    _phase_fault("back-to-queued", STATE, "A job goes back to the queue half-way.", _back_in_queue),
    _phase_fault(
        "unknown-state",
        STATE,
        "A job that is worked on is in an unknown state.",
        lambda original, _: (
            replace(original, state="processing") if original.state == "in_progress" else original
        ),
    ),
    _view_fault(
        "unknown-final-state",
        STATE,
        "A job that is done is 'succeeded'.",
        _when_completed(replaced_field("status", "succeeded")),
    ),
    _phase_fault(
        "never-finishes",
        STATE,
        "A job stays at 99 per cent.",
        instead_of_state("completed", Phase("in_progress", 99)),
    ),
    _phase_fault(
        "never-starts", STATE, "A job stays in the queue.", lambda _, __: Phase("queued", 0)
    ),
    _phase_fault("progress-falls", PROGRESS, "Progress runs backwards.", _decreasing),
    _phase_fault("progress-restarts", PROGRESS, "Progress restarts every 20 per cent.", _sawtooth),
    _phase_fault(
        "progress-done-while-queued",
        PROGRESS,
        "A queued job is at 100 per cent.",
        instead_of_state("queued", Phase("queued", 100)),
    ),
    _phase_fault(
        "progress-done-while-working",
        PROGRESS,
        "A job that is worked on is at 100 per cent.",
        instead_of_state("in_progress", Phase("in_progress", 100)),
    ),
    _phase_fault(
        "progress-99-at-the-end",
        PROGRESS,
        "A completed job is at 99 per cent.",
        instead_of_state("completed", Phase("completed", 99)),
    ),
    _phase_fault(
        "progress-0-at-the-end",
        PROGRESS,
        "A completed job is back at 0 per cent.",
        instead_of_state("completed", Phase("completed", 0)),
    ),
    _phase_fault(
        "progress-falls-on-failure",
        PROGRESS,
        "A failed job is back at 0 per cent.",
        instead_of_state("failed", Phase("failed", 0)),
        end="failed",
    ),
)

ERROR_FAULTS = (
    _view_fault(
        "error-on-success",
        ERROR,
        "A completed job has an error.",
        _when_completed(replaced_field("error", FAILURE)),
    ),
    _view_fault(
        "error-while-working",
        ERROR,
        "A job that is worked on has an error.",
        in_state("in_progress", replaced_field("error", FAILURE)),
    ),
    _view_fault(
        "error-while-queued",
        ERROR,
        "A queued job has an error.",
        in_state("queued", replaced_field("error", FAILURE)),
    ),
    _view_fault(
        "error-missing",
        ERROR,
        "A failed job has no error.",
        in_state("failed", replaced_field("error", None)),
        end="failed",
    ),
)


def _changed_in_progress(field: str, change: Callable[[Any], Any]) -> ViewChange:
    """Change a field once the job is in progress."""
    change_it = changed_field(field, change)
    return lambda view, context: view if view["status"] == "queued" else change_it(view, context)


def _other_than_created(view: Json, context: ViewContext) -> Json:
    return view if context.operation == "create" else {**view, "id": view["id"].upper()}


FIELD_FAULTS = (
    _view_fault("id-changes", IDENTITY, "Polls know a job by another id.", _other_than_created),
    _view_fault(
        "id-changes-at-the-end",
        IDENTITY,
        "A completed job has another id.",
        _when_completed(changed_field("id", lambda job_id: f"{job_id}_done")),
    ),
    _create_fault("model-other", "The model is not the requested one.", model="sora-2-pro"),
    _create_fault("seconds-other", "The length is not the requested one.", seconds="12"),
    _create_fault("size-other", "The size is not the requested one.", size="1280x720"),
    _create_fault("prompt-other", "The prompt is another than was sent.", prompt="a video"),
    _default_fault("default-seconds-other", "The default length is 8.", JobFields("", seconds="8")),
    _default_fault(
        "default-size-other", "The default is landscape.", JobFields("", size="1280x720")
    ),
    _default_fault(
        "default-model-other", "The default is the dear model.", JobFields("", model="sora-2-pro")
    ),
    _view_fault(
        "prompt-upper",
        ECHO,
        "The prompt comes back in capitals.",
        changed_field("prompt", str.upper),
    ),
    _view_fault(
        "prompt-cut",
        ECHO,
        "The prompt loses its end.",
        changed_field("prompt", lambda text: text[:-1]),
    ),
    _view_fault(
        "model-changes",
        IDENTITY,
        "The model changes.",
        _changed_in_progress("model", "{}-pro".format),
    ),
    _view_fault(
        "size-changes",
        IDENTITY,
        "The size changes.",
        _changed_in_progress("size", lambda _: "1280x720"),
    ),
    _view_fault(
        "seconds-change",
        IDENTITY,
        "The length changes.",
        _changed_in_progress("seconds", lambda _: "8"),
    ),
    _view_fault(
        "prompt-revised",
        IDENTITY,
        "The prompt changes.",
        _changed_in_progress("prompt", "{} (revised)".format),
    ),
)
