"""Styles of parameters: what a check writes, a server reads, in every place of a request."""

from __future__ import annotations

from typing import Any

import pytest

from aisa_testkit.contracts.check.request_maker import RequestMaker
from aisa_testkit.contracts.traffic.request_builder import url_of
from aisa_testkit.openapi import Arguments, Call, Document
from aisa_testkit.openapi.jobs import Part, Place
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.request import read_call
from aisa_testkit.openapi.request_place import read_place
from aisa_testkit.openapi.routing import OperationMatch
from tests.support.job_api import JOB, JobApi, object_of, operation

WHOLE: Json = {"type": "integer"}
ARRAY: Json = {"type": "array", "items": {"$ref": "#/components/schemas/Whole"}}
COLOR: Json = object_of({"R": WHOLE, "tone": {"type": "string"}})
TREE: Json = object_of({"leaf": COLOR, "tags": {"type": "array", "items": {"type": "string"}}})
PLACES = {"query": Part.QUERY, "header": Part.HEADER, "cookie": Part.COOKIE, "path": Part.PATH}


def document_with(place: str, **parameter: Any) -> Document:
    """A document whose create has the parameter `color`."""
    parameters = [{"name": "color", "in": place, "required": True, **parameter}]
    target = "/jobs/of/{color}" if place == "path" else "/jobs"
    create = operation("createJob", JOB, parameters=parameters)
    paths = {"/jobs": {"post": operation("other")}, target: {"post": create}}
    return JobApi(paths=paths, schemas={"Whole": WHOLE}).document


def sent_and_read(document: Document, place: str, value: Json) -> tuple[str, Call, Arguments]:
    """The URL of a check's request with a value; the request, and what a server reads of it."""
    (create,) = document.kinds["work"].creates
    maker = RequestMaker(document, create, key="k")
    call = maker.request(create.operation, values={Place(PLACES[place], ("color",)): value})
    url = url_of(document, call, "")
    match = document.match("POST", url.partition("?")[0])
    assert isinstance(match, OperationMatch)
    call = Call(call.operation_id, match.path_parameters, call.query, call.headers)
    return url, call, read_call(create.operation, call)


@pytest.mark.parametrize(
    ("place", "parameter", "value", "written"),
    [
        ("query", {"schema": WHOLE}, 7, "color=7"),
        ("query", {"schema": ARRAY}, [1, 2], "color=1&color=2"),
        ("query", {"schema": ARRAY, "explode": False}, [1, 2], "color=1%2C2"),
        ("query", {"schema": ARRAY, "style": "spaceDelimited"}, [1, 2], "color=1+2"),
        ("query", {"schema": ARRAY, "style": "pipeDelimited"}, [1, 2], "color=1%7C2"),
        ("query", {"schema": COLOR}, {"R": 9, "tone": "x"}, "R=9&tone=x"),
        (
            "query",
            {"schema": COLOR, "explode": False},
            {"R": 9, "tone": "x"},
            "color=R%2C9%2Ctone%2Cx",
        ),
        ("query", {"schema": COLOR, "style": "pipeDelimited"}, {"R": 9}, "color=R%7C9"),
        (
            "query",
            {"schema": TREE, "style": "deepObject"},
            {"leaf": {"R": 9}, "tags": ["a", "b"]},
            "color%5Bleaf%5D%5BR%5D=9&color%5Btags%5D%5B%5D=a&color%5Btags%5D%5B%5D=b",
        ),
        ("query", {"schema": {"type": "object"}}, {"any": "x"}, "any=x"),
        ("path", {"schema": WHOLE}, 7, "/7"),
        ("path", {"schema": ARRAY}, [1, 2], "/1%2C2"),
        ("path", {"schema": COLOR}, {"R": 9, "tone": "x"}, "/R%2C9%2Ctone%2Cx"),
        ("path", {"schema": COLOR, "explode": True}, {"R": 9, "tone": "x"}, "/R%3D9%2Ctone%3Dx"),
        ("path", {"schema": WHOLE, "style": "label"}, 7, "/.7"),
        ("path", {"schema": ARRAY, "style": "label", "explode": True}, [1, 2], "/.1.2"),
        ("path", {"schema": ARRAY, "style": "label"}, [1, 2], "/.1%2C2"),
        ("path", {"schema": COLOR, "style": "label", "explode": True}, {"R": 9}, "/.R%3D9"),
        ("path", {"schema": WHOLE, "style": "matrix"}, 7, "/;color=7"),
        ("path", {"schema": ARRAY, "style": "matrix"}, [1, 2], "/;color=1%2C2"),
        (
            "path",
            {"schema": ARRAY, "style": "matrix", "explode": True},
            [1, 2],
            "/;color=1%3Bcolor%3D2",
        ),
        ("path", {"schema": COLOR, "style": "matrix"}, {"R": 9}, "/;color=R%2C9"),
        (
            "path",
            {"schema": COLOR, "style": "matrix", "explode": True},
            {"R": 9, "tone": "x"},
            "/;R%3D9%3Btone%3Dx",
        ),
        ("header", {"schema": ARRAY}, [1, 2], "1,2"),
        ("header", {"schema": COLOR}, {"R": 9, "tone": "x"}, "R,9,tone,x"),
        ("header", {"schema": COLOR, "explode": True}, {"R": 9, "tone": "x"}, "R=9,tone=x"),
        ("cookie", {"schema": WHOLE}, 7, "color=7"),
        ("cookie", {"schema": ARRAY, "explode": False}, [1, 2], "color=1,2"),
        (
            "query",
            {"content": {"application/json": {"schema": TREE}}},
            {"leaf": {"R": 9}},
            "color=%7B%22leaf%22%3A%7B%22R%22%3A9%7D%7D",
        ),
        ("header", {"content": {"application/json": {"schema": ARRAY}}}, [1, 2], "[1,2]"),
    ],
)
def test_value_is_read_as_it_was_written(
    place: str, parameter: dict[str, Json], value: Json, written: str
) -> None:
    url, call, arguments = sent_and_read(document_with(place, **parameter), place, value)
    texts = {"header": call.headers.get("color", ""), "cookie": call.headers.get("cookie", "")}
    assert texts.get(place, url).endswith(written)
    assert arguments.problems == ()
    if place != "header":
        assert read_place(Place(PLACES[place], ("color",)), call, arguments) == value


@pytest.mark.parametrize(
    ("place", "schema"),
    [("query", COLOR), ("query", ARRAY), ("header", ARRAY), ("cookie", WHOLE)],
    ids=str,
)
def test_missing_and_invalid_values_are_problems(place: str, schema: Json) -> None:
    document = document_with(place, schema=schema, explode=False)
    create = document.operations["createJob"]
    (missing,) = read_call(create, Call(create.id)).problems
    assert missing.message.endswith("is required")
    query = (("color", "R,x"),) if place == "query" else ()
    headers = {"color": "R,x", "cookie": "theme=dark; color=R,x"} if place != "query" else {}
    problems = read_call(create, Call(create.id, query=query, headers=headers)).problems
    assert {problem.parameter for problem in problems} == {"color"}


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([("color[]", "1")], [1]),
        ([("color[]", "1"), ("color[]", "2")], [1, 2]),
        ([("color[0]", "1"), ("color[1]", "2")], [1, 2]),
        ([("color", "1"), ("color[]", "2")], [1, 2]),
    ],
    ids=str,
)
def test_names_with_brackets_belong_to_an_array(pairs: list[tuple[str, str]], value: Json) -> None:
    create = document_with("query", schema=ARRAY).operations["createJob"]
    arguments = read_call(create, Call(create.id, query=tuple(pairs)))
    assert (arguments.query, arguments.problems, arguments.unknown_names) == (
        {"color": value},
        (),
        (),
    )


@pytest.mark.parametrize("name", ["colors[]", "color[", "color]", "color[x", "[]"])
def test_other_names_with_brackets_are_unknown(name: str) -> None:
    create = document_with("query", schema=ARRAY, required=False).operations["createJob"]
    arguments = read_call(create, Call(create.id, query=((name, "1"),)))
    assert (arguments.query, arguments.unknown_names) == ({}, (name,))


def test_name_that_is_declared_with_brackets_is_taken_as_it_is() -> None:
    create = document_with("query", name="include[]", schema=ARRAY).operations["createJob"]
    arguments = read_call(create, Call(create.id, query=(("include[]", "1"), ("include[]", "2"))))
    assert (arguments.query, arguments.problems) == ({"include[]": [1, 2]}, ())


@pytest.mark.parametrize("path", ["/jobs/of/7", "/jobs/of/;colour=7"])
def test_path_without_its_prefix_is_not_the_operation(path: str) -> None:
    document = document_with("path", schema=WHOLE, style="matrix")
    assert not isinstance(document.match("POST", path), OperationMatch)


def test_job_is_polled_at_a_path_with_a_style() -> None:
    poll = operation(
        "getJob",
        JOB,
        parameters=[
            {
                "name": "id",
                "in": "path",
                "required": True,
                "style": "label",
                "schema": {"type": "string"},
            }
        ],
    )
    api = JobApi(paths={"/jobs/{id}": {"get": poll}})
    job = api.create()
    assert api.get(f"/jobs/.{job['id']}")["id"] == job["id"]
