"""The documents that can be read, and those that cannot."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import DocumentError, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.film_api import REMOVED, parse_api, problems_of


@pytest.mark.parametrize("version", ["3.0.0", "3.0.3", "3.1.0", "3.1.1", "3.2.0"])
def test_version_is_read(version: str) -> None:
    assert parse_api({"/openapi": version}).kinds.keys() == {"film"}


@pytest.mark.parametrize(
    ("pointer", "value", "place", "reason"),
    [
        ("/swagger", "2.0", "/swagger", "is Swagger 2.0; convert it to OpenAPI 3, which is read"),
        ("/openapi", "2.0", "/openapi", "must be 3.0, 3.1 or 3.2, not 2.0"),
        ("/openapi", "4.0.0", "/openapi", "must be 3.0, 3.1 or 3.2, not 4.0.0"),
        ("/openapi", 3.1, "/openapi", "must be a text such as '3.1.0', not 3.1"),
        (
            "/openapi",
            REMOVED,
            "/openapi",
            "is missing; an OpenAPI document begins with openapi: 3.1.0",
        ),
        ("/paths", REMOVED, "/paths", "has no operations"),
        ("/paths", {}, "/paths", "has no operations"),
        ("/paths", [], "/paths", "has no operations"),
    ],
)
def test_unusable_document_is_an_error(pointer: str, value: Json, place: str, reason: str) -> None:
    assert problems_of({pointer: value}) == [(place, reason)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("swagger: '2.0'\npaths: {}", "line 1, /swagger: is Swagger 2.0; convert it to OpenAPI 3,"),
        (
            "overlay: 1.1.0",
            "line 1, /overlay: begins an overlay; give the document that it changes",
        ),
        ("a: 1\nasyncapi: 3.0.0", "line 2, /asyncapi: begins another kind of document; an OpenAPI"),
        ("openapis: 3.1.0", "begins with openapi: 3.1.0; is it openapis?"),
    ],
)
def test_other_form_of_file_is_named(text: str, reason: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "5", "openapi"])
def test_document_must_be_an_object(text: str) -> None:
    with pytest.raises(DocumentError, match="is not an OpenAPI document: it must be an object; an"):
        parse_document(text)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "null"])
def test_empty_document_is_an_error(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    beginning = "an OpenAPI document begins with openapi: 3.1.0"
    reason = f"is not an OpenAPI document: it is empty; {beginning}"
    assert [problem.reason for problem in caught.value.problems] == [reason]


def test_document_without_jobs_is_read() -> None:
    document = parse_api({"/x-jobs": REMOVED})
    assert (document.kinds, document.roles) == ({}, {})
    assert len(document.operations) == 6


def test_document_is_not_changed_by_its_reading() -> None:
    text = '{"openapi": "3.0.0", "paths": {"/a": {"get": {}}}, "info": {"title": 5}}'
    document = parse_document(text)
    assert document.source.text == text
    assert document.source.data["info"] == {}
