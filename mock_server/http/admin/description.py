"""The control API as its own document describes it, and what that makes of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from ....openapi.json import Json
from ....openapi.pointer import format_pointer, get, parse_pointer
from ....openapi.request import from_text
from ....openapi.schema import Schema, Schemas, follow, types_of
from ....openapi.source import parse_source
from ....openapi.text import one_line, quote, truncate_depth


class AdminRequestError(Exception):
    """A control request that cannot be done; nothing was changed. `status` and `headers` are those
    of the answer.
    """

    def __init__(
        self, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers or {}


@dataclass(frozen=True, slots=True)
class AdminOperation:
    """One call of the control API. `query` holds the schemas of its parameters, `body` that of its
    body: None if it takes none. `secured` says whether it wants the admin token.
    """

    id: str
    method: str
    path: str
    summary: str
    secured: bool = True
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    body_required: bool = False

    def read_query(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The parameters by name, as text that fits; raises AdminRequestError."""
        query: dict[str, str] = {}
        for name, text in pairs:
            if name not in self.query:
                known = ", ".join(self.query)
                wanted = f"must be one of {known}" if known else "no parameter is known here"
                raise AdminRequestError(f"{one_line(name)}: {wanted}")
            if name in query:
                raise AdminRequestError(f"{name}: must be given once, not twice")
            schema = self.query[name]
            _require(schema, _typed(text, schema), place=name)
            query[name] = text
        return query

    def read_body(self, body: bytes) -> dict[str, Json]:
        """The fields of the body, none if it may be left out and was; raises AdminRequestError."""
        if self.body is None or (not body and not self.body_required):
            return {}
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            came = quote(body[:_SHOWN].decode(errors="replace"))
            raise AdminRequestError(f"the body: must be JSON, not {came} ({error})") from error
        _require(self.body, data, place="the body")
        # What is taken here is told again, and what writes JSON goes less deep than what reads it.
        if data != truncate_depth(data, _DEEPEST):
            raise AdminRequestError(f"the body: must be nested at most {_DEEPEST} levels deep")
        return dict(data)


class AdminDescription:
    """The document of the control API, as it comes along in this folder."""

    def __init__(self) -> None:
        self.data: Json = _read("openapi.yaml")
        named = self.data["components"]["schemas"]
        for name, schema in named.items():
            named[name] = _bundled(schema)
        self.base: str = self.data["servers"][0]["url"]
        self._schemas = Schemas(self.data)
        self.operations = tuple(self._operations())
        self._paths: dict[tuple[str, ...], dict[str, AdminOperation]] = {}
        for each in self.operations:
            self._paths.setdefault(tuple(each.path.split("/")), {})[each.method] = each

    def match(self, method: str, path: str) -> tuple[AdminOperation, dict[str, str]]:
        """The operation that a method and a decoded path mean, and what the path says; raises
        AdminRequestError.
        """
        steps = path.split("/")
        for template, methods in self._paths.items():
            parameters = _parameters(template, steps)
            if parameters is not None:
                return _of_method(methods, method), parameters
        raise AdminRequestError(
            f"path: must be one of those that GET {self.base}/ lists, not {quote(path)}", status=404
        )

    @property
    def challenge(self) -> Mapping[str, str]:
        """The headers of the answer to whoever lacks the admin token."""
        headers = self.data["components"]["responses"]["Unauthorized"]["headers"]
        return {name: header["schema"]["const"] for name, header in headers.items()}

    def served(self, *, root: str, guarded: bool) -> Json:
        """The document as a server at this URL gives it; `guarded`: it wants the admin token."""
        here = {"url": root + self.base, "description": "This mock."}
        return {
            **self.data,
            "servers": [here],
            "security": self.data["security"] if guarded else [],
        }

    def _operations(self) -> Iterator[AdminOperation]:
        for path, item in self.data["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield self._operation(path, method, operation)

    def _operation(self, path: str, method: str, operation: Json) -> AdminOperation:
        at = format_pointer(("paths", path, method))
        body = follow(self.data, f"{at}/requestBody") if "requestBody" in operation else None
        return AdminOperation(
            operation["operationId"],
            method.upper(),
            path,
            operation["summary"],
            secured=operation.get("security") != [],
            query=dict(self._query(f"{at}/parameters", len(operation.get("parameters", ())))),
            body=self._schemas.at(f"{body}/content/application~1json/schema") if body else None,
            body_required=body is not None and self._at(body)["required"],
        )

    def _query(self, pointer: str, count: int) -> Iterator[tuple[str, Schema]]:
        for index in range(count):
            place = follow(self.data, f"{pointer}/{index}")
            yield self._at(place)["name"], self._schemas.at(f"{place}/schema")

    def _at(self, pointer: str) -> Json:
        return get(self.data, parse_pointer(pointer))


def _read(name: str) -> Json:
    path = Path(__file__).parent / name
    return parse_source(path.read_text("utf-8"), name=path.name).data


def _bundled(schema: Json) -> Json:
    """The schema itself, where only a reference to another file stands in its place."""
    file, _, pointer = schema.get("$ref", "").partition("#")
    return get(_read(file), parse_pointer(pointer)) if file else schema


def _typed(text: str, schema: Schema) -> Json:
    """A parameter in the type that its schema names, the text itself where it does not fit."""
    if "number" in types_of(schema.raw) and _EXPONENT.fullmatch(text):
        return float(text)
    return from_text(text, schema.raw)


def _of_method(methods: Mapping[str, AdminOperation], method: str) -> AdminOperation:
    operation = methods.get("GET" if method == "HEAD" else method)
    if operation is None:
        allowed = ", ".join(
            name for each in methods for name in ((each, "HEAD") if each == "GET" else (each,))
        )
        message = f"method: must be one of {allowed}, not {one_line(method)}"
        raise AdminRequestError(message, status=405, headers={"allow": allowed})
    return operation


def _parameters(template: tuple[str, ...], steps: list[str]) -> dict[str, str] | None:
    """The values of the path parameters; None if the path is not of this template."""
    if len(template) != len(steps):
        return None
    pairs = [*zip(template, steps, strict=True)]
    if any(wanted != step and not (wanted[:1] == "{" and step) for wanted, step in pairs):
        return None
    return {wanted[1:-1]: step for wanted, step in pairs if wanted[:1] == "{"}


def _require(schema: Schema, data: Json, *, place: str) -> None:
    """Raises AdminRequestError for the first thing in which the data does not fit."""
    if not schema.accepts(data):
        finding = next(schema.errors(data))
        where = format_pointer(finding.path) or place
        raise AdminRequestError(f"{one_line(where)}: {finding.message}")


_SHOWN = 100
_DEEPEST = 64
_EXPONENT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?e[+-]?[0-9]{1,3}")
