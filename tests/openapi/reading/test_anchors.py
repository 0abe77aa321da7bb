"""References by name, and what of OpenAPI 3.2 is left out."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import parse_document
from aisa_testkit.openapi.json import Json
from tests.support.job_api import WHOLE, api_text, object_of, operation


@pytest.mark.parametrize(
    ("anchor", "reference"),
    [("$anchor", "$ref"), ("$dynamicAnchor", "$dynamicRef"), ("$dynamicAnchor", "$ref")],
)
def test_reference_by_name_leads_to_the_schema_with_this_name(anchor: str, reference: str) -> None:
    size: Json = {anchor: "size", **object_of({"width": WHOLE}, "width")}
    answer: Json = object_of({"size": {reference: "#size"}}, "size")
    text = api_text(paths={"/size": {"get": operation("getSize", answer)}}, schemas={"Size": size})
    document = parse_document(text)
    assert document.warnings == ()
    schema = document.operations["getSize"].responses[200].content["application/json"]
    assert schema is not None
    assert schema.accepts({"size": {"width": 3}})
    assert not schema.accepts({"size": {"width": "3"}})
    assert schema.schemas_at(("size", "width")) == [WHOLE]


def test_reference_to_an_unknown_name_is_left_out_with_its_place() -> None:
    answer: Json = object_of({"size": {"$ref": "#size"}})
    document = parse_document(api_text(paths={"/size": {"get": operation("getSize", answer)}}))
    (warning,) = document.warnings
    assert warning.pointer.endswith("/properties/size/$ref")


def test_methods_and_queries_that_are_not_served_are_warnings() -> None:
    whole_query = {"name": "q", "in": "querystring", "content": {"text/plain": {"schema": {}}}}
    sizes = {
        "get": {**operation("getSize", object_of({})), "parameters": [whole_query]},
        "additionalOperations": {"COPY": operation("copySize", object_of({}))},
    }
    root = {"openapi": "3.2.0"}
    document = parse_document(api_text(paths={"/size": sizes}, root=root))
    assert [warning.pointer for warning in document.warnings] == [
        "/paths/~1size/additionalOperations/COPY",
        "/paths/~1size/get/parameters/0",
    ]
