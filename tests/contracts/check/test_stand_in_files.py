"""Checks of mocks whose files have other sizes and lengths than the jobs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.job_api import JobApi, job_schema, operation, request_schema
from tests.support.local_server import LocalServer

WHOLE: Json = {"type": "integer", "default": 321}
STAND_IN = (
    "the server is a mock that has no file of the requested size and length, so that both were"
    " not checked"
)


def document_with(fields: dict[str, Json], **media: str) -> Document:
    """A document whose files have the size and the length that fields of the request say."""
    paths = {"/jobs/{id}/file": {"get": operation("getFile", content={"video/mp4": {}})}}
    returned = {f"/{name}": {"request": f"/{name}"} for name in fields}
    return JobApi(
        request=request_schema(**fields),
        job=job_schema(**fields),
        paths=paths,
        kind={"result": "getFile", "media": media, "fields": returned},
    ).document


@pytest.mark.parametrize(
    ("fields", "media", "notes"),
    [
        (
            {"width": WHOLE, "height": WHOLE},
            {"width": "/width", "height": "/height"},
            (STAND_IN,),
        ),
        ({"size": {"type": "string", "default": "77x33"}}, {"size": "/size"}, (STAND_IN,)),
        ({"seconds": {"type": "integer", "default": 37}}, {"duration": "/seconds"}, (STAND_IN,)),
        ({"size": {"type": "string", "default": "1280x720"}}, {"size": "/size"}, ()),
    ],
    ids=["width and height", "size", "seconds", "size that the mock has"],
)
def test_mock_that_serves_the_nearest_file_is_not_reported(
    fields: dict[str, Json], media: dict[str, str], notes: tuple[str, ...]
) -> None:
    result = LocalServer(document_with(fields, **media)).run_check()
    assert (result.violations, result.notes) == ((), notes)


def test_other_server_with_that_file_is_reported() -> None:
    document = document_with({"width": WHOLE, "height": WHOLE}, width="/width", height="/height")

    def as_a_server(_: LocalServer, __: Call, reply: Reply) -> Reply:
        headers = {name: text for name, text in reply.headers.items() if name != "x-mock-media"}
        return replace(reply, headers=headers)

    result = LocalServer(document, as_a_server).run_check()
    assert [(v.code, v.expected) for v in result.violations] == [("AV225", "321x321")]
