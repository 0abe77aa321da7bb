"""The choice of the scenario of a job, and invalid choices."""

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
)
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.faults.scenarios import Scenarios
from aisa_testkit.mock_server.jobs.progression import Planner
from aisa_testkit.openapi import Arguments, Call, Cause, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.operations import find_operation, only_kind
from tests.support.planned_jobs import plan

FIELDS = {"prompt": "a lighthouse", "model": "sora-2", "size": "720x1280", "seconds": "4"}
IN_PROMPT = {**FIELDS, "prompt": "a lighthouse mock:fails at night"}
FAILS_HEADER = {"x-mock-scenario": "fails"}


def choose(
    scenarios: Scenarios, document: Document, fields: Mapping[str, Json], headers: Mapping[str, str]
) -> Progression:
    """Return the progression of a job that is created with these fields and headers."""
    operation = find_operation(document, JobRole.CREATE)
    choice = scenarios.choose(Call(operation.id, headers=headers), Arguments(fields=fields))
    request = {f"/{name}": value for name, value in fields.items()}
    return plan(document, request, choice.scenario.outcome)


class ScenarioChooser:
    """The scenarios of one document, and the progressions of jobs in them."""

    def __init__(self, document: Document, default: str = "completes") -> None:
        self.document = document
        self.scenarios = Scenarios(document, random=Random(1), default=default)

    def progression(self, fields: Mapping[str, Json], headers: Mapping[str, str]) -> Progression:
        return choose(self.scenarios, self.document, fields, headers)

    def outcome(self, fields: Mapping[str, Json], headers: Mapping[str, str]) -> str:
        return self.progression(fields, headers).phases[-1].state


@pytest.fixture
def chooser(document: Document) -> ScenarioChooser:
    return ScenarioChooser(document)


@pytest.mark.parametrize(
    ("fields", "headers", "expected"),
    [
        pytest.param(FIELDS, {}, "completed", id="no scenario"),
        pytest.param(IN_PROMPT, {}, "failed", id="prompt"),
        pytest.param(FIELDS, FAILS_HEADER, "failed", id="header"),
        pytest.param(IN_PROMPT, {"x-mock-scenario": "completes"}, "completed", id="both"),
        pytest.param({**FIELDS, "prompt": "hammock:fails"}, {}, "completed", id="part of a word"),
        pytest.param({**FIELDS, "prompt": "MOCK:fails"}, {}, "completed", id="upper case"),
        pytest.param({**FIELDS, "prompt": "(mock:fails.)"}, {}, "failed", id="punctuation"),
        pytest.param({**FIELDS, "prompt": None, "n": 4, "other": "mock:fails"}, {}, "failed",
                     id="other field"),
        pytest.param({**FIELDS, "prompt": "so mock:flaky-polls!"}, {}, "completed", id="hyphen"),
    ],
)  # fmt: skip
def test_scenario_from_the_header_or_the_prompt_of_a_request(
    chooser: ScenarioChooser, fields: dict[str, Json], headers: dict[str, str], expected: str
) -> None:
    assert chooser.outcome(fields, headers) == expected


def test_scenario_of_the_request_overrides_the_default(document: Document) -> None:
    failing = ScenarioChooser(document, "fails")
    assert failing.outcome(FIELDS, {}) == "failed"
    assert failing.outcome({**FIELDS, "prompt": "mock:completes"}, {}) == "completed"
    assert failing.outcome(FIELDS, {"x-mock-scenario": "completes"}) == "completed"


def test_outcome_of_the_next_job_overrides_the_request_once(chooser: ScenarioChooser) -> None:
    chooser.scenarios.set_next(JobOutcome(outcome="completed"))
    assert chooser.outcome(IN_PROMPT, FAILS_HEADER) == "completed"
    assert chooser.outcome(IN_PROMPT, FAILS_HEADER) == "failed"


def test_outcomes_of_several_next_jobs_are_used_in_order(chooser: ScenarioChooser) -> None:
    chooser.scenarios.set_next(JobOutcome(outcome="failed", code="generation_failed", seconds=3))
    chooser.scenarios.set_next(JobOutcome(seconds=100))
    first, second, third = (chooser.progression(FIELDS, {}) for _ in range(3))
    assert (first.phases[-1].state, first.reason and first.reason[0], first.pending_seconds) == (
        "failed",
        "generation_failed",
        3,
    )
    assert (second.phases[-1].state, second.pending_seconds) == ("completed", 100)
    assert (third.phases[-1].state, third.pending_seconds) == ("completed", 10)


def test_scenario_for_a_number_of_next_jobs(chooser: ScenarioChooser) -> None:
    chooser.scenarios.use("fails", next=2)
    assert chooser.scenarios.selection()["next"] == ["fails", "fails"]
    assert [chooser.outcome(FIELDS, {}) for _ in range(3)] == ["failed", "failed", "completed"]


def test_scenario_shares_are_the_same_in_every_run(document: Document) -> None:
    runs = []
    for _ in range(2):
        chooser = ScenarioChooser(document)
        chooser.scenarios.use("fails", share=0.25)
        chooser.scenarios.use("slow", share=0.25)
        runs.append([chooser.progression(FIELDS, {}) for _ in range(400)])
    assert runs[0] == runs[1]
    states = [each.phases[-1].state for each in runs[0]]
    assert 70 < states.count("failed") < 130
    assert 70 < [each.pending_seconds for each in runs[0]].count(100) < 130


def test_shares_may_add_up_to_one_despite_rounding(chooser: ScenarioChooser) -> None:
    shares = {"fails": 0.33, "slow": 0.56, "stalls": 0.11}
    assert 0.33 + 0.56 + 0.11 > 1  # from Python 3.12 on, sum() does not show it
    for name, share in shares.items():
        chooser.scenarios.use(name, share=share)
    assert chooser.scenarios.selection()["shares"] == shares
    with pytest.raises(ValueError, match="share must be at most 0, the rest"):
        chooser.scenarios.use("jumps", share=0.01)


def test_share_of_zero_removes_the_share(chooser: ScenarioChooser) -> None:
    chooser.scenarios.use("fails", share=1)
    assert chooser.outcome(FIELDS, {}) == "failed"
    chooser.scenarios.use("fails", share=0)
    assert chooser.outcome(FIELDS, {}) == "completed"
    assert chooser.scenarios.selection()["shares"] == {}


def test_reset_restores_the_initial_default_scenario(chooser: ScenarioChooser) -> None:
    chooser.scenarios.use("fails")
    assert chooser.outcome(FIELDS, {}) == "failed"
    chooser.scenarios.use("slow", next=1)
    chooser.scenarios.use("instant", share=0.5)
    chooser.scenarios.reset()
    assert chooser.scenarios.selection() == {"scenario": "completes", "shares": {}, "next": []}
    assert chooser.outcome(FIELDS, {}) == "completed"


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("explodes", {}, "unknown scenario 'explodes', must be one of completes, fails, moderated"),
        ("completes:generation_failed", {}, "only a scenario whose jobs fail accepts a code"),
        ("fails:", {}, "only a scenario whose jobs fail accepts a code"),
        ("slow", {"next": 0}, "next must be a whole number from 1 to 100000, not 0"),
        ("slow", {"next": True}, "next must be a whole number from 1 to 100000, not true"),
        ("slow", {"share": 1.5}, "share must be from 0 to 1, not 1.5"),
        ("slow", {"share": -0.1}, "share must be from 0 to 1, not -0.1"),
        ("slow", {"share": 0.8}, "share must be at most 0.6, the rest of the other shares"),
        ("slow", {"share": 0.1, "next": 1}, "use next or share, not both"),
    ],
)
def test_invalid_choice_is_rejected_and_changes_nothing(
    chooser: ScenarioChooser, name: str, arguments: dict[str, Any], message: str
) -> None:
    chooser.scenarios.use("fails", share=0.4)
    before = chooser.scenarios.selection()
    with pytest.raises(ValueError, match=re.escape(message)):
        chooser.scenarios.use(name, **arguments)
    assert chooser.scenarios.selection() == before


def test_failure_with_a_custom_error_code(chooser: ScenarioChooser) -> None:
    for request in (({**FIELDS, "prompt": "x mock:fails:out_of_gpu."}, {}),
                    (FIELDS, {"x-mock-scenario": "fails:out_of_gpu"})):  # fmt: skip
        assert chooser.progression(*request).reason == ("out_of_gpu", "The job failed: out_of_gpu.")


def test_duration_depends_on_every_scaling_field_of_the_document(document: Document) -> None:
    planner = Planner(only_kind(document))
    lengths = {
        (model, seconds): planner.plan(
            "createVideo", {"/model": model, "/seconds": seconds}
        ).pending_seconds
        for _ in range(2)  # the second time from the cache
        for model in ("sora-2", "sora-2-pro")
        for seconds in ("4", "8", "12")
    }
    assert list(lengths.values()) == [10, 16, 22, 18, 30, 42]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        pytest.param(FIELDS, {"x-mock-scenario": "explodes"}, id="header"),
        pytest.param({**FIELDS, "prompt": "mock:explodes"}, {}, id="prompt"),
    ],
)
def test_unknown_scenario_in_a_request_is_refused(
    chooser: ScenarioChooser, fields: dict[str, Json], headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as caught:
        chooser.progression(fields, headers)
    assert caught.value.cause == Cause.PREFERENCE_INVALID
    assert caught.value.message.startswith(
        "unknown scenario 'explodes', must be one of completes, fails"
    )


def test_unknown_default_scenario_is_rejected(document: Document) -> None:
    with pytest.raises(
        ValueError, match="unknown scenario 'explodes', must be one of completes, fails"
    ):
        JobService(document, scenario="explodes")


def test_scenarios_of_another_document_use_its_states(
    other_document: Document,
) -> None:
    chooser = ScenarioChooser(other_document)
    assert chooser.outcome({}, {}) == "ready"
    assert chooser.outcome({}, FAILS_HEADER) == "spoilt"
    chooser.scenarios.set_next(JobOutcome(outcome="withdrawn"))
    assert [phase.state for phase in chooser.progression({}, {}).phases] == ["waiting", "withdrawn"]


def test_built_in_scenarios_depend_on_the_document(
    document: Document, other_document: Document
) -> None:
    known, other = (
        [each["name"] for each in ScenarioChooser(d).scenarios.to_json()]
        for d in (document, other_document)
    )
    assert known == [
        *("completes", "fails", "moderated", "slow", "stalls", "jumps", "instant", "expires"),
        *("flaky-polls", "rate-limited"),
    ]
    assert set(known) - set(other) == {"moderated", "expires", "flaky-polls"}


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        pytest.param(
            JobOutcome(outcome="lost"),
            "no job ends as 'lost'; the final states are completed, failed",
            id="unknown state",
        ),
        pytest.param(
            JobOutcome(outcome="queued"), "no job ends as 'queued'", id="not a final state"
        ),
        pytest.param(
            JobOutcome(code="generation_failed"),
            "a job that ends as 'completed' has no failure code 'generation_failed'",
            id="code of a success",
        ),
        pytest.param(JobOutcome(seconds=-1), "seconds must be 0 or more, not -1", id="negative"),
        pytest.param(
            JobOutcome(seconds=float("nan")), "seconds must be 0 or more, not nan", id="nan"
        ),
        pytest.param(
            JobOutcome(seconds=float("inf")), "seconds must be 0 or more, not inf", id="infinite"
        ),
    ],
)
def test_invalid_outcome_of_the_next_job_is_rejected(
    service: JobService, endpoint: Endpoint, outcome: JobOutcome, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        MockControls(service).next_job(
            outcome=outcome.outcome, code=outcome.code, seconds=outcome.seconds
        )
    assert len(service.store) == 0
    assert state_after(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_refused_create_keeps_the_outcome_of_the_next_job(
    service: JobService, endpoint: Endpoint
) -> None:
    MockControls(service).next_job(outcome="failed")
    assert create(endpoint, prompt="").status == 400
    created = create(endpoint)
    assert created.status == 200
    assert state_after(created, endpoint=endpoint, seconds=10) == "failed"
    assert state_after(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_reset_of_the_service_forgets_the_outcome_of_the_next_job(
    service: JobService, endpoint: Endpoint
) -> None:
    MockControls(service).next_job(outcome="failed")
    MockControls(service).reset()
    assert state_after(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_unknown_scenario_in_a_header_gets_a_documented_error(
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


def state_after(created: Reply, *, endpoint: Endpoint, seconds: float) -> str:
    clock = endpoint.service.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds)
    path = f"/v1/videos/{orjson.loads(created.body)['id']}"
    headers = {"authorization": "Bearer key"}
    reply = endpoint.respond("GET", path, query="", headers=headers, body=b"")
    return str(orjson.loads(reply.body)["status"])
