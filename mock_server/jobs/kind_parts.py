"""The parts of a mock that belong to one kind of job."""

from __future__ import annotations

from collections.abc import Mapping

from ...openapi import Document
from ...openapi.generator import ValueMaker
from ...openapi.jobs import JobKind
from ...openapi.jobs.job_ids import job_id_form
from ...openapi.json import Json
from ...openapi.pointer import Path
from ..clock import Clock
from ..media_library import MediaLibrary
from .answers import Answers
from .job import Job, observe
from .job_files import JobFiles
from .progression import Planner
from .request_values import RequestReader
from .view import View


class KindParts:
    """The parts that belong to one kind of job.

    Args:
        document: The document.
        kind: The kind of job.
        clock: The source of time.
        maker: Makes values that nothing declares.
        library: The files of jobs.
    """

    def __init__(
        self,
        document: Document,
        kind: JobKind,
        *,
        clock: Clock,
        maker: ValueMaker,
        library: MediaLibrary,
    ) -> None:
        self.kind, self._clock, self._base_url = kind, clock, document.server_url
        self.planner = Planner(kind)
        self.readers = {each.operation.id: RequestReader(kind, each) for each in kind.creates}
        self.answers = Answers(document, kind, clock=clock, maker=maker)
        self.files = JobFiles(kind, library)
        self.job_id_of = job_id_form(kind)

    def view(self, job: Job, base_url: str | None = None) -> View:
        """Return a job as a response shows it now."""
        return View(job, observe(job, self._clock.now()), base_url or self._base_url)

    def value(self, job: Job, path: Path) -> Json:
        """Return the value of a field of a job now, or ABSENT."""
        return self.answers.field(path, self.view(job))

    def describe(self, job: Job) -> dict[str, Json]:
        """Return the fields of a job as its poll reports them now."""
        create = next((c for c in self.kind.creates if c.operation.id == job.create), None)
        poll = (create or self.kind.creates[0]).poll
        body = self.answers.body(poll, self.view(job))
        for step in poll.job_at:
            body = body[step] if isinstance(body, dict) else body[int(step)]
        return body if isinstance(body, dict) else {}

    def expiry(self, job: Job) -> float | None:
        """Return when the files of a job expire (Unix seconds); None if they do not."""
        progression = job.progression
        if progression.expires_after is not None:
            return job.created + progression.expires_after
        if self.kind.expires_after is not None:
            return job.created + progression.pending_seconds + self.kind.expires_after
        if self.kind.expires_at is None:
            return None
        return self.answers.moment(self.kind.expires_at, self.view(job))


def make_kind_parts(
    document: Document, *, clock: Clock, seed: int | None
) -> Mapping[str, KindParts]:
    """Return the parts of all kinds of jobs of a document, by name of the kind."""
    maker = ValueMaker(document.source.data, seed=str(seed), moment=clock.now())
    library = MediaLibrary()
    return {
        name: KindParts(document, kind, clock=clock, maker=maker, library=library)
        for name, kind in document.kinds.items()
    }
