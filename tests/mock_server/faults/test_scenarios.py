"""Which scenario a job takes part in: who has a say in it, and what cannot be asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobOutcome,
    JobService,
    ManualClock,
    MockControls,
    Progression,
    plan_progression,
)
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.faults.scenarios import Scenarios
from aisa_testkit.mock_server.jobs.progression import Planner
from aisa_testkit.openapi import Arguments, Call, Cause, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json

FIELDS = {"prompt": "a lighthouse", "model": "sora-2", "size": "720x1280", "seconds": "4"}
TOKEN = {**FIELDS, "prompt": "a lighthouse mock:fails at night"}
HEADER = {"x-mock-scenario": "fails"}


def choose(
    scenarios: Scenarios, document: Document, fields: Mapping[str, Json], headers: Mapping[str, str]
) -> Progression:
    """The plan of a job that is asked for with these fields and headers."""
    operation = document.by_role[JobRole.CREATE]
    choice = scenarios.choose(Call(operation.id, headers=headers), Arguments(fields=fields))
    return plan_progression(document.lifecycle, fields, choice.scenario.outcome)


class Scene:
    """The scenarios of one document, and the outcomes of jobs in them."""

    def __init__(self, document: Document, usual: str = "completes") -> None:
        self.document = document
        self.scenarios = Scenarios(document, random=Random(1), default=usual)

    def plan(self, fields: Mapping[str, Json], headers: Mapping[str, str]) -> Progression:
        return choose(self.scenarios, self.document, fields, headers)

    def outcome(self, fields: Mapping[str, Json], headers: Mapping[str, str]) -> str:
        return self.plan(fields, headers).phases[-1].state


@pytest.fixture
def scene(document: Document) -> Scene:
    return Scene(document)


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        pytest.param(FIELDS, {}, "completed", id="nothing asked"),
        pytest.param(TOKEN, {}, "failed", id="a token in the prompt"),
        pytest.param(FIELDS, HEADER, "failed", id="a header"),
        pytest.param(TOKEN, {"x-mock-scenario": "completes"}, "completed", id="header over token"),
        pytest.param({**FIELDS, "prompt": "hammock:fails"}, {}, "completed", id="no word"),
        pytest.param({**FIELDS, "prompt": "MOCK:fails"}, {}, "completed", id="capitals"),
        pytest.param({**FIELDS, "prompt": "(mock:fails.)"}, {}, "failed", id="among punctuation"),
        pytest.param({**FIELDS, "prompt": None, "n": 4, "other": "mock:fails"}, {}, "failed",
                     id="another field"),
        pytest.param({**FIELDS, "prompt": "so mock:flaky-polls!"}, {}, "completed", id="a hyphen"),
    ],
)  # fmt: skip
def test_a_request_says_what_becomes_of_its_job_the_header_before_the_token(
    scene: Scene, fields: dict[str, Json], headers: dict[str, str], expected: str
) -> None:
    assert scene.outcome(fields, headers) == expected


def test_a_request_counts_more_than_the_server(document: Document) -> None:
    failing = Scene(document, "fails")
    assert failing.outcome(FIELDS, {}) == "failed"
    assert failing.outcome({**FIELDS, "prompt": "mock:completes"}, {}) == "completed"
    assert failing.outcome(FIELDS, {"x-mock-scenario": "completes"}) == "completed"


def test_what_was_set_for_the_next_job_counts_most_and_once(scene: Scene) -> None:
    scene.scenarios.set_next(JobOutcome(outcome="completed"))
    assert scene.outcome(TOKEN, HEADER) == "completed"
    assert scene.outcome(TOKEN, HEADER) == "failed"


def test_what_was_set_twice_is_for_two_jobs_in_that_order(scene: Scene) -> None:
    scene.scenarios.set_next(JobOutcome(outcome="failed", code="generation_failed", seconds=3))
    scene.scenarios.set_next(JobOutcome(seconds=100))
    first, second, third = (scene.plan(FIELDS, {}) for _ in range(3))
    assert (first.phases[-1].state, first.reason and first.reason[0], first.pending_seconds) == (
        "failed",
        "generation_failed",
        3,
    )
    assert (second.phases[-1].state, second.pending_seconds) == ("completed", 100)
    assert (third.phases[-1].state, third.pending_seconds) == ("completed", 10)


def test_a_scenario_can_be_set_for_the_next_jobs(scene: Scene) -> None:
    scene.scenarios.use("fails", next=2)
    assert scene.scenarios.selection()["next"] == ["fails", "fails"]
    assert [scene.outcome(FIELDS, {}) for _ in range(3)] == ["failed", "failed", "completed"]


def test_a_scenario_can_have_a_share_of_all_jobs_the_same_in_every_run(document: Document) -> None:
    runs = []
    for _ in range(2):
        scene = Scene(document)
        scene.scenarios.use("fails", share=0.25)
        scene.scenarios.use("slow", share=0.25)
        runs.append([scene.plan(FIELDS, {}) for _ in range(400)])
    assert runs[0] == runs[1]
    ends = [plan.phases[-1].state for plan in runs[0]]
    assert 70 < ends.count("failed") < 130
    assert 70 < [plan.pending_seconds for plan in runs[0]].count(100) < 130


def test_shares_may_come_to_the_whole_however_their_sum_is_rounded(scene: Scene) -> None:
    shares = {"fails": 0.33, "slow": 0.56, "stalls": 0.11}
    assert sum(shares.values()) > 1
    for name, share in shares.items():
        scene.scenarios.use(name, share=share)
    assert scene.scenarios.selection()["shares"] == shares
    with pytest.raises(ValueError, match="share must be at most 0, the rest"):
        scene.scenarios.use("jumps", share=0.01)


def test_a_share_of_none_is_taken_back(scene: Scene) -> None:
    scene.scenarios.use("fails", share=1)
    assert scene.outcome(FIELDS, {}) == "failed"
    scene.scenarios.use("fails", share=0)
    assert scene.outcome(FIELDS, {}) == "completed"
    assert scene.scenarios.selection()["shares"] == {}


def test_the_servers_scenario_can_change_and_a_reset_goes_back_to_the_first(scene: Scene) -> None:
    scene.scenarios.use("fails")
    assert scene.outcome(FIELDS, {}) == "failed"
    scene.scenarios.use("slow", next=1)
    scene.scenarios.use("instant", share=0.5)
    scene.scenarios.reset()
    assert scene.scenarios.selection() == {"scenario": "completes", "shares": {}, "next": []}
    assert scene.outcome(FIELDS, {}) == "completed"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("explodes", {}, "unknown scenario 'explodes', must be one of completes, fails, moderated"),
        ("completes:generation_failed", {}, "only a scenario whose jobs fail accepts a code"),
        ("fails:", {}, "only a scenario whose jobs fail accepts a code"),
        ("slow", {"next": 0}, "next must be a whole number from 1 to 100000, not 0"),
        ("slow", {"next": True}, "next must be a whole number from 1 to 100000, not True"),
        ("slow", {"share": 1.5}, "share must be from 0 to 1, not 1.5"),
        ("slow", {"share": -0.1}, "share must be from 0 to 1, not -0.1"),
        ("slow", {"share": 0.8}, "share must be at most 0.6, the rest of the other shares"),
        ("slow", {"share": 0.1, "next": 1}, "use next or share, not both"),
    ],
)
def test_what_cannot_be_used_is_said_and_changes_nothing(
    scene: Scene, name: str, arguments: dict[str, Any], message: str
) -> None:
    scene.scenarios.use("fails", share=0.4)
    before = scene.scenarios.selection()
    with pytest.raises(ValueError, match=re.escape(message)):
        scene.scenarios.use(name, **arguments)
    assert scene.scenarios.selection() == before


def test_a_failure_can_have_any_code(scene: Scene) -> None:
    for request in (({**FIELDS, "prompt": "x mock:fails:out_of_gpu."}, {}),
                    (FIELDS, {"x-mock-scenario": "fails:out_of_gpu"})):  # fmt: skip
        assert scene.plan(*request).reason == ("out_of_gpu", "The job failed: out_of_gpu.")


def test_plans_differ_by_every_field_that_the_document_scales_by(document: Document) -> None:
    planner = Planner(document.lifecycle)
    lengths = {
        (model, seconds): planner.plan(
            {**FIELDS, "model": model, "seconds": seconds}
        ).pending_seconds
        for _ in range(2)  # the second time from what is kept
        for model in ("sora-2", "sora-2-pro")
        for seconds in ("4", "8", "12")
    }
    assert list(lengths.values()) == [10, 16, 22, 18, 30, 42]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        pytest.param(FIELDS, {"x-mock-scenario": "explodes"}, id="in the header"),
        pytest.param({**FIELDS, "prompt": "mock:explodes"}, {}, id="in the prompt"),
    ],
)
def test_an_unknown_scenario_of_a_request_is_refused(
    scene: Scene, fields: dict[str, Json], headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as caught:
        scene.plan(fields, headers)
    assert caught.value.cause == Cause.PREFERENCE_INVALID
    assert caught.value.message.startswith(
        "unknown scenario 'explodes', must be one of completes, fails"
    )


def test_an_unknown_scenario_of_the_server_is_refused(document: Document) -> None:
    with pytest.raises(
        ValueError, match="unknown scenario 'explodes', must be one of completes, fails"
    ):
        JobService(document, scenario="explodes")


def test_the_scenarios_of_another_document_end_as_its_first_outcomes(
    other_document: Document,
) -> None:
    scene = Scene(other_document)
    assert scene.outcome({}, {}) == "ready"
    assert scene.outcome({}, HEADER) == "spoilt"
    scene.scenarios.set_next(JobOutcome(outcome="withdrawn"))
    assert [stage.state for stage in scene.plan({}, {}).phases] == ["waiting", "withdrawn"]


def test_each_document_has_the_scenarios_that_it_knows_enough_for(
    document: Document, other_document: Document
) -> None:
    known, other = (
        [each["name"] for each in Scene(d).scenarios.to_json()] for d in (document, other_document)
    )
    assert known == [
        *("completes", "fails", "moderated", "slow", "stalls", "jumps", "instant", "expires"),
        *("flaky-polls", "rate-limited"),
    ]
    assert set(known) - set(other) == {"moderated", "expires", "flaky-polls"}


@pytest.mark.parametrize(
    ("fate", "message"),
    [
        pytest.param(
            JobOutcome(outcome="lost"),
            "no job ends as 'lost'; the final states are completed, failed",
            id="no such state",
        ),
        pytest.param(JobOutcome(outcome="queued"), "no job ends as 'queued'", id="no final state"),
        pytest.param(
            JobOutcome(code="generation_failed"),
            "a job that ends as 'completed' has no failure code 'generation_failed'",
            id="the code of a success",
        ),
        pytest.param(JobOutcome(seconds=-1), "seconds must be 0 or more, not -1", id="less than 0"),
        pytest.param(
            JobOutcome(seconds=float("nan")), "seconds must be 0 or more, not nan", id="no number"
        ),
        pytest.param(
            JobOutcome(seconds=float("inf")), "seconds must be 0 or more, not inf", id="never"
        ),
    ],
)
def test_what_cannot_be_is_refused_for_the_next_job_and_leaves_nothing_set(
    service: JobService, endpoint: Endpoint, fate: JobOutcome, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MockControls(service).next_job(outcome=fate.outcome, code=fate.code, seconds=fate.seconds)
    assert len(service.store) == 0
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_only_a_job_that_is_made_uses_up_what_was_set(
    service: JobService, endpoint: Endpoint
) -> None:
    MockControls(service).next_job(outcome="failed")
    assert create(endpoint, prompt="").status == 400
    made = create(endpoint)
    assert made.status == 200
    assert state_later(made, endpoint=endpoint, seconds=10) == "failed"
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_a_reset_of_the_service_forgets_what_was_set(
    service: JobService, endpoint: Endpoint
) -> None:
    MockControls(service).next_job(outcome="failed")
    MockControls(service).reset()
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_a_header_that_names_no_scenario_is_answered_in_the_envelope(
    service: JobService, endpoint: Endpoint
) -> None:
    reply = create(endpoint, scenario="explodes")
    error = orjson.loads(reply.body)["error"]
    assert (reply.status, error["code"]) == (400, "invalid_request")
    assert error["message"].startswith(
        "unknown scenario 'explodes', must be one of completes, fails"
    )
    assert len(service.store) == 0


def create(endpoint: Endpoint, *, prompt: str = "a lighthouse", scenario: str = "") -> Reply:
    headers = {"authorization": "Bearer key", "content-type": "application/json"}
    if scenario:
        headers["x-mock-scenario"] = scenario
    body = orjson.dumps({"prompt": prompt})
    return endpoint.respond("POST", "/v1/videos", query="", headers=headers, body=body)


def state_later(made: Reply, *, endpoint: Endpoint, seconds: float) -> str:
    clock = endpoint.service.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)
    path = f"/v1/videos/{orjson.loads(made.body)['id']}"
    headers = {"authorization": "Bearer key"}
    reply = endpoint.respond("GET", path, query="", headers=headers, body=b"")
    return str(orjson.loads(reply.body)["status"])
