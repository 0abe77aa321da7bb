"""A state machine finds nothing on a right server, and on a wrong one a short way to its fault."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.check.http_target import HttpTarget
from aisa_testkit.contracts.properties.state_machine import job_machine
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import (
    Call,
    Document,
    Ending,
    JobRole,
    Provenance,
    Reply,
    parse_document,
)
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import Path, get, set_at
from aisa_testkit.pytest_plugin import mock_videos

KEY = "sk-3cr3t"
LAST = "/renderings/{ref}"  # where one deletes
Change = Callable[["Local", Call, Reply], Reply]


class Local:
    """The mock in process, whose answers are changed on their way. Every third job fails."""

    def __init__(
        self, document: Document, change: Change = lambda world, call, reply: reply
    ) -> None:
        self.document, self.change, self.clock = document, change, ManualClock()
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), api_keys=[KEY])
        self.calls: list[Call] = []
        self.told = Counter[str]()
        self.made = 0
        self.memory: dict[str, Any] = {}

    def role(self, call: Call) -> JobRole:
        role = self.document.operations[call.operation_id].role
        assert role is not None
        return role

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        role = self.role(call)
        if role is JobRole.CREATE and self.made % 3 == 2:
            MockControls(self.service).next_job(
                outcome=self.document.lifecycle.final_states(Ending.FAILURE)[0]
            )
        reply = self.service.answer(call)
        self.made += role in (JobRole.CREATE, JobRole.REMIX) and reply.status < 300
        behind = role is JobRole.LIST and any(name in ("after", "cursor") for name, _ in call.query)
        self.told[f"{role} {'more ' if behind else ''}{reply.status}"] += 1
        return read_exchange(
            self.document, call, self.change(self, call, reply), at=self.clock.now()
        )

    def wait(self, seconds: float) -> None:
        self.told["wait"] += 1
        self.clock.advance(seconds)


class Worlds:
    """A new server for each example, all of which are kept."""

    def __init__(
        self, document: Document, change: Change = lambda world, call, reply: reply
    ) -> None:
        self.document, self.change = document, change
        self.all: list[Local] = []

    def __call__(self) -> Local:
        self.all.append(Local(self.document, self.change))
        return self.all[-1]

    @property
    def calls(self) -> list[Call]:
        return [call for world in self.all for call in world.calls]


def run(machine: type[RuleBasedStateMachine], *, examples: int = 40, steps: int = 12) -> None:
    # What Hypothesis explains takes longer than all the rest.
    phases = [Phase.generate, Phase.shrink]
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,  # which it is by itself, but not where CI is set
        phases=phases,
    )
    run_state_machine_as_test(machine, settings=chosen)


def failure(machine: type[RuleBasedStateMachine], **more: int) -> tuple[str, list[str]]:
    """The text of the violations, and the lines of the example that shows them."""
    with pytest.raises(AssertionError) as told:
        run(machine, **more)
    return str(told.value), "\n".join(told.value.__notes__).splitlines()


def steps_of(lines: list[str]) -> list[str]:
    return [line for line in lines if "state." in line and "teardown" not in line]


@pytest.fixture
def made_to_measure() -> Document:
    """The other document, with lengths of which the mock has films."""
    source = (pathlib.Path(__file__).parents[2] / "documents" / "renderings.yaml").read_text(
        "utf-8"
    )
    known = source.replace("minimum: 1, maximum: 100, default: 4", "enum: [4, 8, 12], default: 4")
    assert known != source
    return parse_document(known)


@pytest.fixture(params=["document", "made_to_measure"], ids=["bundled", "other API"])
def either(request: pytest.FixtureRequest) -> Document:
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


REACHED = {
    "wait",
    *("create 401", "create 400", "retrieve 200", "retrieve 404"),
    *("content 200", "content 206", "content 404", "content 409", "content 416"),
    *("list 200", "list more 200", "delete 404", "delete 409"),
}
REACHED_IN = {
    "video_": {"create 200", "create 404", "delete 200", "remix 200", "remix 404", "remix 409"},
    "r-": {"create 202", "delete 204"},
}


def test_a_right_server_breaks_nothing_and_every_rule_is_reached(either: Document) -> None:
    worlds = Worlds(either)
    run(job_machine(either, worlds, key=KEY, max_wait=100_000, timeout=300), examples=80, steps=40)
    told = sum((world.told for world in worlds.all), Counter[str]())
    assert told.keys() >= REACHED | REACHED_IN[either.lifecycle.id_prefix]


def test_a_mock_behind_a_client_breaks_nothing(either: Document) -> None:
    opened, closed = Counter[str](), Counter[str]()

    @contextmanager
    def connect() -> Iterator[HttpTarget]:
        with mock_videos(document=either, check=False) as mock:
            client = httpx2.Client(transport=mock.httpx2_transport)
            opened["servers"] += 1
            with client:
                yield HttpTarget(
                    either, mock.base_url, client, now=mock.clock.now, sleep=mock.clock.advance
                )
            closed["servers"] += 1

    run(job_machine(either, connect, key=KEY), examples=5)
    assert opened == closed
    assert opened["servers"] >= 5


def changed(reply: Reply, body: Json) -> Reply:
    return replace(reply, body=orjson.dumps(body))


def job_changed(*roles: JobRole, make: Callable[[Local, Json], None]) -> Change:
    """Changes the jobs in the good answers of these operations."""

    def change(world: Local, call: Call, reply: Reply) -> Reply:
        if world.role(call) not in roles or reply.status >= 300:
            return reply
        body = orjson.loads(reply.body)
        make(world, body)
        return changed(reply, body)

    return change


def stamp(document: Document) -> Path:
    """Where the moment stands at which a job was made."""
    return document.lifecycle.timestamps[0].at


def moved(world: Local, job: Json) -> None:
    set_at(job, stamp(world.document), get(job, stamp(world.document)) + 1)


def in_milliseconds(world: Local, job: Json) -> None:
    set_at(job, stamp(world.document), get(job, stamp(world.document)) * 1000)


def falling(world: Local, job: Json) -> None:
    if job["status"] == "completed":
        job["progress"] -= world.memory.get(job["id"], 0)
        world.memory[job["id"]] = 10


def revived(world: Local, job: Json) -> None:
    lifecycle = world.document.lifecycle
    job_id = get(job, lifecycle.id_at)
    if world.memory.get(job_id):
        set_at(job, lifecycle.state_at, lifecycle.initial)
    world.memory[job_id] = lifecycle.states[get(job, lifecycle.state_at)].ends is not None


def misheard(world: Local, job: Json) -> None:
    echo = world.document.lifecycle.echoes[0]
    set_at(job, echo.at, "another")


def undeleted(world: Local, call: Call, reply: Reply) -> Reply:
    """Whoever asks for a deleted job is shown it as it was in the beginning."""
    role, job_id = world.role(call), next(iter(call.path_parameters.values()), "")
    if role is JobRole.CREATE and reply.status < 300:
        job_id = get(orjson.loads(reply.body), world.document.lifecycle.id_at)
        world.memory[job_id] = replace(reply, status=200)
    gone = role is JobRole.RETRIEVE and reply.status == 404
    return world.memory.get(job_id, reply) if gone else reply


def omitting(world: Local, call: Call, reply: Reply) -> Reply:
    page = world.document.operations[call.operation_id].page
    if page is None or reply.status != 200:
        return reply
    body = orjson.loads(reply.body)
    items = get(body, page.places["items"])[1:]
    set_at(body, page.places["items"], items)
    ids = [get(item, world.document.lifecycle.id_at) for item in items]
    for key, job_id in (("first", ids[:1]), ("last", ids[-1:])):
        if key in page.places:
            set_at(body, page.places[key], next(iter(job_id), None))
    return changed(reply, body)


def looping(world: Local, call: Call, reply: Reply) -> Reply:
    page = world.document.operations[call.operation_id].page
    if page is None or page.after not in dict(call.query):
        return reply
    query = tuple((name, value) for name, value in call.query if name != page.after)
    return world.service.answer(replace(call, query=query))


def inventing(world: Local, call: Call, reply: Reply) -> Reply:
    """Whoever asks for a job that nobody made gets another."""
    role = world.role(call)
    if role is JobRole.CREATE and reply.status < 300:
        world.memory["newest"] = replace(reply, status=200)
    unknown = role is JobRole.RETRIEVE and reply.status == 404
    return world.memory.get("newest", reply) if unknown else reply


def open_to_all(world: Local, call: Call, reply: Reply) -> Reply:
    credentials = world.document.credentials
    if reply.status != 401 or credentials is None:
        return reply
    return world.service.answer(
        replace(
            call,
            headers={**call.headers, credentials.header: f"{credentials.scheme} {KEY}".strip()},
        )
    )


def too_much(world: Local, call: Call, reply: Reply) -> Reply:
    return replace(reply, body=reply.body + b"\0") if reply.status == 206 else reply


RETRIEVE, CREATE = JobRole.RETRIEVE, JobRole.CREATE
# A fault, the rule that it breaks, and how many steps are enough to show it.
FAULTS: dict[str, tuple[Change, str, int]] = {
    "a stamp in milliseconds": (job_changed(CREATE, make=in_milliseconds), "AV210", 1),
    "an echo that is wrong": (job_changed(CREATE, make=misheard), "AV107", 1),
    "a final state that comes back": (job_changed(RETRIEVE, make=revived), "AV202", 4),
    "a deleted job that is still there": (undeleted, "AV216", 4),
    "a list that omits a job": (omitting, "AV232", 2),
    "a cursor that loops": (looping, "AV231", 4),
    "a job that nobody made": (inventing, "AV219", 2),
    "a part that is too long": (too_much, "AV227", 4),
    "progress that falls": (job_changed(RETRIEVE, make=falling), "AV203", 4),
    "a field that changes between views": (job_changed(RETRIEVE, make=moved), "AV205", 2),
}


def assert_found(document: Document, fault: tuple[Change, str, int]) -> None:
    change, code, most = fault
    text, lines = failure(job_machine(document, Worlds(document, change), key=KEY), examples=150)
    assert f"\n{code} " in f"\n{text}"
    assert len(steps_of(lines)) <= most, lines


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_and_shown_in_few_steps(
    document: Document, fault: tuple[Change, str, int]
) -> None:
    assert_found(document, fault)


@pytest.mark.parametrize("name", ["an echo that is wrong", "a job that nobody made"])
def test_a_fault_of_another_api_is_found(made_to_measure: Document, name: str) -> None:
    assert_found(made_to_measure, FAULTS[name])


class Stuck(Local):
    """A server whose jobs stand still, whatever time it is."""

    late = 0.0

    def send(self, call: Call) -> Exchange:
        exchange = super().send(call)
        return replace(exchange, at=exchange.at + self.late)

    def wait(self, seconds: float) -> None:
        self.late += seconds


def test_a_job_that_never_ends_is_found_at_the_end_of_an_example(document: Document) -> None:
    machine = job_machine(document, lambda: Stuck(document), key=KEY, timeout=50)
    text, lines = failure(machine)
    assert text.startswith("AV215 ")
    assert lines[-1] == "state.teardown()"


def test_what_a_user_sees_of_a_failure(document: Document) -> None:
    change = job_changed(JobRole.RETRIEVE, make=moved)
    text, lines = failure(job_machine(document, Worlds(document, change), key=KEY))
    job_id = RandomIds(1).new_job_id()
    assert text.splitlines()[:3] == [
        "AV205 immutable field changed",
        "  request   GET /v1/videos/{video_id} (getVideo), nos. 1 and 2",
        "  place     /created_at",
    ]
    assert lines[1:] == [
        "state = JobMachine()",
        "# no. 1: POST /v1/videos: 200 queued",
        "(jobs_0,) = state.create_first_job(request=<application/json {'prompt': '0'}>)",
        f"# no. 2: GET /v1/videos/video_{job_id}: 200 queued",
        "state.retrieve_job(job=jobs_0)",
        "state.teardown()",
    ]


def test_the_key_is_sent_and_never_shown(either: Document) -> None:
    worlds = Worlds(either, open_to_all)
    text, lines = failure(job_machine(either, worlds, key=KEY))
    assert KEY not in "\n".join([text, *lines])
    assert "without a key" in "\n".join(lines)
    credentials = either.credentials
    assert credentials is not None
    keys = {call.headers.get(credentials.header) for call in worlds.calls}
    assert keys == {None, f"{credentials.scheme} {KEY}".strip()}


def test_no_example_makes_more_jobs_than_it_may(document: Document) -> None:
    worlds = Worlds(document)
    run(job_machine(document, worlds, key=KEY, max_creates=2), steps=50, examples=10)
    assert max(world.made for world in worlds.all) == 2


def test_what_is_known_less_well_than_wished_is_left_alone(document: Document) -> None:
    def wrong_envelope(world: Local, call: Call, reply: Reply) -> Reply:
        return changed(reply, {}) if reply.status >= 400 else reply

    worlds = Worlds(document, wrong_envelope)
    run(job_machine(document, worlds, key=KEY, grade=Provenance.DOCUMENTED), examples=10)
    assert {call.operation_id for call in worlds.calls} == {"createVideo"}
    text, _ = failure(job_machine(document, worlds, key=KEY, grade=Provenance.VENDOR_WIDE))
    assert "AV106" in text


def test_what_the_document_does_not_have_is_not_asked_for(made_to_measure: Document) -> None:
    root = dict(made_to_measure.source.data)
    root["paths"] = {path: root["paths"][path] for path in root["paths"] if path != LAST}
    worlds = Worlds(parse_document(orjson.dumps(root).decode()))
    run(job_machine(worlds.document, worlds, key=KEY), examples=20)
    asked = {call.operation_id for call in worlds.calls}
    assert asked == {"submitRendering", "rendering", "film", "pageOfRenderings"}


def test_a_warning_does_not_fail(document: Document) -> None:
    def other_code(world: Local, call: Call, reply: Reply) -> Reply:
        if reply.status != 404:
            return reply
        body = orjson.loads(reply.body)
        set_at(body, world.document.envelope.code_at or (), "another_code")
        return changed(reply, body)

    worlds = Worlds(document, other_code)
    run(job_machine(document, worlds, key=KEY), examples=20)
    assert any(world.told["retrieve 404"] for world in worlds.all)


def test_the_same_seed_sends_the_same_requests(document: Document) -> None:
    first, second = Worlds(document), Worlds(document)
    for worlds in (first, second):
        run(job_machine(document, worlds, key=KEY), examples=5)
    assert first.calls == second.calls


def test_a_server_is_closed_after_a_failure_too(document: Document) -> None:
    worlds = Worlds(document, job_changed(JobRole.CREATE, make=misheard))
    closed = list[Local]()

    @contextmanager
    def connect() -> Iterator[Local]:
        yield worlds()
        closed.append(worlds.all[-1])

    failure(job_machine(document, connect, key=KEY))
    assert closed == worlds.all


def test_without_hypothesis_the_machine_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try: import aisa_testkit.contracts.properties.state_machine\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'\n"
