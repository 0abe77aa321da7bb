"""The behaviour of a server. The defaults conform to the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.responses import Response

from .errors import ApiError, unauthorized
from .jobs import Job, JobFields, Json, Phase, Timing, video_id
from .media_files import ByteRange, MediaFile

KEY = "sk-aisa-benchmark"
"""The only valid API key."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ViewContext:
    """The operation that shows a job, the job, and the Unix time in seconds."""

    operation: str
    job: Job
    now: float

    @property
    def seen_finished(self) -> bool:
        """True if a retrieve has already shown the job in a final state."""
        return self.job.retrieved_final > 0


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The operation and the headers of a request."""

    operation: str
    headers: Headers


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The requested page of the list. `number` counts the list requests."""

    limit: int
    after: str | None
    descending: bool
    number: int


def check_key(authorization: str | None, operation: str) -> ApiError | None:
    """Return an error unless the header is a bearer token with the valid key."""
    scheme, _, key = (authorization or "").partition(" ")
    if not authorization:
        return unauthorized("missing_api_key", "no key was sent")
    if scheme.lower() != "bearer" or not key.strip():
        return unauthorized("invalid_api_key", "the header is not a bearer's")
    return None if key.strip() == KEY else unauthorized("invalid_api_key", "the key is not valid")


def _unchanged(value: T, _: object) -> T:
    return value


def _identity(value: T) -> T:
    return value


def _accept(_: RequestInfo) -> ApiError | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The behaviour of a server. Functions change what the server would do.

    Lifecycle: `timing` and `final_state` of jobs, `old_jobs` in the list, `clock_ahead` in seconds,
    `change_phase` of a job, `change_view` of a job.
    Requests: `authenticate` the key, `reject` requests, skip `unchecked` validations, `defaults` of
    a create, `accept_create` changes or rejects a valid create.
    Resources: `jobs_per_create`, `keeps_rejected_creates`, `operations_finding_unknown_jobs`,
    `operations_hiding_deleted_jobs`.
    List: `change_query`, `change_order` of jobs, `cursor_step`, `change_page`.
    Files: `downloadable_states`, `files_expire`, `change_file`, `change_range`, `redirect` status.
    Responses: `poll_hint` in milliseconds, `change_error`, `change_response`.
    """

    timing: Timing = field(default_factory=Timing)
    final_state: str = "completed"
    old_jobs: int = 0
    clock_ahead: float = 0.0
    make_id: Callable[[int], str] = video_id
    change_phase: Callable[[Phase, ViewContext], Phase] = _unchanged
    change_view: Callable[[Json, ViewContext], Json] = _unchanged

    authenticate: Callable[[str | None, str], ApiError | None] = check_key
    reject: Callable[[RequestInfo], ApiError | None] = _accept
    unchecked: frozenset[str] = frozenset()
    defaults: JobFields = field(default_factory=lambda: JobFields(""))
    accept_create: Callable[[JobFields, int], JobFields] = _unchanged

    jobs_per_create: int = 1
    keeps_rejected_creates: bool = False
    operations_finding_unknown_jobs: frozenset[str] = frozenset()
    operations_hiding_deleted_jobs: frozenset[str] = frozenset(
        {"retrieve", "list", "content", "delete", "remix"}
    )
    deletes_running: bool = False
    remixes_running: bool = False

    change_query: Callable[[ListQuery], ListQuery] = _identity
    change_order: Callable[[list[Job], ListQuery], list[Job]] = _unchanged
    cursor_step: int = 1
    change_page: Callable[[Json, ListQuery], Json] = _unchanged

    downloadable_states: frozenset[str] = frozenset({"completed"})
    files_expire: bool = True
    change_file: Callable[[MediaFile, ViewContext], MediaFile] = _unchanged
    change_range: Callable[[ByteRange, MediaFile], ByteRange] = _unchanged
    redirect: int | None = None

    poll_hint: str | None = "50"
    change_error: Callable[[Json, ApiError], Json] = _unchanged
    change_response: Callable[[Response, RequestInfo], Response] = _unchanged
