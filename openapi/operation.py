"""The operations of a document: parameters, request bodies, responses, and roles for jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .json import Json
from .path_template import PathTemplate
from .pointer import Path
from .price import Price
from .schema import Schema

FORM = "multipart/form-data"
JSON = "application/json"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace", "query")


class JobRole(StrEnum):
    """The role of an operation for jobs, `x-job-role`."""

    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST = "list"
    DELETE = "delete"
    CONTENT = "content"
    REMIX = "remix"


CREATE_ROLES = frozenset({JobRole.CREATE, JobRole.REMIX})
"""The roles of operations that create a job."""


class Provenance(StrEnum):
    """How well an operation or a response is known, `x-provenance`, best first."""

    DOCUMENTED = "documented"
    VENDOR_WIDE = "vendor-wide"
    INFERRED = "inferred"

    def covers(self, other: Provenance) -> bool:
        """Return True if `other` is known at least as well as this."""
        grades = list(Provenance)
        return grades.index(other) <= grades.index(self)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation.

    place: "path", "query" or "header"
    variants: the media types of the response by value of the parameter, `x-variants`
    """

    name: str
    place: str
    required: bool
    schema: Schema
    variants: Mapping[str, str]

    @property
    def default(self) -> Json:
        """The value of an absent parameter; None if the document has no default."""
        return self.schema.raw.get("default")


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A request body of one media type.

    properties: the schemas of its fields by name
    files: the allowed media types of the fields that are files
    example: the first example in the document; None if there is none
    """

    schema: Schema
    properties: Mapping[str, Json]
    files: Mapping[str, tuple[str, ...]]
    example: Json


@dataclass(frozen=True, slots=True)
class Header:
    """A header of a response; its name is in lower case."""

    name: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class Response:
    """A declared response.

    content: the schemas by media type; None for a media type of raw bytes
    examples: the examples by media type and name; an example without a name is ""
    """

    status: int
    provenance: Provenance
    headers: tuple[Header, ...]
    content: Mapping[str, Schema | None]
    examples: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Pagination:
    """The pagination of a list, `x-page`.

    places: paths in the response by key: items, first, last, more, next
    limit, after, order: the names of query parameters
    descending: the value of the order parameter for newest first
    """

    places: Mapping[str, Path]
    limit: str
    after: str
    order: str | None
    descending: str | None


@dataclass(frozen=True, slots=True)
class MediaFields:
    """The names of the request fields with size and duration of the video, `x-media`."""

    size: str | None
    seconds: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document.

    method: the HTTP method in upper case
    template: the path template below the base path of the server
    pointer: the JSON pointer of the operation
    role: its role for jobs; None if it has none
    secured: True if it requires an API key
    path_parameters, query, headers: its parameters by name
    bodies: the request bodies by media type
    responses: the declared responses by status
    success: the good response with the lowest status
    """

    id: str
    method: str
    template: PathTemplate
    pointer: str
    role: JobRole | None
    provenance: Provenance
    secured: bool
    path_parameters: Mapping[str, Parameter]
    query: Mapping[str, Parameter]
    headers: Mapping[str, Parameter]
    body_required: bool
    bodies: Mapping[str, RequestBody]
    responses: Mapping[int, Response]
    success: Response
    page: Pagination | None
    media: MediaFields | None
    price: Price | None

    @property
    def path(self) -> str:
        """The text of the path template."""
        return self.template.text

    @property
    def job_id_parameter(self) -> str:
        """The name of the path parameter that holds the id of the job."""
        return self.template.parameters[0]

    def default(self, field: str) -> Json:
        """Return the value of an absent field of the body; None if the document has no default."""
        for body in self.bodies.values():
            if field in body.properties:
                return body.properties[field].get("default")
        return None
