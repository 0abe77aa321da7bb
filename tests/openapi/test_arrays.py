"""Arrays and objects in queries and in forms."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Arguments, Call, Document, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.request import read_call

DOCUMENT = """
openapi: 3.1.0
info: {title: Kites, version: '1'}
paths:
  /kites:
    get:
      operationId: findKites
      parameters:
        - {name: color, in: query, schema: {type: array, items: {type: string, enum: [red, blue]}}}
        - {name: size, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - name: id
          in: query
          style: pipeDelimited
          explode: false
          schema: {type: array, items: {type: integer}}
        - name: wind
          in: query
          style: deepObject
          schema: {type: object, properties: {from: {type: string}, force: {type: integer}}}
        - {name: calm, in: query, schema: {anyOf: [{type: boolean}, {type: 'null'}]}}
      responses: {'200': {description: Kites.}}
    post:
      operationId: sendKite
      requestBody:
        content:
          multipart/form-data:
            schema:
              type: object
              properties:
                tails: {type: array, items: {type: integer}}
                shape: {type: object, properties: {corners: {type: integer}}}
                name: {type: string}
      responses: {'200': {description: The kite.}}
"""


@pytest.fixture(scope="module")
def kites() -> Document:
    return parse_document(DOCUMENT)


def query(document: Document, *pairs: tuple[str, str]) -> Arguments:
    return read_call(document.operations["findKites"], Call("findKites", query=pairs))


def form(document: Document, *fields: tuple[str, str]) -> Arguments:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields
    ]
    body = "".join([*parts, "--b--\r\n"]).encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return read_call(document.operations["sendKite"], Call("sendKite", headers=headers, body=body))


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("color", "red")], {"color": ["red"]}),
        ([("color", "red"), ("color", "blue")], {"color": ["red", "blue"]}),
        ([("size", "1,2")], {"size": [1, 2]}),
        ([("id", "1|2")], {"id": [1, 2]}),
        ([("wind[from]", "west"), ("wind[force]", "6")], {"wind": {"from": "west", "force": 6}}),
        ([("calm", "false")], {"calm": False}),
    ],
    ids=["one", "repeated", "commas", "pipes", "deep object", "alternative"],
)
def test_arrays_and_objects_of_a_query_are_read_in_their_style(
    kites: Document, pairs: list[tuple[str, str]], expected: Json
) -> None:
    arguments = query(kites, *pairs)
    assert (arguments.query, arguments.problems, arguments.unknown_names) == (expected, (), ())


def test_invalid_entry_of_a_query_is_reported(kites: Document) -> None:
    (problem,) = query(kites, ("color", "red"), ("color", "green")).problems
    assert "green" in problem.message
    (problem,) = query(kites, ("wind[force]", "strong")).problems
    assert problem.parameter == "wind"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("tails", "3")], {"tails": [3]}),
        ([("tails", "3"), ("tails", "4")], {"tails": [3, 4]}),
        ([("tails", "[3, 4]")], {"tails": [3, 4]}),
        ([("shape", '{"corners": 4}')], {"shape": {"corners": 4}}),
        ([("name", "[3]")], {"name": "[3]"}),
    ],
    ids=["one", "repeated", "JSON", "object", "text"],
)
def test_arrays_and_objects_of_a_form_are_read(
    kites: Document, fields: list[tuple[str, str]], expected: Json
) -> None:
    arguments = form(kites, *fields)
    assert (arguments.fields, arguments.problems) == (expected, ())


@pytest.mark.parametrize(
    "fields",
    [[("shape", "round")], [("shape", "[1]")], [("tails", "many")], [("name", "a"), ("name", "b")]],
    ids=["text for an object", "array for an object", "text for a number", "text twice"],
)
def test_invalid_field_of_a_form_is_reported(
    kites: Document, fields: list[tuple[str, str]]
) -> None:
    (problem,) = form(kites, *fields).problems
    assert problem.message.startswith(fields[0][0])
