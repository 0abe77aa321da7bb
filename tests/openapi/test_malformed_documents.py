"""Malformed documents raise DocumentError with problems, never another exception."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import parse_document

Problems = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        (
            "schema: {$ref: '#/components/schemas/Order'}",
            "schema: true",
            "/components/schemas/Ticket/x-lifecycle/echoes/0/field",
        ),
        (
            "{name: cursor, in: query, schema: {type: string}}",
            "{$ref: '#/components/schemas/Order'}",
            "/paths/~1renderings/get/parameters/1",
        ),
        (
            "links: {type: object}",
            "links: {type: object}\n        value: {$ref: '#/components/schemas/None'}",
            "/components/schemas/Ticket/properties/value",
        ),
        (
            "        links: {type: object}",
            "        links: {type: object}\n      allOf: [{$ref: '#/components/schemas/Ticket'}]",
            "/components/schemas/Ticket",
        ),
        (
            "security: [{key: []}]",
            "security: [{key: []}]\nx-other: {$ref: '#/security/²'}",
            "/x-other",
        ),
    ],
    ids=[
        "body of any type",
        "reference to another kind of thing",
        "dangling reference in a property called value",
        "schema that contains itself",
        "reference to an index that is not a number",
    ],
)
def test_malformed_document_is_a_document_error(
    problems_after: Problems, old: str, new: str, pointer: str
) -> None:
    found = problems_after((old, new))
    assert any(place.startswith(pointer) for place, _ in found)


def test_reference_may_have_a_description(changed: Callable[..., str]) -> None:
    old = "        '416': {$ref: '#/components/responses/Problem'}"
    new = old.replace("}", ", description: No such bytes.}")
    responses = parse_document(changed((old, new))).operations["film"].responses
    assert responses[416].content["application/json"] is responses[404].content["application/json"]


def test_security_scheme_may_be_a_reference(changed: Callable[..., str]) -> None:
    new = "key: {$ref: '#/components/securitySchemes/shared'}\n    shared: {type: apiKey"
    credentials = parse_document(changed(("key: {type: apiKey", new))).credentials
    assert credentials is not None
    assert (credentials.header, credentials.scheme) == ("x-render-key", "")


def test_recursive_schema_is_supported(changed: Callable[..., str]) -> None:
    new = "links: {type: object, additionalProperties: {$ref: '#/components/schemas/Ticket'}}"
    document = parse_document(changed(("links: {type: object}", new)))
    assert not document.job.accepts({"kind": "ticket", "job": {}, "links": {"a": {}}})
