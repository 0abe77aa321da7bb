"""What a server tells of its jobs without being asked: the webhooks of a document, `x-event`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from .json import Json
from .operation import JSON, Provenance
from .pointer import Path, format_pointer, get, parse_pointer, set_at
from .schema import Schema, Schemas, follow
from .template import template_of


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One webhook: `name` is what the document calls it, `state` the final state whose entry it
    tells of, `schema` that of its body, `blank` the body before anything is filled in.

    Paths lead into the body; None means that it has no such field.
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
        """The body that tells of a job; `moment` is when it entered the state, in Unix seconds."""
        body = deepcopy(dict(self.template))
        set_at(body, self.id_at, event_id)
        set_at(body, self.job_at, job_id)
        for path, value in ((self.name_at, self.name), (self.moment_at, moment)):
            if path is not None:
                set_at(body, path, value)
        return body


def compile_events(schemas: Schemas) -> Iterator[JobEvent]:
    """Every event of a document whose structure and references have been checked."""
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
    """The pointer of the request body of the webhook of this name, behind any references."""
    return follow(root, format_pointer(("webhooks", name, "post", "requestBody")))


def _schema(schemas: Schemas, name: str) -> Schema:
    place = body_pointer(schemas.root, name)
    return schemas.at(place + format_pointer(("content", JSON, "schema")))


def has_json_body(root: Json, name: str) -> bool:
    """Whether the body of the webhook of this name is JSON, as it must be to be written."""
    return JSON in get(root, parse_pointer(body_pointer(root, name)))["content"]
