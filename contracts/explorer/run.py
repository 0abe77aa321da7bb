"""One run of a program against one behaviour: what it did, what it got, and how it ended."""

from __future__ import annotations

from collections.abc import Hashable
from enum import StrEnum
from typing import NamedTuple

from .behaviour import Behaviour


class End(StrEnum):
    """The end of a run."""

    RETURNED = "it returned"
    RAISED = "it failed"
    STUCK = "it did not end"


class Step(NamedTuple):
    """One request of the program.

    Args:
        operation_id: The operation of the request; "" for a request that is not of the API.
        nth: The number of the request among those of its operation, from 1.
        text: The request and its response in words.
        at: The time on the program's clock, in seconds since its start.
        request: The parameters and fields of the request.
        meaning: What the response means to a program: all errors mean the same.
        before: The files of the program and the jobs of the API before the request.
        after: The same once the request was performed, before its response arrives.
    """

    operation_id: str
    nth: int
    text: str
    at: float
    request: str = ""
    meaning: Hashable = None
    before: Hashable = None
    after: Hashable = None

    @property
    def key(self) -> Hashable:
        """The request, and the meaning of its response; steps with the same one are equal."""
        return self.operation_id, self.request, self.meaning


class Job(NamedTuple):
    """A job that was created in a run.

    Args:
        id: The id of the job.
        completed: True if it has completed.
        completes: True if it has completed, or will complete later.
        fails: True if it has failed, or will fail later: then it is not paid.
        deleted: True if it is not there any more.
    """

    id: str
    completed: bool
    completes: bool = False
    fails: bool = False
    deleted: bool = False


class SavedFile(NamedTuple):
    """A file that the program left in its folder.

    Args:
        name: The path of the file below the folder.
        job_id: The job whose file it is; None if it is not a file of the API.
        whole: True if it is the whole file.
    """

    name: str
    job_id: str | None
    whole: bool


class Run(NamedTuple):
    """One run of a program.

    Args:
        behaviour: The behaviour of the API.
        steps: The requests of the program in order.
        end: The end of the run.
        exception: The exception that ended it, as `Type: message`; "" for none.
        declared: True if the program may raise that exception.
        place: The place in the program where it was raised, or that sent the last request.
        assertion: True if an assertion of the test failed.
        jobs: The jobs that were created, in order.
        files: The files that the program left, in the order of their names.
        errors: The errors of the verdict on the program, each in a line that begins with its code.
        struck: The number of requests after which all faults had struck, and the kill.
    """

    behaviour: Behaviour
    steps: tuple[Step, ...]
    end: End
    exception: str = ""
    declared: bool = False
    place: str = ""
    assertion: bool = False
    jobs: tuple[Job, ...] = ()
    files: tuple[SavedFile, ...] = ()
    errors: tuple[str, ...] = ()
    struck: int = 0

    @property
    def signature(self) -> Hashable:
        """What the program has done; runs with the same one are equivalent."""
        keys = tuple(step.key for step in self.steps)
        return keys, self.end, self.place, len(self.jobs), self.behaviour.kill is not None
