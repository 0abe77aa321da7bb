"""Malformed documents raise DocumentError with problems, never another exception."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import DocumentError, parse_document

Problems = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
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


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ("{pattern: '((a{1000}){1000}){1000}'}", "pattern"),
        ("{patternProperties: {'((a{1000}){1000}){1000}': {}}}", "patternProperties"),
        ("{properties: {x: {$ref: '#/components/schemas/Other/properties/x'}}}", "properties/x"),
    ],
    ids=["large pattern", "large pattern of names", "property that refers to itself"],
)
def test_malformed_schema_that_no_operation_uses_is_an_error(
    problems_after: Problems, schema: str, pointer: str
) -> None:
    ((place, reason),) = problems_after(("  schemas:\n", f"  schemas:\n    Other: {schema}\n"))
    assert place.startswith(f"/components/schemas/Other/{pointer}")
    assert reason in (
        "is too large, or not a regular expression that can be compiled",
        "refers to itself",
    )


def _chain(kind: str, end: str) -> str:
    """3000 components that refer to each other, the last to a component of this text."""
    return "".join(f"    C{n}: {{$ref: '#/components/{kind}/C{n + 1}'}}\n" for n in range(3000)) + (
        f"    C3000: {end}\n"
    )


def test_long_chain_of_references_is_supported(changed: Callable[..., str]) -> None:
    chains = [
        (f"\n  {kind}:\n", f"\n  {kind}:\n" + _chain(kind, end))
        for kind, end in (
            ("schemas", "{type: object}"),
            ("responses", "{$ref: '#/components/responses/Problem'}"),
        )
    ]
    text = changed(
        *chains,
        ("links: {type: object}", "links: {$ref: '#/components/schemas/C0'}"),
        (
            "        '416': {$ref: '#/components/responses/Problem'}",
            "        '416': {$ref: '#/components/responses/C0'}",
        ),
    )
    responses = parse_document(text).operations["film"].responses
    assert responses[416].content["application/json"] is responses[404].content["application/json"]


def test_each_schema_of_a_long_cycle_is_an_error(problems_after: Problems) -> None:
    chain = _chain("schemas", "{$ref: '#/components/schemas/C0'}")
    found = problems_after(("  schemas:\n", "  schemas:\n" + chain))
    assert len(found) == 3001
    assert {reason for _, reason in found} == {"refers to itself"}


def test_document_that_is_nested_too_deeply_is_an_error(problems_after: Problems) -> None:
    nested = "{x: " * 900 + "{}" + "}" * 900
    (problem,) = problems_after(
        ("security: [{key: []}]", f"security: [{{key: []}}]\nx-a: {nested}")
    )
    assert problem == ("", "is nested too deeply")
    with pytest.raises(DocumentError, match="is nested too deeply"):
        parse_document(
            f'{{"openapi": "3.1.0", "paths": {{"/a": {{}}}}, "x-a": {"[" * 900 + "]" * 900}}}'
        )


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
    schema = document.operations["rendering"].success.content["application/json"]
    assert schema is not None
    assert not schema.accepts({"kind": "ticket", "job": {}, "links": {"a": {}}})
