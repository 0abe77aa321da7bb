"""Reading the query and the headers of requests, and arbitrary requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.openapi import Arguments, Call, Document, load_document, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.request import read_call
from aisa_testkit.openapi.schema import value_from_text

DOCUMENT = load_document()


def read_list_query(document: Document, *query: tuple[str, str]) -> Arguments:
    return read_call(document.operations["listVideos"], Call("listVideos", query=query))


def test_absent_query_parameter_has_its_default(document: Document) -> None:
    assert read_list_query(document) == Arguments(query={"limit": 20, "order": "desc"})


@pytest.mark.parametrize("limit", [0, 1, 100])
def test_number_in_the_query_is_converted(document: Document, limit: int) -> None:
    arguments = read_list_query(document, ("after", "x"), ("limit", str(limit)), ("order", "asc"))
    assert arguments == Arguments(query={"limit": limit, "after": "x", "order": "asc"})


@pytest.mark.parametrize(
    ("limit", "cause", "message"),
    [
        ("-1", "field-value", "limit: must be at least 0 and at most 100, not -1"),
        ("101", "field-value", "limit: must be at least 0 and at most 100, not 101"),
        (
            "999999999999999999",
            "field-value",
            "limit: must be at least 0 and at most 100, not 999999999999999999",
        ),
        (
            "1e9",
            "field-type",
            "limit: must be of type integer, at least 0 and at most 100, not '1e9'",
        ),
        (
            "5.3e-290",
            "field-type",
            "limit: must be of type integer, at least 0 and at most 100, not '5.3e-290'",
        ),
        (
            "20.0",
            "field-type",
            "limit: must be of type integer, at least 0 and at most 100, not '20.0'",
        ),
        (
            " 20",
            "field-type",
            "limit: must be of type integer, at least 0 and at most 100, not ' 20'",
        ),
        ("", "field-type", "limit: must be of type integer, at least 0 and at most 100, not ''"),
    ],
)
def test_invalid_limit_is_reported_with_the_expected_range(
    document: Document, limit: str, cause: str, message: str
) -> None:
    (problem,) = read_list_query(document, ("limit", limit)).problems
    assert (problem.cause, problem.parameter, problem.message) == (cause, "limit", message)


def test_invalid_enum_value_is_reported_with_the_allowed_values(document: Document) -> None:
    (problem,) = read_list_query(document, ("order", "up")).problems
    assert problem.message == "order: must be one of 'asc', 'desc', not 'up'"


def test_duplicate_query_parameter_is_a_problem(document: Document) -> None:
    arguments = read_list_query(document, ("limit", "5"), ("limit", "6"))
    assert [(p.parameter, p.message) for p in arguments.problems] == [
        ("limit", "limit: must be given once, not twice")
    ]


def test_unknown_query_parameters_are_accepted_and_listed(document: Document) -> None:
    arguments = read_list_query(document, ("page", "1"), ("page", "2"), ("limit", "5"))
    assert (arguments.problems, arguments.query["limit"]) == ((), 5)
    assert set(arguments.unknown_names) == {"page"}


def test_operation_without_a_query_lists_unknown_parameters(document: Document) -> None:
    call = Call("getVideo", {"video_id": "x"}, query=(("expand", "all"),))
    assert read_call(document.operations["getVideo"], call).unknown_names == ("expand",)


def test_operation_without_parameters_lists_unknown_parameters(document: Document) -> None:
    call = Call("remixVideo", {"video_id": "x"}, query=(("dry_run", "1"),))
    assert read_call(document.operations["remixVideo"], call).unknown_names == ("dry_run",)
    call = Call("createVideo", query=(("dry_run", "1"),))
    assert read_call(document.operations["createVideo"], call).unknown_names == ("dry_run",)


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("4", {"type": "integer"}, 4),
        ("-4", {"type": ["integer", "null"]}, -4),
        ("4", {"type": "string"}, "4"),
        ("4", {"type": ["integer", "string"]}, "4"),
        ("4", {}, "4"),
        ("4.5", {"type": "number"}, 4.5),
        ("4.5", {"type": "integer"}, "4.5"),
        ("1e9", {"type": "integer"}, "1e9"),
        ("inf", {"type": "number"}, "inf"),
        ("5.3e-290", {"type": "number"}, "5.3e-290"),
        ("٤", {"type": "integer"}, "٤"),
        ("9" * 5000, {"type": "integer"}, "9" * 5000),
        ("true", {"type": "boolean"}, True),
        ("True", {"type": "boolean"}, "True"),
        ("4", True, "4"),
    ],
)
def test_text_is_converted_to_the_type_of_its_schema(text: str, schema: Json, value: Json) -> None:
    found = value_from_text(text, schema)
    assert (type(found), found) == (type(value), value)


HEADER = """\
      parameters:
        - {name: Batch-Size, in: header, required: true, schema: {type: integer, maximum: 9}}
        - {name: size, in: query, required: true, schema: {type: integer}}
"""


@pytest.fixture
def document_with_required_headers(renderings: str) -> Document:
    """A document whose list operation requires a header and a parameter."""
    head, found, tail = renderings.partition(
        "      parameters:\n        - {name: size, in: query, schema:"
        " {type: integer, minimum: 1, maximum: 50, default: 10}}\n"
    )
    assert found
    return parse_document(head + HEADER + tail)


@pytest.mark.parametrize(
    ("headers", "messages"),
    [
        ({}, ["size: is required", "Batch-Size: the header is required"]),
        ({"batch-size": "9"}, ["size: is required"]),
        (
            {"batch-size": "10"},
            ["size: is required", "Batch-Size: must be at most 9, not 10"],
        ),
        (
            {"batch-size": "x"},
            [
                "size: is required",
                "Batch-Size: must be of type integer, at most 9, not 'x'",
            ],
        ),
    ],
    ids=["absent", "valid", "too large", "not a number"],
)
def test_request_headers_are_validated(
    document_with_required_headers: Document, headers: dict[str, str], messages: list[str]
) -> None:
    operation = document_with_required_headers.operations["pageOfRenderings"]
    arguments = read_call(operation, Call(operation.id, headers=headers))
    assert [problem.message for problem in arguments.problems] == messages


def test_body_of_an_operation_without_a_body_is_ignored(document: Document) -> None:
    call = Call("getVideo", {"video_id": "x"}, headers={"content-type": "x"}, body=b"\xff")
    assert read_call(document.operations["getVideo"], call) == Arguments()


content_types = st.sampled_from(
    ["application/json", "multipart/form-data; boundary=b", "multipart/form-data", "text/plain"]
) | st.text(st.characters(exclude_categories=[])).map("multipart/form-data; boundary={}".format)
bodies = st.binary() | st.lists(
    st.sampled_from(
        [
            b"--b\r\n",
            b"--b--\r\n",
            b'Content-Disposition: form-data; name="prompt"\r\n\r\n',
            b'Content-Disposition: form-data; name="input_reference"; filename="a"\r\n\r\n',
            b"\r\n",
            b'{"prompt": "x", "seconds": ',
            b"[{",
            b"}",
        ]
    )
    | st.binary(max_size=8)
).map(b"".join)


@given(
    st.sampled_from(["createVideo", "remixVideo", "listVideos", "getVideoContent"]),
    content_types,
    bodies,
    st.lists(st.tuples(st.sampled_from(["limit", "after", "order", "variant"]), st.text())),
)
def test_reading_a_request_never_raises(
    name: str, content_type: str, body: bytes, query: list[tuple[str, str]]
) -> None:
    call = Call(name, query=tuple(query), headers={"content-type": content_type}, body=body)
    arguments = read_call(DOCUMENT.operations[name], call)
    assert all(problem.message for problem in arguments.problems)
    assert all(p.cause in DOCUMENT.envelope.responses for p in arguments.problems)


def test_deeply_nested_value_is_reported_by_its_type() -> None:
    body = b'{"prompt": ' + b"[" * 1000 + b"]" * 1000 + b"}"
    call = Call("createVideo", headers={"content-type": "application/json"}, body=body)
    (problem,) = read_call(DOCUMENT.operations["createVideo"], call).problems
    assert problem.message.startswith("prompt: must be of type string, not [[[")
    assert len(problem.message) < 200
