"""One operation of a document, compiled: what it takes, what it answers, and what it does with a
job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .json import Json
from .path_template import PathTemplate
from .pointer import Path, format_pointer, get, parse_pointer
from .price import Price, compile_price
from .schema import Schema, Schemas, as_object, follow, resolve

FORM = "multipart/form-data"
JSON = "application/json"


class JobRole(StrEnum):
    """What an operation does with a job, `x-job-role`."""

    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST = "list"
    DELETE = "delete"
    CONTENT = "content"
    REMIX = "remix"


CREATE_ROLES = frozenset({JobRole.CREATE, JobRole.REMIX})
"""The roles of the operations that make a job."""


class Provenance(StrEnum):
    """How well an operation or an answer is known, `x-provenance`, the best first."""

    DOCUMENTED = "documented"
    VENDOR_WIDE = "vendor-wide"
    INFERRED = "inferred"

    def covers(self, other: Provenance) -> bool:
        """Whether something is known at least as well as this."""
        grades = list(Provenance)
        return grades.index(other) <= grades.index(self)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the path, the query or a header. `variants` maps its values to media types,
    `x-variants`.
    """

    name: str
    place: str
    required: bool
    schema: Schema
    variants: Mapping[str, str]

    @property
    def default(self) -> Json:
        """What counts when the parameter is absent; None if the document names nothing."""
        return self.schema.raw.get("default")


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A request body of one media type. `files` maps the fields that are files to the media types
    they may have.

    `example` is the first example of the document, None if there is none.
    """

    schema: Schema
    properties: Mapping[str, Json]
    files: Mapping[str, tuple[str, ...]]
    example: Json


@dataclass(frozen=True, slots=True)
class Header:
    """A header of an answer."""

    name: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of one status: its headers, and the schema of each media type, None for bytes."""

    status: int
    provenance: Provenance
    headers: tuple[Header, ...]
    content: Mapping[str, Schema | None]


@dataclass(frozen=True, slots=True)
class Pagination:
    """How a list is cut into pages, `x-page`: places in the answer, names of query parameters,
    words of the order.
    """

    places: Mapping[str, Path]
    limit: str
    after: str
    order: str | None
    descending: str | None


@dataclass(frozen=True, slots=True)
class MediaFields:
    """The request fields that say how large and how long the file of a job is, `x-media`."""

    size: str | None
    seconds: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `method` is in upper case, `path` is the template below the server's base
    path. `query` and `headers` are its parameters by name, `success` its answer when all goes well:
    the one with the lowest status.
    """

    id: str
    method: str
    template: PathTemplate
    pointer: str
    role: JobRole | None
    provenance: Provenance
    secured: bool
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
        """What counts when a field of the body is absent; None if the document names nothing."""
        for body in self.bodies.values():
            if field in body.properties:
                return body.properties[field].get("default")
        return None


def compile_operations(schemas: Schemas) -> Iterator[Operation]:
    """Every operation of a document whose structure has been checked."""
    responses: dict[str, Response] = {}
    for path, item in schemas.root["paths"].items():
        for method in (m for m in METHODS if m in item):
            yield _OperationReader(schemas, path, method, responses).operation()


class _OperationReader:
    """Reads one operation and follows the references in it. Answers that operations share are kept
    in `responses`.
    """

    def __init__(
        self, schemas: Schemas, path: str, method: str, responses: dict[str, Response]
    ) -> None:
        self._responses = responses
        self._schemas, self._root = schemas, schemas.root
        self._template, self._method = PathTemplate(path), method
        self._item = ("paths", path)
        self._pointer = format_pointer((*self._item, method))
        self._data = self._root["paths"][path][method]

    def operation(self) -> Operation:
        data, page, media = self._data, self._data.get("x-page"), self._data.get("x-media")
        body_pointer, body = (
            self._follow(f"{self._pointer}/requestBody") if "requestBody" in data else ("", {})
        )
        parameters = [*self._parameters()]
        responses = {int(status): self._response(status) for status in data["responses"]}
        return Operation(
            id=data["operationId"],
            method=self._method.upper(),
            template=self._template,
            pointer=self._pointer,
            role=JobRole(data["x-job-role"]) if "x-job-role" in data else None,
            provenance=Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
            secured=bool(data.get("security", self._root.get("security"))),
            query={p.name: p for p in parameters if p.place == "query"},
            headers={p.name: p for p in parameters if p.place == "header"},
            body_required=body.get("required", False),
            bodies={
                media_type: self._body(f"{body_pointer}/content{format_pointer((media_type,))}")
                for media_type in body.get("content", ())
            },
            responses=responses,
            success=responses[min(responses)],
            page=_page(page) if page else None,
            media=MediaFields(media.get("size"), media.get("seconds")) if media else None,
            price=compile_price(data["x-price"]) if "x-price" in data else None,
        )

    def _follow(self, pointer: str) -> tuple[str, Json]:
        """The place that a pointer leads to, behind any references, and what stands there."""
        pointer = follow(self._root, pointer)
        return pointer, get(self._root, parse_pointer(pointer))

    def _parameters(self) -> Iterator[Parameter]:
        """Those of the path first; one of the operation replaces one of the path with the same name
        and place.
        """
        found: dict[tuple[str, str], Parameter] = {}
        for base in (format_pointer(self._item), self._pointer):
            listed = get(self._root, parse_pointer(base)).get("parameters", ())
            for index in range(len(listed)):
                pointer, data = self._follow(f"{base}/parameters/{index}")
                found[data["name"], data["in"]] = Parameter(
                    name=data["name"],
                    place=data["in"],
                    required=data.get("required", False),
                    schema=self._schemas.at(f"{pointer}/schema"),
                    variants=data.get("x-variants", {}),
                )
        yield from found.values()

    def _body(self, pointer: str) -> RequestBody:
        data = get(self._root, parse_pointer(pointer))
        schema = self._schemas.at(f"{pointer}/schema")
        properties = {
            name: as_object(resolve(self._root, below))
            for name, below in schema.raw.get("properties", {}).items()
        }
        encoding = {name: _media_types(e) for name, e in data.get("encoding", {}).items()}
        files = {
            name: encoding.get(name, ("*/*",))
            for name, below in properties.items()
            if pointer.endswith(format_pointer((FORM,))) and _is_file(below, encoding.get(name, ()))
        }
        return RequestBody(schema, properties, files, self._example(data))

    def _example(self, media: Json) -> Json:
        examples = [
            resolve(self._root, example)["value"] for example in media.get("examples", {}).values()
        ]
        return media.get("example", examples[0] if examples else None)

    def _response(self, status: str) -> Response:
        pointer, data = self._follow(f"{self._pointer}/responses/{status}")
        place = f"{pointer} {status}"
        if place not in self._responses:
            self._responses[place] = Response(
                status=int(status),
                provenance=Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
                headers=tuple(self._header(pointer, name) for name in data.get("headers", ())),
                content={t: self._content(pointer, t) for t in data.get("content", ())},
            )
        return self._responses[place]

    def _content(self, response_pointer: str, media_type: str) -> Schema | None:
        pointer = response_pointer + format_pointer(("content", media_type))
        media = get(self._root, parse_pointer(pointer))
        return self._schemas.at(f"{pointer}/schema") if "schema" in media else None

    def _header(self, response_pointer: str, name: str) -> Header:
        pointer, data = self._follow(f"{response_pointer}/headers{format_pointer((name,))}")
        return Header(
            name.lower(), data.get("required", False), self._schemas.at(f"{pointer}/schema")
        )


def _media_types(encoding: Json) -> tuple[str, ...]:
    listed = encoding.get("contentType", "").split(",")
    return tuple(media_type.strip().lower() for media_type in listed if media_type.strip())


def _is_file(schema: Json, media_types: tuple[str, ...]) -> bool:
    """Whether a form field is raw bytes: it says so itself, or is encoded as something that is no
    text.
    """
    if isinstance(schema, dict) and schema.get("format") == "binary":
        return True
    return any(not t.startswith("text/") and t != JSON for t in media_types)


def _page(data: Json) -> Pagination:
    places = {
        key: parse_pointer(data[key])
        for key in ("items", "first", "last", "more", "next")
        if key in data
    }
    return Pagination(
        places, data["limit"], data["after"], data.get("order"), data.get("descending")
    )


METHODS = ("get", "put", "post", "delete", "patch")
