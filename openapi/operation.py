"""The operations of a document: parameters, request bodies and responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from .credentials import Credentials
from .json import Json
from .keywords import possible_types, types_of
from .parameter_style import ParameterStyle
from .path_template import PathTemplate
from .pointer import Path
from .schema import Schema

FORM = "multipart/form-data"
JSON = "application/json"
TEXT = "text/plain"
URL_FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace", "query")


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

    place: "path", "query", "header" or "cookie"; "form" for a field of a form
    style: how its value is written
    path: the place of its value in the schema; () except for a field of a form
    schemas: the schemas that are declared for its value
    types: the types that they allow; empty if they allow any
    is_text: True if any text is taken as it is
    """

    name: str
    place: str
    required: bool
    schema: Schema
    style: ParameterStyle
    path: Path = ()
    schemas: tuple[dict[str, Json], ...] = field(init=False, compare=False)
    types: frozenset[str] = field(init=False, compare=False)
    is_text: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        schemas = tuple(self.schema.schemas_at(self.path))
        types = frozenset(name for each in schemas for name in possible_types(each))
        is_text = not self.style.is_json and any("string" in types_of(each) for each in schemas)
        object.__setattr__(self, "schemas", schemas)
        object.__setattr__(self, "is_text", is_text)
        object.__setattr__(self, "types", types)

    def schemas_at(self, path: Path) -> Sequence[dict[str, Json]]:
        """Return the schemas that are declared for a place in the schema, such as `path`."""
        return self.schemas if path == self.path else self.schema.schemas_at(path)

    @property
    def default(self) -> Json:
        """The value of an absent parameter; None if the document has no default."""
        return self.schema.raw.get("default")


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A request body of one media type.

    properties: the schemas of its fields by name
    fields: its fields as parameters, if it is a form
    files: the allowed media types of the fields that are files
    file_lists: the names of the fields that are several files
    example: the first example in the document; None if there is none
    """

    schema: Schema
    properties: Mapping[str, Json]
    fields: Mapping[str, Parameter]
    files: Mapping[str, tuple[str, ...]]
    example: Json
    file_lists: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        lists = tuple(name for name in self.files if "array" in self.fields[name].types)
        object.__setattr__(self, "file_lists", lists)


class Header(NamedTuple):
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
class Operation:
    """One operation of a document.

    method: the HTTP method in upper case
    template: the path template below the base path of the server
    pointer: the JSON pointer of the operation
    credentials: the ways to send the API key, each of which is enough; () if it needs no key
    path_parameters, query, headers, cookies: its parameters by name
    bodies: the request bodies by media type
    responses: the declared responses by status
    success: the good response with the lowest status
    typed_path_parameters: the parameters of the path whose values are not texts
    has_parameters: True if there are parameters beside texts in the path
    has_arguments: True if requests have more than texts in the path
    """

    id: str
    method: str
    template: PathTemplate
    pointer: str
    provenance: Provenance
    credentials: tuple[Credentials, ...]
    path_parameters: Mapping[str, Parameter]
    query: Mapping[str, Parameter]
    headers: Mapping[str, Parameter]
    cookies: Mapping[str, Parameter]
    body_required: bool
    bodies: Mapping[str, RequestBody]
    responses: Mapping[int, Response]
    success: Response
    typed_path_parameters: tuple[Parameter, ...] = field(init=False)
    has_parameters: bool = field(init=False)
    has_arguments: bool = field(init=False)

    def __post_init__(self) -> None:
        typed = tuple(p for p in self.path_parameters.values() if p.types - {"string"})
        has_parameters = bool(self.query or self.headers or self.cookies or typed)
        object.__setattr__(self, "typed_path_parameters", typed)
        object.__setattr__(self, "has_parameters", has_parameters)
        object.__setattr__(self, "has_arguments", has_parameters or bool(self.bodies))

    @property
    def path(self) -> str:
        """The text of the path template."""
        return self.template.text

    def default(self, field: str) -> Json:
        """Return the value of an absent field of the body; None if the document has no default."""
        for body in self.bodies.values():
            if field in body.properties:
                return body.properties[field].get("default")
        return None

    @property
    def documents_errors(self) -> bool:
        """True if the document says anything about errors, if only by a range or a default."""
        return any(status in self.responses for status in _ERROR_STATUSES)


_ERROR_STATUSES = range(400, 600)
