"""Everything that one server may do in its own way; the defaults are what the document asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.responses import Response

from .films import File, Part
from .jobs import Fields, Job, Json, Stage, Timing, video_id
from .refusal import Refusal, unauthorized

KEY = "sk-aisa-benchmark"
"""The one key that the server takes."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a job, through an operation, at `now` Unix seconds."""

    operation: str
    job: Job
    now: float

    @property
    def again(self) -> bool:
        """Whether a retrieve has already shown the job at its end."""
        return self.job.retrieved_final > 0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the name of its operation, and its headers."""

    operation: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class Query:
    """Which page of the list is asked for; `turn` counts the lists that were asked for."""

    limit: int
    after: str | None
    descending: bool
    turn: int


def right_key(authorization: str | None, operation: str) -> Refusal | None:
    """Take a bearer with the right key alone."""
    scheme, _, key = (authorization or "").partition(" ")
    if not authorization:
        return unauthorized("missing_api_key", "no key was sent")
    if scheme.lower() != "bearer" or not key.strip():
        return unauthorized("invalid_api_key", "the header is not a bearer's")
    return None if key.strip() == KEY else unauthorized("invalid_api_key", "the key is not valid")


def _kept(value: T, _: object) -> T:
    return value


def _same(value: T) -> T:
    return value


def _granted(_: Asked) -> Refusal | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a server does.

    The life of a job: `timing`, `end`, how many `older` ones there are; `life` changes where a job
    stands, `show` what a view of it says.
    What comes in: `admit` judges the key, `before` refuses before anything is done, `unchecked`
    names the checks that are left out, `defaults` is what a create need not say, `take` changes or
    refuses a valid create (with its number).
    Jobs that are made, found and gone: `stores` per create, `leaks` one of a refused create,
    `invents` names operations that find any id, `hides_deleted` those that miss what was deleted.
    The list: `ask` changes the query, `arrange` the jobs, `page` the page.
    Files: `downloadable` states, `file` its bytes, `part` of it, `redirect` is a status.
    What goes out: `envelope` changes errors, `answer` whole answers.
    """

    timing: Timing = field(default_factory=Timing)
    end: str = "completed"
    older: int = 0
    clock_ahead: float = 0.0
    make_id: Callable[[int], str] = video_id
    life: Callable[[Stage, Look], Stage] = _kept
    show: Callable[[Json, Look], Json] = _kept

    admit: Callable[[str | None, str], Refusal | None] = right_key
    before: Callable[[Asked], Refusal | None] = _granted
    unchecked: frozenset[str] = frozenset()
    defaults: Fields = field(default_factory=lambda: Fields(""))
    take: Callable[[Fields, int], Fields] = _kept

    stores: int = 1
    leaks: bool = False
    invents: frozenset[str] = frozenset()
    hides_deleted: frozenset[str] = frozenset({"retrieve", "list", "content", "delete", "remix"})
    deletes_running: bool = False
    remixes_running: bool = False

    ask: Callable[[Query], Query] = _same
    arrange: Callable[[list[Job], Query], list[Job]] = _kept
    cursor_step: int = 1
    page: Callable[[Json, Query], Json] = _kept

    downloadable: frozenset[str] = frozenset({"completed"})
    files_expire: bool = True
    file: Callable[[File, Look], File] = _kept
    part: Callable[[Part, File], Part] = _kept
    redirect: int | None = None

    poll_hint: str | None = "50"
    envelope: Callable[[Json, Refusal], Json] = _kept
    answer: Callable[[Response, Asked], Response] = _kept
