"""Reports of checks: of a server that is right, of one that is wrong and hostile, and of none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.check.session import Step
from aisa_testkit.contracts.reports import Report
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Reply

Change = Callable[[Call, Reply], Reply]

HINTS = ("openai-poll-after-ms", "retry-after")  # or else a walk polls a thousand times
HOSTILE = (
    "</title><script>alert(1)</script>|`a` ```\n\n# h\r\0\x1b[31m]]>&amp;\u202e<b>\ufffe::error::"
)


class Local:
    """The mock in process, whose answers are changed on their way."""

    def __init__(self, document: Document, change: Change, key: str) -> None:
        self._document, self._change, self._clock = document, change, ManualClock()
        self._service = JobService(document, clock=self._clock, ids=RandomIds(1), api_keys=[key])

    def send(self, call: Call) -> Exchange:
        right = self._service.answer(call)
        headers = {name: value for name, value in right.headers.items() if name not in HINTS}
        reply = self._change(call, replace(right, headers=headers))
        return read_exchange(self._document, call, reply, at=self._clock.now(), took=0.25)

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


def _report(document: Document, verdict: CheckResult, **more: object) -> Report:
    settings: dict[str, object] = {
        "base_url": "https://api.invalid/v1",
        "standard": CheckPolicy(),
        "ledger": Budget(),
        "plan": None,
        "exit_code": 1 if verdict.errors else 0,
        "error": None,
        "began": 1_780_000_000.5,
        "seconds": 3.25,
        "seed": 7,
        "key_variable": "AISA_API_KEY",
        "versions": {"aisa-testkit": "1.2.3"},
    }
    values: dict[str, object] = {**settings, **more}
    return Report(document=document, verdict=verdict, **values)  # type: ignore[arg-type] # by name


@pytest.fixture(scope="session")
def report_on(document: Document) -> Callable[..., Report]:
    """Makes the report of a history, or of a whole `verdict`; fields of Report by name."""

    def make(history: Sequence[Exchange] = (), **more: object) -> Report:
        verdict = more.pop("verdict", None)
        if not isinstance(verdict, CheckResult):
            verdict = CheckResult(CheckPolicy().violations(document, history), tuple(history))
        return _report(document, verdict, **more)

    return make


@pytest.fixture(scope="session")
def walked(document: Document) -> Callable[..., Report]:
    """Makes the report of a walk, whose answers `change` may change; with `stop_at`, the walk is
    broken off as soon as it does what that says.
    """

    def make(
        change: Change = lambda call, reply: reply,
        *,
        key: str = "sk-live-3cr3t",
        stop_at: str | None = None,
    ) -> Report:
        def tell(step: Step) -> None:
            if step.action == stop_at:
                raise KeyboardInterrupt

        ledger = Budget(max_spend=Decimal(2), max_creates=2)
        plan = plan_check(document, key=key, creates=2, seed=7)
        walk = CheckRunner(
            document,
            plan,
            Local(document, change, key),
            key=key,
            ledger=ledger,
            standard=CheckPolicy(),
            tell=tell,
        )
        try:
            error, verdict = None, walk.run()
        except KeyboardInterrupt:
            error, verdict = "broken off", walk.verdict()
        code = 130 if error else 1 if verdict.errors else 0
        settings = {"ledger": ledger, "plan": plan, "error": error, "exit_code": code}
        return _report(document, verdict, **settings)

    return make


@pytest.fixture(scope="session")
def right(walked: Callable[..., Report]) -> Report:
    """The report of a server that does all as it should."""
    return walked()


@pytest.fixture(scope="session")
def stopped(walked: Callable[..., Report]) -> Report:
    """The report of a check that was broken off while it followed a job."""
    return walked(stop_at="follows the job")


@pytest.fixture(scope="session")
def hostile(document: Document, walked: Callable[..., Report]) -> Report:
    """The report of a server that is wrong in several ways, and answers with text that means
    something to XML, HTML, Markdown, terminals and GitHub.
    """
    retrieve = document.by_role[JobRole.RETRIEVE]

    def change(call: Call, reply: Reply) -> Reply:
        if not reply.body.startswith(b"{"):
            return reply
        body = orjson.loads(reply.body)
        if reply.status == 404:
            return replace(reply, body=orjson.dumps({"error": HOSTILE}))
        if reply.status < 300 and "prompt" in body:
            body["prompt"] = HOSTILE
        if reply.status < 300 and call.operation_id == retrieve.id:
            body["object"], body[HOSTILE] = HOSTILE, 1
            body["progress"] = 100 - body["progress"]
        return replace(reply, body=orjson.dumps(body))

    return walked(change)


@pytest.fixture(scope="session")
def left_behind(report_on: Callable[..., Report]) -> Report:
    """The report of a check that left a job whose id is hostile text, and a note that quotes it."""
    verdict = CheckResult((), (), jobs=(HOSTILE,), notes=(f"{HOSTILE} was given up",))
    return report_on(verdict=verdict)
