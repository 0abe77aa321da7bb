"""The OpenAPI document of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ....openapi.json import Json
from ....openapi.operation import Operation
from ....openapi.operation_compiler import compile_operations
from ....openapi.pointer import get, parse_pointer
from ....openapi.routing import NoMatch, OperationMatch, Router
from ....openapi.schema import Schemas
from ....openapi.source import parse_source


class AdminDocument:
    """The document of the control API, compiled.

    Attributes:
        data: The document as JSON; schemas of other files are part of it.
        base_path: Where the control API starts below the root of the mock, `/__admin`.
        operations: The operations by their `operationId`.
    """

    def __init__(self) -> None:
        self.data: Json = _read_file("openapi.yaml")
        schemas = self.data["components"]["schemas"]
        for name, schema in schemas.items():
            schemas[name] = _bundle(schema)
        self.base_path: str = self.data["servers"][0]["url"]
        self.operations: Mapping[str, Operation] = {
            operation.id: operation for operation in compile_operations(Schemas(self.data))
        }
        self._router = Router(self.operations.values())

    def match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """Return the operation of a method (in upper case) and a percent-encoded path below
        `base_path`.
        """
        return self._router.match(method, path)

    @property
    def challenge(self) -> Mapping[str, str]:
        """The headers of a response with status 401."""
        headers = self.data["components"]["responses"]["Unauthorized"]["headers"]
        return {name: header["schema"]["const"] for name, header in headers.items()}

    def index(self) -> list[dict[str, str]]:
        """Return method, whole path and summary of each operation, in the order of the document."""
        return [
            {
                "method": each.method,
                "path": self.base_path + each.path,
                "summary": get(self.data, parse_pointer(each.pointer))["summary"],
            }
            for each in self.operations.values()
        ]

    def served_at(self, root: str, *, secured: bool) -> Json:
        """Return the document as JSON, for a mock at the URL `root`.

        `secured` is true if the mock requires an admin token.
        """
        server = {"url": root + self.base_path, "description": "This mock."}
        security = self.data["security"] if secured else []
        return {**self.data, "servers": [server], "security": security}


@cache
def admin_document() -> AdminDocument:
    """Return the compiled document.

    The first call compiles it: most runs of a mock never use the control API.
    """
    return AdminDocument()


def _read_file(name: str) -> Json:
    path = Path(__file__).parent / name
    return parse_source(path.read_text("utf-8"), name=path.name).data


def _bundle(schema: Json) -> Json:
    """Return the schema, or the schema of another file that it refers to."""
    file, _, pointer = schema.get("$ref", "").partition("#")
    return get(_read_file(file), parse_pointer(pointer)) if file else schema
