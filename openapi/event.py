"""The webhooks of a document, `x-event`: events that report the final states of jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from .json import Json
from .operation import JSON, Provenance
from .pointer import Path, format_pointer, get, parse_pointer, set_at
from .schema import Schema, Schemas, follow, template_of


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One webhook.

    name: its key in the document, also the type of its events
    state: the final state that it reports
    provenance: how well it is known
    schema: the schema of its body
    template: the body without values, see `template_of`
    id_at, job_at, name_at, moment_at: the paths of the event id, the job id, the type and the time
        in the body; None if the body has no such field
    id_prefix: the start of every event id
    """

    name: str
    state: str
    provenance: Provenance
    schema: Schema
    template: Mapping[str, Json]
    id_at: Path
    id_prefix: str
    job_at: Path
    name_at: Path | None
    moment_at: Path | None

    def body(self, *, event_id: str, job_id: str, moment: int) -> dict[str, Json]:
        """Return the body of an event; `moment` is the Unix time at which the job ended."""
        body = deepcopy(dict(self.template))
        set_at(body, self.id_at, event_id)
        set_at(body, self.job_at, job_id)
        for path, value in ((self.name_at, self.name), (self.moment_at, moment)):
            if path is not None:
                set_at(body, path, value)
        return body


def compile_events(schemas: Schemas) -> Iterator[JobEvent]:
    """Compile the events of a document with valid structure and references."""
    for name, item in schemas.root.get("webhooks", {}).items():
        operation = item["post"]
        data, schema = operation["x-event"], _schema(schemas, name)
        yield JobEvent(
            name=name,
            state=data["state"],
            provenance=Provenance(operation.get("x-provenance", Provenance.DOCUMENTED)),
            schema=schema,
            template=template_of(schemas.root, schema.raw),
            id_at=parse_pointer(data["id"]["at"]),
            id_prefix=data["id"].get("prefix", ""),
            job_at=parse_pointer(data["job"]),
            name_at=parse_pointer(data["type"]) if "type" in data else None,
            moment_at=parse_pointer(data["moment"]) if "moment" in data else None,
        )


def body_pointer(root: Json, name: str) -> str:
    """Return the pointer of the request body of a webhook, with references resolved."""
    return follow(root, format_pointer(("webhooks", name, "post", "requestBody")))


def _schema(schemas: Schemas, name: str) -> Schema:
    place = body_pointer(schemas.root, name)
    return schemas.at(place + format_pointer(("content", JSON, "schema")))


def has_json_body(root: Json, name: str) -> bool:
    """Return True if the body of a webhook can be JSON."""
    return JSON in get(root, parse_pointer(body_pointer(root, name)))["content"]
