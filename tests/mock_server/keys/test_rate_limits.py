"""Limits as the clients of a service meet them: headers, refusals, waits that are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    MockControls,
    RandomIds,
    SystemClock,
)
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
LIMIT = ("x-ratelimit-limit-requests", "x-ratelimit-limit")
REMAINING = ("x-ratelimit-remaining-requests", "x-ratelimit-remaining")
RESET = ("x-ratelimit-reset-requests", "x-ratelimit-reset")


class Desk:
    """A strict service with limits, and calls to it; every answer must be as documented."""

    def __init__(self, document: Document, **settings: Any) -> None:
        self.clock = ManualClock()
        self.service = JobService(
            document, clock=self.clock, ids=RandomIds(1), seed=1, strict=True, **settings
        )

    def ask(
        self,
        operation: str,
        key: str | None = "sk-test",
        *,
        job: str = "",
        headers: Mapping[str, str] | None = None,
        **fields: Json,
    ) -> Reply:
        sent = {"content-type": "application/json"}
        sent |= {"authorization": f"Bearer {key}", "x-render-key": key} if key is not None else {}
        body = orjson.dumps({"prompt": "A teapot", "scene": "A teapot", **fields})
        call = Call(operation, {"id": job} if job else {}, (), {**sent, **(headers or {})}, body)
        reply = self.service.answer(call)
        known = self.service.document.operations[operation]
        assert [*reply_problems(known, reply)] == []
        return reply

    def make(self, key: str = "sk-test", **fields: Json) -> str:
        return str(orjson.loads(self.ask("createVideo", key, **fields).body)["id"])

    def statuses(self, operation: str, count: int, key: str = "sk-test") -> list[int]:
        return [self.ask(operation, key).status for _ in range(count)]


def told(reply: Reply, names: tuple[str, ...]) -> set[int]:
    """What an answer tells under each of these names."""
    return {int(reply.headers[name]) for name in names}


def error_of(reply: Reply) -> tuple[int, str]:
    return reply.status, orjson.loads(reply.body)["error"]["code"]


@pytest.mark.parametrize(("tier", "number"), [("free", 60), ("starter", 600), ("growth", 3000)])
def test_every_answer_tells_what_is_left_of_the_tier(
    document: Document, tier: str, number: int
) -> None:
    desk = Desk(document, limits=tier)
    answers = [
        desk.ask("createVideo"),
        desk.ask("listVideos"),
        desk.ask("getVideo", job="nobody"),
        desk.ask("createVideo", prompt=""),
        desk.ask("createVideo", headers={"prefer": "code=503"}),
        desk.ask("deleteVideo", job="nobody"),
        desk.ask("remixVideo", job="nobody"),
        desk.ask("getVideoContent", job="nobody"),
    ]
    assert [reply.status for reply in answers] == [200, 200, 404, 400, 503, 404, 404, 404]
    for used, reply in enumerate(answers, 1):
        assert told(reply, LIMIT) == {number}
        assert told(reply, REMAINING) == {number - used}
        assert told(reply, RESET) == {START + 60}


def test_files_and_parts_of_them_tell_it_too(document: Document) -> None:
    desk = Desk(document, limits="free")
    job = desk.make()
    desk.clock.advance(10)
    whole = desk.ask("getVideoContent", job=job)
    part = desk.ask("getVideoContent", job=job, headers={"range": "bytes=0-9"})
    same = {"if-none-match": whole.headers["etag"]}
    unchanged = desk.ask("getVideoContent", job=job, headers=same)
    beyond = desk.ask("getVideoContent", job=job, headers={"range": "bytes=999999999-"})
    assert [r.status for r in (whole, part, unchanged, beyond)] == [200, 206, 304, 416]
    left = [told(reply, REMAINING) for reply in (whole, part, unchanged, beyond)]
    assert left == [{58}, {57}, {56}, {55}]


def test_a_request_without_a_key_is_neither_counted_nor_told(document: Document) -> None:
    desk = Desk(document, limits="free")
    refused = desk.ask("listVideos", None)
    assert refused.status == 401
    assert not {*LIMIT, *REMAINING, *RESET} & refused.headers.keys()
    assert told(desk.ask("listVideos"), REMAINING) == {59}


def test_a_key_that_is_not_let_in_is_not_counted(document: Document) -> None:
    desk = Desk(document, limits="free", api_keys=["sk-test"])
    assert desk.statuses("listVideos", 3, "sk-wrong") == [401] * 3
    assert told(desk.ask("listVideos"), REMAINING) == {59}


def test_without_limits_no_answer_tells_of_any(document: Document) -> None:
    desk = Desk(document)
    assert not {*LIMIT, *REMAINING, *RESET} & desk.ask("listVideos").headers.keys()
    assert desk.statuses("createVideo", 9) == [200] * 9


def test_too_many_requests_are_told_how_long_to_wait_and_then_let_in(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 3})
    desk.clock.advance(0.5)
    assert desk.statuses("listVideos", 3) == [200] * 3
    desk.clock.advance(20)
    refused = desk.ask("listVideos")
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "40"
    assert (told(refused, REMAINING), told(refused, RESET)) == ({0}, {START + 61})
    desk.clock.advance(39)
    assert desk.ask("listVideos").headers["retry-after"] == "1"
    desk.clock.advance(1)
    let_in = desk.ask("listVideos")
    assert (let_in.status, told(let_in, REMAINING), told(let_in, RESET)) == (
        200,
        {2},
        {START + 121},
    )


def test_a_wait_is_also_told_in_real_time_to_those_who_know_the_header(document: Document) -> None:
    now = [0.0]
    clock = SystemClock(20, wall=lambda: START, monotonic=lambda: now[0])
    service = JobService(
        document, clock=clock, ids=RandomIds(1), strict=True, limits={"requests_per_minute": 1}
    )
    headers = {"authorization": "Bearer sk-test"}
    replies = [service.answer(Call("listVideos", headers=headers)) for _ in range(2)]
    assert replies[1].headers["retry-after"] == "60"
    assert replies[1].headers["retry-after-ms"] == "3000"
    now[0] += 3
    assert service.answer(Call("listVideos", headers=headers)).status == 200


def test_the_requests_of_one_key_are_not_those_of_another(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 2})
    assert desk.statuses("listVideos", 3, "sk-a") == [200, 200, 429]
    assert desk.statuses("listVideos", 3, "sk-b") == [200, 200, 429]


def test_three_jobs_at_once_and_the_next_when_the_first_has_ended(document: Document) -> None:
    desk = Desk(document, limits="free")
    desk.make()
    desk.clock.advance(3)
    assert desk.statuses("createVideo", 2) == [200, 200]
    refused = desk.ask("createVideo")
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "7"
    assert "at once" in orjson.loads(refused.body)["error"]["message"]
    assert len(desk.service.store) == 3
    assert desk.ask("createVideo", "sk-other").status == 200
    desk.clock.advance(6)
    assert desk.ask("createVideo").status == 429
    desk.clock.advance(1)
    assert desk.statuses("createVideo", 2) == [200, 429]


def test_a_remix_takes_room_as_any_job(document: Document) -> None:
    desk = Desk(document, limits={"in_flight": 1})
    job = desk.make()
    desk.clock.advance(10)
    assert [desk.ask("remixVideo", job=job).status for _ in range(2)] == [200, 429]


def test_a_create_beyond_the_room_keeps_what_was_set_for_the_next_job(document: Document) -> None:
    desk = Desk(document, limits={"in_flight": 1})
    job = desk.make()
    MockControls(desk.service).next_job(scenario="fails")
    assert desk.ask("createVideo").status == 429
    MockControls(desk.service).end_job(job, success=True)
    desk.make()
    desk.clock.advance(10)
    assert [job["status"] for job in desk.service.describe_all()] == ["completed", "failed"]


def test_money_is_refused_for_good_and_given_back_by_a_failure(document: Document) -> None:
    desk = Desk(document, limits={"spend": 0.8})
    MockControls(desk.service).next_job(outcome="failed")
    assert desk.statuses("createVideo", 2) == [200, 200]
    refused = desk.ask("createVideo")
    assert error_of(refused) == (429, "quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert not {"retry-after", "retry-after-ms"} & refused.headers.keys()
    desk.clock.advance(10)
    assert desk.statuses("createVideo", 2) == [200, 429]


def test_what_is_known_of_keys_is_what_they_meet(document: Document) -> None:
    accounts: Json = {
        "sk-poor": {"spend": 0},
        "sk-gone": {"revoked": True},
        "sk-plain": {"forbidden": {"model": ["sora-2-pro"]}},
        "sk-small": {"limits": {"requests_per_minute": 1}},
    }
    desk = Desk(document, accounts=accounts)
    assert error_of(desk.ask("createVideo", "sk-poor")) == (429, "quota_exceeded")
    assert desk.ask("listVideos", "sk-poor").status == 200
    gone = desk.ask("listVideos", "sk-gone")
    assert error_of(gone) == (401, "revoked_api_key")
    assert gone.headers["www-authenticate"] == "Bearer"
    forbidden = desk.ask("createVideo", "sk-plain", model="sora-2-pro")
    assert error_of(forbidden) == (403, "model_not_allowed")
    assert orjson.loads(forbidden.body)["error"]["param"] == "model"
    assert desk.ask("createVideo", "sk-plain").status == 200
    assert desk.statuses("listVideos", 2, "sk-small") == [200, 429]
    assert desk.ask("listVideos", "sk-unknown").status == 200


def test_a_key_may_not_remix_what_it_may_not_make(document: Document) -> None:
    accounts = {"sk-a": {"forbidden": {"model": ["sora-2"]}}}
    desk = Desk(document, accounts=accounts, unknown_ids="synthesize")
    assert error_of(desk.ask("remixVideo", "sk-a", job="any")) == (403, "model_not_allowed")


def test_a_fault_comes_before_the_limits_and_is_not_counted(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 1})
    MockControls(desk.service).fault("list", status=503, times=2)
    answers = [desk.ask("listVideos") for _ in range(4)]
    assert [reply.status for reply in answers] == [503, 503, 200, 429]
    assert [told(reply, REMAINING) for reply in answers] == [{1}, {1}, {0}, {0}]


def test_a_committed_error_tells_what_is_left(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 5})
    MockControls(desk.service).fault("create", status=500, commit=True)
    assert told(desk.ask("createVideo"), REMAINING) == {4}


def test_a_request_that_means_no_operation_is_not_counted(document: Document) -> None:
    desk = Desk(document, limits="free")
    headers = {"authorization": "Bearer sk-test"}
    missed = Endpoint(desk.service).respond(
        "GET", "/v1/nowhere", query="", headers=headers, body=b""
    )
    assert missed.status == 404
    assert told(desk.ask("listVideos"), REMAINING) == {59}


def test_limits_are_exact_however_many_threads_are_calling(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 100, "in_flight": 7})
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(lambda _: desk.ask("createVideo"), range(200))]
    assert Counter(reply.status for reply in replies) == {200: 7, 429: 193}
    assert told(desk.ask("listVideos"), REMAINING) == {0}
    assert len(desk.service.store) == 7


def test_a_reset_gives_every_key_its_limits_anew(document: Document) -> None:
    desk = Desk(document, limits={"requests_per_minute": 2, "in_flight": 1, "spend": 0.4})
    assert desk.statuses("createVideo", 3) == [200, 429, 429]
    MockControls(desk.service).reset()
    assert desk.statuses("createVideo", 1) == [200]


def test_another_document_has_its_own_limits(other_document: Document) -> None:
    desk = Desk(other_document, limits="hobby", accounts={"k": {}, "poor": {"spend": 0.04}})
    first = desk.ask("submitRendering", "k")
    allowance = {
        "x-allowance": "5",
        "x-allowance-left": "4",
        "x-allowance-renewed": f"{START + 60}",
    }
    assert first.headers.items() >= allowance.items()
    assert desk.statuses("submitRendering", 1, "k") == [429]
    assert desk.statuses("pageOfRenderings", 4, "k") == [200, 200, 200, 429]
    poor = desk.ask("submitRendering", "poor")
    assert (poor.status, orjson.loads(poor.body)["problem"]) == (402, "no-money")
    assert desk.ask("film", "k", job="nobody").headers["x-allowance-left"] == "0"


def test_limits_that_a_document_cannot_tell_of_are_refused_at_once(
    other_document: Document,
) -> None:
    with pytest.raises(ValueError, match=r"^/limits: must be one of none, hobby, studio, or an"):
        JobService(other_document, limits="free")
    with pytest.raises(ValueError, match=r"^/x-error-envelope/causes: revoked keys need"):
        JobService(other_document, accounts={"k": {"revoked": True}})
