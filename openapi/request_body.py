"""Reading of the bodies of requests: JSON, forms of both kinds, and text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl

import orjson

from .envelope import Cause
from .errors import FormError
from .form import Part, parse_form
from .json import Json, duplicate_name, parse_json
from .keywords import as_object, types_of
from .media_types import is_json, media_type_matches
from .messages import Call, media_type_of
from .operation import FORM, JSON, TEXT, URL_FORM, Operation, Parameter, RequestBody
from .pointer import Path
from .request_problem import RequestProblem, RequestProblems
from .schema_error import SchemaError
from .text import quote
from .text_values import NamedTexts, is_given_twice, owner_of, read_entries
from .uploaded_file import describe_file, file_problem, is_binary

NamedPart = tuple[Path, Part]
"""A part of a form, and the steps in the brackets behind its name."""


class BodyReader:
    """Reads the body of one request, and collects the problems with it.

    fields: the fields in the types of the document
    files: the files of a form by field; further files of an array as `FIELD[1]` and so on
    value: the value of a body that is not a form; None for bytes
    unknown_names: the fields that the document does not declare
    """

    def __init__(self, operation: Operation, call: Call, problems: RequestProblems) -> None:
        self._operation, self._call, self._problems = operation, call, problems
        self.fields: dict[str, Json] = {}
        self.files: dict[str, Part] = {}
        self.value: Json = None
        self.unknown_names: list[str] = []

    def read(self) -> None:
        media_type = media_type_of(self._call.headers)
        body = self._body_of(media_type)
        if body is None:
            if self._call.body or self._operation.body_required:
                received = quote(media_type) if media_type else "a body without a Content-Type"
                expected = f"the body must be {' or '.join(self._operation.bodies)}"
                self._problems.add(Cause.MEDIA_TYPE_UNSUPPORTED, None, expected, received)
        elif media_type == FORM:
            self._read_form(body)
        elif is_json(media_type):
            self._read_json(body)
        elif media_type == URL_FORM:
            self._read_url_form(body)
        elif not self._call.body:
            if self._operation.body_required:
                self._problems.add(Cause.FIELD_MISSING, None, "the body is required")
        elif media_type == TEXT:
            self._read_text(body)

    def _body_of(self, media_type: str) -> RequestBody | None:
        """Return the body of a media type, or of a range such as `image/*` that it is in."""
        bodies = self._operation.bodies
        found = bodies.get(media_type)
        if found is None and media_type:
            fitting = (b for name, b in bodies.items() if media_type_matches(media_type, name))
            found = next(fitting, None)
        return found

    def _read_json(self, body: RequestBody) -> None:
        try:
            data = parse_json(self._call.body)
        except orjson.JSONDecodeError as error:
            shown = quote(self._call.body[:_MAX_SHOWN_BYTES].decode(errors="replace"))
            received = self._encoded_body() or f"{shown} ({error})"
            return self._problems.add(Cause.JSON_MALFORMED, None, "the body must be JSON", received)
        duplicate = duplicate_name(self._call.body, data)
        if duplicate is not None:
            return self._problems.add_duplicate(duplicate)
        self.value = data
        if isinstance(data, dict):
            self.fields = {name: data[name] for name in data if name in body.properties}
            self.unknown_names += [name for name in data if name not in body.properties]
            self._problems.found += self._files_in_json(data, body)
        return self._problems.validate(body.schema, data, None)

    def _encoded_body(self) -> str | None:
        """Describe an unreadable body by its content coding, if it has one."""
        encoding = self._call.headers.get("content-encoding")
        return f"one with the Content-Encoding {quote(encoding)}" if encoding else None

    def _files_in_json(
        self, data: Mapping[str, Json], body: RequestBody
    ) -> Iterator[RequestProblem]:
        """Report fields that only a form can carry, because ignoring them would change the job."""
        forms = self._operation.bodies.get(FORM)
        for name, allowed in forms.files.items() if forms else ():
            if name in data and name not in body.properties:
                expected = f"{describe_file(allowed)}, which only {FORM} can carry"
                yield RequestProblem(Cause.FIELD_TYPE, name, expected, JSON)

    def _read_text(self, body: RequestBody) -> None:
        try:
            self.value = self._call.body.decode()
        except UnicodeDecodeError as error:
            received = self._encoded_body() or _invalid_bytes(error)
            self._problems.add(Cause.FIELD_VALUE, None, "the body must be UTF-8 text", received)
            return
        self._problems.validate(body.schema, self.value, None)

    def _read_url_form(self, body: RequestBody) -> None:
        pairs = parse_qsl(self._call.body.decode(errors="replace"), keep_blank_values=True)
        texts = NamedTexts(pairs, body.fields)
        self.unknown_names += texts.unknown
        for name, entries in texts.entries.items():
            twice = is_given_twice(body.fields[name], entries)
            if twice:
                self._problems.add_duplicate(name)
            found = entries[:1] if twice else entries
            self.fields[name] = read_entries(body.fields[name], found, lenient=True)
        self._validate_form(body)

    def _read_form(self, body: RequestBody) -> None:
        try:
            parts = parse_form(self._call.headers["content-type"], self._call.body)
        except FormError as error:
            received = self._encoded_body() or f"a malformed one: {error}"
            return self._problems.add(
                Cause.FORM_MALFORMED, None, f"the body must be {FORM}", received
            )
        for name, same in self._parts_by_name(parts, body).items():
            field = body.fields.get(name)
            if field is None:
                self.unknown_names.append(name)
            elif name in body.files and not _is_text(same[0][1], field):
                self._read_files(name, [part for _, part in same], body.files[name])
            else:
                self._read_texts(same, field)
        return self._validate_form(body)

    def _parts_by_name(
        self, parts: Iterable[Part], body: RequestBody
    ) -> dict[str, list[NamedPart]]:
        """Return the parts of each field: of an array or an object all, else the first."""
        found: dict[str, list[NamedPart]] = {}
        fields = body.fields
        for part in parts:
            name, steps = part.name, _NO_STEPS
            if name not in fields:
                owner, below = owner_of(name, fields)
                if owner in fields:
                    name, steps = owner, below
            if name not in found:
                found[name] = [(steps, part)]
            # Of a field that is not declared, a form sends each entry of an array as a part.
            elif name in fields:
                if steps or "array" in fields[name].types:
                    found[name].append((steps, part))
                else:
                    self._problems.add_duplicate(name)
        return found

    def _read_files(self, name: str, parts: list[Part], allowed: tuple[str, ...]) -> None:
        for index, part in enumerate(parts):
            if part.filename is not None:
                self.files[f"{name}[{index}]" if index else name] = part
            problem = file_problem(part, allowed)
            if problem is not None:
                cause, expected, received = problem
                self._problems.add(cause, name, expected, received)

    def _read_texts(self, parts: list[NamedPart], field: Parameter) -> None:
        """Read the parts of a field: the entries of an array, a value as JSON, or a text."""
        (steps, part), *others = parts
        if field.is_text and not (steps or others or part.content_type):
            text = self._text_of(part, field)
            if text is not None:
                self.fields[field.name] = text
            return
        entries = [
            (steps, text)
            for steps, part in parts
            if (text := self._text_of(part, field)) is not None
        ]
        if len(entries) != len(parts):
            return
        is_object = part.content_type and is_json(part.content_type)
        data = _object_in(entries[0][1]) if is_object else None
        self.fields[field.name] = (
            read_entries(field, entries, lenient=True) if data is None else data
        )

    def _text_of(self, part: Part, field: Parameter) -> str | None:
        """Return the text of a part; None, after a report, if it has none."""
        if part.filename is not None:
            values = next((each["enum"] for each in field.schemas if "enum" in each), None)
            expected = (
                f"must be one of {', '.join(map(quote, values))}" if values else "must be text"
            )
            received = f"a file ({quote(part.filename)})"
            self._problems.add(Cause.FIELD_TYPE, field.name, expected, received)
            return None
        try:
            return part.content.decode()
        except UnicodeDecodeError as error:
            expected, received = "must be UTF-8 text", _invalid_bytes(error)
            self._problems.add(Cause.FIELD_VALUE, field.name, expected, received)
            return None

    def _validate_form(self, body: RequestBody) -> None:
        """Validate the fields of a form; of files only their number is known to the schema."""
        data = self.fields
        if body.file_lists:
            counted = {name: self._count(name) for name in body.file_lists}
            data = data | {name: [""] * count for name, count in counted.items() if count}
        if body.schema.accepts(data):
            return
        reported = {problem.parameter for problem in self._problems.found}
        self._problems.add_schema_errors(
            error
            for error in body.schema.errors(data)
            if not reported.intersection(error.path[:1]) and not self._is_about_file(error)
        )

    def _is_about_file(self, error: SchemaError) -> bool:
        in_file = bool(error.path) and error.path[0] in self.files
        return in_file and (len(error.path) > 1 or error.keyword not in _COUNTS)

    def _count(self, name: str) -> int:
        return sum(each == name or each.startswith(f"{name}[") for each in self.files)


def _is_text(part: Part, field: Parameter) -> bool:
    """Return True if a part is a text, and the field may be one instead of a file."""
    texts = (s for s in field.schemas if "string" in types_of(s))
    return part.filename is None and any(not is_binary(schema) for schema in texts)


def _object_in(text: str) -> dict[str, Json] | None:
    try:
        data = parse_json(text.encode())
    except orjson.JSONDecodeError:
        return None
    return as_object(data) or None


def _invalid_bytes(error: UnicodeDecodeError) -> str:
    return f"bytes that are invalid at offset {error.start}"


_NO_STEPS: Path = ()
_COUNTS = ("minItems", "maxItems")
_MAX_SHOWN_BYTES = 100
