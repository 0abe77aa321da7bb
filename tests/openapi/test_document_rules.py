"""Rules for a whole document: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import DocumentError, parse_document

Problems = Callable[..., list[tuple[str, str]]]

POST = "/paths/~1renderings/post"
FILM = "/paths/~1renderings~1{ref}~1film/get"
FAULT = "/components/schemas/Fault"
UNSUPPORTED = "is not a supported keyword"
RETRIEVE = "/paths/~1renderings~1{ref}~1status/get"


@pytest.mark.parametrize(
    ("old", "new", "pointer", "reason"),
    [
        (
            "    Fault:",
            "    Fault:\n      discriminator: {}",
            f"{FAULT}/discriminator",
            UNSUPPORTED,
        ),
        (
            "problem: {type: string}",
            "problem: {type: string, patern: x}",
            f"{FAULT}/properties/problem/patern",
            f"{UNSUPPORTED}; did you mean pattern?",
        ),
        (
            "openapi: 3.1.0",
            "openapi: 3.0.3",
            "/openapi",
            "must match ^3\\.1\\.[0-9]+$, not '3.0.3'",
        ),
        (
            "x-jobs:",
            "x-job:",
            "/x-job",
            "is not an extension; did you mean x-jobs?",
        ),
        (
            "    media: {size",
            "    midia: {size",
            "/x-jobs/rendering/midia",
            "is not a word of x-jobs here; did you mean media?",
        ),
        (
            "example: {scene: A teapot",
            "schema2: {scene: A teapot",
            f"{POST}/requestBody/content/application~1json/schema2",
            f"{UNSUPPORTED}; did you mean schema?",
        ),
        (
            "schema: {$ref: '#/components/schemas/Order'}",
            "schema: {$ref: '#/components/schemas/Ordr'}",
            f"{POST}/requestBody/content/application~1json/schema/$ref",
            "#/components/schemas/Ordr does not exist; did you mean Order?",
        ),
    ],
    ids=[
        "unknown keyword",
        "misspelled keyword",
        "another version",
        "misspelled extension",
        "misspelled word of x-jobs",
        "keyword next to an example",
        "dangling reference",
    ],
)
def test_invalid_document_is_reported_with_its_place(
    problems_after: Problems, old: str, new: str, pointer: str, reason: str
) -> None:
    assert problems_after((old, new)) == [(pointer, reason)]


@pytest.mark.parametrize(
    ("old", "new", "keyword", "name", "other"),
    [
        ("operationId: film", "operationId: rendering", "operationId", "rendering", RETRIEVE),
    ],
    ids=["operation id"],
)
def test_duplicate_name_is_reported_at_both_places(
    problems_after: Problems, old: str, new: str, keyword: str, name: str, other: str
) -> None:
    reason = f"{name} is used by more than one operation"
    assert problems_after((old, new)) == [
        (f"{other}/{keyword}", reason),
        (f"{FILM}/{keyword}", reason),
    ]


def test_unknown_extensions_are_ignored(changed: Callable[..., str]) -> None:
    text = changed(
        ("security: [{key: []}]", "security: [{key: []}]\nx-internal: {x-any: [1]}"),
        ("operationId: film", "operationId: film\n      x-amazon-apigateway-auth: none"),
        ("    Fault:\n", "    Fault:\n      x-logo: none\n"),
    )
    assert parse_document(text, strict=True).source.data["x-internal"] == {"x-any": [1]}


def test_problems_are_sorted_by_line(changed: Callable[..., str]) -> None:
    text = changed(
        ("problem: {type: string}", "problem: {type: string, patern: x}"),
        ("title: Renderings, ", "title: Renderings, titel: R, "),
        ("operationId: film\n", "operationId: film\n      sumary: A film.\n"),
    )
    with pytest.raises(DocumentError) as caught:
        parse_document(text, name="mine.yaml", strict=True)
    lines = text.splitlines()
    assert [(p.line, p.pointer) for p in caught.value.problems] == [
        (next(n for n, line in enumerate(lines, 1) if mark in line), pointer)
        for mark, pointer in (
            ("titel", "/info/titel"),
            ("sumary", f"{FILM}/sumary"),
            ("patern", f"{FAULT}/properties/problem/patern"),
        )
    ]
    assert str(caught.value).startswith(
        "mine.yaml: line 4, /info/titel: is not a supported keyword"
    )
    assert str(caught.value).endswith(" (and 2 more)")


def test_semantic_rules_run_only_if_the_structure_is_valid(problems_after: Problems) -> None:
    found = problems_after(("create: submit", "create: submt"), ("title: Rend", "titel: Rend"))
    assert {pointer for pointer, _ in found} == {"/info/title", "/info/titel"}


def test_strict_document_needs_jobs(renderings: str) -> None:
    head, _, rest = renderings.partition("x-jobs:\n")
    text = head + rest[rest.index("x-errors:\n") :]
    with pytest.raises(DocumentError) as caught:
        parse_document(text, strict=True)
    assert [(p.pointer, p.reason) for p in caught.value.problems] == [
        ("", "needs x-jobs, the life of its jobs")
    ]
    assert parse_document(text).kinds == {}
