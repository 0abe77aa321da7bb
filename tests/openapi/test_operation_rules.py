"""Rules for operations: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import JobRole, parse_document

Problems = Callable[..., list[tuple[str, str]]]

POST, GET = "/paths/~1renderings/post", "/paths/~1renderings/get"
FILM = "/paths/~1renderings~1{ref}~1film/get"
DROP = "/paths/~1renderings~1{ref}/delete"
FAULT = "/components/schemas/Fault"
MEDIA = "x-media: {size: format, seconds: frames}"
PAGE = "x-page: {items: /tickets, next: /cursor, limit: size, after: cursor}"
KIND = "{name: kind, in: query, schema: {type: string}, x-variants: {a/b: video/ogg}}"


@pytest.mark.parametrize(
    ("old", "new", "pointer", "reason"),
    [
        (
            "security: [{key: []}]",
            "security: [{keys: []}]",
            "/security/0",
            "keys is not one of components/securitySchemes",
        ),
        (
            "      operationId: dropRendering",
            "      security: [{keys: []}]\n      operationId: dropRendering",
            f"{DROP}/security/0",
            "keys is not one of components/securitySchemes",
        ),
        (
            "  /renderings/{ref}/film:",
            "  /renderings/{name}/status: {}\n  /renderings/{ref}/film:",
            "/paths/~1renderings~1{name}~1status",
            "is the same path as /renderings/{ref}/status",
        ),
        (
            "    Fault:\n      type: object",
            "    Fault:\n      x-job-id: /ref\n      type: object",
            f"{FAULT}/x-job-id",
            "the schema has no field at /ref",
        ),
        (PAGE, "summary: none", GET, "x-job-role: list needs x-page"),
        (
            PAGE,
            PAGE.replace("limit: size", "limit: count"),
            f"{GET}/x-page/limit",
            "count is not a parameter of the operation",
        ),
        (
            PAGE,
            PAGE.replace("/tickets", "/jobs"),
            f"{GET}/x-page/items",
            "the response has no field at /jobs",
        ),
        (
            MEDIA,
            MEDIA.replace("format", "shape"),
            f"{FILM}/x-media/size",
            "shape is not a field of the create request",
        ),
        (
            "when: {quality: [final]}",
            "when: {kind: [final]}",
            f"{POST}/x-price",
            "kind is not a field of the create request",
        ),
        (
            "currency: EUR",
            "currency: EUR\n        per: hours",
            f"{POST}/x-price",
            "hours is not a field of the create request",
        ),
        (
            MEDIA,
            f"parameters: [{KIND}]\n      {MEDIA}",
            f"{FILM}/parameters/0/x-variants/a~1b",
            "video/ogg is not a media type of the response",
        ),
        (
            "description: Accepted.",
            "description: Accepted.\n          links: {next/one: {operationId: nobody}}",
            f"{POST}/responses/202/links/next~1one",
            "operation nobody does not exist",
        ),
        (
            "frames: 4, format",
            "frames: 400, format",
            f"{POST}/requestBody/content/application~1json/example",
            "does not match its schema: frames must be at least 1 and at most 100, not 400",
        ),
        (
            "message: /detail",
            "message: /details",
            f"{FAULT}/x-error-envelope/message",
            "the schema has no field at /details",
        ),
        (
            "scene: {type: string, minLength: 1}",
            "scene: {type: string, minLength: 1, x-cause: boring}",
            f"{FAULT}/x-error-envelope/causes",
            "boring, the x-cause of scene, is not declared",
        ),
    ],
    ids=[
        "unknown security scheme",
        "unknown security scheme of one operation",
        "duplicate path",
        "job id in an unknown field",
        "list without pagination",
        "pagination with an unknown parameter",
        "pagination with an unknown field",
        "media with an unknown field",
        "price for an unknown field",
        "price per unknown field",
        "variant that no response has",
        "link to nowhere",
        "example that does not match",
        "envelope with an unknown field",
        "undeclared cause",
    ],
)
def test_invalid_operation_is_reported_with_its_place(
    problems_after: Problems, old: str, new: str, pointer: str, reason: str
) -> None:
    assert problems_after((old, new)) == [(pointer, reason)]


PARAMETERS = """\
    parameters:
      - {name: ref, in: path, required: true, schema: {type: string}}
    delete:
"""


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        ("    delete:\n", [(DROP, "the path parameter ref is not declared")]),
        (
            PARAMETERS.replace("name: ref", "name: reference"),
            [
                (DROP, "the path parameter ref is not declared"),
                (DROP, "the path parameter reference is not in the path"),
            ],
        ),
        (
            PARAMETERS + "      parameters: [{name: x, in: path, schema: {type: string}}]\n",
            [(DROP, "the path parameter x is not in the path")],
        ),
    ],
    ids=["missing", "misspelled", "extra"],
)
def test_path_parameters_must_match_the_path(
    problems_after: Problems, replaced: str, expected: list[tuple[str, str]]
) -> None:
    assert problems_after((PARAMETERS, replaced)) == expected


def test_role_for_one_job_needs_a_path_parameter(problems_after: Problems) -> None:
    found = problems_after(("  /renderings/{ref}:\n" + PARAMETERS, "  /last:\n    delete:\n"))
    reason = "x-job-role: delete needs one path parameter, the id of the job"
    assert found == [("/paths/~1last/delete", reason)]


@pytest.mark.parametrize("keyword", ["x-lifecycle", "x-error-envelope"])
def test_extension_must_be_declared_once(problems_after: Problems, keyword: str) -> None:
    found = problems_after((f"{keyword}:", "x-was-here-before:"))
    reason = f"exactly one schema must have {keyword}; none has"
    assert ("/components/schemas", reason) in found


SECOND = """\
    Second:
      x-lifecycle:
        id: {at: /id}
        state: {at: /state, initial: begun}
        states: {begun: {next: [done]}, done: {ends: success}}
    Fault:
"""


def test_extension_must_not_be_declared_twice(problems_after: Problems) -> None:
    both = "/components/schemas/Ticket, /components/schemas/Second"
    reason = f"exactly one schema must have x-lifecycle; {both}"
    assert ("/components/schemas", reason) in problems_after(("    Fault:\n", SECOND))


def test_pagination_parameters_may_be_declared_for_the_path(changed: Callable[..., str]) -> None:
    own = """\
      parameters:
        - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 50, default: 10}}
        - {name: cursor, in: query, schema: {type: string}}
"""
    shared = own.replace("\n  ", "\n").removeprefix("  ")
    text = changed((own, ""), ("  /renderings:\n", "  /renderings:\n" + shared))
    page = parse_document(text).by_role[JobRole.LIST].page
    assert page is not None
    assert page.limit == "size"
