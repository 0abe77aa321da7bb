"""A behaviour of an API towards one program: the life of its jobs, faults, and a kill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...openapi.json import Json
from ...openapi.text import ordinal


class Life(NamedTuple):
    """What becomes of each job.

    Args:
        name: The life in words: "jobs complete".
        scenario: The name of the scenario of the mock in which jobs live so.
        first_job: The scenario of the first job, if it is another one; else "".
    """

    name: str
    scenario: str
    first_job: str = ""


class FaultKind(NamedTuple):
    """A kind of fault that one call of an operation may have.

    Args:
        name: The fault in words: "its response is lost".
        options: The options of the fault, as `Fault` in the config schema describes them.
        passes: True if a program can go on after it at no cost, such as by the same request.
    """

    name: str
    options: Mapping[str, Json]
    passes: bool


class Injection(NamedTuple):
    """A fault of one call.

    Args:
        operation_id: The operation.
        nth: The number of the call among those of its operation, from 1.
        fault: The fault.
    """

    operation_id: str
    nth: int
    fault: FaultKind

    def __str__(self) -> str:
        return f"{ordinal(self.nth)} {self.operation_id}: {self.fault.name}"

    def to_json(self) -> Json:
        """Return the fault as `fault()` of a mock takes it."""
        return {"operation": self.operation_id, "nth": self.nth, **self.fault.options}


class Kill(NamedTuple):
    """The end of the program at one of its requests; then it starts again in the same world.

    Args:
        request: The number of the request among all, from 1.
        performed: True if the server has performed the request, whose response is lost.
    """

    request: int
    performed: bool

    def __str__(self) -> str:
        moment = "after" if self.performed else "before"
        return f"the program is killed {moment} its {ordinal(self.request)} request, and restarted"


class Behaviour(NamedTuple):
    """One behaviour of the API.

    Args:
        life: What becomes of the jobs.
        injections: The faults, in the order in which they strike.
        kill: The end of the program; None for none.
    """

    life: Life
    injections: tuple[Injection, ...] = ()
    kill: Kill | None = None

    @property
    def size(self) -> int:
        """The number of faults and kills."""
        return len(self.injections) + (self.kill is not None)

    def __str__(self) -> str:
        parts = [self.life.name, *map(str, self.injections)]
        return "; ".join([*parts, str(self.kill)] if self.kill else parts)

    def to_json(self) -> Json:
        """Return the behaviour as JSON, which `Space.behaviour` reads."""
        data: dict[str, Json] = {"life": self.life.scenario}
        if self.life.first_job:
            data["first_job"] = self.life.first_job
        if self.injections:
            data["faults"] = [injection.to_json() for injection in self.injections]
        if self.kill is not None:
            data["kill"] = self.kill._asdict()
        return data
