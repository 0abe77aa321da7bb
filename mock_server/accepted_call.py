"""An accepted call, as the service passes it on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

from ..openapi import Arguments, Call, Operation
from ..openapi.json import Json
from .faults.scenario import Scenario
from .jobs.job import Job


@dataclass(slots=True)
class AcceptedCall:
    """A call whose sender is allowed to make it, with what is decided about it until its reply.

    Args:
        operation: The operation of the document.
        call: The call as it was sent.
        arguments: The parameters and fields of the call, or its problems.
        key: The API key of the sender, empty if the operation needs none.
        owner: The key whose jobs the call sees; None if it sees those of all keys.
        scenario: The scenario of the job that the call creates.
        listed_until: The Unix time after which created jobs are not in a list.
        webhook: How the events of the created job are sent, see `Fault`; None as usual.
    """

    operation: Operation
    call: Call
    arguments: Arguments
    key: str
    owner: str | None
    scenario: Scenario | None = None
    listed_until: float = inf
    webhook: Json = None

    def ignore_range(self) -> None:
        """Take the call as if it had not asked for a part of a file."""
        headers = {n: value for n, value in self.call.headers.items() if n != "range"}
        self.call = replace(self.call, headers=headers)

    def sees(self, job: Job) -> bool:
        """Return True if the sender may know of a job."""
        return self.owner is None or job.owner == self.owner
