"""A signed text tells in a list which jobs go back to our own requests."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.contracts.rules.server.prompt_tags import tag_prompt
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer sk-of-a-client", **JSON}
OURS = "A lighthouse (check 7)"
REFUSED = Reply(400, JSON, b'{"error":{}}')


def job(job_id: str, prompt: Json = OURS) -> dict[str, Json]:
    return {
        "id": job_id,
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": 1780000000,
        "completed_at": None,
        "expires_at": None,
        "prompt": prompt,
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }


def create(document: Document, reply: Reply | None, prompt: str = OURS) -> Exchange:
    call = Call("createVideo", {}, (), KEY, orjson.dumps({"prompt": prompt}))
    return read_exchange(document, call, reply, at=1780000000)


def made(document: Document, job_id: str, prompt: str = OURS) -> Exchange:
    return create(document, Reply(200, JSON, orjson.dumps(job(job_id, prompt))), prompt)


def listed(document: Document, *jobs: Mapping[str, Json]) -> Exchange:
    ids = [job["id"] for job in jobs] or [None]
    page = {"object": "list", "data": jobs, "first_id": ids[0], "last_id": ids[-1]}
    body = orjson.dumps({**page, "has_more": False})
    call = Call("listVideos", {}, (), KEY)
    return read_exchange(document, call, Reply(200, JSON, body), at=1780000001)


def told(document: Document, *history: Exchange) -> list[tuple[str, tuple[int, ...], str]]:
    return [(v.code, v.numbers, v.received) for v in check_history(document, history)]


def test_a_text_is_signed_with_the_seed_and_left_alone_without() -> None:
    assert (tag_prompt("A lighthouse", 7), tag_prompt("A lighthouse", 0)) == (OURS, "A lighthouse")


def test_a_job_of_a_refused_request_is_told(document: Document) -> None:
    history = create(document, REFUSED), listed(document, job("v-1"))
    assert told(document, *history) == [("AV236", (2,), f"v-1 with {OURS!r}")]


def test_a_second_job_of_one_request_is_told(document: Document) -> None:
    history = made(document, "v-1"), listed(document, job("v-2"), job("v-1"))
    assert told(document, *history) == [("AV236", (2,), f"v-2 with {OURS!r}")]


@pytest.mark.parametrize(
    "reply",
    [None, Reply(500, JSON, b"{}"), Reply(503, JSON, b"{}")],
    ids=["no answer", "an internal error", "overload"],
)
def test_a_request_of_unknown_end_may_have_made_a_job(
    document: Document, reply: Reply | None
) -> None:
    history = made(document, "v-1"), create(document, reply), listed(document, *map(job, "ab"))
    assert "AV236" not in {code for code, _, _ in told(document, *history)}


@pytest.mark.parametrize(
    "prompt",
    ["A lighthouse", "A lighthouse (check 8)", "A lighthouse (check 0)", f"{OURS}!", None],
    ids=["not signed", "signed by another", "signed with nothing", "not at its end", "no text"],
)
def test_jobs_of_others_are_no_business_of_ours(document: Document, prompt: str | None) -> None:
    history = create(document, REFUSED), listed(document, job("v-1", prompt))
    assert told(document, *history) == []


def test_a_text_that_is_not_signed_tells_nothing(document: Document) -> None:
    """Whoever else uses the server may ask for the same."""
    plain = create(document, REFUSED, "A lighthouse")
    assert told(document, plain, listed(document, job("v-1", "A lighthouse"))) == []


def test_jobs_that_were_made_or_deleted_are_known(document: Document) -> None:
    farewell = b'{"id":"v-1","object":"video.deleted","deleted":true}'
    delete = Call("deleteVideo", {"video_id": "v-1"}, (), KEY)
    deletion = read_exchange(document, delete, Reply(200, JSON, farewell), at=1780000001)
    assert told(document, made(document, "v-1"), listed(document, job("v-1"))) == []
    history = made(document, "v-1"), deletion, listed(document, job("v-1"))
    assert [code for code, _, _ in told(document, *history)] == ["AV216"]


def test_a_text_in_a_list_that_comes_before_the_request_is_not_its(document: Document) -> None:
    history = listed(document, job("v-0")), made(document, "v-1")
    assert told(document, *history) == []


def test_a_job_that_was_there_before_the_first_request_is_of_another_run(
    document: Document,
) -> None:
    """Whoever checks twice with one seed, and keeps the jobs, signs them alike."""
    old = {**job("v-0"), "created_at": 1780000000 - 3600}
    history = made(document, "v-1"), listed(document, job("v-1"), old)
    assert told(document, *history) == []
