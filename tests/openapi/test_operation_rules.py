"""Rules for operations: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Problems = Callable[..., list[tuple[str, str]]]

POST = "/paths/~1renderings/post"
DROP = "/paths/~1renderings~1{ref}/delete"


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
            "scene: {type: string, minLength: 1}",
            "scene: {type: string, minLength: 1, x-cause: boring}",
            "/x-errors/causes",
            "boring, the x-cause of scene, is not declared",
        ),
    ],
    ids=[
        "unknown security scheme",
        "unknown security scheme of one operation",
        "duplicate path",
        "link to nowhere",
        "example that does not match",
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
