"""The jobs that an answer tells of."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, read_exchange
from aisa_testkit.contracts.traffic.job_views import jobs_in
from aisa_testkit.openapi import Call, Document, Ending, Reply
from aisa_testkit.openapi.json import Json

QUEUED = {"id": "a", "status": "queued"}
DONE = {"id": "b", "status": "completed"}
READY = {"job": {"ref": "a", "phase": {"word": "ready"}}}
WAITING = {"job": {"ref": "b", "phase": {"word": "waiting"}}}
Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]


def seen(
    document: Document,
    operation_id: str,
    body: Json,
    *,
    status: int = 200,
    media_type: str = "application/json",
) -> list[tuple[str, str]]:
    """The ids and the states in an answer."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    reply = Reply(status, {"content-type": media_type}, content)
    exchange = read_exchange(document, Call(operation_id, {"id": "a"}), reply, at=0)
    return [(sighting.job_id, sighting.state.name) for sighting in jobs_in(document, exchange)]


@pytest.mark.parametrize("operation_id", ["createVideo", "getVideo", "remixVideo"])
def test_an_answer_that_is_a_job_shows_it(document: Document, operation_id: str) -> None:
    assert seen(document, operation_id, QUEUED) == [("a", "queued")]
    assert seen(document, operation_id, QUEUED, status=202) == [("a", "queued")]


def test_a_page_shows_its_jobs_in_their_order(document: Document) -> None:
    page = {"data": [DONE, QUEUED], "first_id": "b", "last_id": "a", "has_more": False}
    assert seen(document, "listVideos", page) == [("b", "completed"), ("a", "queued")]


def test_another_document_has_other_places(other_document: Document) -> None:
    assert seen(other_document, "submitRendering", WAITING, status=202) == [("b", "waiting")]
    assert seen(other_document, "rendering", READY) == [("a", "ready")]
    page = {"tickets": [READY, WAITING], "cursor": None}
    assert seen(other_document, "pageOfRenderings", page) == [("a", "ready"), ("b", "waiting")]
    assert seen(other_document, "rendering", QUEUED) == []


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_a_media_type_is_known_however_it_is_written(document: Document, media_type: str) -> None:
    assert seen(document, "getVideo", DONE, media_type=media_type) == [("b", "completed")]


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
        ("getVideo", {"id": 7, "status": "queued"}, 200, "application/json"),
        ("getVideo", {"id": "a", "status": "gone"}, 200, "application/json"),
        ("getVideo", {"id": "a", "status": ["queued"]}, 200, "application/json"),
        ("getVideo", {"data": [DONE]}, 200, "application/json"),
        ("listVideos", DONE, 200, "application/json"),
        ("listVideos", [DONE], 200, "application/json"),
        ("listVideos", {"data": DONE}, 200, "application/json"),
        ("listVideos", {"data": None}, 200, "application/json"),
    ],
)
def test_an_answer_that_shows_no_job_as_documented_shows_none(
    document: Document, operation_id: str, body: Json, status: int, media_type: str
) -> None:
    assert seen(document, operation_id, body, status=status, media_type=media_type) == []


def test_a_page_with_a_spoilt_job_still_shows_the_others(document: Document) -> None:
    page = {"data": [None, QUEUED, {"id": "c"}, "x", DONE]}
    assert seen(document, "listVideos", page) == [("a", "queued"), ("b", "completed")]


def test_a_broken_connection_shows_nothing(document: Document) -> None:
    broken = read_exchange(document, Call("getVideo", {"video_id": "a"}), None, at=0)
    assert jobs_in(document, broken) == ()


@pytest.mark.parametrize("which", ["document", "other_document"], ids=["videos", "renderings"])
def test_a_state_is_the_one_that_the_document_declares(
    request: pytest.FixtureRequest, play: Play, which: str
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, "create, poll, wait, poll, list, delete")
    exchanges = [item for item in history if isinstance(item, Exchange)]
    found = [s for exchange in exchanges for s in jobs_in(document, exchange)]
    (job_id,) = {sighting.job_id for sighting in found}
    assert job_id == exchanges[1].job_id
    states = document.lifecycle.states
    (success,) = document.lifecycle.final_states(Ending.SUCCESS)
    first, last = states[document.lifecycle.initial], states[success]
    assert [sighting.state for sighting in found] == [first, first, last, last]
