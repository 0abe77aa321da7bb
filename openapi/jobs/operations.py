"""The operations of a kind of job: what each of them does to a job, and how it responds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from ..operation import Operation
from ..pointer import Path
from ..price import Price
from .place import Place
from .sources import Condition, JobField


class JobRole(StrEnum):
    """What an operation does to jobs of a kind."""

    CREATE = "create"
    POLL = "poll"
    LIST = "list"
    CANCEL = "cancel"
    DELETE = "delete"
    RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOperation:
    """An operation about jobs of one kind.

    kind: the name of the kind
    role: what the operation does
    operation: the operation of the document
    status: the status of its good response
    job_at: the path of the job in that response
    id: the place of the id in the request; None for a create and a list
    states: the names of the states in which the operation is accepted
    answer: the fields of this response alone; their paths start at its root
    pointer: the JSON pointer of its declaration
    """

    kind: str
    role: JobRole
    operation: Operation
    status: int
    job_at: Path
    id: Place | None
    states: frozenset[str]
    answer: tuple[JobField, ...]
    pointer: str


class FailureReason(NamedTuple):
    """Why jobs fail.

    code: the code in the response
    message: the message in the response
    when: the requests whose jobs always fail for this reason; None if there are none
    moderation: True for a rejection by content moderation
    """

    code: str
    message: str
    when: Condition | None
    moderation: bool


class MediaPlaces(NamedTuple):
    """The places in a request that shape the files of its job, None where there is none.

    size: width and height, such as "1280x720"
    width, height: in pixels
    resolution: such as "720p"
    ratio: such as "16:9"
    duration: in seconds; a text such as "5s" counts as 5
    """

    size: Place | None = None
    width: Place | None = None
    height: Place | None = None
    resolution: Place | None = None
    ratio: Place | None = None
    duration: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOperation(JobOperation):
    """An operation that creates jobs.

    source: the place of the id of the job that a new job is made from; None without one
    when: the requests that create a job; others are answered as if the operation had no role
    wait: the place that asks the server to hold the response until the job ends; None without one
    poll: the operation that reports the new job
    fields: the fields of its jobs
    failures: why its jobs fail, the usual reason first
    media: the places that shape the files
    price: the price of a job; None if it is unknown
    """

    source: Place | None
    when: Condition
    wait: Place | None
    poll: JobOperation
    fields: tuple[JobField, ...]
    failures: tuple[FailureReason, ...]
    media: MediaPlaces
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOperation(JobOperation):
    """An operation that lists jobs, the newest first.

    items: the path of the array in the response
    part: the path of the part of a job that an item is; () for the whole job
    places: the paths of first, last (ids), more, next_page, previous_page, count and total
    limit, after, before, cursor, offset, page: the places in the request; None where there is none
    order: the place of the order in the request and its words; None if the order is fixed
    filters: the paths of job fields by the place of the value that selects them
    """

    items: Path
    part: Path
    places: Mapping[str, Path]
    limit: Place | None
    after: Place | None
    before: Place | None
    cursor: Place | None
    offset: Place | None
    page: Place | None
    order: tuple[Place, Mapping[str, Literal["ascending", "descending"]]] | None
    filters: Mapping[Place, Path]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOperation(JobOperation):
    """An operation that cancels a job.

    next: the name of the state that it leads to
    otherwise: what happens to jobs in another state: "refuse", or "ignore" (answered as a poll)
    """

    next: str
    otherwise: Literal["refuse", "ignore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOperation(JobOperation):
    """An operation that responds with a result of a job.

    key: the path of the job field that the id in the request is compared with; None for the job id
    variants: the parameter that chooses the media type, and the media types by its value
    media_type: the media type without such a parameter; None for JSON
    """

    key: Path | None
    variants: tuple[Place, Mapping[str, str]] | None
    media_type: str | None
