"""Outcomes of jobs in each scenario, and the faults of scenarios."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import (
    JobService,
    RandomIds,
    SystemClock,
    observe,
)
from aisa_testkit.mock_server.config import MockConfig
from aisa_testkit.mock_server.faults.scenario import Scenario, built_in_scenarios, read_scenario
from aisa_testkit.openapi import (
    Call,
    Document,
    JobRole,
    load_document,
    parse_document,
)
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.jobs.sources import FailureDetail, Progress, RetryHint
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get
from tests.support.operations import find_operation, only_kind
from tests.support.service_client import ServiceClient

BUILT_IN = [*built_in_scenarios(load_document())]
WITHOUT_FAULTS = [name for name in BUILT_IN if name not in ("flaky-polls", "rate-limited")]
DAY = 86_400


@pytest.fixture
def client(document: Document) -> ServiceClient:
    return ServiceClient(document, conforming=True)


@pytest.fixture
def any_client(any_document: Document) -> ServiceClient:
    return ServiceClient(any_document, conforming=True)


def end_of(client: ServiceClient, job: str, *, within: int = 1000) -> tuple[str, float] | None:
    """Poll a job every quarter of a second; return its final state and its duration in seconds.

    None if it does not end.
    """
    created = client.clock.now()
    for _ in range(within * 4):
        reply = client.send(JobRole.POLL, job)
        while reply.status >= 500:
            reply = client.send(JobRole.POLL, job)
        state = client.state(reply)
        if client.meaning(reply).is_terminal:
            return state, client.clock.now() - created
        client.clock.advance(0.25)
    return None


@pytest.mark.parametrize(
    ("scenario", "end"),
    [
        ("completes", ("completed", 10)),
        ("fails", ("failed", 6)),
        ("fails:out_of_gpu", ("failed", 6)),
        ("moderated", ("failed", 6)),
        ("slow", ("completed", 100)),
        ("stalls", None),
        ("jumps", ("completed", 10)),
        ("instant", ("completed", 0)),
        ("expires", ("completed", 10)),
        ("flaky-polls", ("completed", 10)),
        ("rate-limited", ("completed", 10)),
    ],
)
def test_final_state_and_duration_of_each_scenario(
    client: ServiceClient, scenario: str, end: tuple[str, float] | None
) -> None:
    assert end_of(client, client.create(scenario)) == end


@pytest.mark.parametrize(
    ("scenario", "end"),
    [
        ("completes", ("ready", 10)),
        ("fails", ("spoilt", 7)),
        ("slow", ("ready", 100)),
        ("stalls", None),
        ("jumps", ("ready", 10)),
        ("instant", ("ready", 0)),
        ("rate-limited", ("ready", 10)),
    ],
)
def test_final_state_and_duration_with_another_document(
    other_document: Document, scenario: str, end: tuple[str, float] | None
) -> None:
    client = ServiceClient(other_document)
    assert end_of(client, client.create(scenario)) == end


@pytest.mark.parametrize("scenario", BUILT_IN)
def test_all_views_of_a_job_agree_and_progress_never_decreases(
    any_client: ServiceClient, scenario: str
) -> None:
    known = [each["name"] for each in any_client.service.scenarios.to_json()]
    job = any_client.create(scenario if scenario in known else "")
    kind, progress, states = only_kind(any_client.document), [0], []
    has_progress = any(isinstance(field.source, Progress) for field in kind.fields)
    (failure_at,) = {f.place.path[:-1] for f in kind.fields if isinstance(f.source, FailureDetail)}
    for step in (0, 0.5, 0.5, 0.999, 0.001, 1, 2, 2.5, 2.499, 0.001, 10, 40, 50, DAY):
        any_client.clock.advance(step)
        view = consistent_view(any_client, job)
        state = kind.lifecycle.states[get(view, kind.state_at)]
        states.append(state.name)
        progress.append(view["progress"] if has_progress else 0)
        failed = state.meaning is Meaning.FAILURE
        assert (get(view, failure_at) is not None) == failed
    order = [*kind.lifecycle.states]
    assert all(order.index(a) <= order.index(b) for a, b in pairwise(states))
    assert progress == sorted(progress)


def consistent_view(client: ServiceClient, job: str) -> Json:
    """Return the job, after comparing all views of it: polls, list, files and deletion."""
    reply = client.send(JobRole.POLL, job)
    while reply.status >= 500:
        reply = client.send(JobRole.POLL, job)
    view = orjson.loads(reply.body)
    kind = only_kind(client.document)
    assert kind.list
    page = orjson.loads(client.send(JobRole.LIST).body)
    assert get(page, kind.list.items) == [view] == client.service.describe_all()
    meaning = kind.lifecycle.states[get(view, kind.state_at)].meaning
    expiry = get(view, kind.expires_at) if kind.expires_at else None
    gone = expiry is not None and client.clock.now() >= expiry
    other = 200 if meaning is Meaning.SUCCESS else 409
    assert client.send(JobRole.RESULT, job).status == (404 if gone else other)
    if not meaning.is_terminal:
        assert client.send(JobRole.DELETE, job).status == 409
    (hint,) = (f.place.name for f in kind.fields if isinstance(f.source, RetryHint))
    assert (hint in reply.headers) == (not meaning.is_terminal)
    return view


def test_failed_job_has_an_error_code(client: ServiceClient) -> None:
    def reason(scenario: str) -> Json:
        job = client.create(scenario)
        client.clock.advance(10)
        return orjson.loads(client.send(JobRole.POLL, job).body)["error"]

    moderated = {
        "code": "moderation_blocked",
        "message": "The request was blocked by the moderation system.",
    }
    assert reason("moderated") == reason("fails") == moderated
    other = reason("moderated:generation_failed")
    assert other["code"] == "generation_failed"
    assert reason("fails:out_of_gpu")["code"] == "out_of_gpu"


def test_jumping_job_shows_no_progress_before_its_end(client: ServiceClient) -> None:
    job, shown = client.create("jumps"), Counter[tuple[str, int]]()
    for _ in range(42):
        view = orjson.loads(client.send(JobRole.POLL, job).body)
        shown[view["status"], view["progress"]] += 1
        client.clock.advance(0.25)
    assert shown == {("queued", 0): 8, ("in_progress", 0): 32, ("completed", 100): 2}


def test_instant_job_has_ended_when_it_is_created(any_client: ServiceClient) -> None:
    created = any_client.send(JobRole.CREATE, scenario="instant")
    job = any_client.job_id(created)
    assert any_client.meaning(created) is Meaning.SUCCESS
    assert any_client.send(JobRole.RESULT, job).status == 200
    assert any_client.send(JobRole.DELETE, job).status < 300


def test_files_expire_a_minute_after_the_end_of_the_job(client: ServiceClient) -> None:
    job = client.create("expires")
    created = client.clock.now()
    client.clock.advance(10)
    view = orjson.loads(client.send(JobRole.POLL, job).body)
    assert (view["completed_at"], view["expires_at"]) == (created + 10, created + 70)
    client.clock.advance(59.5)
    assert client.send(JobRole.RESULT, job).status == 200
    client.clock.advance(0.5)
    assert client.send(JobRole.RESULT, job).status == 404
    assert client.state(client.send(JobRole.POLL, job)) == "completed"
    assert client.send(JobRole.DELETE, job).status == 200


def test_stalled_job_has_no_content_and_cannot_be_deleted(any_client: ServiceClient) -> None:
    job = any_client.create("stalls")
    bodies = set()
    for seconds in (10, 1000, 1e6, 1e9):
        any_client.clock.advance(seconds)
        assert any_client.send(JobRole.RESULT, job).status == 409
        assert any_client.send(JobRole.DELETE, job).status == 409
        bodies.add(any_client.send(JobRole.POLL, job).body)
    assert len(bodies) == 1
    (record,) = any_client.service.store.page(after=None, limit=9, newest_first=True).jobs
    assert (record.progression.ends, observe(record, 1e12).has_ended) == (False, False)


def test_poll_hint_of_a_stalled_job_stays_short(
    document: Document,
) -> None:
    now = [0.0]
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: now[0])
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True, scenario="stalls")
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    created = service.answer(Call("createVideo", headers=headers, body=b'{"prompt": "x"}'))
    waits = [created.headers["openai-poll-after-ms"]]
    path = {"video_id": orjson.loads(created.body)["id"]}
    for seconds in (3, 5, 1, 1, 1000):
        now[0] += seconds
        poll = service.answer(Call("getVideo", path, headers=headers))
        waits.append(poll.headers["openai-poll-after-ms"])
    assert waits == ["10000", "7000", "2000", "2000", "2000", "2000"]


# Faults of scenarios


def test_flaky_polls_are_counted_for_each_job(client: ServiceClient) -> None:
    flaky, flaky_too = client.create("flaky-polls"), client.create("flaky-polls")
    normal = client.create()
    expected = [200, 503, 200, 200, 503, 200, 200, 503]
    assert client.statuses(JobRole.POLL, 8, flaky) == expected
    assert client.statuses(JobRole.POLL, 8, normal) == [200] * 8
    assert client.statuses(JobRole.LIST, 8) == [200] * 8
    assert client.statuses(JobRole.RESULT, 8, flaky) == [409] * 8
    assert client.statuses(JobRole.POLL, 8, flaky_too) == expected


def test_polls_with_another_key_are_not_counted(client: ServiceClient) -> None:
    job = client.create("flaky-polls")
    assert client.statuses(JobRole.POLL, 5, job, key="sk-other") == [404] * 5
    assert client.statuses(JobRole.POLL, 2, job) == [200, 503]


def test_rate_limited_creates_are_counted_for_each_key(
    any_client: ServiceClient,
) -> None:
    created = find_operation(any_client.document, JobRole.CREATE).success.status
    expected = [429, 429, created, 429, 429, created]
    for key in ("sk-a", "sk-b"):
        options = {"key": key, "scenario": "rate-limited"}
        assert any_client.statuses(JobRole.CREATE, 6, **options) == expected
    assert any_client.statuses(JobRole.CREATE, 2, key="sk-a") == [created] * 2
    assert len(any_client.service.store) == 6


def test_rate_limited_create_has_retry_after_if_the_document_declares_it(
    client: ServiceClient, other_document: Document
) -> None:
    refused = client.send(JobRole.CREATE, scenario="rate-limited")
    assert refused.headers["retry-after"] == "2"
    other = ServiceClient(other_document).send(JobRole.CREATE, scenario="rate-limited")
    assert (other.status, [*other.headers]) == (429, ["content-type"])


CUSTOM: Json = {
    "about": "Everything at once.",
    "outcome": "failed",
    "code": "out_of_gpu",
    "seconds": 20,
    "jumps": True,
    "faults": [
        {"operation": "create", "lost": True, "times": 1},
        {"operation": "retrieve", "latency": 3},
        {"operation": "retrieve", "status": 500, "nth": 2, "times": 1},
        {"operation": "content", "status": 404},
    ],
}


def client_with_scenario(document: Document, options: Json, **more: Any) -> ServiceClient:
    scenario = read_scenario(document, "custom", options)
    return ServiceClient(document, config=MockConfig(scenarios={"custom": scenario}), **more)


def test_custom_scenario_has_its_outcome_and_its_faults(document: Document) -> None:
    client = client_with_scenario(document, CUSTOM)
    listed = client.service.scenarios.to_json()
    assert listed[-1] == {"name": "custom", "about": "Everything at once."}
    lost = client.send(JobRole.CREATE, scenario="custom")
    assert lost.delivery
    assert lost.delivery.bytes_delivered == -1
    created = client.send(JobRole.CREATE, scenario="custom")
    assert created.delivery is None
    job = client.job_id(created)
    polls = [client.send(JobRole.POLL, job) for _ in range(3)]
    assert [poll.status for poll in polls] == [200, 500, 200]
    assert [poll.delivery.delay for poll in polls if poll.delivery] == [3, 3, 3]
    assert client.send(JobRole.RESULT, job).status == 404
    client.clock.advance(20)
    view = orjson.loads(client.send(JobRole.POLL, job).body)
    assert (view["status"], view["error"]["code"], view["progress"]) == ("failed", "out_of_gpu", 0)


def test_added_fault_applies_before_scenario_faults_and_delays_add_up(
    document: Document,
) -> None:
    client = client_with_scenario(
        document, {"faults": [{"operation": "retrieve", "status": 500}, {"latency": 1}]}
    )
    job = client.create("custom")
    client.controls.fault("retrieve", status=429, times=1)
    client.controls.fault("retrieve", latency=2)
    first, second = (client.send(JobRole.POLL, job) for _ in range(2))
    assert first.status == 429
    assert second.status == 500
    assert second.delivery
    assert second.delivery.delay == 3


@pytest.mark.parametrize("choice", ["server", "next", "share", "header", "prompt"])
def test_job_keeps_its_scenario_however_it_was_chosen(
    any_client: ServiceClient, choice: str
) -> None:
    service, scenario, prompt = any_client.service, "", "A teapot"
    if choice == "server":
        service.scenarios.use("fails")
    elif choice == "next":
        any_client.controls.next_job(scenario="fails")
    elif choice == "share":
        service.scenarios.use("fails", share=1)
    elif choice == "header":
        scenario = "fails"
    else:
        prompt = "A teapot, mock:fails"
    job = any_client.create(scenario, prompt=prompt)
    service.scenarios.use("completes")
    service.scenarios.use("fails", share=0)
    any_client.clock.advance(100)
    assert any_client.meaning(any_client.send(JobRole.POLL, job)) is Meaning.FAILURE
    other = any_client.create()
    any_client.clock.advance(100)
    assert any_client.meaning(any_client.send(JobRole.POLL, other)) is Meaning.SUCCESS


@pytest.mark.parametrize("choice", ["server", "next", "share", "header", "prompt"])
def test_job_keeps_the_faults_of_its_scenario_however_it_was_chosen(
    client: ServiceClient, choice: str
) -> None:
    in_request = {
        "header": ("flaky-polls", "A teapot"),
        "prompt": ("", "A teapot mock:flaky-polls"),
    }
    scenarios = client.service.scenarios
    if choice in ("server", "next", "share"):
        scenarios.use("flaky-polls", **{choice: 1} if choice != "server" else {})
    scenario, prompt = in_request.get(choice, ("", "A teapot"))
    job = client.create(scenario, prompt=prompt)
    scenarios.reset()
    assert client.statuses(JobRole.POLL, 3, job) == [200, 503, 200]
    assert client.statuses(JobRole.POLL, 3, client.create()) == [200] * 3


def test_job_gets_the_faults_of_its_scenario_after_a_reload(document: Document) -> None:
    client = client_with_scenario(
        document, {"faults": [{"operation": "retrieve", "status": 500, "nth": 2}]}
    )
    job = client.create("custom")
    again = read_scenario(
        document, "custom", {"faults": [{"operation": "retrieve", "status": 502}]}
    )
    client.service.scenarios.replace_initial(default="completes", custom={"custom": again})
    assert client.statuses(JobRole.POLL, 2, job) == [502, 502]
    client.service.scenarios.replace_initial(default="completes", custom={})
    assert client.statuses(JobRole.POLL, 2, job) == [200, 200]


def test_invalid_scenarios_leave_the_previous_ones(document: Document) -> None:
    client = client_with_scenario(document, {"seconds": 3}, scenario="custom")
    before = (client.service.scenarios.to_json(), client.service.scenarios.selection())
    with pytest.raises(ValueError, match="unknown scenario 'other', must be one of completes"):
        client.service.scenarios.replace_initial(default="other", custom={"new": Scenario("new")})
    assert (client.service.scenarios.to_json(), client.service.scenarios.selection()) == before
    assert end_of(client, client.create()) == ("completed", 3)


def test_custom_scenario_may_replace_a_built_in_one(document: Document) -> None:
    custom = {"completes": read_scenario(document, "completes", {"seconds": 3})}
    client = ServiceClient(document, config=MockConfig(scenarios=custom))
    assert end_of(client, client.create()) == ("completed", 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "lost"}, "no job ends as 'lost'; the final states are completed, failed"),
        ({"outcome": "queued"}, "no job ends as 'queued'"),
        ({"code": "x"}, "a job that ends as 'completed' has no failure code 'x'"),
        ({"stalls": True, "outcome": "failed"}, "a job that stalls has no outcome and no code"),
        ({"stalls": True, "code": "x"}, "a job that stalls has no outcome and no code"),
        ({"stalls": 1}, "/stalls: must be of type boolean, not 1"),
        ({"seconds": -1}, "/seconds: must be at least 0, not -1"),
        ({"seconds": True}, "/seconds: must be of type number, at least 0, not true"),
        ({"seconds": 1e10}, "seconds must be 0 or more, not 10000000000.0, and at most 1e+09"),
        ({"scale": 0}, "/scale: "),
        ({"scale": 1e10}, "scale must be more than 0, not 10000000000.0, and at most 1e+09"),
        ({"expires": -1}, "/expires: must be at least 0, not -1"),
        ({"expires": 1e10}, "expires must be 0 or more, not 10000000000.0, and at most 1e+09"),
        ({"explodes": 1}, "/explodes: is not known here"),
        ({"faults": {}}, "/faults: must be of type array, not {}"),
        ({"faults": [{"lost": True}, {}]}, "/faults/1: must have at least one of"),
        ({"faults": [{"status": 418}]}, "/faults/0/status: no operation has a documented response"),
        ({"faults": [{"lost": True, "job": "x"}]}, "/faults/0/job: is not allowed here"),
        ({"faults": [{"lost": True, "key": "x"}]}, "/faults/0/key: is not allowed here"),
        (
            {"faults": [{"lost": True, "operation": "list"}]},
            "/faults/0/operation: must be",
        ),
    ],
)
def test_invalid_scenario_is_reported_with_its_pointer(
    document: Document, options: Json, message: str
) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_scenario(document, "custom", options)
    assert str(caught.value).startswith(message)


def test_expiry_needs_a_field_in_the_document(
    other_document: Document,
) -> None:
    with pytest.raises(ValueError, match=r"^expires: the files of a rendering do not expire"):
        read_scenario(other_document, "custom", {"expires": 1})


def test_unsupported_scenarios_are_not_built_in(
    other_document: Document,
) -> None:
    root = orjson.loads(orjson.dumps(other_document.source.data))
    kind = root["x-jobs"]["rendering"]
    kind["states"] = {"waiting": "pending", "ready": "success"}
    del kind["fields"]["/job/phase/trouble/why"], kind["fields"]["/job/phase/trouble/text"]
    kind["fields"]["/job/phase/ended"] = {"time": "terminal"}
    del root["paths"]["/renderings"]["post"]["responses"]["429"], root["x-limits"]
    bare = built_in_scenarios(parse_document(orjson.dumps(root).decode()))
    assert [*bare] == ["completes", "slow", "stalls", "jumps", "instant"]


@pytest.mark.parametrize(
    ("statuses", "polls"),
    [
        (["500", "502", "503", "504"], "503"),
        (["500", "502", "504"], "502"),
        (["500", "504"], "500"),
        (["504"], "504"),
        ([], None),
    ],
)
def test_flaky_polls_use_a_documented_server_error(
    document: Document, statuses: list[str], polls: str | None
) -> None:
    root = orjson.loads(orjson.dumps(document.source.data))
    responses = root["paths"]["/videos/{video_id}"]["get"]["responses"]
    for status in {"500", "502", "503", "504"} - {*statuses}:
        del responses[status]
    known = built_in_scenarios(parse_document(orjson.dumps(root).decode()))
    about = known["flaky-polls"].description if "flaky-polls" in known else None
    assert about == (polls and f"Every third poll fails with {polls}.")
