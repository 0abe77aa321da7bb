"""JobService.reconfigure: what changes with a new config, and what is kept."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import MemoryStore
from aisa_testkit.mock_server.config import read_config
from aisa_testkit.openapi import Document, JobRole
from aisa_testkit.openapi.json import Json
from tests.support.service_client import ServiceClient

FLAKY: Json = {"operation": "retrieve", "status": 503, "nth": 2, "every": 3}


class ReconfiguredClient(ServiceClient):
    """A client of a service whose config is replaced."""

    def __init__(self, document: Document, config: Json, **options: Any) -> None:
        super().__init__(document, config=read_config(document, config), **options)

    def reconfigure(self, config: Json) -> None:
        """Replace the config of the service."""
        self.service.reconfigure(read_config(self.document, config))

    def remaining(self) -> str:
        """Send a request, and return the number of remaining requests in its headers."""
        return self.send(JobRole.LIST).headers["x-ratelimit-remaining"]


def test_used_quotas_of_a_key_are_kept(document: Document) -> None:
    options = {"limits": {"requests_per_minute": 5, "in_flight": 1, "spend": 5}}
    client = ReconfiguredClient(document, options)
    client.create("stalls")
    assert client.send(JobRole.CREATE).status == 429
    client.reconfigure({**options, "scenario": "fails"})
    assert client.send(JobRole.CREATE).status == 429
    assert client.remaining() == "1"
    (usage,) = client.service.limits.to_json()
    assert (usage["pending"], usage["spent"]) == (1, 0.4)


def test_lowered_limits_leave_zero_requests(document: Document) -> None:
    client = ReconfiguredClient(document, {"limits": {"requests_per_minute": 5}})
    assert [client.remaining() for _ in range(3)] == ["4", "3", "2"]
    client.reconfigure({"limits": {"requests_per_minute": 2}})
    refused = client.send(JobRole.LIST)
    assert (refused.status, refused.headers["x-ratelimit-remaining"]) == (429, "0")
    assert client.service.limits.to_json()[0]["requests_left"] == 0
    client.reconfigure({})
    assert "x-ratelimit-remaining" not in client.send(JobRole.LIST).headers


def test_api_keys_are_those_of_the_last_config(document: Document) -> None:
    client = ReconfiguredClient(
        document, {"keys": {"sk-a": {"revoked": True}}}, api_keys=["sk-test"]
    )
    keys = ("sk-a", "sk-b", "sk-test")
    assert [client.send(JobRole.LIST, key=key).status for key in keys] == [401, 401, 200]
    client.reconfigure({"keys": {"sk-b": {}}})
    assert [client.send(JobRole.LIST, key=key).status for key in keys] == [401, 200, 200]


def test_faults_set_by_a_test_are_kept_after_those_of_the_config(
    document: Document,
) -> None:
    client = ReconfiguredClient(document, {"faults": [{"operation": "list", "status": 500}]})
    added = client.controls.fault("list", status=503, times=1)
    client.reconfigure({"faults": [{"operation": "list", "status": 502, "times": 1}]})
    assert [each["status"] for each in client.service.faults.to_json()] == [502, 503]
    assert client.service.faults.to_json()[1]["id"] == added
    assert [client.send(JobRole.LIST).status for _ in range(3)] == [502, 503, 200]


def test_same_config_keeps_the_counts_of_faults(document: Document) -> None:
    options: Json = {
        "scenario": "custom",
        "scenarios": {"custom": {"faults": [{**FLAKY, "latency": {"uniform": [1, 2]}}]}},
        "faults": [{"operation": "list", "status": 503, "times": 1}, {"latency": 1, "nth": 9}],
        "limits": {"in_flight": 3},
    }
    client = ReconfiguredClient(document, options)
    job = client.create()
    assert client.statuses(JobRole.POLL, 1, job) == [200]
    assert client.send(JobRole.LIST).status == 503
    client.reconfigure(options)
    assert client.statuses(JobRole.POLL, 4, job) == [503, 200, 200, 503]
    assert client.send(JobRole.LIST).status == 200


def test_chosen_scenarios_are_kept_if_they_still_exist(
    document: Document,
) -> None:
    client = ReconfiguredClient(
        document, {"scenarios": {"old": {"seconds": 1}, "kept": {"seconds": 2}}}
    )
    scenarios = client.service.scenarios
    scenarios.use("slow")
    for name in ("old", "kept", "fails:out_of_luck"):
        scenarios.use(name, next=1)
        scenarios.use(name, share=0.2)
    client.controls.next_job(seconds=7)
    client.reconfigure({"scenario": "jumps", "scenarios": {"kept": {"seconds": 5}}})
    shares = {"kept": 0.2, "fails:out_of_luck": 0.2}
    assert scenarios.selection() == {
        "scenario": "slow",
        "shares": shares,
        "next": ["kept", "fails:out_of_luck", ""],
    }
    job = client.service.store.get(client.create())
    assert job
    assert job.progression.pending_seconds == 5
    scenarios.reset()
    assert scenarios.selection() == {"scenario": "jumps", "shares": {}, "next": []}


def test_a_removed_scenario_is_replaced_by_the_default(document: Document) -> None:
    client = ReconfiguredClient(document, {"scenarios": {"custom": {}}})
    client.service.scenarios.use("custom")
    client.reconfigure({"scenario": "fails"})
    assert client.service.scenarios.selection()["scenario"] == "fails"
    client.reconfigure({})
    assert client.service.scenarios.selection()["scenario"] == "completes"


def test_new_faults_of_a_scenario_affect_its_jobs(document: Document) -> None:
    client = ReconfiguredClient(document, {"scenario": "custom", "scenarios": {"custom": {}}})
    job = client.create()
    assert client.statuses(JobRole.POLL, 2, job) == [200, 200]
    client.reconfigure({"scenario": "custom", "scenarios": {"custom": {"faults": [FLAKY]}}})
    assert client.statuses(JobRole.POLL, 3, job) == [200, 503, 200]


def test_scenario_faults_of_a_job_apply_in_another_service(
    document: Document,
) -> None:
    store = MemoryStore()
    job = ReconfiguredClient(document, {"scenario": "flaky-polls"}, store=store).create()
    other = ReconfiguredClient(document, {}, store=store)
    assert other.statuses(JobRole.POLL, 3, job) == [200, 503, 200]


def test_idempotency_keys_are_kept(document: Document) -> None:
    client = ReconfiguredClient(document, {}, idempotency_keys=True)
    job = client.create(headers={"idempotency-key": "order-1"})
    client.reconfigure({"scenario": "fails"})
    assert client.create(headers={"idempotency-key": "order-1"}) == job


def test_options_of_the_service_override_every_config(
    document: Document,
) -> None:
    client = ReconfiguredClient(
        document, {}, scenario="instant", limits="growth", accounts={"sk-a": {"revoked": True}}
    )
    client.reconfigure({"scenario": "fails", "limits": "free", "keys": {"sk-a": {}, "sk-b": {}}})
    created = client.send(JobRole.CREATE, key="sk-b")
    assert orjson.loads(created.body)["status"] == "completed"
    assert created.headers["x-ratelimit-limit"] == "3000"
    assert client.send(JobRole.LIST, key="sk-a").status == 401


def test_invalid_config_changes_nothing(document: Document) -> None:
    options: Json = {"scenarios": {"custom": {"seconds": 3}}}
    client = ReconfiguredClient(document, options, scenario="custom")
    invalid = read_config(document, {"limits": "free", "keys": {"sk-a": {"revoked": True}}})
    service = client.service
    before = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    with pytest.raises(ValueError, match=r"unknown scenario 'custom'"):
        service.reconfigure(invalid)
    after = (service.scenarios.to_json(), service.scenarios.selection(), service.limits.to_json())
    assert (after, service.limits.active) == (before, False)
