"""Rules for the webhooks of a document: each reports one final state of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .errors import Problem
from .event import JobEvent, body_pointer, compile_events, has_json_body
from .json import Json
from .lifecycle import Lifecycle
from .operation import JSON, METHODS
from .pointer import format_pointer
from .schema import Schemas, property_at


def event_problems(root: Json, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Yield every problem with the webhooks of a document with this lifecycle."""
    webhooks = root.get("webhooks", {})
    yield from _operation_ids(root, webhooks)
    yield from _states(webhooks, lifecycle)
    without_json = [name for name in webhooks if not has_json_body(root, name)]
    for name in without_json:
        yield Problem(f"{body_pointer(root, name)}/content", f"an event needs a body of {JSON}")
    if not without_json:
        for event in compile_events(Schemas(root)):
            yield from _paths(root, event) or _schema_problems(event, lifecycle)


def _pointer(name: str, *keys: str) -> str:
    return format_pointer(("webhooks", name, "post", *keys))


def _operation_ids(root: Json, webhooks: Json) -> Iterator[Problem]:
    items = [*root["paths"].values(), *webhooks.values()]
    counts = Counter(item[m]["operationId"] for item in items for m in METHODS if m in item)
    for name, item in webhooks.items():
        operation_id = item["post"]["operationId"]
        if counts[operation_id] > 1:
            reason = f"{operation_id} is used by more than one operation"
            yield Problem(_pointer(name, "operationId"), reason)


def _states(webhooks: Json, lifecycle: Lifecycle) -> Iterator[Problem]:
    event_names: dict[str, str] = {}
    for name, item in webhooks.items():
        state_name = item["post"]["x-event"]["state"]
        state = lifecycle.states.get(state_name)
        pointer = _pointer(name, "x-event", "state")
        if state is None:
            yield Problem(pointer, f"{state_name} is not one of the states")
        elif not state.ends:
            reason = f"{state_name} is not a final state; events report final states"
            yield Problem(pointer, reason)
        elif state_name in event_names:
            yield Problem(pointer, f"{event_names[state_name]} already reports {state_name}")
        event_names.setdefault(state_name, name)


def _paths(root: Json, event: JobEvent) -> list[Problem]:
    paths = {
        "id/at": event.id_at,
        "type": event.name_at,
        "moment": event.moment_at,
        "job": event.job_at,
    }
    return [
        Problem(
            _pointer(event.name, "x-event", *key.split("/")),
            f"the body has no field at {format_pointer(path)}",
        )
        for key, path in paths.items()
        if path is not None and property_at(root, event.schema.raw, path) is None
    ]


def _schema_problems(event: JobEvent, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Check that an event as the document declares it matches the schema of its body."""
    digits = "0" * 32
    body = event.body(
        event_id=event.id_prefix + digits, job_id=lifecycle.id_prefix + digits, moment=0
    )
    for error in event.schema.errors(body):
        place = ".".join(error.path) or "it"
        reason = f"produces a body that does not match its schema: {place} {error.message}"
        yield Problem(_pointer(event.name, "x-event"), reason)
