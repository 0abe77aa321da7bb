"""What each scenario makes of a job's whole life, as all calls about it tell."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import (
    JobService,
    ManualClock,
    MockControls,
    RandomIds,
    SystemClock,
    observe,
)
from aisa_testkit.mock_server.config import MockConfig
from aisa_testkit.mock_server.faults.scenario import Scenario, built_in_scenarios, read_scenario
from aisa_testkit.openapi import (
    Call,
    Document,
    Ending,
    JobRole,
    Reply,
    load_document,
    parse_document,
)
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

USUAL = [*built_in_scenarios(load_document())]
QUIET = [name for name in USUAL if name not in ("flaky-polls", "rate-limited")]
DAY = 86_400


class Stage:
    """A strict service of a document, and calls in the names of its roles."""

    def __init__(self, document: Document, **settings: Any) -> None:
        self.document, self.clock = document, ManualClock()
        self.service = JobService(
            document, clock=self.clock, ids=RandomIds(1), seed=1, strict=True, **settings
        )

    def ask(
        self,
        role: JobRole,
        job: str = "",
        *,
        key: str = "sk-test",
        scenario: str = "",
        text: str = "",
    ) -> Reply:
        operation, credentials = self.document.by_role[role], self.document.credentials
        assert credentials
        sent = {credentials.header: f"{credentials.scheme} {key}".strip()}
        sent |= {"x-mock-scenario": scenario} if scenario else {}
        headers = {**sent, "content-type": "application/json"}
        body = orjson.dumps({"prompt": text or "A teapot", "scene": text or "A teapot"})
        place = {"id": job} if operation.template.parameters else {}
        reply = self.service.answer(Call(operation.id, place, headers=headers, body=body))
        assert [*reply_problems(operation, reply)] == []
        return reply

    def make(self, scenario: str = "", *, key: str = "sk-test", text: str = "") -> str:
        """The id of a new job; a create that is refused is sent again."""
        reply = self.ask(JobRole.CREATE, key=key, scenario=scenario, text=text)
        while reply.status >= 400:
            reply = self.ask(JobRole.CREATE, key=key, scenario=scenario, text=text)
        return str(self.read(reply, self.document.lifecycle.id_at))

    def read(self, reply: Reply, path: tuple[str, ...] | None) -> Json:
        """What stands at a place in the job that an answer shows."""
        return get(orjson.loads(reply.body), path or ())

    def state(self, reply: Reply) -> str:
        return str(self.read(reply, self.document.lifecycle.state_at))

    def statuses(self, role: JobRole, count: int, job: str = "", **asking: str) -> list[int]:
        return [self.ask(role, job, **asking).status for _ in range(count)]


@pytest.fixture
def stage(document: Document) -> Stage:
    return Stage(document)


@pytest.fixture(params=["videos", "renderings"])
def any_stage(
    request: pytest.FixtureRequest, document: Document, other_document: Document
) -> Stage:
    return Stage(document if request.param == "videos" else other_document)


def end_of(stage: Stage, job: str, *, within: int = 1000) -> tuple[str, float] | None:
    """The state that a job ends in and how many seconds after its making, asked every quarter of a
    second; None if it does not end.
    """
    made = stage.clock.now()
    for _ in range(within * 4):
        reply = stage.ask(JobRole.RETRIEVE, job)
        while reply.status >= 500:
            reply = stage.ask(JobRole.RETRIEVE, job)
        state = stage.state(reply)
        if stage.document.lifecycle.states[state].ends:
            return state, stage.clock.now() - made
        stage.clock.advance(0.25)
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
def test_a_job_ends_as_its_scenario_says(
    stage: Stage, scenario: str, end: tuple[str, float] | None
) -> None:
    assert end_of(stage, stage.make(scenario)) == end


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
def test_the_jobs_of_another_document_end_as_their_scenario_says(
    other_document: Document, scenario: str, end: tuple[str, float] | None
) -> None:
    stage = Stage(other_document)
    assert end_of(stage, stage.make(scenario)) == end


@pytest.mark.parametrize("scenario", USUAL)
def test_all_views_of_a_job_agree_at_all_its_moments_and_nothing_goes_back(
    any_stage: Stage, scenario: str
) -> None:
    known = [each["name"] for each in any_stage.service.scenarios.to_json()]
    job = any_stage.make(scenario if scenario in known else "")
    lifecycle, progress, states = any_stage.document.lifecycle, [0], []
    for step in (0, 0.5, 0.5, 0.999, 0.001, 1, 2, 2.5, 2.499, 0.001, 10, 40, 50, DAY):
        any_stage.clock.advance(step)
        seen = agreed(any_stage, job)
        state = lifecycle.states[get(seen, lifecycle.state_at)]
        states.append(state.name)
        progress.append(get(seen, lifecycle.progress_at) if lifecycle.progress_at else 0)
        if lifecycle.failure:
            failed = state.ends is Ending.FAILURE
            assert (get(seen, lifecycle.failure.at) is not None) == failed
    order = [*lifecycle.states]
    assert all(order.index(a) <= order.index(b) for a, b in pairwise(states))
    assert progress == sorted(progress)


def agreed(stage: Stage, job: str) -> Json:
    """The job, as it is retrieved and listed alike; its files are to be had if it is finished."""
    reply = stage.ask(JobRole.RETRIEVE, job)
    while reply.status >= 500:
        reply = stage.ask(JobRole.RETRIEVE, job)
    seen = orjson.loads(reply.body)
    operation, lifecycle = stage.document.by_role[JobRole.LIST], stage.document.lifecycle
    assert operation.page
    page = orjson.loads(stage.ask(JobRole.LIST).body)
    assert get(page, operation.page.places["items"]) == [seen] == stage.service.describe_all()
    ends = lifecycle.states[get(seen, lifecycle.state_at)].ends
    expiry = get(seen, lifecycle.expiry_at) if lifecycle.expiry_at else None
    gone = expiry is not None and stage.clock.now() >= expiry
    usual = 200 if ends is Ending.SUCCESS else 409
    assert stage.ask(JobRole.CONTENT, job).status == (404 if gone else usual)
    if ends is None:
        assert stage.ask(JobRole.DELETE, job).status == 409
    hint = lifecycle.poll_hint
    assert hint
    assert (hint.header in reply.headers) == (ends is None)
    return seen


def test_a_failure_tells_its_reason(stage: Stage) -> None:
    def reason(scenario: str) -> Json:
        job = stage.make(scenario)
        stage.clock.advance(10)
        return stage.read(stage.ask(JobRole.RETRIEVE, job), ("error",))

    moderated = {
        "code": "moderation_blocked",
        "message": "The request was blocked by the moderation system.",
    }
    assert reason("moderated") == reason("fails") == moderated
    other = reason("moderated:generation_failed")
    assert other["code"] == "generation_failed"
    assert reason("fails:out_of_gpu")["code"] == "out_of_gpu"


def test_a_job_that_jumps_shows_no_progress_until_it_shows_all(stage: Stage) -> None:
    job, shown = stage.make("jumps"), Counter[tuple[str, int]]()
    for _ in range(42):
        seen = orjson.loads(stage.ask(JobRole.RETRIEVE, job).body)
        shown[seen["status"], seen["progress"]] += 1
        stage.clock.advance(0.25)
    assert shown == {("queued", 0): 8, ("in_progress", 0): 32, ("completed", 100): 2}


def test_an_instant_job_has_ended_when_it_is_made(any_stage: Stage) -> None:
    made = any_stage.ask(JobRole.CREATE, scenario="instant")
    job = any_stage.read(made, any_stage.document.lifecycle.id_at)
    assert any_stage.document.lifecycle.states[any_stage.state(made)].ends is Ending.SUCCESS
    assert any_stage.ask(JobRole.CONTENT, job).status == 200
    assert any_stage.ask(JobRole.DELETE, job).status < 300


def test_the_files_of_a_job_that_expires_go_a_minute_after_its_end(stage: Stage) -> None:
    job = stage.make("expires")
    made = stage.clock.now()
    stage.clock.advance(10)
    seen = orjson.loads(stage.ask(JobRole.RETRIEVE, job).body)
    assert (seen["completed_at"], seen["expires_at"]) == (made + 10, made + 70)
    stage.clock.advance(59.5)
    assert stage.ask(JobRole.CONTENT, job).status == 200
    stage.clock.advance(0.5)
    assert stage.ask(JobRole.CONTENT, job).status == 404
    assert stage.state(stage.ask(JobRole.RETRIEVE, job)) == "completed"
    assert stage.ask(JobRole.DELETE, job).status == 200


def test_a_job_that_stalls_is_never_to_be_had_and_never_to_be_deleted(any_stage: Stage) -> None:
    job = any_stage.make("stalls")
    seen = set()
    for seconds in (10, 1000, 1e6, 1e9):
        any_stage.clock.advance(seconds)
        assert any_stage.ask(JobRole.CONTENT, job).status == 409
        assert any_stage.ask(JobRole.DELETE, job).status == 409
        seen.add(any_stage.ask(JobRole.RETRIEVE, job).body)
    assert len(seen) == 1
    (record,) = any_stage.service.store.page(after=None, limit=9, newest_first=True).jobs
    assert (record.progression.ends, observe(record, 1e12).ends) == (None, None)


def test_a_client_of_a_job_that_stalls_is_asked_to_wait_as_if_it_were_to_end_soon(
    document: Document,
) -> None:
    now = [0.0]
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: now[0])
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True, scenario="stalls")
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    made = service.answer(Call("createVideo", headers=headers, body=b'{"prompt": "x"}'))
    waits = [made.headers["openai-poll-after-ms"]]
    place = {"video_id": orjson.loads(made.body)["id"]}
    for seconds in (3, 5, 1, 1, 1000):
        now[0] += seconds
        poll = service.answer(Call("getVideo", place, headers=headers))
        waits.append(poll.headers["openai-poll-after-ms"])
    assert waits == ["10000", "7000", "2000", "2000", "2000", "2000"]


# Faults of scenarios


def test_every_third_poll_of_a_job_with_flaky_polls_fails_whoever_else_polls(stage: Stage) -> None:
    flaky, other, usual = stage.make("flaky-polls"), stage.make("flaky-polls"), stage.make()
    expected = [200, 503, 200, 200, 503, 200, 200, 503]
    assert stage.statuses(JobRole.RETRIEVE, 8, flaky) == expected
    assert stage.statuses(JobRole.RETRIEVE, 8, usual) == [200] * 8
    assert stage.statuses(JobRole.LIST, 8) == [200] * 8
    assert stage.statuses(JobRole.CONTENT, 8, flaky) == [409] * 8
    assert stage.statuses(JobRole.RETRIEVE, 8, other) == expected


def test_the_polls_of_somebody_who_may_not_see_a_job_are_not_counted(stage: Stage) -> None:
    job = stage.make("flaky-polls")
    assert stage.statuses(JobRole.RETRIEVE, 5, job, key="sk-other") == [404] * 5
    assert stage.statuses(JobRole.RETRIEVE, 2, job) == [200, 503]


def test_two_of_three_creates_are_refused_to_each_key_that_is_rate_limited(
    any_stage: Stage,
) -> None:
    created = any_stage.document.by_role[JobRole.CREATE].success.status
    expected = [429, 429, created, 429, 429, created]
    for key in ("sk-a", "sk-b"):
        asking = {"key": key, "scenario": "rate-limited"}
        assert any_stage.statuses(JobRole.CREATE, 6, **asking) == expected
    assert any_stage.statuses(JobRole.CREATE, 2, key="sk-a") == [created] * 2
    assert len(any_stage.service.store) == 6


def test_a_rate_limit_is_told_with_a_wait_where_the_document_has_a_header_for_it(
    stage: Stage, other_document: Document
) -> None:
    refused = stage.ask(JobRole.CREATE, scenario="rate-limited")
    assert refused.headers["retry-after"] == "2"
    other = Stage(other_document).ask(JobRole.CREATE, scenario="rate-limited")
    assert (other.status, [*other.headers]) == (429, ["content-type"])


OWN: Json = {
    "about": "All that can be said.",
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


def own_stage(document: Document, words: Json, **settings: Any) -> Stage:
    scenario = read_scenario(document, "own", words)
    return Stage(document, config=MockConfig(scenarios={"own": scenario}), **settings)


def test_a_scenario_of_ones_own_has_its_fate_and_its_faults(document: Document) -> None:
    stage = own_stage(document, OWN)
    listed = stage.service.scenarios.to_json()
    assert listed[-1] == {"name": "own", "about": "All that can be said."}
    lost = stage.ask(JobRole.CREATE, scenario="own")
    assert lost.delivery
    assert lost.delivery.bytes_delivered == -1
    made = stage.ask(JobRole.CREATE, scenario="own")
    assert made.delivery is None
    job = stage.read(made, ("id",))
    polls = [stage.ask(JobRole.RETRIEVE, job) for _ in range(3)]
    assert [poll.status for poll in polls] == [200, 500, 200]
    assert [poll.delivery.delay for poll in polls if poll.delivery] == [3, 3, 3]
    assert stage.ask(JobRole.CONTENT, job).status == 404
    stage.clock.advance(20)
    seen = orjson.loads(stage.ask(JobRole.RETRIEVE, job).body)
    assert (seen["status"], seen["error"]["code"], seen["progress"]) == ("failed", "out_of_gpu", 0)


def test_a_fault_that_was_set_strikes_before_those_of_a_scenario_and_all_that_slows_adds_up(
    document: Document,
) -> None:
    stage = own_stage(
        document, {"faults": [{"operation": "retrieve", "status": 500}, {"latency": 1}]}
    )
    job = stage.make("own")
    MockControls(stage.service).fault("retrieve", status=429, times=1)
    MockControls(stage.service).fault("retrieve", latency=2)
    first, second = (stage.ask(JobRole.RETRIEVE, job) for _ in range(2))
    assert first.status == 429
    assert second.status == 500
    assert second.delivery
    assert second.delivery.delay == 3


@pytest.mark.parametrize("door", ["server", "next", "share", "header", "token"])
def test_a_scenario_is_chosen_in_any_way_and_a_job_keeps_it(any_stage: Stage, door: str) -> None:
    service, scenario, text = any_stage.service, "", ""
    if door == "server":
        service.scenarios.use("fails")
    elif door == "next":
        MockControls(service).next_job(scenario="fails")
    elif door == "share":
        service.scenarios.use("fails", share=1)
    elif door == "header":
        scenario = "fails"
    else:
        text = "A teapot, mock:fails"
    job = any_stage.make(scenario, text=text)
    service.scenarios.use("completes")
    service.scenarios.use("fails", share=0)
    any_stage.clock.advance(100)
    state = any_stage.state(any_stage.ask(JobRole.RETRIEVE, job))
    assert any_stage.document.lifecycle.states[state].ends is Ending.FAILURE
    other = any_stage.make()
    any_stage.clock.advance(100)
    state = any_stage.state(any_stage.ask(JobRole.RETRIEVE, other))
    assert any_stage.document.lifecycle.states[state].ends is Ending.SUCCESS


@pytest.mark.parametrize("door", ["server", "next", "share", "header", "token"])
def test_the_faults_of_a_scenario_stay_with_a_job_however_it_was_chosen(
    stage: Stage, door: str
) -> None:
    test = {"header": ("flaky-polls", ""), "token": ("", "A teapot mock:flaky-polls")}
    scenarios = stage.service.scenarios
    if door in ("server", "next", "share"):
        scenarios.use("flaky-polls", **{door: 1} if door != "server" else {})
    scenario, text = test.get(door, ("", ""))
    job = stage.make(scenario, text=text)
    scenarios.reset()
    assert stage.statuses(JobRole.RETRIEVE, 3, job) == [200, 503, 200]
    assert stage.statuses(JobRole.RETRIEVE, 3, stage.make()) == [200] * 3


def test_a_job_keeps_the_faults_of_its_scenario_when_others_are_read(document: Document) -> None:
    stage = own_stage(document, {"faults": [{"operation": "retrieve", "status": 500, "nth": 2}]})
    job = stage.make("own")
    again = read_scenario(document, "own", {"faults": [{"operation": "retrieve", "status": 502}]})
    stage.service.scenarios.replace_initial(default="completes", custom={"own": again})
    assert stage.statuses(JobRole.RETRIEVE, 2, job) == [502, 502]
    stage.service.scenarios.replace_initial(default="completes", custom={})
    assert stage.statuses(JobRole.RETRIEVE, 2, job) == [200, 200]


def test_scenarios_that_cannot_be_rehearsed_leave_those_of_before(document: Document) -> None:
    stage = own_stage(document, {"seconds": 3}, scenario="own")
    before = (stage.service.scenarios.to_json(), stage.service.scenarios.selection())
    with pytest.raises(ValueError, match="unknown scenario 'other', must be one of completes"):
        stage.service.scenarios.replace_initial(default="other", custom={"new": Scenario("new")})
    assert (stage.service.scenarios.to_json(), stage.service.scenarios.selection()) == before
    assert end_of(stage, stage.make()) == ("completed", 3)


def test_an_own_scenario_may_take_the_name_of_a_usual_one(document: Document) -> None:
    own = {"completes": read_scenario(document, "completes", {"seconds": 3})}
    stage = Stage(document, config=MockConfig(scenarios=own))
    assert end_of(stage, stage.make()) == ("completed", 3)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"outcome": "lost"}, "no job ends as 'lost'; the final states are completed, failed"),
        ({"outcome": "queued"}, "no job ends as 'queued'"),
        ({"code": "x"}, "a job that ends as 'completed' has no failure code 'x'"),
        ({"stalls": True, "outcome": "failed"}, "a job that stalls has no outcome and no code"),
        ({"stalls": True, "code": "x"}, "a job that stalls has no outcome and no code"),
        ({"stalls": 1}, "/stalls: must be of type boolean, not 1"),
        ({"seconds": -1}, "/seconds: must be at least 0, not -1"),
        ({"seconds": True}, "/seconds: must be of type number, not True"),
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
def test_what_a_scenario_must_not_say_is_refused_with_its_place(
    document: Document, words: Json, message: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read_scenario(document, "own", words)
    assert str(refused.value).startswith(message)


def test_files_cannot_expire_where_the_document_has_no_place_for_it(
    other_document: Document,
) -> None:
    with pytest.raises(ValueError, match=r"^expires: the document names no place for it"):
        read_scenario(other_document, "own", {"expires": 1})


def test_scenarios_that_a_document_knows_nothing_of_do_not_come_along(
    other_document: Document,
) -> None:
    root = orjson.loads(orjson.dumps(other_document.source.data))
    ticket = root["components"]["schemas"]["Ticket"]
    lifecycle, phase = ticket["x-lifecycle"], ticket["properties"]["job"]["properties"]["phase"]
    phase["properties"]["word"]["enum"] = ["waiting", "warming", "drawing", "ready"]
    del lifecycle["failure"], lifecycle["stamps"][2]
    lifecycle["states"]["waiting"]["next"] = ["warming"]
    lifecycle["states"]["drawing"]["next"] = ["ready"]
    del lifecycle["states"]["spoilt"], lifecycle["states"]["withdrawn"]
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
def test_flaky_polls_are_answered_with_the_fault_that_the_document_has_of_a_server(
    document: Document, statuses: list[str], polls: str | None
) -> None:
    root = orjson.loads(orjson.dumps(document.source.data))
    responses = root["paths"]["/videos/{video_id}"]["get"]["responses"]
    for status in {"500", "502", "503", "504"} - {*statuses}:
        del responses[status]
    known = built_in_scenarios(parse_document(orjson.dumps(root).decode()))
    about = known["flaky-polls"].description if "flaky-polls" in known else None
    assert about == (polls and f"Every third poll fails with {polls}.")
