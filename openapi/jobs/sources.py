"""The sources of values in responses about a job: where the value of a field comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal, NamedTuple, TypeAlias

from ..json import Json
from ..moment import MomentForm
from ..pointer import Path
from .place import Place


class Constant(NamedTuple):
    """A value that is always the same."""

    value: Json


class FromRequest(NamedTuple):
    """The value at a place of the request that created the job.

    place: the place in the request
    default: the value of a request without it
    translation: values of the response by the value of the request, as text
    """

    place: Place
    default: Json
    translation: Mapping[str, Json]

    def translated(self, value: Json) -> Json:
        """Return the value of the response for a value of the request."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return self.translation.get(text, value)


class Moment(NamedTuple):
    """A time in the life of the job.

    event: "created", "changed" (the last change of the state), or "entered"
    entered: the names of the states whose first entry counts, for "entered"
    plus_seconds: the seconds after that time
    form: how the time is written
    """

    event: Literal["created", "changed", "entered"]
    entered: frozenset[str]
    plus_seconds: float
    form: MomentForm


class FileAddress(NamedTuple):
    """The URL of a file of this media type."""

    media_type: str


class OperationAddress(NamedTuple):
    """The URL of an operation for this job.

    operation_id: the operation
    """

    operation_id: str


class NewId(NamedTuple):
    """A new id that matches a regular expression and that the job keeps."""

    pattern: str


class FailureDetail(NamedTuple):
    """The code or the message of the failure."""

    detail: Literal["code", "message"]


class Progress(NamedTuple):
    """The progress: 0 to 100, 0 to 1, or a text such as "50%"."""

    form: Literal["percent", "fraction", "text"]


class FromSource(NamedTuple):
    """A field of the job that this job was made from."""

    path: Path


class FromJob(NamedTuple):
    """Another field of this job."""

    path: Path


class RetryHint(NamedTuple):
    """The time to wait before the next request.

    unit: the unit of the value
    most: the longest time, in seconds
    """

    unit: Literal["seconds", "milliseconds"]
    most: float = inf


@dataclass(frozen=True, slots=True)
class Made:
    """The example of the schema, or a value that is made from it."""


Source: TypeAlias = (
    Constant
    | FromRequest
    | Moment
    | FileAddress
    | OperationAddress
    | NewId
    | FailureDetail
    | Progress
    | FromSource
    | FromJob
    | RetryHint
    | Made
)


class Condition(NamedTuple):
    """A condition on the request that created a job.

    values: the allowed values by place; None among them also allows an absent value. Without
        places, the condition holds for any request
    """

    values: Mapping[Place, tuple[Json, ...]]


@dataclass(frozen=True, slots=True)
class JobField:
    """A field or a header in responses about a job.

    place: the place in the response, below the job
    source: the source of its value
    due: the names of the states in which it is certainly there
    possible: the names of the states in which it may be there
    when: the requests to whose jobs it belongs
    optional: True if a server may leave it out
    pointer: the JSON pointer of its declaration
    """

    place: Place
    source: Source
    due: frozenset[str]
    possible: frozenset[str]
    when: Condition
    optional: bool
    pointer: str
