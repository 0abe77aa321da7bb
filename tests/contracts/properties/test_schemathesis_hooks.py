"""Schemathesis with our checks: what stock runs overlook is found, and right servers are not
blamed.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest
import requests
import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.engine import Status, events, from_schema
from schemathesis.errors import FailureGroup, HookExecutionError
from schemathesis.hooks import unregister
from schemathesis.openapi.checks import RejectedPositiveData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aisa_testkit.contracts import Severity, check_exchange
from aisa_testkit.mock_server import (
    JobService,
    RandomIds,
    SystemClock,
    TickingClock,
    create_app,
    serve_in_thread,
)
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

HOOKS = "aisa_testkit.contracts.properties.schemathesis_hooks"
CHECK_NAMES = ("ExchangeConformance", "HistoryConformance")
# At this speed jobs run and end while they are looked at, and no file expires meanwhile.
SPEED = 20

Change = Callable[[Json, int], None]


@pytest.fixture(scope="module")
def hooks() -> Iterator[ModuleType]:
    """The module, whose checks no other test of this process is to run with."""
    sys.modules.pop(HOOKS, None)
    module = importlib.import_module(HOOKS)
    yield module
    sys.modules.pop(HOOKS)
    for name in CHECK_NAMES:
        CHECKS.unregister(name)
    for hook in (module.after_load_schema, module.filter_failure):
        unregister(hook)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        pytest.param("document", "Authorization: Bearer sk-test", id="bundled-document"),
        pytest.param("other_document", "X-Render-Key: sk-test", id="document-of-another-api"),
    ],
)
def test_a_right_server_is_not_blamed(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, key: str
) -> None:
    document: Document = request.getfixturevalue(name)
    # The mock has files of few sizes and lengths, and one of the APIs takes any.
    toml = "[checks.HistoryConformance]\nexclude = ['AV225', 'AV226']\n"
    (tmp_path / "schemathesis.toml").write_text(toml)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--no-color", "-H", key]
    options = ["--seed", "1", "--max-examples", "3", "--phases", "examples,fuzzing,stateful"]
    with serve_in_thread(document, clock=SystemClock(SPEED), seed=1) as server:
        root = server.base_url.removesuffix(document.base_path)
        run = subprocess.run(
            [*command, *options, f"{root}/__admin/document", "--url", server.base_url],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS},
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert f"Tested: {len(document.operations)}" in run.stdout
    assert "No issues found" in run.stdout.splitlines()[-1], run.stdout


class Changed:
    """An application whose answers about a job are changed. `change` gets the job, and how often it
    was shown before.
    """

    def __init__(self, app: ASGIApp, change: Change) -> None:
        self._app, self._change = app, change
        self._shown: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "__admin" in scope["path"]:
            await self._app(scope, receive, send)
            return
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        start, body = sent[0], b"".join(m.get("body", b"") for m in sent[1:])
        headers = dict(start["headers"])
        if b"json" in headers.get(b"content-type", b""):
            body = self._changed(body)
            headers[b"content-length"] = str(len(body)).encode()
        await send({**start, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": body})

    def _changed(self, body: bytes) -> bytes:
        answer = orjson.loads(body)
        for job in answer.get("data", [answer]):
            if "status" in job:
                shown = self._shown.get(job["id"], 0)
                self._change(job, shown)
                self._shown[job["id"]] = shown + 1
        return orjson.dumps(answer)


def falling_progress(job: Json, shown: int) -> None:
    if job["status"] == "in_progress":
        job["progress"] = max(0, 90 - shown)


def moving_birth(job: Json, shown: int) -> None:
    job["created_at"] += shown


def death_before_birth(job: Json, shown: int) -> None:
    if job["completed_at"] is not None:
        job["completed_at"] = job["created_at"] - 60


def resurrection(job: Json, shown: int) -> None:
    if job["status"] == "completed" and shown % 2:
        job.update(status="in_progress", progress=100, completed_at=None, expires_at=None)


def other_model(job: Json, shown: int) -> None:
    job["model"] = "sora-2-pro" if job["model"] == "sora-2" else "sora-2"


FAULTS = [
    pytest.param(falling_progress, "HistoryConformance AV203", id="progress-falls"),
    pytest.param(moving_birth, "HistoryConformance AV205", id="created-at-changes"),
    pytest.param(death_before_birth, "HistoryConformance AV209", id="completed-before-created"),
    pytest.param(resurrection, "HistoryConformance AV202", id="a-final-state-is-left"),
    pytest.param(other_model, "ExchangeConformance AV107", id="another-model-than-asked-for"),
]


@pytest.mark.parametrize(("change", "found"), FAULTS)
def test_a_faulty_server_is_found_out(
    hooks: ModuleType, document: Document, change: Change, found: str
) -> None:
    assert found in failures_of(document, change, stock=False)


def test_a_stock_run_overlooks_all_of_these_faults(hooks: ModuleType, document: Document) -> None:
    def change(job: Json, shown: int) -> None:
        for fault in (death_before_birth, resurrection, falling_progress):
            fault(job, shown)
        moving_birth(job, shown)
        other_model(job, shown)

    assert failures_of(document, change, stock=True) == set()


def failures_of(document: Document, change: Change, *, stock: bool) -> set[str]:
    """The checks that failed in a run, each with the first word of what it said."""
    service = JobService(document, clock=TickingClock(), ids=RandomIds(1))
    app = Changed(create_app(service=service), change)
    schema = schemathesis.openapi.from_asgi("/__admin/document", app, config=config(stock=stock))
    return {
        f"{check.name} {check.failure_info.failure.title.partition(' ')[0]}"
        for event in from_schema(schema).execute()
        if isinstance(event, events.ScenarioFinished)
        for checks in event.recorder.checks.values()
        for check in checks
        if check.status is not Status.SUCCESS and check.failure_info is not None
    }


def config(*, stock: bool = False) -> schemathesis.Config:
    return schemathesis.Config.from_dict(
        {
            "seed": 3,
            "headers": {"Authorization": "Bearer sk-test"},
            "generation": {"max-examples": 5},
            "phases": {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")},
            "checks": {name: {"enabled": not stock} for name in CHECK_NAMES},
        }
    )


class Told:
    """A check that is told of answers as a run tells them."""

    def __init__(self, check: Any, document: Document) -> None:
        self.check = check
        data = orjson.loads(orjson.dumps(document.source.data))
        self.schema = schemathesis.openapi.from_dict(data, config=config())

    def answer(
        self, operation_id: str, status: int, body: Json, *, job_id: str = "", key: str = "sk-1"
    ) -> requests.PreparedRequest:
        """Tells the check of an answer, and returns the request."""
        case, request = self.sent(operation_id, job_id, key)
        self.again(case, request, status, body)
        return request

    def sent(
        self, operation_id: str, job_id: str, key: str = "sk-1"
    ) -> tuple[schemathesis.Case[Any], requests.PreparedRequest]:
        operation = self.schema.find_operation_by_id(operation_id)
        path = operation.path.replace("{video_id}", job_id)
        case = operation.Case(path_parameters={"video_id": job_id} if job_id else {})
        sent = b'{"prompt": "A lighthouse"}' if operation_id == "createVideo" else None
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        url = f"http://localhost/gateway/v1{path}"
        method = operation.method.upper()
        return case, requests.Request(method, url, headers=headers, data=sent).prepare()

    def again(
        self,
        case: schemathesis.Case[Any],
        request: requests.PreparedRequest,
        status: int,
        body: Json,
    ) -> None:
        headers = {"content-type": ["application/json"], "x-request-id": ["req_1"]}
        content = orjson.dumps(body)
        response = schemathesis.Response(status, headers, content, request, 0.1, False)
        self.check.after_response(None, response, case)


@pytest.fixture
def job(document: Document) -> Json:
    """A job as the mock shows it."""
    service = JobService(document, clock=TickingClock(), ids=RandomIds(1))
    headers = {"authorization": "Bearer sk-1", "content-type": "application/json"}
    call = Call("createVideo", headers=headers, body=b'{"prompt": "A lighthouse"}')
    return orjson.loads(service.answer(call).body)


GONE = {
    "error": {
        "message": "There is no such job.",
        "type": "invalid_request_error",
        "param": None,
        "code": "video_not_found",
        "request_id": "req_1",
    }
}


def messages(told: pytest.ExceptionInfo[FailureGroup]) -> str:
    return "\n".join(str(failure) for failure in told.value.exceptions)


def test_a_failure_says_the_code_and_what_was_received_and_expected(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("createVideo", 200, job)
    with pytest.raises(FailureGroup) as failed:
        told.answer("getVideo", 200, {**job, "created_at": job["created_at"] + 1}, job_id=job["id"])
    assert [failure.title for failure in failed.value.exceptions] == [
        "AV205 immutable field changed"
    ]
    (failure,) = failed.value.exceptions
    assert failure.operation == "GET /videos/{video_id}"
    lines = failure.message.splitlines()
    assert lines[2:4] == [
        f"  received  {job['created_at'] + 1} ({job['id']})",
        f"  expected  {job['created_at']}, as in no. 1",
    ]
    assert lines[-2:] == [
        "            no. 1 was POST /v1/videos: 200",
        f"            no. 2 was GET /v1/videos/{job['id']}: 200",
    ]


def test_an_answer_that_is_wrong_by_itself_is_told(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.ExchangeConformance(), document)
    with pytest.raises(FailureGroup) as failed:
        told.answer("createVideo", 200, {**job, "seconds": "8"})
    assert "AV108 default value not applied" in messages(failed)


def test_a_warning_is_no_failure(hooks: ModuleType, document: Document) -> None:
    unknown = {"error": {**GONE["error"], "code": "gone_fishing"}}
    call = Call("getVideo", {"video_id": "video_1"}, headers={"authorization": "Bearer sk-1"})
    headers = {"content-type": "application/json", "x-request-id": "req_1"}
    violations = check_exchange(document, call, Reply(404, headers, orjson.dumps(unknown)))
    assert [violation.severity for violation in violations] == [Severity.WARNING]
    told = Told(hooks.ExchangeConformance(), document)
    told.answer("getVideo", 404, unknown, job_id="video_1")


def test_an_excluded_rule_is_not_held(hooks: ModuleType, document: Document, job: Json) -> None:
    told = Told(hooks.HistoryConformance(exclude=["AV205"]), document)
    told.answer("createVideo", 200, job)
    told.answer("getVideo", 200, {**job, "created_at": job["created_at"] + 1}, job_id=job["id"])


def test_an_answer_that_is_shown_again_is_not_another_answer(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    case, request = told.sent("createVideo", "")
    told.again(case, request, 200, job)
    told.again(case, request, 200, job)
    with pytest.raises(FailureGroup) as failed:
        told.answer("createVideo", 200, job)
    assert "AV213 duplicate job id" in messages(failed)


def test_a_failure_that_is_shown_again_is_the_same(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("createVideo", 200, job)
    case, request = told.sent("createVideo", "")
    texts = []
    for _ in range(2):
        with pytest.raises(FailureGroup) as failed:
            told.again(case, request, 200, job)
        texts.append(messages(failed))
    assert texts[0] == texts[1]


def test_a_job_that_is_lost_is_told_at_the_end(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("createVideo", 200, job)
    told.answer("getVideo", 404, GONE, job_id=job["id"])
    with pytest.raises(FailureGroup) as failed:
        told.check.after_run(None)
    assert "AV217 job disappeared" in messages(failed)


def test_a_job_of_another_client_may_go(hooks: ModuleType, document: Document, job: Json) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("getVideo", 200, job, job_id=job["id"])
    told.answer("getVideo", 404, GONE, job_id=job["id"])
    told.check.after_run(None)


def test_a_job_may_go_that_another_worker_deletes(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("createVideo", 200, job)
    told.answer("getVideo", 404, GONE, job_id=job["id"])
    deleted = {"id": job["id"], "object": "video.deleted", "deleted": True}
    in_another_thread(lambda: told.answer("deleteVideo", 200, deleted, job_id=job["id"]))
    told.check.after_run(None)


def test_workers_may_be_told_of_their_answers_in_another_order(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    running = {**job, "status": "in_progress"}
    told.answer("createVideo", 200, job)
    told.answer("getVideo", 200, {**running, "progress": 40}, job_id=job["id"])
    late = {**running, "progress": 20}
    in_another_thread(lambda: told.answer("getVideo", 200, late, job_id=job["id"]))
    with pytest.raises(FailureGroup) as failed:
        told.answer("getVideo", 200, {**running, "progress": 30}, job_id=job["id"])
    assert "AV203 progress decreased" in messages(failed)


def test_a_deletion_without_an_answer_may_have_been_one(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(), document)
    told.answer("createVideo", 200, job)
    case, request = told.sent("deleteVideo", job["id"])
    context = schemathesis.HookContext(operation=case.operation)
    for hook in told.schema.hooks.get_all_by_name("after_network_error"):
        hook(context, case, request)
    told.answer("getVideo", 404, GONE, job_id=job["id"])
    told.check.after_run(None)


def test_a_job_that_does_not_end_in_time_is_told(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    told = Told(hooks.HistoryConformance(timeout=-1), document)
    with pytest.raises(FailureGroup) as failed:
        told.answer("createVideo", 200, job)
    assert "AV215 job never finished" in messages(failed)


def test_a_document_that_declares_no_life_is_refused_before_any_request(
    hooks: ModuleType,
) -> None:
    things = {"get": {"operationId": "things", "responses": {"200": {"description": "Things."}}}}
    plain = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": things},
    }
    with pytest.raises(HookExecutionError) as refused:
        schemathesis.openapi.from_dict(plain, config=config())
    first = str(refused.value).splitlines()[0]
    assert "the document: " in first
    assert "exactly one schema must have x-lifecycle; none has" in first


def test_what_schemathesis_alone_takes_for_valid_may_be_refused(
    hooks: ModuleType, document: Document
) -> None:
    told = Told(hooks.ExchangeConformance(), document)
    case, right = told.sent("createVideo", "")
    wrong = requests.Request("POST", right.url, headers=right.headers, data=b"{}").prepare()
    failure = RejectedPositiveData(
        operation="POST /videos", message="", status_code=400, allowed_statuses=["2xx"]
    )
    kept = [
        hooks.filter_failure(
            schemathesis.HookContext(operation=case.operation),
            failure,
            case,
            schemathesis.Response(400, {}, b"", request, 0.1, False),
        )
        for request in (right, wrong)
    ]
    assert kept == [True, False]


def in_another_thread(act: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()
