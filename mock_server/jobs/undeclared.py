"""Jobs that a document does not declare, such as those of the document before a reload."""

from __future__ import annotations

from contextlib import suppress

from ...openapi import Document
from .job import Job
from .store import Store, all_jobs


def remove_undeclared(store: Store, document: Document) -> int:
    """Remove the jobs whose kind, create or states a document does not declare; return how many."""
    removed = 0
    for job in all_jobs(store, newest_first=False):
        if not _declares(document, job):
            with suppress(KeyError):  # a request has removed it in the meantime
                store.remove(job.id)
                removed += 1
    return removed


def _declares(document: Document, job: Job) -> bool:
    kind = document.kinds.get(job.kind)
    if kind is None or all(create.operation.id != job.create for create in kind.creates):
        return False
    return all(phase.state in kind.lifecycle.states for phase in job.progression.phases)
