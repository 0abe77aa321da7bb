"""Compiled documents, and the functions that load them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from .credentials import HEADER, Credentials, compile_credentials
from .envelope import DEFAULT_ENVELOPE, compile_envelope
from .errors import DocumentError, Problem
from .impossible_bodies import impossible_bodies
from .jobs.file_addresses import FILES_ID, file_parameters, file_roles
from .jobs.kind import JobKind
from .jobs.kind_compiler import compile_kinds
from .jobs.operations import JobOperation
from .json import Json
from .limits import compile_limits
from .messages import Call
from .near_miss import NearMiss, find_nearest
from .operation import Operation
from .operation_compiler import compile_operations
from .reading.reader import read_document, read_files
from .request_key import received, sent
from .routing import NoMatch, OperationMatch, Router
from .schema import Schemas
from .source import Source, parse_source
from .source_files import BUNDLED, read_bundled, read_overlay


class Document:
    """A compiled OpenAPI document that declares the lifecycle of a job.

    source: the document as text and as JSON
    title, version: title and version of the API
    server_url: the URL of its first server; "" if it has none
    base_path: the path of that URL, such as `/v1`
    operations: the operations by `operationId`
    kinds: the kinds of jobs by name
    roles: what the operations do to jobs, by id of the operation
    files: what the addresses of files do that a mock makes, once for each kind of job with files
    warnings: what the document says and the toolkit leaves out
    envelope: the fields of error responses, and the response to each cause
    credentials: the main way to send the API key; None if no key is required
    limits: the rate limits; None if there are none

    Raises DocumentError if the document is invalid or not supported.
    """

    def __init__(
        self, source: Source, *, overlays: Iterable[Source] = (), strict: bool = False
    ) -> None:
        changes = [*overlays]

        def compile_with(overlays: Iterable[Source]) -> None:
            self._compile(source, overlays, strict=strict)

        try:
            compile_with(changes)
        except RecursionError:
            raise source.error(Problem("", "is nested too deeply")) from None
        except DocumentError as error:
            from .reading.removals import blame_removals  # most documents are valid

            raise blame_removals(error, changes, compile_with) from None

    def _compile(self, source: Source, overlays: Iterable[Source], *, strict: bool) -> None:
        self.source, left_out = read_document(source, overlays, strict=strict)
        root, schemas = self.source.data, Schemas(self.source.data)
        info = root.get("info", {})
        self.title: str = info.get("title", "")
        self.version: str = info.get("version", "")
        self.server_url = _server_url(root)
        self.base_path = urlsplit(self.server_url).path.rstrip("/")
        self.credentials = compile_credentials(root)
        operations = {o.id: o for o in compile_operations(schemas)}
        self._keys_in_one_header = _has_one_header(self.credentials, operations.values())
        self._check_references(operations, left_out)
        impossible = self.source.error(*impossible_bodies(root, operations.values())).problems
        left_out = (*left_out, *impossible)
        self.kinds, self.warnings = self._compile_kinds(schemas, operations, left_out)
        self.roles = _roles(self.kinds)
        self.files = file_roles(self.kinds.values())
        self.operations: Mapping[str, Operation] = operations
        self.envelope = (
            compile_envelope(root["x-errors"]) if "x-errors" in root else DEFAULT_ENVELOPE
        )
        self.limits = compile_limits(root["x-limits"]) if "x-limits" in root else None
        self._router = Router(self.operations.values())

    def _check_references(
        self, operations: Mapping[str, Operation], left_out: tuple[Problem, ...]
    ) -> None:
        """Raise an error for what was left out, but is needed by an operation of a kind."""
        if not left_out:
            return
        from .needed_references import needed_references  # most documents have no such problem

        named = {**operations, **{f"{o.method} {o.path}": o for o in operations.values()}}
        found = [*needed_references(self.source.data, named, left_out)]
        if found:
            needed = [warning for _, warning in found]
            others = tuple(warning for warning in left_out if warning not in needed)
            raise self.source.error(*(problem for problem, _ in found), warnings=others)

    def _compile_kinds(
        self,
        schemas: Schemas,
        operations: Mapping[str, Operation],
        left_out: tuple[Problem, ...],
    ) -> tuple[Mapping[str, JobKind], tuple[Problem, ...]]:
        problems: list[Problem] = []
        warnings: list[Problem] = []
        kinds = compile_kinds(
            schemas.root.get("x-jobs", {}),
            schemas=schemas,
            operations=operations,
            report=lambda pointer, reason: problems.append(Problem(pointer, reason)),
            warn=lambda pointer, reason: warnings.append(Problem(pointer, reason)),
        )
        all_warnings = (*left_out, *self.source.error(*warnings).problems)
        if problems:
            raise self.source.error(*problems, warnings=all_warnings)
        return kinds, all_warnings

    def match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """Return the operation of a method (in upper case) and a path below `base_path`.

        The path is percent-encoded, the path parameters in the result are decoded.
        """
        return self._router.match(method, path)

    def operation(self, operation_id: str) -> Operation:
        """Return an operation of the document, or that of the files of a mock, by its id."""
        if operation_id == FILES_ID and self.files:
            return self.files[0].operation
        return self.operations[operation_id]

    def roles_of(self, operation_id: str) -> tuple[JobOperation, ...]:
        """Return what an operation does to jobs, also that of the files of a mock."""
        return self.files if operation_id == FILES_ID else self.roles.get(operation_id, ())

    def match_file(self, path: str) -> Mapping[str, str] | None:
        """Return the path parameters of the address of a file, by its path below `base_path`.

        None for any other path.
        """
        return file_parameters(path) if self.files else None

    def received(self, call: Call) -> Call:
        """Return a call as it came in the form that the toolkit handles: see `request_key`."""
        if self._keys_in_one_header or self.credentials is None:
            return call
        return received(call, self.operation(call.operation_id).credentials, self.credentials)

    def sent(self, call: Call) -> Call:
        """Return a call as it is sent, with its key where the operation has it."""
        if self._keys_in_one_header or self.credentials is None:
            return call
        return sent(call, self.operation(call.operation_id).credentials, self.credentials)

    def nearest(self, method: str, path: str) -> NearMiss:
        """Return the operation that comes closest to a request without an operation.

        The path includes `base_path`.
        """
        return find_nearest(self.operations.values(), method, path, base_path=self.base_path)


def _server_url(root: Json) -> str:
    """Return the URL of the first server, with the defaults of its variables."""
    servers = root.get("servers", [])
    if not servers:
        return ""
    url: str = servers[0]["url"]
    for name, variable in servers[0].get("variables", {}).items():
        url = url.replace(f"{{{name}}}", variable["default"])
    return url


def _has_one_header(known: Credentials | None, operations: Iterable[Operation]) -> bool:
    """Return True if all operations with a key have it in the same header."""
    others = any(c != known for each in operations for c in each.credentials)
    return known is None or (known.part == HEADER and not others)


def _roles(kinds: Mapping[str, JobKind]) -> Mapping[str, tuple[JobOperation, ...]]:
    roles: dict[str, tuple[JobOperation, ...]] = {}
    for kind in kinds.values():
        for each in kind.operations():
            roles[each.operation.id] = (*roles.get(each.operation.id, ()), each)
    return roles


def load_document(
    path: str | FilePath | None = None,
    *,
    overlays: Iterable[str | FilePath] = (),
    strict: bool = False,
) -> Document:
    """Load a document from a YAML or JSON file, or a bundled one by its name.

    Without a path, return the bundled document of the AIsa video API, which is loaded once.

    Args:
        path: The path of the file, or the name of a bundled document, such as "aisa-videos".
        overlays: The paths or bundled names of overlays, which are applied in this order.
        strict: True to raise an error for everything that would be left out.

    Raises DocumentError, with every problem, if the document or an overlay is unreadable or not
    supported.
    """
    sources = [read_overlay(overlay) for overlay in overlays]
    if path is None and not sources:
        return _bundled()
    return Document(read_files(path), overlays=sources, strict=strict)


@cache
def _bundled() -> Document:
    return Document(read_bundled(BUNDLED))


def parse_document(text: str, *, name: str = "document", strict: bool = False) -> Document:
    """Load a document from its text, YAML or JSON; `name` is its name in error messages.

    With `strict`, everything that would be left out is an error. Raises DocumentError, with every
    problem, if the document is invalid or not supported.
    """
    return Document(parse_source(text, name=name), strict=strict)
