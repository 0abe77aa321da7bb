"""The code contains no names of an API; they are in its document alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import aisa_testkit
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json

(PACKAGE,) = aisa_testkit.__path__
FILES = [
    path
    for folder in ("openapi", "mock_server", "contracts", "pytest_plugin", "cli")
    for path in sorted((Path(PACKAGE) / folder).rglob("*.py"))
]

# Names that the API shares with the toolkit or with standards. A name that only this API has must
# not be added: it belongs in the document.
SHARED = {
    # keys of OpenAPI and of JSON Schema
    *("content", "object", "type"),
    # keys of the extensions in supported.schema.json
    *("after", "code", "id", "limit", "message", "order", "progress", "request_id", "seconds"),
    *("size", "status"),
    # roles of operations in x-jobs
    *("list", "remix"),
    # headers and media types that HTTP defines
    *("accept-ranges", "content-disposition", "content-range", "etag", "retry-after", "video"),
    # keys of the control API of the mock
    *("error",),
}


def names_in(document: Document) -> set[str]:
    """Return every name in a document: fields, values, states, codes, paths, headers, ids."""
    root = document.source.data
    names = set(schema_names(root["components"]["schemas"]))
    for operation in document.operations.values():
        names |= {operation.id, operation.path, *re.findall(r"[a-z_]+", operation.path)}
        for parameter in [*operation.query.values(), *operation.headers.values()]:
            names |= {parameter.name, *parameter.schema.raw.get("enum", ())}
        for response in operation.responses.values():
            names |= {header.name for header in response.headers}
    for kind in document.kinds.values():
        names |= {*kind.lifecycle.states}
        names |= {failure.code for create in kind.creates for failure in create.failures}
    for error in document.envelope.responses.values():
        names |= {word for _, word in error.words if isinstance(word, str)}
    # Every program contains numbers as text.
    return {name for name in names if not name.isdecimal()}


def schema_names(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        values = (*schema.get("enum", ()), schema.get("const"))
        yield from (value for value in values if isinstance(value, str))
        for below in schema.values():
            yield from schema_names(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from schema_names(below)


def string_literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every string in a file after its line, except docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str):
            yield node.lineno, node.value


def pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    alternatives = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    # The first half of a media type, such as model/gltf-binary, is not a name.
    return re.compile(rf"(?<![\w-])(?:{alternatives})(?![\w-]|/[a-z])", re.IGNORECASE)


def uses_of(names: set[str]) -> list[str]:
    """Return every use of a name in the code: the file, the line, the name and the string."""
    # Plain English words within a sentence are not names: "a job that has ended can be deleted".
    # Names with another character, such as video_id, are.
    words = {name for name in names if name.isalpha() and name.islower()}
    any_name, compound_name = pattern_of(names), pattern_of(names - words)
    return [
        f"{path.relative_to(PACKAGE)}:{line}: {match[0]} in {text!r}"
        for path in FILES
        for line, text in string_literals(path)
        for match in (compound_name if " " in text else any_name).finditer(text)
    ]


def test_names_in_the_bundled_document_are_found(document: Document) -> None:
    assert names_in(document) >= {
        *("input_reference", "has_more", "param", "video_id", "variant", "spritesheet"),
        *("in_progress", "sora-2-pro", "1792x1024", "video.deleted", "desc", "moderation_blocked"),
        *("openai-poll-after-ms", "x-should-retry", "upstream_timeout", "rate_limit_error"),
        *("createVideo", "/videos", "/videos/{video_id}/remix", "videos", "thumbnail"),
    }


def test_code_files_and_uses_of_names_are_found() -> None:
    assert {"request.py", "handlers.py", "serve.py"} <= {path.name for path in FILES}
    assert any(use.startswith("openapi/envelope.py:") for use in uses_of({"json-malformed"}))


def test_code_contains_no_name_of_the_bundled_api(document: Document) -> None:
    assert uses_of(names_in(document) - SHARED) == []


def test_code_contains_no_path_or_operation_of_the_other_api(other_document: Document) -> None:
    operation_ids = {operation.id for operation in other_document.operations.values()}
    assert uses_of(operation_ids | {"renderings", "ticket", "trouble"}) == []
