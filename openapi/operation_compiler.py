"""The compiler of operations, from the JSON of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .credentials import HEADER, accepted_credentials
from .json import Json
from .keywords import as_object, possible_types
from .media_types import is_json
from .operation import (
    FORM,
    METHODS,
    URL_FORM,
    Header,
    Operation,
    Parameter,
    Provenance,
    RequestBody,
    Response,
)
from .parameter_style import JSON_STYLE, compile_style
from .path_template import PathTemplate
from .pointer import format_pointer, get, parse_pointer
from .references import follow, resolve
from .responses import Responses
from .schema import Schema, Schemas
from .schema_places import fields_of
from .uploaded_file import is_file


def compile_operations(schemas: Schemas) -> Iterator[Operation]:
    """Compile the operations of a document with valid structure."""
    responses: dict[str, Response] = {}
    ids = set[str]()
    for path in (p for p in schemas.root["paths"] if p.startswith("/")):
        item = get(schemas.root, parse_pointer(follow(schemas.root, _item_pointer(path))))
        for method in (m for m in METHODS if m in item):
            yield _OperationCompiler(schemas, path, method, responses, ids).compile()


def _item_pointer(path: str) -> str:
    return format_pointer(("paths", path))


def _unique_id(declared: str | None, method: str, path: str, ids: set[str]) -> str:
    """Return the id of an operation: method and path, if it has none or another has it."""
    operation_id = declared if declared and declared not in ids else f"{method.upper()} {path}"
    ids.add(operation_id)
    return operation_id


class _OperationCompiler:
    """Compiles one operation. Responses that operations share are kept in `responses`."""

    def __init__(
        self,
        schemas: Schemas,
        path: str,
        method: str,
        responses: dict[str, Response],
        ids: set[str],
    ) -> None:
        self._responses = responses
        self._schemas, self._root = schemas, schemas.root
        self._path, self._method = path, method
        self._item = follow(self._root, _item_pointer(path))
        self._pointer = f"{self._item}/{method}"
        self._data = get(self._root, parse_pointer(self._pointer))
        security = self._data.get("security", self._root.get("security", ()))
        self._credentials = accepted_credentials(self._root, security)
        self._id = _unique_id(self._data.get("operationId"), method, path, ids)

    def compile(self) -> Operation:
        data = self._data
        body_pointer, body = (
            self._follow(f"{self._pointer}/requestBody") if "requestBody" in data else ("", {})
        )
        parameters = [*self._parameters()]
        responses = self._all_responses()
        return Operation(
            id=self._id,
            method=self._method.upper(),
            template=_styled_template(self._path, parameters),
            pointer=self._pointer,
            provenance=Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
            credentials=self._credentials,
            path_parameters={p.name: p for p in parameters if p.place == "path"},
            query={p.name: p for p in parameters if p.place == "query"},
            headers={p.name: p for p in parameters if p.place == "header"},
            cookies={p.name: p for p in parameters if p.place == "cookie"},
            body_required=body.get("required", False),
            bodies={
                media_type: self._body(f"{body_pointer}/content{format_pointer((media_type,))}")
                for media_type in body.get("content", ())
            },
            responses=responses,
            success=_success(responses),
        )

    def _all_responses(self) -> Responses:
        exact: dict[int, Response] = {}
        ranges: dict[int, Response] = {}
        default = None
        for status in (s for s in self._data.get("responses", {}) if not s.startswith("x-")):
            response = self._response(status)
            if status == "default":
                default = response
            elif status.endswith("XX"):
                ranges[int(status[0])] = response
            else:
                exact[int(status)] = response
        return Responses(exact, ranges=ranges, default=default)

    def _follow(self, pointer: str) -> tuple[str, Json]:
        """Return the pointer that references at this pointer lead to, and the value there."""
        pointer = follow(self._root, pointer)
        return pointer, get(self._root, parse_pointer(pointer))

    def _parameters(self) -> Iterator[Parameter]:
        """Yield the parameters of the path, overridden by those of the operation."""
        parameters: dict[tuple[str, str], Parameter] = {}
        for base in (self._item, self._pointer):
            listed = get(self._root, parse_pointer(base)).get("parameters", ())
            for index in range(len(listed)):
                pointer, data = self._follow(f"{base}/parameters/{index}")
                parameters[data["name"], data["in"]] = self._parameter(pointer, data)
        # The key has its own rules, also where a document lists it as a parameter.
        keys = {(c.name, c.part) for c in self._credentials if c.part != HEADER}
        yield from (p for place, p in parameters.items() if place not in keys)

    def _parameter(self, pointer: str, data: Json) -> Parameter:
        content = next(iter(data.get("content", ())), None)
        within = "" if content is None else format_pointer(("content", content))
        schema = self._schema_at(f"{pointer}{within}/schema")
        is_object = "object" in possible_types(schema.raw)
        style = compile_style(data, data["in"], is_object=is_object)
        return Parameter(
            name=data["name"],
            place=data["in"],
            required=data.get("required", False) or data["in"] == "path",
            schema=schema,
            style=JSON_STYLE if content and is_json(content) else style,
        )

    def _body(self, pointer: str) -> RequestBody:
        data = get(self._root, parse_pointer(pointer))
        schema = self._schema_at(f"{pointer}/schema")
        fields = fields_of(self._root, schema.raw, depth=1)
        properties = {path[0]: as_object(resolve(self._root, below)) for path, below in fields}
        encoding = data.get("encoding", {})
        types = {name: _media_types(each) for name, each in encoding.items()}
        is_multipart, is_form = (pointer.endswith(format_pointer((t,))) for t in (FORM, URL_FORM))
        files = {
            name: types.get(name, ("*/*",))
            for name, below in properties.items()
            if is_multipart and is_file(self._root, below, types.get(name, ()))
        }
        forms = {
            name: _form_field(schema, name, as_object(encoding.get(name)))
            for name in (properties if is_multipart or is_form else ())
        }
        return RequestBody(schema, properties, forms, files, self._example(data))

    def _example(self, media: Json) -> Json:
        return next(iter(self._examples(media).values()), None)

    def _examples(self, media: Json) -> dict[str, Json]:
        """Return the examples of a media type by name, one without a name first."""
        unnamed = {"": media["example"]} if "example" in media else {}
        named = {name: resolve(self._root, e) for name, e in media.get("examples", {}).items()}
        return {**unnamed, **{name: e["value"] for name, e in named.items() if "value" in e}}

    def _response(self, status: str) -> Response:
        pointer, data = self._follow(f"{self._pointer}/responses/{status}")
        place = f"{pointer} {status}"
        if place not in self._responses:
            self._responses[place] = Response(
                status=_status_number(status),
                provenance=Provenance(data.get("x-provenance", Provenance.DOCUMENTED)),
                headers=tuple(self._header(pointer, name) for name in data.get("headers", ())),
                content={t: self._content(pointer, t) for t in data.get("content", ())},
                examples={t: self._examples(m) for t, m in data.get("content", {}).items()},
            )
        return self._responses[place]

    def _content(self, response_pointer: str, media_type: str) -> Schema | None:
        pointer = response_pointer + format_pointer(("content", media_type))
        media = get(self._root, parse_pointer(pointer))
        return self._schemas.at(f"{pointer}/schema") if "schema" in media else None

    def _schema_at(self, pointer: str) -> Schema:
        """Return the schema at a pointer, or one that accepts anything if there is none."""
        try:
            return self._schemas.at(pointer)
        except LookupError:
            return self._schemas.anything

    def _header(self, response_pointer: str, name: str) -> Header:
        pointer, data = self._follow(f"{response_pointer}/headers{format_pointer((name,))}")
        return Header(
            name.lower(), data.get("required", False), self._schema_at(f"{pointer}/schema")
        )


def _success(responses: Responses) -> Response:
    """Return the good response with the lowest status; 200 without content if there is none."""
    good = min((s for s in responses if 200 <= s < 300), default=None)
    if good is not None:
        return responses[good]
    covered = responses.get(200) or responses.get(min(responses, default=200))
    if covered is None:
        return Response(200, Provenance.INFERRED, (), {}, {})
    return covered if covered.status else replace(covered, status=200)


def _status_number(status: str) -> int:
    """Return a status as a number; 0 for a range and for the default."""
    return int(status) if status.isdecimal() else 0


def _media_types(encoding: Mapping[str, Json]) -> tuple[str, ...]:
    listed = encoding.get("contentType", "").split(",")
    return tuple(media_type.strip().lower() for media_type in listed if media_type.strip())


def _styled_template(path: str, parameters: Iterable[Parameter]) -> PathTemplate:
    styled = [(p.name, p.style.prefix) for p in parameters if p.place == "path" and p.style.prefix]
    return PathTemplate(path, tuple(sorted(styled)))


def _form_field(schema: Schema, name: str, encoding: Mapping[str, Json]) -> Parameter:
    """Return a field of a form; its object is JSON, unless the document gives it a style."""
    field = Parameter(name, "form", False, schema, compile_style(encoding, "form"), (name,))
    written_as_json = any(map(is_json, _media_types(encoding)))
    is_object = "object" in field.types and "string" not in field.types
    if written_as_json or (is_object and not encoding.keys() & {"style", "explode"}):
        return replace(field, style=JSON_STYLE)
    return field
