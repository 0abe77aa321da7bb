"""Faults in the values, the structure and the schema of responses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .behaviour import Behaviour
from .catalogue import Family, Fault
from .changes import (
    ViewChange,
    changed_field,
    constant,
    for_operation,
    in_operation,
    in_state,
    removed_field,
    replaced_field,
    to_value,
)
from .jobs import Json

NULL, TYPE = "JSONmutator: null", "JSONmutator: change type"
REPLACE, BOUNDARY = "JSONmutator: replace", "JSONmutator: boundary"
REMOVE, EMPTY = "JSONmutator: remove property", "JSONmutator: empty"
LEVEL, FLIP = "JSONmutator: change type of a container", "JSONmutator: flip a boolean"
ENUM, CONST = "schema: enum", "schema: const"
RANGE, REQUIRED = "schema: minimum and maximum", "schema: required"


def _job_fault(
    name: str, source: str, summary: str, change_view: ViewChange, *, end: str = "completed"
) -> Fault:
    return Fault(
        name, _family(source), source, summary, Behaviour(change_view=change_view, final_state=end)
    )


def _response_fault(
    name: str, source: str, summary: str, operation: str, change: Callable[[Any], Any]
) -> Fault:
    behaviour = Behaviour(change_response=for_operation(operation, to_value(change)))
    return Fault(name, _family(source), source, summary, behaviour)


def _family(source: str) -> Family:
    if source.startswith("schema"):
        return "schema keyword"
    return "structure mutation" if source in (REMOVE, EMPTY, LEVEL) else "value mutation"


def _iso_date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _instead_of_null_error(value: object) -> ViewChange:
    return lambda view, _: {**view, "error": view["error"] or value}


def _failure_field(name: str, value: object) -> ViewChange:
    return changed_field("error", lambda error: {**error, name: value})


def _changed_page_field(name: str, change: Callable[[Any], Any]) -> Callable[[Json], Json]:
    return lambda page: {**page, name: change(page[name])}


def _replaced(name: str, value: object) -> Callable[[Json], Json]:
    return lambda body: {**body, name: value}


def _in_list(value: object) -> list[object]:
    return [value]


def _only_fields(*names: str) -> Callable[[Json], Json]:
    return lambda value: {name: value[name] for name in names}


def _without_field(name: str) -> Callable[[Json], Json]:
    return lambda value: {key: item for key, item in value.items() if key != name}


JOB_FAULTS = (
    _job_fault("id-null", NULL, "The id of a job is null.", replaced_field("id", None)),
    _job_fault("id-empty", BOUNDARY, "The id of a job is empty.", replaced_field("id", "")),
    _job_fault("id-number", TYPE, "The id of a job is a number.", replaced_field("id", 7)),
    _job_fault("model-null", NULL, "A job does not say its model.", replaced_field("model", None)),
    _job_fault(
        "status-null", NULL, "A job does not say its state.", replaced_field("status", None)
    ),
    _job_fault(
        "status-upper", BOUNDARY, "States are in capitals.", changed_field("status", str.upper)
    ),
    _job_fault("status-number", TYPE, "States are numbers.", changed_field("status", len)),
    _job_fault("seconds-number", TYPE, "The length is a number.", changed_field("seconds", int)),
    _job_fault(
        "seconds-unit", REPLACE, "The length has a unit.", changed_field("seconds", "{}s".format)
    ),
    _job_fault(
        "size-sign",
        REPLACE,
        "The size has another sign.",
        changed_field("size", lambda size: size.replace("x", "*")),
    ),
    _job_fault(
        "created-at-iso",
        TYPE,
        "created_at is a date in words.",
        changed_field("created_at", _iso_date),
    ),
    _job_fault(
        "created-at-digits", TYPE, "created_at is a string.", changed_field("created_at", str)
    ),
    _job_fault(
        "created-at-float-text",
        TYPE,
        "created_at is '….0'.",
        changed_field("created_at", "{}.0".format),
    ),
    _job_fault(
        "created-at-fraction",
        TYPE,
        "created_at has a fraction.",
        changed_field("created_at", lambda at: at + 0.5),
    ),
    _job_fault("created-at-null", NULL, "created_at is null.", replaced_field("created_at", None)),
    _job_fault("progress-text", TYPE, "Progress is a string.", changed_field("progress", str)),
    _job_fault(
        "progress-share",
        REPLACE,
        "Progress goes from 0 to 1.",
        changed_field("progress", lambda per_cent: per_cent / 100),
    ),
    _job_fault("progress-null", NULL, "Progress is null.", replaced_field("progress", None)),
    _job_fault(
        "remixed-from-boolean",
        TYPE,
        "Not being a remix is false.",
        replaced_field("remixed_from_video_id", False),
    ),
    _job_fault("error-empty", TYPE, "No error is an empty object.", _instead_of_null_error({})),
    _job_fault("error-false", TYPE, "No error is false.", _instead_of_null_error(False)),
    _job_fault(
        "prompt-object",
        TYPE,
        "The prompt is an object.",
        changed_field("prompt", lambda text: {"text": text}),
    ),
    _job_fault(
        "error-text",
        TYPE,
        "A failure is only words.",
        changed_field("error", lambda error: error["message"]),
        end="failed",
    ),
    _job_fault(
        "error-list", LEVEL, "A failure is a list.", changed_field("error", _in_list), end="failed"
    ),
    _job_fault(
        "error-code-empty",
        BOUNDARY,
        "The code of a failure is empty.",
        _failure_field("code", ""),
        end="failed",
    ),
    _job_fault(
        "error-code-null",
        NULL,
        "The code of a failure is null.",
        _failure_field("code", None),
        end="failed",
    ),
    _job_fault(
        "error-code-number",
        TYPE,
        "The code of a failure is a number.",
        _failure_field("code", 17),
        end="failed",
    ),
    _job_fault(
        "error-message-missing",
        REMOVE,
        "A failure has no message.",
        changed_field("error", _without_field("message")),
        end="failed",
    ),
    _job_fault("model-removed", REMOVE, "A job has no model.", removed_field("model")),
    _job_fault("progress-removed", REMOVE, "A job has no progress.", removed_field("progress")),
    _job_fault(
        "expires-at-removed", REMOVE, "A job has no expires_at.", removed_field("expires_at")
    ),
    _job_fault(
        "error-removed", REMOVE, "A job has no error, not even null.", removed_field("error")
    ),
    _job_fault("prompt-removed", REMOVE, "A job has no prompt.", removed_field("prompt")),
    _job_fault("object-removed", REMOVE, "A job does not say what it is.", removed_field("object")),
    _job_fault(
        "created-at-removed", REMOVE, "A job has no created_at.", removed_field("created_at")
    ),
    _job_fault(
        "completed-at-removed-while-running",
        REQUIRED,
        "completed_at is left out until it is known.",
        in_state("in_progress", removed_field("completed_at")),
    ),
    _job_fault(
        "seconds-removed-in-lists",
        REQUIRED,
        "The jobs of a list have no length.",
        in_operation("list", removed_field("seconds")),
    ),
    _job_fault(
        "object-other",
        CONST,
        "A job calls itself a video.job.",
        replaced_field("object", "video.job"),
    ),
    _job_fault(
        "progress-above-100",
        RANGE,
        "Progress ends at 101.",
        in_state("completed", replaced_field("progress", 101)),
    ),
    _job_fault(
        "progress-negative",
        RANGE,
        "Progress begins at -1.",
        in_state("queued", replaced_field("progress", -1)),
    ),
    _job_fault(
        "created-at-negative",
        RANGE,
        "created_at is negative.",
        changed_field("created_at", lambda at: -at),
    ),
    _job_fault(
        "model-outside-enum",
        ENUM,
        "The model has a date.",
        changed_field("model", "{}-2025".format),
    ),
    _job_fault(
        "size-outside-enum", ENUM, "The size is a word.", replaced_field("size", "portrait")
    ),
)

ANSWER_FAULTS = (
    _response_fault(
        "create-id-only", REMOVE, "A create returns only the id.", "create", _only_fields("id")
    ),
    _response_fault("retrieve-empty", EMPTY, "A retrieve returns {}.", "retrieve", constant({})),
    _response_fault("retrieve-null", NULL, "A retrieve returns null.", "retrieve", constant(None)),
    _response_fault("retrieve-in-array", LEVEL, "A retrieve returns [job].", "retrieve", _in_list),
    _response_fault(
        "create-wrapped",
        LEVEL,
        "A create returns {data: job}.",
        "create",
        lambda job: {"data": job},
    ),
    _response_fault("list-bare", LEVEL, "A list is an array.", "list", lambda page: page["data"]),
    _response_fault(
        "list-data-object",
        LEVEL,
        "data is an object.",
        "list",
        _changed_page_field("data", lambda jobs: {job["id"]: job for job in jobs}),
    ),
    _response_fault("list-data-null", NULL, "data is null.", "list", _replaced("data", None)),
    _response_fault(
        "list-data-emptied", EMPTY, "data is always empty.", "list", _replaced("data", [])
    ),
    _response_fault(
        "list-data-ids",
        LEVEL,
        "data holds ids alone.",
        "list",
        _changed_page_field("data", lambda jobs: [job["id"] for job in jobs]),
    ),
    _response_fault(
        "list-no-has-more", REQUIRED, "has_more is left out.", "list", _without_field("has_more")
    ),
    _response_fault(
        "list-no-first-id", REQUIRED, "first_id is left out.", "list", _without_field("first_id")
    ),
    _response_fault(
        "list-object-other",
        CONST,
        "A list calls itself a page.",
        "list",
        _replaced("object", "page"),
    ),
    _response_fault(
        "list-has-more-text",
        TYPE,
        "has_more is a string.",
        "list",
        _changed_page_field("has_more", lambda more: str(more).lower()),
    ),
    _response_fault(
        "list-has-more-null", NULL, "has_more is null.", "list", _replaced("has_more", None)
    ),
    _response_fault(
        "deleted-false",
        FLIP,
        "A deletion says that it was none.",
        "delete",
        _replaced("deleted", False),
    ),
    _response_fault(
        "deleted-text", TYPE, "A deletion says 'true'.", "delete", _replaced("deleted", "true")
    ),
    _response_fault(
        "delete-no-object", REQUIRED, "A deletion has no kind.", "delete", _without_field("object")
    ),
    _response_fault(
        "delete-object-other",
        CONST,
        "A deletion calls itself a video.",
        "delete",
        _replaced("object", "video"),
    ),
)
