"""A call, read by the document: its arguments in the types that the document names, and everything
wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from .envelope import Cause
from .errors import FormError
from .form import Part, parse_form
from .image import image_type
from .json import Json
from .messages import Call, media_type_of
from .operation import FORM, JSON, Operation, RequestBody
from .pointer import format_pointer
from .schema import Schema, SchemaError, types_of
from .text import expected_but_got, quote


@dataclass(frozen=True, slots=True)
class RequestProblem:
    """One thing wrong with a request: a cause of the error envelope, the field or parameter at
    fault (None: the body as a whole), and in words what was expected and what came, None if nothing
    did. `pointer` is the JSON pointer of a place in the body, empty for anything else.
    """

    cause: str
    parameter: str | None
    expected: str
    received: str | None = None
    pointer: str = ""

    @property
    def message(self) -> str:
        """All of it in one sentence."""
        text = expected_but_got(self.expected, self.received)
        return f"{self.parameter}: {text}" if self.parameter else text


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call asks for: `query` and `fields` in the document's types, `files` as they came.

    `unknown` names the fields and parameters that the document does not know; they are no problem,
    but worth a warning.
    """

    query: Mapping[str, Json] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    files: Mapping[str, Part] = field(default_factory=dict)
    unknown_names: tuple[str, ...] = ()
    problems: tuple[RequestProblem, ...] = ()


def read_call(operation: Operation, call: Call) -> Arguments:
    """Reads the query, the headers and the body of a call. Never raises: what is wrong stands in
    `problems`.
    """
    if not (operation.query or operation.headers or operation.bodies or call.query):
        return _NO_ARGUMENTS
    reading = _RequestReader(operation, call)
    if operation.query or call.query:
        reading.read_query()
    if operation.headers:
        reading.read_headers()
    if operation.bodies:
        reading.read_body()
    return Arguments(
        reading.query,
        reading.fields,
        reading.files,
        tuple(reading.unknown),
        tuple(reading.problems),
    )


_NO_ARGUMENTS = Arguments()


class _RequestReader:
    """One call on its way from text to arguments."""

    def __init__(self, operation: Operation, call: Call) -> None:
        self.operation, self.call = operation, call
        self.query: dict[str, Json] = {}
        self.fields: dict[str, Json] = {}
        self.files: dict[str, Part] = {}
        self.unknown: list[str] = []
        self.problems: list[RequestProblem] = []

    def _add_problem(
        self,
        cause: str,
        parameter: str | None,
        expected: str,
        received: str | None = None,
        pointer: str = "",
    ) -> None:
        self.problems.append(RequestProblem(cause, parameter, expected, received, pointer))

    def read_query(self) -> None:
        parameters = self.operation.query
        given: dict[str, str] = {}
        for name, text in self.call.query:
            if name not in parameters:
                self.unknown.append(name)
            elif name in given:
                self._add_problem(Cause.FIELD_VALUE, name, *_DUPLICATE)
            else:
                given[name] = text
        for name, parameter in parameters.items():
            if name in given:
                self.query[name] = value_from_text(given[name], parameter.schema.raw)
                self._validate(parameter.schema, self.query[name], name)
            elif parameter.required:
                self._add_problem(Cause.FIELD_MISSING, name, "is required")
            elif parameter.default is not None:
                self.query[name] = parameter.default

    def read_headers(self) -> None:
        for name, parameter in self.operation.headers.items():
            text = self.call.headers.get(name.lower())
            if text is not None:
                self._validate(parameter.schema, value_from_text(text, parameter.schema.raw), name)
            elif parameter.required:
                self._add_problem(Cause.FIELD_MISSING, name, "the header is required")

    def read_body(self) -> None:
        media_type = media_type_of(self.call.headers)
        body = self.operation.bodies.get(media_type)
        if body is None:
            if self.call.body or self.operation.body_required:
                came = quote(media_type) if media_type else "one without a Content-Type"
                wanted = f"the body must be {' or '.join(self.operation.bodies)}"
                self._add_problem(Cause.MEDIA_TYPE_UNSUPPORTED, None, wanted, came)
        elif media_type == JSON:
            self._read_json(body)
        elif media_type == FORM:
            self._read_form(body)

    def _read_json(self, body: RequestBody) -> None:
        try:
            data = orjson.loads(self.call.body)
        except orjson.JSONDecodeError as error:
            came = f"{quote(self.call.body[:_MAX_SHOWN_BYTES].decode(errors='replace'))} ({error})"
            return self._add_problem(Cause.JSON_MALFORMED, None, "the body must be JSON", came)
        if isinstance(data, dict):
            self.fields = {name: data[name] for name in data if name in body.properties}
            self.unknown += [name for name in data if name not in body.properties]
            self.problems += [*self._files_in_json(data)]
        return self._validate(body.schema, data, None)

    def _files_in_json(self, data: Mapping[str, Json]) -> Iterator[RequestProblem]:
        """A field that is a file in a form cannot be sent as JSON; to drop it silently would make
        another job.
        """
        forms = self.operation.bodies.get(FORM)
        for name in forms.files if forms else ():
            if name in data:
                yield RequestProblem(
                    Cause.FIELD_TYPE,
                    name,
                    f"must be a file, which only {FORM} can carry",
                    JSON,
                )

    def _read_form(self, body: RequestBody) -> None:
        try:
            parts = parse_form(self.call.headers["content-type"], self.call.body)
        except FormError as error:
            came = f"one that is damaged: {error}"
            return self._add_problem(Cause.FORM_MALFORMED, None, f"the body must be {FORM}", came)
        for name, part in self._unique_parts(parts, body).items():
            if name in body.files:
                self._read_file(part, body.files[name])
            elif name not in body.properties:
                self.unknown.append(name)
            else:
                self._read_text(part, body.properties[name])
        if not body.schema.accepts(self.fields):
            judged = {problem.parameter for problem in self.problems} | self.files.keys()
            findings = body.schema.errors(self.fields)
            self._add_schema_errors(f for f in findings if not judged.intersection(f.path[:1]))
        return None

    def _unique_parts(self, parts: Iterable[Part], body: RequestBody) -> dict[str, Part]:
        singles: dict[str, Part] = {}
        for part in parts:
            if part.name in singles and part.name in body.properties:
                self._add_problem(Cause.FIELD_VALUE, part.name, *_DUPLICATE)
            singles.setdefault(part.name, part)
        return singles

    def _read_file(self, part: Part, allowed: tuple[str, ...]) -> None:
        if part.filename is None:
            return self._add_problem(
                Cause.FIELD_TYPE,
                part.name,
                "must be a file, sent as a part with a file name",
                "text",
            )
        found = image_type(part.content)
        if not any(_media_type_matches(found, wanted) for wanted in allowed):
            came = f"{quote(part.filename)}, whose bytes are of no such type"
            return self._add_problem(
                Cause.FIELD_VALUE,
                part.name,
                f"must be a file of type {' or '.join(allowed)}",
                came if found is None else found,
            )
        self.files[part.name] = part
        return None

    def _read_text(self, part: Part, schema: Json) -> None:
        if part.filename is not None:
            return self._add_problem(
                Cause.FIELD_TYPE, part.name, "must be text", f"a file ({quote(part.filename)})"
            )
        try:
            text = part.content.decode()
        except UnicodeDecodeError as error:
            came = f"bytes of which number {error.start} is not"
            return self._add_problem(Cause.FIELD_VALUE, part.name, "must be UTF-8 text", came)
        self.fields[part.name] = value_from_text(text, schema)
        return None

    def _validate(self, schema: Schema, data: Json, parameter: str | None) -> None:
        if not schema.accepts(data):
            self._add_schema_errors(schema.errors(data), parameter)

    def _add_schema_errors(
        self, findings: Iterable[SchemaError], parameter: str | None = None
    ) -> None:
        for finding in findings:
            name = parameter or ".".join(finding.path) or None
            cause = self._declared_cause(finding) or _CAUSE_BY_KEYWORD.get(
                finding.keyword, Cause.FIELD_VALUE
            )
            expected = finding.expected if name else f"the body {finding.expected}"
            pointer = "" if parameter else format_pointer(finding.path)
            self._add_problem(cause, name, expected, finding.received, pointer)

    def _declared_cause(self, finding: SchemaError) -> str | None:
        """The document can name a cause of its own for the values of a field, `x-cause`."""
        if finding.keyword != "enum" or not finding.path:
            return None
        for body in self.operation.bodies.values():
            if finding.path[0] in body.properties:
                cause: str | None = body.properties[finding.path[0]].get("x-cause")
                return cause
        return None


def value_from_text(text: str, schema: Json) -> Json:
    """A text in the type that the schema names; the text itself where it does not fit, for the
    schema to refuse.
    """
    types = types_of(schema)
    if not types or "string" in types:
        return text
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text


def _media_type_matches(found: str | None, wanted: str) -> bool:
    if wanted == "*/*":
        return True
    return found is not None and (found == wanted or wanted == found.partition("/")[0] + "/*")


_CAUSE_BY_KEYWORD = {"required": Cause.FIELD_MISSING, "type": Cause.FIELD_TYPE}
_DUPLICATE = ("must be given once", "twice")
_MAX_SHOWN_BYTES = 100
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,2})?")
