"""Tagged prompts, by which a check finds jobs in a list that no request created."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.contracts import Exchange, check_history
from aisa_testkit.contracts.rules.server.prompt_tags import tag_prompt
from aisa_testkit.openapi import Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.exchanges import json_reply, make_exchange
from tests.support.jobs import video_json

TAGGED = "A lighthouse (check 7)"
REJECTED = json_reply({"error": {}}, 400)


def job(job_id: str, prompt: Json = TAGGED) -> dict[str, Json]:
    return video_json(id=job_id, prompt=prompt)


def create(document: Document, reply: Reply | None, prompt: str = TAGGED) -> Exchange:
    return make_exchange(document, JobRole.CREATE, reply, fields={"prompt": prompt})


def created(document: Document, job_id: str, prompt: str = TAGGED) -> Exchange:
    return create(document, json_reply(job(job_id, prompt)), prompt)


def listed(document: Document, *jobs: Mapping[str, Json]) -> Exchange:
    ids = [job["id"] for job in jobs] or [None]
    page = {"object": "list", "data": jobs, "first_id": ids[0], "last_id": ids[-1]}
    reply = json_reply({**page, "has_more": False})
    return make_exchange(document, JobRole.LIST, reply, at=1780000001)


def found(document: Document, *history: Exchange) -> list[tuple[str, tuple[int, ...], str]]:
    """The code, the numbers and the received value of each violation."""
    return [(v.code, v.numbers, v.received) for v in check_history(document, history)]


def test_jobs_of_another_run_with_the_same_seed_are_not_reported(document: Document) -> None:
    ours, theirs = (tag_prompt("A lighthouse", 7, run) for run in ("0a1b", "2c3d"))
    page = listed(document, job("theirs", theirs), job("ours", ours))
    assert found(document, created(document, "ours", ours), page) == []
    again = listed(document, job("again", ours), job("ours", ours))
    assert [code for code, _, _ in found(document, created(document, "ours", ours), again)] == [
        "AV236"
    ]


def test_prompt_is_tagged_with_the_seed_unless_it_is_zero() -> None:
    assert (tag_prompt("A lighthouse", 7), tag_prompt("A lighthouse", 0)) == (
        TAGGED,
        "A lighthouse",
    )


def test_listed_job_of_a_rejected_request_is_reported(document: Document) -> None:
    history = create(document, REJECTED), listed(document, job("v-1"))
    assert found(document, *history) == [("AV236", (2,), f"v-1 with {TAGGED!r}")]


def test_second_job_of_one_request_is_reported(document: Document) -> None:
    history = created(document, "v-1"), listed(document, job("v-2"), job("v-1"))
    assert found(document, *history) == [("AV236", (2,), f"v-2 with {TAGGED!r}")]


@pytest.mark.parametrize(
    "reply",
    [None, json_reply({}, 500), json_reply({}, 503)],
    ids=["no response", "internal error", "overload"],
)
def test_request_without_a_final_status_may_have_created_a_job(
    document: Document, reply: Reply | None
) -> None:
    history = created(document, "v-1"), create(document, reply), listed(document, *map(job, "ab"))
    assert "AV236" not in {code for code, _, _ in found(document, *history)}


@pytest.mark.parametrize(
    "prompt",
    ["A lighthouse", "A lighthouse (check 8)", "A lighthouse (check 0)", f"{TAGGED}!", None],
    ids=["no tag", "another tag", "tag 0", "tag not at the end", "null"],
)
def test_jobs_with_other_prompts_are_ignored(document: Document, prompt: str | None) -> None:
    history = create(document, REJECTED), listed(document, job("v-1", prompt))
    assert found(document, *history) == []


def test_prompts_without_a_tag_are_not_compared(document: Document) -> None:
    """Other clients of the server may send the same prompt."""
    plain = create(document, REJECTED, "A lighthouse")
    assert found(document, plain, listed(document, job("v-1", "A lighthouse"))) == []


def test_created_and_deleted_jobs_are_not_unrequested(document: Document) -> None:
    reply = json_reply({"id": "v-1", "object": "video.deleted", "deleted": True})
    deletion = make_exchange(document, JobRole.DELETE, reply, job_id="v-1", at=1780000001)
    assert found(document, created(document, "v-1"), listed(document, job("v-1"))) == []
    history = created(document, "v-1"), deletion, listed(document, job("v-1"))
    assert [code for code, _, _ in found(document, *history)] == ["AV216"]


def test_job_listed_before_the_request_is_not_unrequested(document: Document) -> None:
    history = listed(document, job("v-0")), created(document, "v-1")
    assert found(document, *history) == []


def test_job_older_than_the_first_created_job_is_of_another_run(
    document: Document,
) -> None:
    """Two checks with the same seed tag their prompts alike."""
    old = {**job("v-0"), "created_at": 1780000000 - 3600}
    history = created(document, "v-1"), listed(document, job("v-1"), old)
    assert found(document, *history) == []
