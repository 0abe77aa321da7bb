"""The webhooks of a document: events that report the final states of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from .json import Json
from .operation import Provenance
from .pointer import Path, set_at
from .schema import Schema


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
