"""Rules for a whole document: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import DocumentError, parse_document

Problems = Callable[..., list[tuple[str, str]]]

POST, GET = "/paths/~1renderings/post", "/paths/~1renderings/get"
FILM = "/paths/~1renderings~1{ref}~1film/get"
TICKET, FAULT = "/components/schemas/Ticket", "/components/schemas/Fault"
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
            "x-lifecycle:",
            "x-lifecycel:",
            f"{TICKET}/x-lifecycel",
            "is not an extension; did you mean x-lifecycle?",
        ),
        (
            "x-job-role: create",
            "x-job-rolle: create",
            f"{POST}/x-job-rolle",
            "is not an extension; did you mean x-job-role?",
        ),
        (
            "x-job-role: create",
            "x-job-role: creates",
            f"{POST}/x-job-role",
            "must be one of 'create', 'retrieve', 'list', 'delete', 'content', 'remix',"
            " not 'creates'; did you mean create?",
        ),
        (
            "poll_after:",
            "polling: 1\n        poll_after:",
            f"{TICKET}/x-lifecycle/polling",
            UNSUPPORTED,
        ),
        (
            "poll_after:",
            "poll_afer:",
            f"{TICKET}/x-lifecycle/poll_afer",
            f"{UNSUPPORTED}; did you mean poll_after?",
        ),
        (
            "code: /problem",
            "code: problem",
            f"{FAULT}/x-error-envelope/code",
            "must match ^(/([^~/]|~[01])*)+$, not 'problem'",
        ),
        (
            "          internal: {status: 503, code: broken}",
            "",
            f"{FAULT}/x-error-envelope/causes/internal",
            "is required",
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
            "#/components/schemas/Ordr does not exist",
        ),
        (
            "x-job-role: retrieve",
            "summary: none",
            "/paths",
            "no operation has x-job-role: retrieve",
        ),
    ],
    ids=[
        "unknown keyword",
        "misspelled keyword",
        "another version",
        "misspelled extension of a schema",
        "misspelled extension of an operation",
        "unknown role",
        "unknown key inside an extension",
        "misspelled key inside an extension",
        "not a pointer",
        "missing cause",
        "keyword next to an example",
        "dangling reference",
        "no operation to retrieve a job",
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
        ("x-job-role: content", "x-job-role: retrieve", "x-job-role", "retrieve", RETRIEVE),
    ],
    ids=["operation id", "role"],
)
def test_duplicate_name_is_reported_at_both_places(
    problems_after: Problems, old: str, new: str, keyword: str, name: str, other: str
) -> None:
    reason = f"{name} is used by more than one operation"
    assert problems_after((old, new)) == [
        (f"{other}/{keyword}", reason),
        (f"{FILM}/{keyword}", reason),
    ]


def test_document_without_a_create_operation_is_invalid(problems_after: Problems) -> None:
    found = problems_after(("      x-job-role: create\n", ""))
    assert ("/paths", "no operation has x-job-role: create") in found


def test_unknown_extensions_are_ignored(changed: Callable[..., str]) -> None:
    text = changed(
        ("security: [{key: []}]", "security: [{key: []}]\nx-internal: {x-any: [1]}"),
        ("operationId: film", "operationId: film\n      x-amazon-apigateway-auth: none"),
        ("    Fault:\n", "    Fault:\n      x-logo: none\n"),
    )
    assert parse_document(text).source.data["x-internal"] == {"x-any": [1]}


def test_problems_are_sorted_by_line(changed: Callable[..., str]) -> None:
    text = changed(
        ("problem: {type: string}", "problem: {type: string, patern: x}"),
        ("title: Renderings, ", "title: Renderings, titel: R, "),
        ("x-job-role: content", "x-job-rolle: content"),
    )
    with pytest.raises(DocumentError) as caught:
        parse_document(text, name="mine.yaml")
    lines = text.splitlines()
    assert [(p.line, p.pointer) for p in caught.value.problems] == [
        (next(n for n, line in enumerate(lines, 1) if mark in line), pointer)
        for mark, pointer in (
            ("titel", "/info/titel"),
            ("x-job-rolle", f"{FILM}/x-job-rolle"),
            ("patern", f"{FAULT}/properties/problem/patern"),
        )
    ]
    assert str(caught.value).startswith(
        "mine.yaml: line 4, /info/titel: is not a supported keyword"
    )
    assert str(caught.value).endswith(" (and 2 more)")


def test_semantic_rules_run_only_if_the_structure_is_valid(problems_after: Problems) -> None:
    found = problems_after(("initial: waiting", "initial: wait"), ("title: Rend", "titel: Rend"))
    assert {pointer for pointer, _ in found} == {"/info/title", "/info/titel"}
