"""Jobs as responses show them."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.traffic.job_views import jobs_in
from aisa_testkit.openapi import Call, Document, Meaning, Reply
from aisa_testkit.openapi.json import Json
from tests.support.operations import only_kind
from tests.support.scripted_client import run_script

QUEUED = {"id": "a", "status": "queued"}
DONE = {"id": "b", "status": "completed"}
READY = {"job": {"ref": "a", "phase": {"word": "ready"}}}
WAITING = {"job": {"ref": "b", "phase": {"word": "waiting"}}}


def views(
    document: Document,
    operation_id: str,
    body: Json,
    *,
    status: int = 200,
    media_type: str = "application/json",
) -> list[tuple[str, str]]:
    """The ids and the states in a response."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    reply = Reply(status, {"content-type": media_type}, content)
    exchange = read_exchange(document, Call(operation_id, {"id": "a"}), reply, at=0)
    return [(view.job_id, view.state.name) for view in jobs_in(document, exchange)]


@pytest.mark.parametrize("operation_id", ["createVideo", "getVideo", "remixVideo"])
def test_response_with_a_job_has_one_view(document: Document, operation_id: str) -> None:
    assert views(document, operation_id, QUEUED) == [("a", "queued")]
    assert views(document, operation_id, QUEUED, status=202) == [("a", "queued")]


def test_page_has_a_view_of_each_job_in_order(document: Document) -> None:
    page = {"data": [DONE, QUEUED], "first_id": "b", "last_id": "a", "has_more": False}
    assert views(document, "listVideos", page) == [("b", "completed"), ("a", "queued")]


def test_jobs_are_found_at_the_places_of_another_document(other_document: Document) -> None:
    assert views(other_document, "submitRendering", WAITING, status=202) == [("b", "waiting")]
    assert views(other_document, "rendering", READY) == [("a", "ready")]
    page = {"tickets": [READY, WAITING], "cursor": None}
    assert views(other_document, "pageOfRenderings", page) == [("a", "ready"), ("b", "waiting")]
    assert views(other_document, "rendering", QUEUED) == []


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_content_type_is_compared_without_case_and_parameters(
    document: Document, media_type: str
) -> None:
    assert views(document, "getVideo", DONE, media_type=media_type) == [("b", "completed")]


@pytest.mark.parametrize(
    ("operation_id", "body", "status", "media_type"),
    [
        ("getVideo", DONE, 404, "application/json"),
        ("getVideo", DONE, 302, "application/json"),
        ("getVideo", DONE, 200, "text/html"),
        ("getVideo", DONE, 200, ""),
        ("deleteVideo", DONE, 200, "application/json"),
        ("getVideoContent", DONE, 200, "application/json"),
        ("getVideo", b"", 200, "application/json"),
        ("getVideo", b'{"id":"a","status":"queued"', 200, "application/json"),
        ("getVideo", b"\xff", 200, "application/json"),
        ("getVideo", None, 200, "application/json"),
        ("getVideo", [DONE], 200, "application/json"),
        ("getVideo", {"id": "a"}, 200, "application/json"),
        ("getVideo", {"id": None, "status": "queued"}, 200, "application/json"),
        ("getVideo", {"id": "a", "status": "gone"}, 200, "application/json"),
        ("getVideo", {"id": "a", "status": ["queued"]}, 200, "application/json"),
        ("getVideo", {"data": [DONE]}, 200, "application/json"),
        ("listVideos", DONE, 200, "application/json"),
        ("listVideos", [DONE], 200, "application/json"),
        ("listVideos", {"data": DONE}, 200, "application/json"),
        ("listVideos", {"data": None}, 200, "application/json"),
    ],
)
def test_response_without_a_documented_job_has_no_views(
    document: Document, operation_id: str, body: Json, status: int, media_type: str
) -> None:
    assert views(document, operation_id, body, status=status, media_type=media_type) == []


def test_invalid_job_on_a_page_is_left_out(document: Document) -> None:
    page = {"data": [None, QUEUED, {"id": "c"}, "x", DONE]}
    assert views(document, "listVideos", page) == [("a", "queued"), ("b", "completed")]


def test_broken_connection_has_no_views(document: Document) -> None:
    broken = read_exchange(document, Call("getVideo", {"video_id": "a"}), None, at=0)
    assert jobs_in(document, broken) == ()


def test_state_of_a_view_is_declared_by_the_document(any_document: Document) -> None:
    history = run_script(any_document, "create, poll, wait, poll, list, delete")
    exchanges = [item for item in history if isinstance(item, Exchange)]
    found = [s for exchange in exchanges for s in jobs_in(any_document, exchange)]
    (job_id,) = {view.job_id for view in found}
    assert job_id == exchanges[1].job_id
    states = only_kind(any_document).lifecycle.states
    (success,) = only_kind(any_document).lifecycle.named(Meaning.SUCCESS)
    first, last = only_kind(any_document).lifecycle.initial, states[success]
    assert [view.state for view in found] == [first, first, last, last]
