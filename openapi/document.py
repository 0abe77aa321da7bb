"""A document, compiled: everything that the mock and the judge ask of it, looked up once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from .credentials import compile_credentials
from .document_rules import document_problems, extension_pointers
from .envelope import compile_envelope
from .event import JobEvent, compile_events
from .json import Json
from .lifecycle import compile_lifecycle
from .limits import compile_limits
from .near_miss import NearMiss, find_nearest
from .operation import JobRole, Operation, compile_operations
from .routing import NoMatch, OperationMatch, Router
from .schema import Schema, Schemas
from .source import Source, parse_source, read_source
from .template import template_of


class Document:
    """An OpenAPI document that declares the life of a job, compiled.

    `base_path` is the path of its first server, such as `/v1`; `job` and `error` are the schemas of
    a job and of an error answer, `lifecycle` and `envelope` what these declare, `limits` how much
    a key may ask for, None if it does not say, `events` what the server tells of jobs, by the final
    state that each tells of. Raises DocumentError if the document cannot be used.
    """

    def __init__(self, source: Source) -> None:
        problems = document_problems(source.data)
        if problems:
            raise source.error(*problems)
        root, schemas = source.data, Schemas(source.data)
        self.source = source
        self.title: str = root["info"]["title"]
        self.version: str = root["info"]["version"]
        self.server_url: str = root["servers"][0]["url"] if root.get("servers") else ""
        self.base_path = urlsplit(self.server_url).path.rstrip("/")
        self.operations: Mapping[str, Operation] = {o.id: o for o in compile_operations(schemas)}
        self.by_role: Mapping[JobRole, Operation] = {
            o.role: o for o in self.operations.values() if o.role
        }
        self.job = schemas.at(extension_pointers(root, "x-lifecycle")[0])
        self.lifecycle = compile_lifecycle(self.job.raw["x-lifecycle"])
        self.events: Mapping[str, JobEvent] = {e.state: e for e in compile_events(schemas)}
        self.error = schemas.at(extension_pointers(root, "x-error-envelope")[0])
        self.envelope = compile_envelope(self.error.raw["x-error-envelope"])
        self.credentials = compile_credentials(root)
        self.limits = compile_limits(root["x-limits"]) if "x-limits" in root else None
        self._router = Router(self.operations.values())

    def match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """The operation of a method (in upper case) and a path below `base_path`, still
        percent-encoded.
        """
        return self._router.match(method, path)

    def nearest(self, method: str, path: str) -> NearMiss:
        """The operation that comes closest to a request which means none; the path is the whole
        one, with `base_path`.
        """
        return find_nearest(self.operations.values(), method, path, base_path=self.base_path)

    def template_of(self, schema: Schema) -> dict[str, Json]:
        """What the schema alone says of its data: its required places and constants."""
        return template_of(self.source.data, schema.raw)


def load_document(path: str | FilePath | None = None) -> Document:
    """Loads a document from a file, or the bundled one of the AIsa video API if there is no path.

    The bundled one is read once in a process.

    Raises DocumentError, with every problem found, if it cannot be read or is not one that the
    toolkit understands.
    """
    return _bundled() if path is None else Document(read_source(path))


@cache
def _bundled() -> Document:
    return Document(read_source(None))


def parse_document(text: str, *, name: str = "document") -> Document:
    """Loads a document from its text, YAML or JSON; raises DocumentError if it cannot be used."""
    return Document(parse_source(text, name=name))
