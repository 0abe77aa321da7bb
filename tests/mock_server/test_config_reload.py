"""JobService.reconfigure: what changes with a new config, and what is kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MemoryStore, MockControls, RandomIds
from aisa_testkit.mock_server.config import read_config
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

FLAKY: Json = {"operation": "retrieve", "status": 503, "nth": 2, "every": 3}


class ReconfiguredMock:
    """A strict service whose config is replaced."""

    def __init__(self, document: Document, options: Json, **settings: Any) -> None:
        self.document, self.clock = document, ManualClock()
        self.service = JobService(
            document,
            clock=self.clock,
            ids=RandomIds(1),
            seed=1,
            strict=True,
            config=read_config(document, options),
            **settings,
        )

    def reconfigure(self, options: Json) -> None:
        self.service.reconfigure(read_config(self.document, options))

    def send(
        self, operation: str, *, key: str = "sk-test", job: str = "", **headers_by_name: str
    ) -> Reply:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        headers |= {name.replace("_", "-"): text for name, text in headers_by_name.items()}
        body = orjson.dumps({"prompt": "A lighthouse in a storm"})
        place = {"video_id": job} if job else {}
        return self.service.answer(Call(operation, place, headers=headers, body=body))

    def create_job(self, **headers_by_name: str) -> str:
        return str(orjson.loads(self.send("createVideo", **headers_by_name).body)["id"])

    def poll_statuses(self, job: str, count: int) -> list[int]:
        return [self.send("getVideo", job=job).status for _ in range(count)]

    def remaining(self) -> str:
        return self.send("listVideos").headers["x-ratelimit-remaining"]


def test_used_quotas_of_a_key_are_kept(document: Document) -> None:
    options = {"limits": {"requests_per_minute": 5, "in_flight": 1, "spend": 5}}
    mock = ReconfiguredMock(document, options)
    mock.create_job(x_mock_scenario="stalls")
    assert mock.send("createVideo").status == 429
    mock.reconfigure({**options, "scenario": "fails"})
    assert mock.send("createVideo").status == 429
    assert mock.remaining() == "1"
    (usage,) = mock.service.limits.to_json()
    assert (usage["pending"], usage["spent"]) == (1, 0.4)


def test_lowered_limits_leave_zero_requests(document: Document) -> None:
    mock = ReconfiguredMock(document, {"limits": {"requests_per_minute": 5}})
    assert [mock.remaining() for _ in range(3)] == ["4", "3", "2"]
    mock.reconfigure({"limits": {"requests_per_minute": 2}})
    refused = mock.send("listVideos")
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (429, "0")
    assert mock.service.limits.to_json()[0]["requests_left"] == 0
    mock.reconfigure({})
    assert "x-ratelimit-remaining" not in mock.send("listVideos").headers


def test_api_keys_are_those_of_the_last_config(document: Document) -> None:
    mock = ReconfiguredMock(document, {"keys": {"sk-a": {"revoked": True}}}, api_keys=["sk-test"])
    keys = ("sk-a", "sk-b", "sk-test")
    assert [mock.send("listVideos", key=key).status for key in keys] == [401, 401, 200]
    mock.reconfigure({"keys": {"sk-b": {}}})
    assert [mock.send("listVideos", key=key).status for key in keys] == [401, 200, 200]


def test_faults_set_by_a_test_are_kept_after_those_of_the_config(
    document: Document,
) -> None:
    mock = ReconfiguredMock(document, {"faults": [{"operation": "list", "status": 500}]})
    own = MockControls(mock.service).fault("list", status=503, times=1)
    mock.reconfigure({"faults": [{"operation": "list", "status": 502, "times": 1}]})
    assert [each["status"] for each in mock.service.faults.to_json()] == [502, 503]
    assert mock.service.faults.to_json()[1]["id"] == own
    assert [mock.send("listVideos").status for _ in range(3)] == [502, 503, 200]


def test_same_config_keeps_the_counts_of_faults(document: Document) -> None:
    options: Json = {
        "scenario": "own",
        "scenarios": {"own": {"faults": [{**FLAKY, "latency": {"uniform": [1, 2]}}]}},
        "faults": [{"operation": "list", "status": 503, "times": 1}, {"latency": 1, "nth": 9}],
        "limits": {"in_flight": 3},
    }
    mock = ReconfiguredMock(document, options)
    job = mock.create_job()
    assert mock.poll_statuses(job, 1) == [200]
    assert mock.send("listVideos").status == 503
    mock.reconfigure(options)
    assert mock.poll_statuses(job, 4) == [503, 200, 200, 503]
    assert mock.send("listVideos").status == 200


def test_chosen_scenarios_are_kept_if_they_still_exist(
    document: Document,
) -> None:
    mock = ReconfiguredMock(
        document, {"scenarios": {"old": {"seconds": 1}, "kept": {"seconds": 2}}}
    )
    scenarios = mock.service.scenarios
    scenarios.use("slow")
    for name in ("old", "kept", "fails:out_of_luck"):
        scenarios.use(name, next=1)
        scenarios.use(name, share=0.2)
    MockControls(mock.service).next_job(seconds=7)
    mock.reconfigure({"scenario": "jumps", "scenarios": {"kept": {"seconds": 5}}})
    shares = {"kept": 0.2, "fails:out_of_luck": 0.2}
    assert scenarios.selection() == {
        "scenario": "slow",
        "shares": shares,
        "next": ["kept", "fails:out_of_luck", ""],
    }
    job = mock.service.store.get(mock.create_job())
    assert job
    assert job.progression.pending_seconds == 5
    scenarios.reset()
    assert scenarios.selection() == {"scenario": "jumps", "shares": {}, "next": []}


def test_a_removed_scenario_is_replaced_by_the_default(document: Document) -> None:
    mock = ReconfiguredMock(document, {"scenarios": {"own": {}}})
    mock.service.scenarios.use("own")
    mock.reconfigure({"scenario": "fails"})
    assert mock.service.scenarios.selection()["scenario"] == "fails"
    mock.reconfigure({})
    assert mock.service.scenarios.selection()["scenario"] == "completes"


def test_new_faults_of_a_scenario_affect_its_jobs(document: Document) -> None:
    mock = ReconfiguredMock(document, {"scenario": "own", "scenarios": {"own": {}}})
    job = mock.create_job()
    assert mock.poll_statuses(job, 2) == [200, 200]
    mock.reconfigure({"scenario": "own", "scenarios": {"own": {"faults": [FLAKY]}}})
    assert mock.poll_statuses(job, 3) == [200, 503, 200]


def test_scenario_faults_of_a_job_apply_in_another_service(
    document: Document,
) -> None:
    store = MemoryStore()
    job = ReconfiguredMock(document, {"scenario": "flaky-polls"}, store=store).create_job()
    other = ReconfiguredMock(document, {}, store=store)
    assert other.poll_statuses(job, 3) == [200, 503, 200]


def test_idempotency_keys_are_kept(document: Document) -> None:
    mock = ReconfiguredMock(document, {}, idempotency_keys=True)
    job = mock.create_job(idempotency_key="order-1")
    mock.reconfigure({"scenario": "fails"})
    assert mock.create_job(idempotency_key="order-1") == job


def test_options_of_the_service_override_every_config(
    document: Document,
) -> None:
    mock = ReconfiguredMock(
        document, {}, scenario="instant", limits="growth", accounts={"sk-a": {"revoked": True}}
    )
    mock.reconfigure({"scenario": "fails", "limits": "free", "keys": {"sk-a": {}, "sk-b": {}}})
    made = mock.send("createVideo", key="sk-b")
    assert orjson.loads(made.body)["status"] == "completed"
    assert made.headers["x-ratelimit-limit"] == "3000"
    assert mock.send("listVideos", key="sk-a").status == 401


@pytest.mark.parametrize("what", ["scenario", "key"])
def test_invalid_config_changes_nothing(
    document: Document, other_document: Document, what: str
) -> None:
    if what == "scenario":
        options: Json = {"scenarios": {"own": {"seconds": 3}}}
        mock = ReconfiguredMock(document, options, scenario="own")
        invalid = read_config(document, {"limits": "free", "keys": {"sk-a": {"revoked": True}}})
    else:
        mock = ReconfiguredMock(other_document, {"scenario": "fails"})
        invalid = read_config(other_document, {"keys": {"k": {"revoked": True}}})
    service = mock.service
    before = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    with pytest.raises(ValueError, match=r"unknown scenario 'own'|revoked keys need"):
        service.reconfigure(invalid)
    after = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    assert (after, service.limits.active) == (before, False)
