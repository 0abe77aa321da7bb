"""What becomes of a job: who has a say in it, in which order, and what cannot be asked for."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock
from aisa_testkit.mock_server.refusal import Refusal
from aisa_testkit.mock_server.scenario import Fate, Planner
from aisa_testkit.openapi import Cause, Document, Reply

FIELDS = {"prompt": "a lighthouse", "model": "sora-2", "size": "720x1280", "seconds": "4"}
TOKEN = {**FIELDS, "prompt": "a lighthouse mock:fails at night"}
HEADER = {"x-mock-scenario": "fails"}


def outcome(planner: Planner, fields: dict[str, str], headers: dict[str, str]) -> str:
    return planner.plan(fields, headers).stages[-1].state


@pytest.fixture
def planner(document: Document) -> Planner:
    return Planner(document.lifecycle)


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
    ],
)  # fmt: skip
def test_a_request_says_what_becomes_of_its_job_the_header_before_the_token(
    planner: Planner, fields: dict[str, str], headers: dict[str, str], expected: str
) -> None:
    assert outcome(planner, fields, headers) == expected


def test_a_request_counts_more_than_the_server(document: Document) -> None:
    failing = Planner(document.lifecycle, "fails")
    assert outcome(failing, FIELDS, {}) == "failed"
    assert failing.plan(FIELDS, {}).stages[-1].state == "failed"
    assert failing.success(FIELDS).stages[-1].state == "completed"
    assert outcome(failing, {**FIELDS, "prompt": "mock:completes"}, {}) == "completed"
    assert outcome(failing, FIELDS, {"x-mock-scenario": "completes"}) == "completed"


def test_what_was_set_for_the_next_job_counts_most_and_once(planner: Planner) -> None:
    planner.set_next(Fate(outcome="completed"))
    assert outcome(planner, TOKEN, HEADER) == "completed"
    assert outcome(planner, TOKEN, HEADER) == "failed"


def test_what_was_set_twice_is_for_two_jobs_in_that_order(planner: Planner) -> None:
    planner.set_next(Fate(outcome="failed", code="generation_failed", seconds=3))
    planner.set_next(Fate(seconds=100))
    first, second, third = (planner.plan(FIELDS, {}) for _ in range(3))
    assert (first.stages[-1].state, first.reason and first.reason[0], first.seconds) == (
        "failed",
        "generation_failed",
        3,
    )
    assert (second.stages[-1].state, second.seconds) == ("completed", 100)
    assert (third.stages[-1].state, third.seconds) == ("completed", 10)


def test_the_plan_of_a_success_leaves_what_was_set_for_the_next_job(planner: Planner) -> None:
    planner.set_next(Fate(outcome="failed"))
    assert planner.success(FIELDS).stages[-1].state == "completed"
    assert outcome(planner, FIELDS, {}) == "failed"


def test_a_reset_forgets_what_was_set(planner: Planner) -> None:
    planner.set_next(Fate(outcome="failed"))
    planner.reset()
    assert outcome(planner, FIELDS, {}) == "completed"


def test_plans_differ_by_every_field_that_the_document_scales_by(planner: Planner) -> None:
    lengths = {
        (model, seconds): planner.plan({**FIELDS, "model": model, "seconds": seconds}, {}).seconds
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
    planner: Planner, fields: dict[str, str], headers: dict[str, str]
) -> None:
    with pytest.raises(Refusal) as caught:
        planner.plan(fields, headers)
    message = "there is no scenario 'explodes', only completes, fails"
    assert (caught.value.cause, caught.value.message) == (Cause.PREFERENCE_INVALID, message)


def test_an_unknown_scenario_of_the_server_is_refused(document: Document) -> None:
    with pytest.raises(ValueError, match="no scenario 'explodes', only completes, fails"):
        JobService(document, scenario="explodes")


def test_the_scenarios_of_another_document_end_as_its_first_outcomes(
    other_document: Document,
) -> None:
    planner = Planner(other_document.lifecycle)
    assert outcome(planner, {}, {}) == "ready"
    assert outcome(planner, {}, HEADER) == "spoilt"
    planner.set_next(Fate(outcome="withdrawn"))
    withdrawn = planner.plan({}, {})
    assert [stage.state for stage in withdrawn.stages] == ["waiting", "withdrawn"]


@pytest.mark.parametrize(
    ("fate", "message"),
    [
        pytest.param(
            Fate(outcome="lost"),
            "no job ends as 'lost'; the final states are completed, failed",
            id="no such state",
        ),
        pytest.param(Fate(outcome="queued"), "no job ends as 'queued'", id="no final state"),
        pytest.param(
            Fate(code="generation_failed"),
            "a job that ends as 'completed' has no failure code 'generation_failed'",
            id="the code of a success",
        ),
        pytest.param(Fate(seconds=-1), "seconds must be 0 or more, not -1", id="less than 0"),
        pytest.param(
            Fate(seconds=float("nan")), "seconds must be 0 or more, not nan", id="no number"
        ),
        pytest.param(Fate(seconds=float("inf")), "seconds must be 0 or more, not inf", id="never"),
    ],
)
def test_what_cannot_be_is_refused_for_the_next_job_and_leaves_nothing_set(
    service: JobService, endpoint: Endpoint, fate: Fate, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        service.next_job(outcome=fate.outcome, code=fate.code, seconds=fate.seconds)
    assert len(service.store) == 0
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_only_a_job_that_is_made_uses_up_what_was_set(
    service: JobService, endpoint: Endpoint
) -> None:
    service.next_job(outcome="failed")
    assert create(endpoint, prompt="").status == 400
    made = create(endpoint)
    assert made.status == 200
    assert state_later(made, endpoint=endpoint, seconds=10) == "failed"
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_a_reset_of_the_service_forgets_what_was_set(
    service: JobService, endpoint: Endpoint
) -> None:
    service.next_job(outcome="failed")
    service.reset()
    assert state_later(create(endpoint), endpoint=endpoint, seconds=10) == "completed"


def test_a_header_that_names_no_scenario_is_answered_in_the_envelope(
    service: JobService, endpoint: Endpoint
) -> None:
    reply = create(endpoint, scenario="explodes")
    error = orjson.loads(reply.body)["error"]
    assert (reply.status, error["code"]) == (400, "invalid_request")
    assert error["message"] == "there is no scenario 'explodes', only completes, fails"
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
