"""The words of the API stand in the document alone, never in the code that obeys it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import aisa_testkit
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json

(PACKAGE,) = aisa_testkit.__path__
FILES = [
    path
    for folder in ("openapi", "mock_server", "contracts", "pytest_plugin", "cli")
    for path in sorted((Path(PACKAGE) / folder).rglob("*.py"))
]

# Words that the API shares with our own vocabulary or with standards. A word that only this API
# has must not be added: it belongs into the document.
SHARED = {
    # keys of OpenAPI and of JSON Schema
    *("content", "object", "type"),
    # keys of our own extensions, as supported.schema.json names them
    *("after", "code", "id", "limit", "message", "order", "progress", "request_id", "seconds"),
    *("size", "status"),
    # our own roles of operations
    *("list", "remix"),
    # headers and media types that HTTP defines
    *("accept-ranges", "content-disposition", "content-range", "etag", "retry-after", "video"),
    # keys of the control API of the mock
    *("error",),
}


def words_of(document: Document) -> set[str]:
    """Every word that the document chooses: fields, values, states, codes, paths, headers, ids."""
    root = document.source.data
    words = set(schema_words(root["components"]["schemas"]))
    for operation in document.operations.values():
        words |= {operation.id, operation.path, *re.findall(r"[a-z_]+", operation.path)}
        for parameter in [*operation.query.values(), *operation.headers.values()]:
            words |= {parameter.name, *parameter.schema.raw.get("enum", ())}
        for response in operation.responses.values():
            words |= {header.name for header in response.headers}
    if document.lifecycle.failure:
        words |= document.lifecycle.failure.reasons.keys()
    for answer in document.envelope.responses.values():
        words |= {answer.code, *([answer.type] if answer.type else ())}
    # Numbers as text are no words; every program has some.
    return {word for word in words | {*document.lifecycle.states} if not word.isdecimal()}


def schema_words(schema: Json) -> Iterator[str]:
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        values = (*schema.get("enum", ()), schema.get("const"))
        yield from (value for value in values if isinstance(value, str))
        for below in schema.values():
            yield from schema_words(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from schema_words(below)


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Every text in a file with its line, but for docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.lineno, node.value


def stands_in(word: str, text: str) -> bool:
    # Plain English words in a sentence say nothing about an API: "a job that has ended can be
    # deleted". Those with a mark in them, such as video_id, do.
    if word.isalpha() and word.islower() and " " in text:
        return False
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE) is not None


def test_the_words_of_the_document_are_found(document: Document) -> None:
    assert words_of(document) >= {
        *("input_reference", "has_more", "param", "video_id", "variant", "spritesheet"),
        *("in_progress", "sora-2-pro", "1792x1024", "video.deleted", "desc", "moderation_blocked"),
        *("openai-poll-after-ms", "x-should-retry", "upstream_timeout", "rate_limit_error"),
        *("createVideo", "/videos", "/videos/{video_id}/remix", "videos", "thumbnail"),
    }


def test_the_files_of_the_code_are_found() -> None:
    assert {"request.py", "handlers.py", "serve.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_code_holds_a_word_of_the_api(document: Document, path: Path) -> None:
    words = words_of(document) - SHARED
    found = [
        f"line {line}: {word} in {text!r}"
        for line, text in literals(path)
        for word in sorted(words)
        if stands_in(word, text)
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_code_holds_a_path_or_an_operation_of_the_other_api(
    other_document: Document, path: Path
) -> None:
    words = {o.id for o in other_document.operations.values()} | {"renderings", "ticket", "trouble"}
    found = [text for _, text in literals(path) if any(stands_in(word, text) for word in words)]
    assert found == []
