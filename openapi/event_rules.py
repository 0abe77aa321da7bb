"""What the webhooks of a document must say, of themselves and of the life of a job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .errors import Problem
from .event import JobEvent, body_pointer, compile_events, has_json_body
from .json import Json
from .lifecycle import Lifecycle
from .operation import JSON, METHODS
from .pointer import format_pointer
from .schema import Schemas
from .schema_places import property_at


def event_problems(root: Json, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Everything that is wrong with the webhooks of a document with this life of a job."""
    webhooks = root.get("webhooks", {})
    yield from _operation_ids(root, webhooks)
    yield from _states(webhooks, lifecycle)
    without = [name for name in webhooks if not has_json_body(root, name)]
    for name in without:
        yield Problem(f"{body_pointer(root, name)}/content", f"an event needs a body of {JSON}")
    if not without:
        for event in compile_events(Schemas(root)):
            yield from _paths(root, event) or _schema_problems(event, lifecycle)


def _pointer(name: str, *below: str) -> str:
    return format_pointer(("webhooks", name, "post", *below))


def _operation_ids(root: Json, webhooks: Json) -> Iterator[Problem]:
    items = [*root["paths"].values(), *webhooks.values()]
    counts = Counter(item[m]["operationId"] for item in items for m in METHODS if m in item)
    for name, item in webhooks.items():
        operation = item["post"]["operationId"]
        if counts[operation] > 1:
            reason = f"{operation} stands at more than one operation"
            yield Problem(_pointer(name, "operationId"), reason)


def _states(webhooks: Json, lifecycle: Lifecycle) -> Iterator[Problem]:
    told: dict[str, str] = {}
    for name, item in webhooks.items():
        word = item["post"]["x-event"]["state"]
        state = lifecycle.states.get(word)
        if state is None:
            yield Problem(_pointer(name, "x-event", "state"), f"{word} is not one of the states")
        elif not state.ends:
            reason = f"{word} does not end the job; an event tells of its end"
            yield Problem(_pointer(name, "x-event", "state"), reason)
        elif word in told:
            reason = f"{told[word]} tells of {word} already"
            yield Problem(_pointer(name, "x-event", "state"), reason)
        told.setdefault(word, name)


def _paths(root: Json, event: JobEvent) -> list[Problem]:
    paths = {
        "id/at": event.id_at,
        "type": event.name_at,
        "moment": event.moment_at,
        "job": event.job_at,
    }
    return [
        Problem(_pointer(event.name, "x-event", *key.split("/")), f"the body has no field at {at}")
        for key, path in paths.items()
        if path is not None and property_at(root, event.schema.raw, path) is None
        for at in [format_pointer(path)]
    ]


def _schema_problems(event: JobEvent, lifecycle: Lifecycle) -> Iterator[Problem]:
    """Whether what is made as declared is what the schema describes."""
    digits = "0" * 32
    body = event.body(
        event_id=event.id_prefix + digits, job_id=lifecycle.id_prefix + digits, moment=0
    )
    for finding in event.schema.errors(body):
        where = ".".join(finding.path) or "it"
        reason = f"makes a body that does not fit its schema: {where} {finding.message}"
        yield Problem(_pointer(event.name, "x-event"), reason)
