"""Reports of checks: passed, interrupted, of a hostile server, and with a job left on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import Exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.check.step import Step
from aisa_testkit.contracts.reports import Report
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from tests.support.changed_server import ChangedServer, ChangeReply
from tests.support.operations import find_operation

HOSTILE_TEXT = (
    "</title><script>alert(1)</script>|`a` ```\n\n# h\r\0\x1b[31m]]>&amp;\u202e<b>\ufffe::error::"
    "\x85 @octocat octo/cat#123 GH-123 &#64;octocat http://octo.cat www.octo.cat\n::error::"
    "##[error]##vso[task.complete]"
)


def _report(document: Document, result: CheckResult, **fields: object) -> Report:
    defaults: dict[str, object] = {
        "base_url": "https://api.invalid/v1",
        "policy": CheckPolicy(),
        "budget": Budget(),
        "plan": None,
        "exit_code": 1 if result.errors else 0,
        "error": None,
        "began": 1_780_000_000.5,
        "seconds": 3.25,
        "seed": 7,
        "key_variable": "AISA_API_KEY",
        "files_prefix": "check-request-",
        "versions": {"aisa-testkit": "1.2.3"},
    }
    values: dict[str, object] = {**defaults, **fields}
    return Report(document=document, result=result, **values)  # type: ignore[arg-type] # by name


@pytest.fixture(scope="session")
def make_report(document: Document) -> Callable[..., Report]:
    """Makes the report of a history, or of a `result`; other fields of Report by name."""

    def make(history: Sequence[Exchange] = (), **fields: object) -> Report:
        result = fields.pop("result", None)
        if not isinstance(result, CheckResult):
            result = CheckResult(CheckPolicy().violations(document, history), tuple(history))
        return _report(document, result, **fields)

    return make


@pytest.fixture(scope="session")
def run_and_report(document: Document) -> Callable[..., Report]:
    """Runs a check and makes its report. `change` changes the responses of the server; the check
    is interrupted before the step whose action is `stop_at`.
    """

    def run(
        change: ChangeReply = lambda call, reply: reply,
        *,
        key: str = "sk-live-3cr3t",
        stop_at: str | None = None,
    ) -> Report:
        def interrupt(step: Step) -> None:
            if step.action == stop_at:
                raise KeyboardInterrupt

        budget = Budget(max_spend=Decimal(2), max_creates=2)
        plan = plan_check(document, key=key, creates=2, seed=7)
        runner = CheckRunner(
            document,
            plan,
            ChangedServer(document, change, key),
            budget=budget,
            policy=CheckPolicy(),
            on_step=interrupt,
        )
        try:
            error, result = None, runner.run()
        except KeyboardInterrupt:
            error, result = "interrupted", runner.result()
        code = 130 if error else 1 if result.errors else 0
        return _report(document, result, budget=budget, plan=plan, error=error, exit_code=code)

    return run


@pytest.fixture(scope="session")
def passed_report(run_and_report: Callable[..., Report]) -> Report:
    """The report of a check of a conforming server."""
    return run_and_report()


@pytest.fixture(scope="session")
def interrupted_report(run_and_report: Callable[..., Report]) -> Report:
    """The report of a check that was interrupted while it followed a job."""
    return run_and_report(stop_at="polls the job")


@pytest.fixture(scope="session")
def hostile_report(document: Document, run_and_report: Callable[..., Report]) -> Report:
    """The report of a server with several violations, which sends text that has a meaning in XML,
    HTML, Markdown, terminals and GitHub commands.
    """
    retrieve = find_operation(document, JobRole.POLL)

    def change(call: Call, reply: Reply) -> Reply:
        if not reply.body.startswith(b"{"):
            return reply
        body = orjson.loads(reply.body)
        if reply.status == 404:
            return replace(reply, body=orjson.dumps({"error": HOSTILE_TEXT}))
        if reply.status < 300 and "prompt" in body:
            body["prompt"] = HOSTILE_TEXT
        if reply.status < 300 and call.operation_id == retrieve.id:
            body["object"], body[HOSTILE_TEXT] = HOSTILE_TEXT, 1
            body["progress"] = 100 - body["progress"]
        return replace(reply, body=orjson.dumps(body))

    return run_and_report(change)


UNKNOWN_JOB = "creates a job: no response"


@pytest.fixture(scope="session")
def report_with_remaining_job(make_report: Callable[..., Report]) -> Report:
    """The report of a check that left one job on the server, and perhaps another; its id, in a note
    as well, is hostile text.
    """
    notes = (f"{HOSTILE_TEXT} was abandoned",)
    result = CheckResult((), (), jobs=(HOSTILE_TEXT,), notes=notes, unknown_jobs=(UNKNOWN_JOB,))
    return make_report(result=result)
