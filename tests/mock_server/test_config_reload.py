"""A service that goes on with another config: what changes, and what stays as it was."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MemoryStore, MockControls, RandomIds
from aisa_testkit.mock_server.config import read_config
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

FLAKY: Json = {"operation": "retrieve", "status": 503, "nth": 2, "every": 3}


class Troupe:
    """A strict service with a config that can become another one."""

    def __init__(self, document: Document, words: Json, **settings: Any) -> None:
        self.document, self.clock = document, ManualClock()
        self.service = JobService(
            document,
            clock=self.clock,
            ids=RandomIds(1),
            seed=1,
            strict=True,
            config=read_config(document, words),
            **settings,
        )

    def rehearse(self, words: Json) -> None:
        self.service.reconfigure(read_config(self.document, words))

    def ask(self, operation: str, *, key: str = "sk-test", job: str = "", **sent: str) -> Reply:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        headers |= {name.replace("_", "-"): text for name, text in sent.items()}
        body = orjson.dumps({"prompt": "A lighthouse in a storm"})
        place = {"video_id": job} if job else {}
        return self.service.answer(Call(operation, place, headers=headers, body=body))

    def make(self, **sent: str) -> str:
        return str(orjson.loads(self.ask("createVideo", **sent).body)["id"])

    def polls(self, job: str, count: int) -> list[int]:
        return [self.ask("getVideo", job=job).status for _ in range(count)]

    def left(self) -> str:
        return self.ask("listVideos").headers["x-ratelimit-remaining"]


def test_jobs_requests_and_money_that_a_key_has_used_up_stay_used_up(document: Document) -> None:
    words = {"limits": {"requests_per_minute": 5, "in_flight": 1, "spend": 5}}
    troupe = Troupe(document, words)
    troupe.make(x_mock_scenario="stalls")
    assert troupe.ask("createVideo").status == 429
    troupe.rehearse({**words, "scenario": "fails"})
    assert troupe.ask("createVideo").status == 429
    assert troupe.left() == "1"
    (told,) = troupe.service.limits.to_json()
    assert (told["pending"], told["spent"]) == (1, 0.4)


def test_limits_that_are_lowered_leave_no_less_than_nothing(document: Document) -> None:
    troupe = Troupe(document, {"limits": {"requests_per_minute": 5}})
    assert [troupe.left() for _ in range(3)] == ["4", "3", "2"]
    troupe.rehearse({"limits": {"requests_per_minute": 2}})
    refused = troupe.ask("listVideos")
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (429, "0")
    assert troupe.service.limits.to_json()[0]["requests_left"] == 0
    troupe.rehearse({})
    assert "x-ratelimit-remaining" not in troupe.ask("listVideos").headers


def test_keys_are_known_as_the_last_config_has_them(document: Document) -> None:
    troupe = Troupe(document, {"keys": {"sk-a": {"revoked": True}}}, api_keys=["sk-test"])
    keys = ("sk-a", "sk-b", "sk-test")
    assert [troupe.ask("listVideos", key=key).status for key in keys] == [401, 401, 200]
    troupe.rehearse({"keys": {"sk-b": {}}})
    assert [troupe.ask("listVideos", key=key).status for key in keys] == [401, 200, 200]


def test_faults_that_were_set_since_stay_behind_those_of_the_new_config(
    document: Document,
) -> None:
    troupe = Troupe(document, {"faults": [{"operation": "list", "status": 500}]})
    own = MockControls(troupe.service).fault("list", status=503, times=1)
    troupe.rehearse({"faults": [{"operation": "list", "status": 502, "times": 1}]})
    assert [each["status"] for each in troupe.service.faults.to_json()] == [502, 503]
    assert troupe.service.faults.to_json()[1]["id"] == own
    assert [troupe.ask("listVideos").status for _ in range(3)] == [502, 503, 200]


def test_a_file_that_is_only_saved_again_changes_nothing(document: Document) -> None:
    words: Json = {
        "scenario": "own",
        "scenarios": {"own": {"faults": [{**FLAKY, "latency": {"uniform": [1, 2]}}]}},
        "faults": [{"operation": "list", "status": 503, "times": 1}, {"latency": 1, "nth": 9}],
        "limits": {"in_flight": 3},
    }
    troupe = Troupe(document, words)
    job = troupe.make()
    assert troupe.polls(job, 1) == [200]
    assert troupe.ask("listVideos").status == 503
    troupe.rehearse(words)
    assert troupe.polls(job, 4) == [503, 200, 200, 503]
    assert troupe.ask("listVideos").status == 200


def test_scenarios_that_were_chosen_since_stay_as_far_as_they_are_known(
    document: Document,
) -> None:
    troupe = Troupe(document, {"scenarios": {"old": {"seconds": 1}, "kept": {"seconds": 2}}})
    scenarios = troupe.service.scenarios
    scenarios.use("slow")
    for name in ("old", "kept", "fails:out_of_luck"):
        scenarios.use(name, next=1)
        scenarios.use(name, share=0.2)
    MockControls(troupe.service).next_job(seconds=7)
    troupe.rehearse({"scenario": "jumps", "scenarios": {"kept": {"seconds": 5}}})
    shares = {"kept": 0.2, "fails:out_of_luck": 0.2}
    assert scenarios.selection() == {
        "scenario": "slow",
        "shares": shares,
        "next": ["kept", "fails:out_of_luck", ""],
    }
    job = troupe.service.store.get(troupe.make())
    assert job
    assert job.progression.pending_seconds == 5
    scenarios.reset()
    assert scenarios.selection() == {"scenario": "jumps", "shares": {}, "next": []}


def test_a_choice_that_is_not_known_any_more_gives_way_to_the_new_one(document: Document) -> None:
    troupe = Troupe(document, {"scenarios": {"own": {}}})
    troupe.service.scenarios.use("own")
    troupe.rehearse({"scenario": "fails"})
    assert troupe.service.scenarios.selection()["scenario"] == "fails"
    troupe.rehearse({})
    assert troupe.service.scenarios.selection()["scenario"] == "completes"


def test_a_job_meets_the_faults_that_its_scenario_is_given(document: Document) -> None:
    troupe = Troupe(document, {"scenario": "own", "scenarios": {"own": {}}})
    job = troupe.make()
    assert troupe.polls(job, 2) == [200, 200]
    troupe.rehearse({"scenario": "own", "scenarios": {"own": {"faults": [FLAKY]}}})
    assert troupe.polls(job, 3) == [200, 503, 200]


def test_a_job_keeps_the_faults_of_its_scenario_in_a_service_that_takes_over(
    document: Document,
) -> None:
    store = MemoryStore()
    job = Troupe(document, {"scenario": "flaky-polls"}, store=store).make()
    again = Troupe(document, {}, store=store)
    assert again.polls(job, 3) == [200, 503, 200]


def test_a_create_that_is_sent_again_after_that_makes_no_second_job(document: Document) -> None:
    troupe = Troupe(document, {}, idempotency_keys=True)
    job = troupe.make(idempotency_key="order-1")
    troupe.rehearse({"scenario": "fails"})
    assert troupe.make(idempotency_key="order-1") == job


def test_what_the_service_was_made_with_counts_more_than_every_config(
    document: Document,
) -> None:
    troupe = Troupe(
        document, {}, scenario="instant", limits="growth", accounts={"sk-a": {"revoked": True}}
    )
    troupe.rehearse({"scenario": "fails", "limits": "free", "keys": {"sk-a": {}, "sk-b": {}}})
    made = troupe.ask("createVideo", key="sk-b")
    assert orjson.loads(made.body)["status"] == "completed"
    assert made.headers["x-ratelimit-limit"] == "3000"
    assert troupe.ask("listVideos", key="sk-a").status == 401


@pytest.mark.parametrize("what", ["scenario", "key"])
def test_what_cannot_be_rehearsed_leaves_all_as_it_was(
    document: Document, other_document: Document, what: str
) -> None:
    if what == "scenario":
        words: Json = {"scenarios": {"own": {"seconds": 3}}}
        troupe = Troupe(document, words, scenario="own")
        wrong = read_config(document, {"limits": "free", "keys": {"sk-a": {"revoked": True}}})
    else:
        troupe = Troupe(other_document, {"scenario": "fails"})
        wrong = read_config(other_document, {"keys": {"k": {"revoked": True}}})
    service = troupe.service
    before = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    with pytest.raises(ValueError, match=r"unknown scenario 'own'|revoked keys need"):
        service.reconfigure(wrong)
    after = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    assert (after, service.limits.active) == (before, False)
