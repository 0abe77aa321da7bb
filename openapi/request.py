"""Reading of requests: arguments in the types of the document, and every problem with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from .envelope import Cause
from .errors import FormError
from .form import Part, parse_form
from .json import Json, duplicate_name, parse_json
from .keywords import (
    allows_type,
    array_from_texts,
    as_object,
    json_from_text,
    types_of,
    value_from_text,
)
from .media_types import is_json, media_type_matches
from .messages import Call, media_type_of
from .operation import FORM, JSON, Operation, Parameter, RequestBody
from .pointer import format_pointer
from .schema import Schema
from .schema_error import SchemaError
from .text import expected_but_got, quote
from .uploaded_file import describe_file, file_problem


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """One problem with a request.

    cause: a cause of the error envelope
    parameter: the field, parameter or header; None for the body as a whole
    expected: the expectation in words
    received: the value in words; None if it is missing
    pointer: the JSON pointer of the place in a JSON body; "" for any other place
    suggestion: the known name or value that is most similar, as a question; not in `message`,
        because servers do not send it
    """

    cause: str
    parameter: str | None
    expected: str
    received: str | None = None
    pointer: str = ""
    suggestion: str = field(default="", compare=False)

    @property
    def message(self) -> str:
        """Parameter, expected and received in one sentence."""
        text = expected_but_got(self.expected, self.received)
        return f"{self.parameter}: {text}" if self.parameter else text


@dataclass(frozen=True, slots=True)
class Arguments:
    """The content of a request.

    query: the query parameters in the types of the document, with default values
    fields: the fields of the body in the types of the document, without default values
    files: the files of a form by field
    body: the value of a JSON body; the fields of a form
    unknown_names: fields and query parameters that the document does not declare; not a problem
    problems: every problem with the request
    """

    query: Mapping[str, Json] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    files: Mapping[str, Part] = field(default_factory=dict)
    body: Json = None
    unknown_names: tuple[str, ...] = ()
    problems: tuple[RequestProblem, ...] = ()


def read_call(operation: Operation, call: Call) -> Arguments:
    """Return the arguments of a request; `problems` holds what is invalid, nothing is raised."""
    if not (operation.query or operation.headers or operation.bodies or call.query):
        return _NO_ARGUMENTS
    reader = _RequestReader(operation, call)
    if operation.query or call.query:
        reader.read_query()
    if operation.headers:
        reader.read_headers()
    if operation.bodies:
        reader.read_body()
    return Arguments(
        reader.query,
        reader.fields,
        reader.files,
        reader.fields if reader.body is None and operation.bodies else reader.body,
        tuple(reader.unknown_names),
        tuple(reader.problems),
    )


_NO_ARGUMENTS = Arguments()


class _RequestReader:
    """Collects the arguments of one request and the problems with them."""

    def __init__(self, operation: Operation, call: Call) -> None:
        self.operation, self.call = operation, call
        self.query: dict[str, Json] = {}
        self.fields: dict[str, Json] = {}
        self.files: dict[str, Part] = {}
        self.body: Json = None
        self.unknown_names: list[str] = []
        self.problems: list[RequestProblem] = []

    def _add_problem(
        self,
        cause: str,
        parameter: str | None,
        expected: str,
        received: str | None = None,
        pointer: str = "",
        suggestion: str = "",
    ) -> None:
        self.problems.append(
            RequestProblem(cause, parameter, expected, received, pointer, suggestion)
        )

    def read_query(self) -> None:
        parameters = self.operation.query
        texts: dict[str, list[str]] = {}
        objects: dict[str, dict[str, Json]] = {}
        for name, text in self.call.query:
            owner, _, key = name.partition("[")
            if name not in parameters:
                if key.endswith("]") and owner in parameters:
                    self._read_entry(objects.setdefault(owner, {}), owner, key[:-1], text)
                else:
                    self.unknown_names.append(name)
            elif name in texts and not allows_type(parameters[name].schema.raw, "array"):
                self._add_problem(Cause.FIELD_VALUE, name, *_DUPLICATE)
            else:
                texts.setdefault(name, []).append(text)
        for name, parameter in parameters.items():
            if name in objects:
                self.query[name] = objects[name]
                self._validate(parameter.schema, self.query[name], name)
            elif name in texts:
                self.query[name] = _query_value(texts[name], parameter)
                self._validate(parameter.schema, self.query[name], name)
            elif parameter.required:
                self._add_problem(Cause.FIELD_MISSING, name, "is required")
            elif parameter.default is not None:
                self.query[name] = parameter.default

    def _read_entry(self, found: dict[str, Json], owner: str, key: str, text: str) -> None:
        """Read an entry of an object, such as `filter[state]=done` (deepObject)."""
        schema = as_object(self.operation.query[owner].schema.raw)
        found[key] = value_from_text(text, schema.get("properties", {}).get(key, True))

    def read_headers(self) -> None:
        for name, parameter in self.operation.headers.items():
            if name.lower() in _IGNORED_HEADERS:
                continue
            text = self.call.headers.get(name.lower())
            if text is not None:
                self._validate(parameter.schema, value_from_text(text, parameter.schema.raw), name)
            elif parameter.required:
                self._add_problem(Cause.FIELD_MISSING, name, "the header is required")

    def read_body(self) -> None:
        media_type = media_type_of(self.call.headers)
        body = self._body_of(media_type)
        if body is None:
            if self.call.body or self.operation.body_required:
                received = quote(media_type) if media_type else "a body without a Content-Type"
                expected = f"the body must be {' or '.join(self.operation.bodies)}"
                self._add_problem(Cause.MEDIA_TYPE_UNSUPPORTED, None, expected, received)
        elif is_json(media_type):
            self._read_json(body)
        elif media_type == FORM:
            self._read_form(body)

    def _body_of(self, media_type: str) -> RequestBody | None:
        """Return the body of a media type, or of a range such as `image/*` that it is in."""
        bodies = self.operation.bodies
        found = bodies.get(media_type)
        if found is None and media_type:
            fitting = (b for name, b in bodies.items() if media_type_matches(media_type, name))
            found = next(fitting, None)
        return found

    def _read_json(self, body: RequestBody) -> None:
        try:
            data = parse_json(self.call.body)
        except orjson.JSONDecodeError as error:
            shown = quote(self.call.body[:_MAX_SHOWN_BYTES].decode(errors="replace"))
            received = self._encoded_body() or f"{shown} ({error})"
            return self._add_problem(Cause.JSON_MALFORMED, None, "the body must be JSON", received)
        duplicate = duplicate_name(self.call.body, data)
        if duplicate is not None:
            return self._add_problem(Cause.FIELD_VALUE, duplicate, *_DUPLICATE)
        self.body = data
        if isinstance(data, dict):
            self.fields = {name: data[name] for name in data if name in body.properties}
            self.unknown_names += [name for name in data if name not in body.properties]
            self.problems += [*self._files_in_json(data, body)]
        return self._validate(body.schema, data, None)

    def _encoded_body(self) -> str | None:
        """Describe an unreadable body by its content coding, if it has one."""
        encoding = self.call.headers.get("content-encoding")
        return f"one with the Content-Encoding {quote(encoding)}" if encoding else None

    def _files_in_json(
        self, data: Mapping[str, Json], body: RequestBody
    ) -> Iterator[RequestProblem]:
        """Report fields that only a form can carry, because ignoring them would change the job."""
        forms = self.operation.bodies.get(FORM)
        for name, allowed in forms.files.items() if forms else ():
            if name in data and name not in body.properties:
                expected = f"{describe_file(allowed)}, which only {FORM} can carry"
                yield RequestProblem(Cause.FIELD_TYPE, name, expected, JSON)

    def _read_form(self, body: RequestBody) -> None:
        try:
            parts = parse_form(self.call.headers["content-type"], self.call.body)
        except FormError as error:
            received = self._encoded_body() or f"a malformed one: {error}"
            return self._add_problem(
                Cause.FORM_MALFORMED, None, f"the body must be {FORM}", received
            )
        for name, same in self._parts_by_name(parts, body).items():
            if name in body.files:
                self._read_file(same[0], body.files[name])
            elif name not in body.properties:
                self.unknown_names.append(name)
            else:
                self._read_texts(same, body.properties[name])
        if not body.schema.accepts(self.fields):
            reported = {problem.parameter for problem in self.problems} | self.files.keys()
            errors = body.schema.errors(self.fields)
            self._add_schema_errors(e for e in errors if not reported.intersection(e.path[:1]))
        return None

    def _parts_by_name(self, parts: Iterable[Part], body: RequestBody) -> dict[str, list[Part]]:
        """Return the parts of each field: of an array all, of any other field the first."""
        found: dict[str, list[Part]] = {}
        for part in parts:
            if part.name not in found:
                found[part.name] = [part]
            elif allows_type(body.properties.get(part.name), "array"):
                found[part.name].append(part)
            # Of a field that is not declared, a form sends each entry of an array as a part.
            elif part.name in body.properties:
                self._add_problem(Cause.FIELD_VALUE, part.name, *_DUPLICATE)
        return found

    def _read_file(self, part: Part, allowed: tuple[str, ...]) -> None:
        if part.filename is not None:
            self.files[part.name] = part
        problem = file_problem(part, allowed)
        if problem is not None:
            cause, expected, received = problem
            self._add_problem(cause, part.name, expected, received)

    def _read_texts(self, parts: list[Part], schema: Json) -> None:
        """Read the parts of a field: the entries of an array, a value as JSON, or a text."""
        name = parts[0].name
        texts = [text for part in parts if (text := self._text_of(part, schema)) is not None]
        if len(texts) == len(parts):
            declared = (parts[0].content_type or "").partition(";")[0].strip().lower()
            data = json_from_text(texts[0], "object") if is_json(declared) else None
            self.fields[name] = _form_value(texts, schema) if data is None else data

    def _text_of(self, part: Part, schema: Json) -> str | None:
        """Return the text of a part; None, after a report, if it has none."""
        if part.filename is not None:
            values = as_object(schema).get("enum")
            expected = (
                f"must be one of {', '.join(map(quote, values))}" if values else "must be text"
            )
            received = f"a file ({quote(part.filename)})"
            self._add_problem(Cause.FIELD_TYPE, part.name, expected, received)
            return None
        try:
            return part.content.decode()
        except UnicodeDecodeError as error:
            received = f"bytes that are invalid at offset {error.start}"
            self._add_problem(Cause.FIELD_VALUE, part.name, "must be UTF-8 text", received)
            return None

    def _validate(self, schema: Schema, data: Json, parameter: str | None) -> None:
        if not schema.accepts(data):
            self._add_schema_errors(schema.errors(data), parameter)

    def _add_schema_errors(
        self, errors: Iterable[SchemaError], parameter: str | None = None
    ) -> None:
        for error in errors:
            name = parameter or ".".join(error.path) or None
            cause = self._declared_cause(error) or _CAUSE_BY_KEYWORD.get(
                error.keyword, Cause.FIELD_VALUE
            )
            expected = error.expected if name else f"the body {error.expected}"
            pointer = "" if parameter else format_pointer(error.path)
            self._add_problem(cause, name, expected, error.received, pointer, error.suggestion)

    def _declared_cause(self, error: SchemaError) -> str | None:
        """Return the cause that the document declares for values of the field, `x-cause`."""
        if error.keyword != "enum" or not error.path:
            return None
        for body in self.operation.bodies.values():
            if error.path[0] in body.properties:
                cause: str | None = body.properties[error.path[0]].get("x-cause")
                return cause
        return None


def _query_value(texts: list[str], parameter: Parameter) -> Json:
    """Return the value of a query parameter that was sent with these texts."""
    schema = parameter.schema.raw
    if "array" in types_of(schema) or len(texts) > 1:
        if len(texts) == 1 and parameter.separator:
            texts = texts[0].split(parameter.separator)
        return array_from_texts(texts, schema)
    return value_from_text(texts[0], schema)


def _form_value(texts: list[str], schema: Json) -> Json:
    """Return the value of a field of a form that was sent with these texts.

    An array has a part for each entry, or one with all as JSON; an object is JSON.
    """
    types = types_of(schema)
    if len(texts) == 1 and "string" not in types:
        for name in ("array", "object"):
            data = json_from_text(texts[0], name) if name in types else None
            if data is not None:
                return data
    if len(texts) > 1 or types == ("array",):
        return array_from_texts(texts, schema)
    return value_from_text(texts[0], schema)


# OpenAPI says that parameters with these names are ignored.
_IGNORED_HEADERS = ("accept", "authorization", "content-type")
_CAUSE_BY_KEYWORD = {"required": Cause.FIELD_MISSING, "type": Cause.FIELD_TYPE}
_DUPLICATE = ("must be given once", "twice")
_MAX_SHOWN_BYTES = 100
