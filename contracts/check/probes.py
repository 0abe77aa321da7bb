"""Invalid requests, which a conforming server rejects and does not bill."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from decimal import Decimal

from ...openapi import Call, CreateOperation, Document, JobKind, Operation
from ...openapi.credentials import BASIC, UNKNOWN_KEY
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.media_types import is_json
from ...openapi.operation import FORM, JSON, RequestBody
from ...openapi.pointer import Path, get, get_or_none, set_at
from ...openapi.request import read_call
from ..traffic.request_builder import unknown_job_id
from .prices import price_of
from .request_maker import Content, RequestMaker
from .valid_creates import ValidCreates


@dataclass(frozen=True, slots=True)
class Probe:
    """An invalid request.

    call: the request
    reason: why it is invalid
    price: the price to pay if the server accepts it, None if it is unknown
    """

    call: Call
    reason: str
    price: Decimal | None = Decimal(0)


class CreateProbes:
    """Invalid variations of a valid create; only those that the document forbids.

    valid: the valid creates
    requests: makes the requests
    price: the price of the valid create, None if it is unknown
    invalid_value: a text that is not a valid value of any field
    """

    def __init__(
        self,
        document: Document,
        create: CreateOperation,
        valid: ValidCreates,
        requests: RequestMaker,
        *,
        price: Decimal | None,
        invalid_value: str,
    ) -> None:
        self._document, self._operation = document, create.operation
        self._valid, self._requests = valid, requests
        self._content = valid.minimal_content(valid.media_type)
        self._price, self._invalid_value = price, invalid_value

    def __iter__(self) -> Iterator[Probe]:
        if self._requests.needs_key(self._operation):
            yield self._probe(self._call(self._content, key=None), "no API key")
        for probe in self._invalid_requests():
            if read_call(self._operation, probe.call).problems:
                yield probe

    def _invalid_requests(self) -> Iterator[Probe]:
        yield from self._missing_parameters()
        if self._content is None:
            return
        if isinstance(self._content.value, dict):
            yield from self._missing_fields(self._content)
            yield from self._invalid_fields(self._content)
            yield from self._invalid_files(self._content)
        yield from self._invalid_bodies(self._content)

    def _missing_parameters(self) -> Iterator[Probe]:
        valid = self._call(self._content)
        for name in self._operation.query:
            query = tuple(pair for pair in valid.query if pair[0] != name)
            if query != valid.query:
                yield self._probe(replace(valid, query=query), f"{name} is missing")
        credentials = self._document.credentials
        for name in map(str.lower, self._operation.headers):
            if name in valid.headers and not (credentials and name == credentials.header):
                headers = {n: v for n, v in valid.headers.items() if n != name}
                yield self._probe(replace(valid, headers=headers), f"{name} is missing")

    def _missing_fields(self, content: Content) -> Iterator[Probe]:
        for path in [*_paths_in_objects(content.value)]:
            rest = deepcopy(content.value)
            del get(rest, path[:-1])[path[-1]]
            if not rest:
                rest = self._optional_fields(omitted=path[-1])
            call = self._call(Content(content.media_type, rest))
            yield self._probe(call, f"{_name(path)} is missing")

    def _invalid_fields(self, content: Content) -> Iterator[Probe]:
        body = self._operation.bodies[content.media_type]
        for path, schema in body.schema.fields():
            if not isinstance(get_or_none(content.value, path[:-1]), dict):
                continue
            name = _name(path)
            if "enum" in schema:
                yield self._with(path, self._invalid_value, f"{name} is {self._invalid_value!r}")
            if schema.get("minLength"):
                yield self._with(path, "", f"{name} is empty")
            if schema.get("maxLength", _MAX_PROBED_LENGTH) < _MAX_PROBED_LENGTH:
                yield self._with(path, "x" * (schema["maxLength"] + 1), f"{name} is too long")

    def _optional_fields(self, omitted: str) -> dict[str, Json]:
        """Return the fields with defaults, because an empty form is invalid for another reason."""
        body = self._body
        defaults = {n: s["default"] for n, s in body.properties.items() if "default" in s}
        return {name: value for name, value in defaults.items() if name != omitted}

    def _invalid_files(self, content: Content) -> Iterator[Probe]:
        for name in self._body.files if content.media_type == FORM else ():
            yield self._with((name,), self._invalid_value, f"{name} is not a file")
            yield self._with(
                (name,), self._invalid_value.encode(), f"{name} is a file of an unknown type"
            )

    def _invalid_bodies(self, content: Content) -> Iterator[Probe]:
        json_type = next(filter(is_json, self._operation.bodies), None)
        json = self._valid.minimal_content(json_type) or content
        if not is_json(json.media_type):  # a server without JSON rejects that as well
            fields = json.value if isinstance(json.value, dict) else {}
            json = Content(JSON, {n: v for n, v in fields.items() if n not in self._body.files})
        valid = self._call(json)
        text = {**valid.headers, "content-type": "text/plain"}
        yield self._probe(replace(valid, headers=text), "the body is text/plain")
        if json_type is not None:
            yield self._probe(replace(valid, body=valid.body[:-1]), "the JSON is truncated")
            yield from self._numbers_for_texts(json)

    def _numbers_for_texts(self, json: Content) -> Iterator[Probe]:
        body = self._operation.bodies[json.media_type]
        for path in _paths_in_objects(json.value):
            schemas = body.schema.schemas_at(path)
            if schemas and all(types_of(schema) == ("string",) for schema in schemas):
                call = self._call(Content(json.media_type, _changed(json.value, path, 5)))
                yield self._probe(call, f"{_name(path)} is a number")

    @property
    def _body(self) -> RequestBody:
        return self._operation.bodies[self._content.media_type if self._content else ""]

    def _with(self, path: Path, value: Json, reason: str) -> Probe:
        media_type, valid = self._content or Content("", {})
        return self._probe(self._call(Content(media_type, _changed(valid, path, value))), reason)

    def _probe(self, call: Call, reason: str) -> Probe:
        """Return an invalid request, which may cost more than the valid one if it is accepted."""
        price, least = price_of(self._document, call), self._price
        return Probe(call, reason, None if least is None else max(least, price or least))

    def _call(self, content: Content | None, *, key: str | None = "") -> Call:
        return self._valid.call(content, key=key)


def unbilled_probes(
    document: Document,
    kind: JobKind,
    create: CreateOperation,
    requests: RequestMaker,
    *,
    invalid_value: str,
) -> Iterator[Probe]:
    """Yield requests for an unknown job, lists with invalid parameters, and invalid API keys."""
    about_jobs = (create.poll, *kind.results, kind.cancel, kind.delete)
    # One operation may have several roles, such as to cancel and to delete.
    for each in {each.operation.id: each for each in about_jobs if each is not None}.values():
        yield Probe(requests.about_job(each, unknown_job_id(kind)), "an unknown job id")
    if kind.list is not None:
        yield from _invalid_lists(kind.list.operation, requests, invalid_value)
        yield from _invalid_keys(document, kind.list.operation, requests)


def _invalid_lists(
    operation: Operation, requests: RequestMaker, invalid_value: str
) -> Iterator[Probe]:
    for name, parameter in operation.query.items():
        schema = parameter.schema.raw
        values = [invalid_value] if "enum" in schema or "integer" in types_of(schema) else []
        values += [str(schema["minimum"] - 1)] if "minimum" in schema else []
        values += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        for value in values:
            yield Probe(requests.request(operation, query=[(name, value)]), f"{name} is {value}")


def _invalid_keys(
    document: Document, operation: Operation, requests: RequestMaker
) -> Iterator[Probe]:
    credentials = document.credentials
    if credentials is None or not requests.needs_key(operation):
        return
    yield Probe(requests.request(operation, key=None), "no API key")
    yield Probe(requests.request(operation, key=UNKNOWN_KEY), "an unknown API key")
    if credentials.scheme:
        other = "Bearer" if credentials.scheme == BASIC else BASIC
        for value, reason in (
            (f"{other} {requests.key or UNKNOWN_KEY}", "another scheme"),
            (credentials.scheme, "no API key in it"),
        ):
            call = requests.request(operation)
            headers = {**call.headers, credentials.header: value}
            yield Probe(replace(call, headers=headers), f"{credentials.header} with {reason}")


def _paths_in_objects(value: Json, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of the fields in objects, those at the top first."""
    fields = value.items() if isinstance(value, dict) else ()
    yield from ((*path, name) for name, _ in fields)
    for name, below in fields:
        yield from _paths_in_objects(below, (*path, name))


def _changed(value: Json, path: Path, field: Json) -> Json:
    changed = deepcopy(value)
    set_at(changed, path, field)
    return changed


def _name(path: Path) -> str:
    return ".".join(path)


_MAX_PROBED_LENGTH = 1_000_000
