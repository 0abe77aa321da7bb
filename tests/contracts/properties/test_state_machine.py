"""The state machine passes for a conforming server and finds the faults of other servers."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
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
    JobRole,
    Meaning,
    Provenance,
    Reply,
    parse_document,
)
from aisa_testkit.openapi.jobs import ListOperation
from aisa_testkit.openapi.jobs.sources import FromRequest, Moment
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import Path, get, set_at
from aisa_testkit.pytest_plugin import mock_videos
from tests.support.documents import renderings_text
from tests.support.operations import REMIX, id_in, only_kind

KEY = "sk-3cr3t"
DELETE_PATH = "/renderings/{ref}"
Change = Callable[["ChangedServer", Call, Reply], Reply]


class ChangedServer:
    """The mock in process, with changed replies. Every third job fails."""

    def __init__(
        self, document: Document, change: Change = lambda server, call, reply: reply
    ) -> None:
        self.document, self.change, self.clock = document, change, ManualClock(1_780_000_000)
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), api_keys=[KEY])
        self.calls: list[Call] = []
        self.statuses = Counter[str]()
        self.created = 0
        self.memory: dict[str, Any] = {}

    def role(self, call: Call) -> JobRole:
        """The role of an operation of the only kind of job."""
        return self.document.roles[call.operation_id][0].role

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        role = self.role(call)
        if role is JobRole.CREATE and self.created % 3 == 2:
            MockControls(self.service).next_job(
                outcome=only_kind(self.document).lifecycle.named(Meaning.FAILURE)[0]
            )
        reply = self.service.answer(call)
        self.created += role is JobRole.CREATE and reply.status < 300
        later_page = role is JobRole.LIST and any(
            name in ("after", "cursor") for name, _ in call.query
        )
        name = "remix" if call.operation_id == REMIX else role
        self.statuses[f"{name} {'more ' if later_page else ''}{reply.status}"] += 1
        return read_exchange(
            self.document, call, self.change(self, call, reply), at=self.clock.now()
        )

    def wait(self, seconds: float) -> None:
        self.statuses["wait"] += 1
        self.clock.advance(seconds)


class Servers:
    """A factory that makes a new server for each example and keeps them all."""

    def __init__(
        self, document: Document, change: Change = lambda server, call, reply: reply
    ) -> None:
        self.document, self.change = document, change
        self.all: list[ChangedServer] = []

    def __call__(self) -> ChangedServer:
        self.all.append(ChangedServer(self.document, self.change))
        return self.all[-1]

    @property
    def calls(self) -> list[Call]:
        return [call for server in self.all for call in server.calls]


def run(
    machine: type[RuleBasedStateMachine],
    *,
    examples: int = 40,
    steps: int = 12,
    shrink: bool = False,
) -> None:
    # Without Phase.explain, which takes longer than all other phases.
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,  # the default, except in CI
        phases=phases,
    )
    run_state_machine_as_test(machine, settings=chosen)


def failure_of(
    machine: type[RuleBasedStateMachine], *, examples: int = 40, shrink: bool = False
) -> tuple[str, list[str]]:
    """Return the text of the violations, and the lines of the failing example."""
    with pytest.raises(AssertionError) as failure:
        run(machine, examples=examples, shrink=shrink)
    return str(failure.value), "\n".join(failure.value.__notes__).splitlines()


def steps_of(lines: list[str]) -> list[str]:
    return [line for line in lines if "state." in line and "teardown" not in line]


@pytest.fixture
def renderings() -> Document:
    """The document of another API, with the lengths of the mock's videos."""
    text = renderings_text()
    known = text.replace("minimum: 1, maximum: 100, default: 4", "enum: [4, 8, 12], default: 4")
    assert known != text
    return parse_document(known)


@pytest.fixture(params=["document", "renderings"], ids=["bundled", "other API"])
def any_api(request: pytest.FixtureRequest) -> Document:
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


REACHED = {
    "wait",
    *("create 401", "create 400", "poll 200", "poll 404"),
    *("result 200", "result 206", "result 404", "result 409"),
    *("list 200", "list more 200", "delete 404", "delete 409"),
}
REACHED_BY_API = {
    "video": {"create 200", "create 404", "delete 200", "remix 200", "remix 404", "remix 409"},
    "rendering": {"create 202", "delete 204"},
}


def test_conforming_server_passes_and_every_operation_is_reached(any_api: Document) -> None:
    servers = Servers(any_api)
    run(
        job_machine(any_api, servers, key=KEY, max_wait=100_000, timeout=300), examples=40, steps=40
    )
    statuses = sum((server.statuses for server in servers.all), Counter[str]())
    assert statuses.keys() >= REACHED | REACHED_BY_API[only_kind(any_api).name]


def test_mock_behind_an_http_client_passes(any_api: Document) -> None:
    opened, closed = Counter[str](), Counter[str]()

    @contextmanager
    def connect() -> Iterator[HttpTarget]:
        with mock_videos(document=any_api, check=False) as mock:
            client = httpx2.Client(transport=mock.httpx2_transport)
            opened["servers"] += 1
            with client:
                yield HttpTarget(
                    any_api, mock.base_url, client, now=mock.clock.now, sleep=mock.clock.advance
                )
            closed["servers"] += 1

    run(job_machine(any_api, connect, key=KEY), examples=5)
    assert opened == closed
    assert opened["servers"] >= 5


def changed(reply: Reply, body: Json) -> Reply:
    return replace(reply, body=orjson.dumps(body))


def job_changed(*roles: JobRole, make: Callable[[ChangedServer, Json], None]) -> Change:
    """Change the jobs in successful replies of these operations."""

    def change(server: ChangedServer, call: Call, reply: Reply) -> Reply:
        if server.role(call) not in roles or reply.status >= 300:
            return reply
        body = orjson.loads(reply.body)
        make(server, body)
        return changed(reply, body)

    return change


def timestamp_path(document: Document) -> Path:
    """Return the path of the time at which a job was created."""
    fields = (f for f in only_kind(document).fields if isinstance(f.source, Moment))
    return next(f.place.path for f in fields if getattr(f.source, "event", "") == "created")


def increase_timestamp(server: ChangedServer, job: Json) -> None:
    set_at(job, timestamp_path(server.document), get(job, timestamp_path(server.document)) + 1)


def timestamp_in_milliseconds(server: ChangedServer, job: Json) -> None:
    set_at(job, timestamp_path(server.document), get(job, timestamp_path(server.document)) * 1000)


def decrease_progress(server: ChangedServer, job: Json) -> None:
    if job["status"] == "completed":
        job["progress"] -= server.memory.get(job["id"], 0)
        server.memory[job["id"]] = 10


def leave_final_state(server: ChangedServer, job: Json) -> None:
    kind, job_id = only_kind(server.document), id_in(server.document, job)
    if server.memory.get(job_id):
        set_at(job, kind.state_at, kind.lifecycle.initial.value)
    state = kind.lifecycle.find(get(job, kind.state_at))
    server.memory[job_id] = state is not None and state.meaning.is_terminal


def change_echo(server: ChangedServer, job: Json) -> None:
    fields = only_kind(server.document).fields
    echo = next(field for field in fields if isinstance(field.source, FromRequest))
    set_at(job, echo.place.path, "another")


def show_deleted_job(server: ChangedServer, call: Call, reply: Reply) -> Reply:
    """Return a deleted job as it was when it was created."""
    role, job_id = server.role(call), next(iter(call.path_parameters.values()), "")
    if role is JobRole.CREATE and reply.status < 300:
        job_id = id_in(server.document, orjson.loads(reply.body))
        server.memory[job_id] = replace(reply, status=200)
    gone = role is JobRole.POLL and reply.status == 404
    return server.memory.get(job_id, reply) if gone else reply


def omit_job_from_list(server: ChangedServer, call: Call, reply: Reply) -> Reply:
    listing = server.document.roles[call.operation_id][0]
    if not isinstance(listing, ListOperation) or reply.status != 200:
        return reply
    body = orjson.loads(reply.body)
    items = get(body, listing.items)[1:]
    set_at(body, listing.items, items)
    ids = [id_in(server.document, item) for item in items]
    for key, job_id in (("first", ids[:1]), ("last", ids[-1:])):
        if key in listing.places:
            set_at(body, listing.places[key], next(iter(job_id), None))
    return changed(reply, body)


def ignore_cursor(server: ChangedServer, call: Call, reply: Reply) -> Reply:
    listing = server.document.roles[call.operation_id][0]
    if not isinstance(listing, ListOperation) or listing.after is None:
        return reply
    query = tuple((name, value) for name, value in call.query if name != listing.after.name)
    return reply if query == call.query else server.service.answer(replace(call, query=query))


def show_unknown_job(server: ChangedServer, call: Call, reply: Reply) -> Reply:
    """Return the newest job for an unknown id."""
    role = server.role(call)
    if role is JobRole.CREATE and reply.status < 300:
        server.memory["newest"] = replace(reply, status=200)
    if role is JobRole.DELETE and reply.status < 300:
        server.memory.clear()
    unknown = role is JobRole.POLL and "0" * 32 in "".join(call.path_parameters.values())
    return server.memory.get("newest", reply) if unknown else reply


def accept_any_key(server: ChangedServer, call: Call, reply: Reply) -> Reply:
    credentials = server.document.credentials
    if reply.status != 401 or credentials is None:
        return reply
    return server.service.answer(
        replace(
            call,
            headers={**call.headers, credentials.header: f"{credentials.scheme} {KEY}".strip()},
        )
    )


POLL, CREATE = JobRole.POLL, JobRole.CREATE
# A fault, and the rule that it breaks.
FAULTS: dict[str, tuple[Change, str]] = {
    "timestamp in milliseconds": (job_changed(CREATE, make=timestamp_in_milliseconds), "AV210"),
    "changed echo": (job_changed(CREATE, make=change_echo), "AV107"),
    "left final state": (job_changed(POLL, make=leave_final_state), "AV202"),
    "deleted job is still there": (show_deleted_job, "AV216"),
    "list omits a job": (omit_job_from_list, "AV232"),
    "ignored cursor": (ignore_cursor, "AV231"),
    "job for an unknown id": (show_unknown_job, "AV219"),
    "decreased progress": (job_changed(POLL, make=decrease_progress), "AV203"),
    "changed immutable field": (job_changed(POLL, make=increase_timestamp), "AV205"),
}


@pytest.mark.parametrize(("change", "code"), FAULTS.values(), ids=FAULTS)
def test_fault_is_found(document: Document, change: Change, code: str) -> None:
    machine = job_machine(document, Servers(document, change), key=KEY)
    text, _ = failure_of(machine, examples=500)
    assert f"\n{code} " in f"\n{text}"


@pytest.mark.parametrize("name", ["changed echo", "list omits a job"])
def test_fault_of_another_api_is_found(renderings: Document, name: str) -> None:
    change, code = FAULTS[name]
    text, _ = failure_of(job_machine(renderings, Servers(renderings, change), key=KEY))
    assert f"\n{code} " in f"\n{text}"


@pytest.mark.parametrize(
    ("name", "steps"),
    [("changed echo", 1), ("list omits a job", 2), ("job for an unknown id", 2)],
)
def test_failing_example_shrinks_to_few_steps(document: Document, name: str, steps: int) -> None:
    change, _ = FAULTS[name]
    machine = job_machine(document, Servers(document, change), key=KEY)
    _, lines = failure_of(machine, examples=500, shrink=True)
    assert len(steps_of(lines)) <= steps, lines


class StalledServer(ChangedServer):
    """A server whose jobs make no progress."""

    delay = 0.0

    def send(self, call: Call) -> Exchange:
        exchange = super().send(call)
        return replace(exchange, at=exchange.at + self.delay)

    def wait(self, seconds: float) -> None:
        self.delay += seconds


def test_job_that_never_finishes_fails_at_the_end_of_an_example(document: Document) -> None:
    machine = job_machine(document, lambda: StalledServer(document), key=KEY, timeout=50)
    text, lines = failure_of(machine)
    assert text.startswith("AV215 ")
    assert lines[-1] == "state.teardown()"


def test_failure_shows_violation_and_requests(document: Document) -> None:
    change = job_changed(JobRole.POLL, make=increase_timestamp)
    text, lines = failure_of(job_machine(document, Servers(document, change), key=KEY), shrink=True)
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


def test_api_key_is_sent_and_redacted_in_failures(any_api: Document) -> None:
    servers = Servers(any_api, accept_any_key)
    text, lines = failure_of(job_machine(any_api, servers, key=KEY))
    assert KEY not in "\n".join([text, *lines])
    assert "without a key" in "\n".join(lines)
    credentials = any_api.credentials
    assert credentials is not None
    keys = {call.headers.get(credentials.header) for call in servers.calls}
    assert keys == {None, f"{credentials.scheme} {KEY}".strip()}


def test_max_creates_limits_the_jobs_of_each_example(document: Document) -> None:
    servers = Servers(document)
    run(job_machine(document, servers, key=KEY, max_creates=2), steps=50, examples=10)
    assert max(server.created for server in servers.all) == 2


def test_operations_and_responses_below_the_grade_are_left_out(document: Document) -> None:
    def empty_envelope(server: ChangedServer, call: Call, reply: Reply) -> Reply:
        return changed(reply, {}) if reply.status >= 400 else reply

    servers = Servers(document, empty_envelope)
    run(job_machine(document, servers, key=KEY, grade=Provenance.DOCUMENTED), examples=10)
    assert {call.operation_id for call in servers.calls} == {"createVideo"}
    text, _ = failure_of(job_machine(document, servers, key=KEY, grade=Provenance.VENDOR_WIDE))
    assert "AV106" in text


def test_missing_operation_is_not_requested(renderings: Document) -> None:
    root = deepcopy(renderings.source.data)
    del root["paths"][DELETE_PATH], root["x-jobs"]["rendering"]["delete"]
    servers = Servers(parse_document(orjson.dumps(root).decode()))
    run(job_machine(servers.document, servers, key=KEY), examples=20)
    requested = {call.operation_id for call in servers.calls}
    assert requested == {"submitRendering", "rendering", "film", "pageOfRenderings"}


def test_warning_does_not_fail(document: Document) -> None:
    def other_code(server: ChangedServer, call: Call, reply: Reply) -> Reply:
        if reply.status != 404:
            return reply
        body = orjson.loads(reply.body)
        set_at(body, server.document.envelope.code_at or (), "another_code")
        return changed(reply, body)

    servers = Servers(document, other_code)
    run(job_machine(document, servers, key=KEY), examples=20)
    assert any(server.statuses["poll 404"] for server in servers.all)


def test_derandomized_runs_send_the_same_requests(document: Document) -> None:
    first, second = Servers(document), Servers(document)
    for servers in (first, second):
        run(job_machine(document, servers, key=KEY), examples=5)
    assert first.calls == second.calls


def test_server_is_closed_after_a_failure(document: Document) -> None:
    servers = Servers(document, job_changed(JobRole.CREATE, make=change_echo))
    closed = list[ChangedServer]()

    @contextmanager
    def connect() -> Iterator[ChangedServer]:
        yield servers()
        closed.append(servers.all[-1])

    failure_of(job_machine(document, connect, key=KEY))
    assert closed == servers.all


def test_missing_hypothesis_names_the_extra_to_install() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "try: import aisa_testkit.contracts.properties.state_machine\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'\n"
