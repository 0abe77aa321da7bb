"""Schemathesis with our checks finds the faults that stock runs miss."""

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
# At this speed jobs run and finish during a test, and no file expires.
SPEED = 20

Change = Callable[[Json, int], None]


@pytest.fixture(scope="module")
def hooks() -> Iterator[ModuleType]:
    """The module. Its checks are removed afterwards, so that other tests run without them."""
    sys.modules.pop(HOOKS, None)
    module = importlib.import_module(HOOKS)
    yield module
    sys.modules.pop(HOOKS)
    for name in CHECK_NAMES:
        CHECKS.unregister(name)
    for hook in (module.after_load_schema, module.filter_failure):
        unregister(hook)


def test_conforming_server_passes_on_the_command_line(tmp_path: Path, document: Document) -> None:
    # The mock's videos have few sizes and lengths, and ignore the requested ones.
    toml = "[checks.HistoryConformance]\nexclude = ['AV225', 'AV226']\n"
    # It depends on the speed of the machine whether two examples of each operation find a job.
    toml = f"warnings = false\n{toml}"
    (tmp_path / "schemathesis.toml").write_text(toml)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--no-color"]
    command += ["-H", "Authorization: Bearer sk-test", "--seed", "1"]
    command += ["--max-examples", "2", "--phases", "fuzzing,stateful"]
    with serve_in_thread(document, clock=SystemClock(SPEED), seed=1) as server:
        root = server.base_url.removesuffix(document.base_path)
        run = subprocess.run(
            [*command, f"{root}/__admin/document", "--url", server.base_url],
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


def test_conforming_server_of_another_api_passes(
    hooks: ModuleType, other_document: Document
) -> None:
    settings = {
        "seed": 1,
        "headers": {"X-Render-Key": "sk-test"},
        "generation": {"max-examples": 3},
        "phases": {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")},
        "checks": {"HistoryConformance": {"exclude": ["AV225", "AV226"]}},
    }
    service = JobService(other_document, clock=TickingClock(1_780_000_000), ids=RandomIds(1))
    app = create_app(service=service)
    config = schemathesis.Config.from_dict(settings)
    schema = schemathesis.openapi.from_asgi("/__admin/document", app, config=config)
    assert failed_checks(schema) == set()


class ChangedApp:
    """An ASGI app with changed jobs. `change` gets the job and how often it was shown before."""

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
        content = orjson.loads(body)
        for job in content.get("data", [content]):
            if "status" in job:
                shown = self._shown.get(job["id"], 0)
                self._change(job, shown)
                self._shown[job["id"]] = shown + 1
        return orjson.dumps(content)


def decreased_progress(job: Json, shown: int) -> None:
    if job["status"] == "in_progress":
        job["progress"] = max(0, 90 - shown)


def changed_created_at(job: Json, shown: int) -> None:
    job["created_at"] += shown


def completed_before_created(job: Json, shown: int) -> None:
    if job["completed_at"] is not None:
        job["completed_at"] = job["created_at"] - 60


def left_final_state(job: Json, shown: int) -> None:
    if job["status"] == "completed" and shown % 2:
        job.update(status="in_progress", progress=100, completed_at=None, expires_at=None)


def other_model(job: Json, shown: int) -> None:
    job["model"] = "sora-2-pro" if job["model"] == "sora-2" else "sora-2"


FOUND = {
    "ExchangeConformance AV107",
    *("HistoryConformance AV202", "HistoryConformance AV203"),
    *("HistoryConformance AV205", "HistoryConformance AV209"),
}


def test_faults_are_found_by_our_checks_and_missed_by_stock_checks(
    hooks: ModuleType, document: Document
) -> None:
    def change(job: Json, shown: int) -> None:
        for fault in (completed_before_created, left_final_state, decreased_progress):
            fault(job, shown)
        changed_created_at(job, shown)
        other_model(job, shown)

    failures = failures_of(document, change)
    assert failures >= FOUND
    assert {failure.partition(" ")[0] for failure in failures} == set(CHECK_NAMES)


def failures_of(document: Document, change: Change) -> set[str]:
    """Return the checks that failed in a run against changed jobs."""
    service = JobService(document, clock=TickingClock(1_780_000_000), ids=RandomIds(1))
    app = ChangedApp(create_app(service=service), change)
    return failed_checks(schemathesis.openapi.from_asgi("/__admin/document", app, config=config()))


def failed_checks(schema: schemathesis.BaseSchema) -> set[str]:
    """Return the names of the checks that failed in a run, each with the code of its rule."""
    return {
        f"{check.name} {check.failure_info.failure.title.partition(' ')[0]}"
        for event in from_schema(schema).execute()
        if isinstance(event, events.ScenarioFinished)
        for checks in event.recorder.checks.values()
        for check in checks
        if check.status is not Status.SUCCESS and check.failure_info is not None
    }


def config() -> schemathesis.Config:
    return schemathesis.Config.from_dict(
        {
            "seed": 3,
            "headers": {"Authorization": "Bearer sk-test"},
            "generation": {"max-examples": 10},
            "phases": {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")},
        }
    )


class CheckDriver:
    """A driver that calls a check as a run of Schemathesis does."""

    def __init__(self, check: Any, document: Document) -> None:
        self.check = check
        data = orjson.loads(orjson.dumps(document.source.data))
        self.schema = schemathesis.openapi.from_dict(data, config=config())

    def respond(
        self, operation_id: str, status: int, body: Json, *, job_id: str = "", key: str = "sk-1"
    ) -> requests.PreparedRequest:
        """Pass a response to the check, and return the request."""
        case, request = self.request(operation_id, job_id, key)
        self.pass_response(case, request, status, body)
        return request

    def request(
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

    def pass_response(
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
    """A new job of the mock."""
    service = JobService(document, clock=TickingClock(1_780_000_000), ids=RandomIds(1))
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


def messages(caught: pytest.ExceptionInfo[FailureGroup]) -> str:
    return "\n".join(str(failure) for failure in caught.value.exceptions)


def test_failure_has_the_code_and_the_received_and_expected_values(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("createVideo", 200, job)
    with pytest.raises(FailureGroup) as failed:
        driver.respond(
            "getVideo", 200, {**job, "created_at": job["created_at"] + 1}, job_id=job["id"]
        )
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


def test_invalid_response_fails_the_exchange_check(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.ExchangeConformance(), document)
    with pytest.raises(FailureGroup) as failed:
        driver.respond("createVideo", 200, {**job, "seconds": "8"})
    assert "AV108 default value not applied" in messages(failed)


def test_cause_in_each_item_of_a_list_is_one_failure(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.ExchangeConformance(), document)
    jobs = [{**job, "id": f"{job['id'][:-1]}{digit}", "seconds": 4} for digit in range(3)]
    page = {"object": "list", "data": jobs, "has_more": False}
    page |= {"first_id": jobs[0]["id"], "last_id": jobs[-1]["id"]}
    with pytest.raises(FailureGroup) as failed:
        driver.respond("listVideos", 200, page)
    (failure,) = failed.value.exceptions
    assert failure.title == "AV104 response body does not match its schema"
    assert "  place     /data/0/seconds\n" in failure.message
    assert "\n  seen      3 times, in no. 1" in failure.message


def test_warning_is_not_a_failure(hooks: ModuleType, document: Document) -> None:
    unknown = {"error": {**GONE["error"], "code": "gone_fishing"}}
    call = Call("getVideo", {"video_id": "video_1"}, headers={"authorization": "Bearer sk-1"})
    headers = {"content-type": "application/json", "x-request-id": "req_1"}
    violations = check_exchange(document, call, Reply(404, headers, orjson.dumps(unknown)))
    assert [violation.severity for violation in violations] == [Severity.WARNING]
    driver = CheckDriver(hooks.ExchangeConformance(), document)
    driver.respond("getVideo", 404, unknown, job_id="video_1")


def test_excluded_rule_is_not_applied(hooks: ModuleType, document: Document, job: Json) -> None:
    driver = CheckDriver(hooks.HistoryConformance(exclude=["AV205"]), document)
    driver.respond("createVideo", 200, job)
    driver.respond("getVideo", 200, {**job, "created_at": job["created_at"] + 1}, job_id=job["id"])


def test_response_passed_twice_is_checked_once(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    case, request = driver.request("createVideo", "")
    driver.pass_response(case, request, 200, job)
    driver.pass_response(case, request, 200, job)
    with pytest.raises(FailureGroup) as failed:
        driver.respond("createVideo", 200, job)
    assert "AV213 duplicate job id" in messages(failed)


def test_failure_passed_twice_has_the_same_text(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("createVideo", 200, job)
    case, request = driver.request("createVideo", "")
    texts = []
    for _ in range(2):
        with pytest.raises(FailureGroup) as failed:
            driver.pass_response(case, request, 200, job)
        texts.append(messages(failed))
    assert texts[0] == texts[1]


def test_missing_job_fails_at_the_end_of_the_run(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("createVideo", 200, job)
    driver.respond("getVideo", 404, GONE, job_id=job["id"])
    with pytest.raises(FailureGroup) as failed:
        driver.check.after_run(None)
    assert "AV217 job disappeared" in messages(failed)


def test_job_of_another_client_may_be_deleted(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("getVideo", 200, job, job_id=job["id"])
    driver.respond("getVideo", 404, GONE, job_id=job["id"])
    driver.check.after_run(None)


def test_job_may_be_deleted_by_another_worker(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("createVideo", 200, job)
    driver.respond("getVideo", 404, GONE, job_id=job["id"])
    deleted = {"id": job["id"], "object": "video.deleted", "deleted": True}
    in_another_thread(lambda: driver.respond("deleteVideo", 200, deleted, job_id=job["id"]))
    driver.check.after_run(None)


def test_responses_of_workers_may_arrive_in_another_order(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    running = {**job, "status": "in_progress"}
    driver.respond("createVideo", 200, job)
    driver.respond("getVideo", 200, {**running, "progress": 40}, job_id=job["id"])
    late = {**running, "progress": 20}
    in_another_thread(lambda: driver.respond("getVideo", 200, late, job_id=job["id"]))
    with pytest.raises(FailureGroup) as failed:
        driver.respond("getVideo", 200, {**running, "progress": 30}, job_id=job["id"])
    assert "AV203 progress decreased" in messages(failed)


def test_delete_without_a_response_may_have_deleted_the_job(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(), document)
    driver.respond("createVideo", 200, job)
    case, request = driver.request("deleteVideo", job["id"])
    context = schemathesis.HookContext(operation=case.operation)
    for hook in driver.schema.hooks.get_all_by_name("after_network_error"):
        hook(context, case, request)
    driver.respond("getVideo", 404, GONE, job_id=job["id"])
    driver.check.after_run(None)


def test_job_that_exceeds_the_timeout_fails(
    hooks: ModuleType, document: Document, job: Json
) -> None:
    driver = CheckDriver(hooks.HistoryConformance(timeout=-1), document)
    with pytest.raises(FailureGroup) as failed:
        driver.respond("createVideo", 200, job)
    assert "AV215 job never finished" in messages(failed)


def test_document_with_an_error_is_rejected_before_any_request(
    hooks: ModuleType,
) -> None:
    things = {"get": {"operationId": "things", "responses": {"200": {"description": "Things."}}}}
    plain = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {"/things": things},
        "x-jobs": {"thing": {"creat": "things"}},
    }
    with pytest.raises(HookExecutionError) as refused:
        schemathesis.openapi.from_dict(plain, config=config())
    first = str(refused.value).splitlines()[0]
    assert "the document: " in first
    assert "/x-jobs/thing/creat: is not a word of x-jobs here; did you mean create?" in first


def test_rejection_of_a_request_that_the_document_forbids_is_not_a_failure(
    hooks: ModuleType, document: Document
) -> None:
    driver = CheckDriver(hooks.ExchangeConformance(), document)
    case, valid = driver.request("createVideo", "")
    invalid = requests.Request("POST", valid.url, headers=valid.headers, data=b"{}").prepare()
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
        for request in (valid, invalid)
    ]
    assert kept == [True, False]


def in_another_thread(act: Callable[[], object]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(act).result()
