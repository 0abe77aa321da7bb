"""A kind of job, compiled from an entry of `x-jobs`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..pointer import Path
from ..schema import Schema
from .operations import (
    CancelOperation,
    CreateOperation,
    JobOperation,
    ListOperation,
    ResultOperation,
)
from .place import Place
from .sources import JobField
from .states import Lifecycle


class Webhook(NamedTuple):
    """A message that the server sends when jobs enter certain states.

    name: the name of the webhook or callback in the document; None without one
    address: the place of its URL in the create's request; None if the URL is a setting
    states: the names of the states at whose start it is sent
    body: the fields of its body; None if the body is the job, as a poll reports it
    schema: the schema of its body in the document; None if the document describes none
    pointer: the JSON pointer of its declaration
    """

    name: str | None
    address: Place | None
    states: frozenset[str]
    body: tuple[JobField, ...] | None
    schema: Schema | None
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A kind of job.

    name: its name in the document
    creates: the operations that create jobs, at least one
    list, cancel, delete: further operations; None where there is none
    results: the operations that respond with results
    id_at: the path of the id in a job; None if it stands only in an address
    id_pattern: a regular expression for new ids; "" for any
    state_at: the path of the state in a job
    lifecycle: the states
    fields: the fields of all jobs of this kind
    expires_at: the path of the time at which files expire; None without one
    expires_after: the seconds after success until files expire; None without such a limit
    webhooks: the messages about its jobs
    pointer: the JSON pointer of its declaration
    """

    name: str
    creates: tuple[CreateOperation, ...]
    list: ListOperation | None
    cancel: CancelOperation | None
    delete: JobOperation | None
    results: tuple[ResultOperation, ...]
    id_at: Path | None
    id_pattern: str
    state_at: Path
    lifecycle: Lifecycle
    fields: tuple[JobField, ...]
    expires_at: Path | None
    expires_after: float | None
    webhooks: tuple[Webhook, ...]
    pointer: str

    def operations(self) -> Iterator[JobOperation]:
        """Yield all its operations, creates first, a shared poll once."""
        yield from self.creates
        polls = {create.poll.operation.id: create.poll for create in self.creates}
        yield from polls.values()
        for single in (self.list, self.cancel, self.delete):
            if single is not None:
                yield single
        yield from self.results
