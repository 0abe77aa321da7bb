"""Stock Schemathesis, without our hooks, finds no problem in the mock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import schemathesis
from schemathesis.engine import Status, events, from_schema

from aisa_testkit.mock_server import JobService, RandomIds, SystemClock, create_app, serve_in_thread
from aisa_testkit.openapi import Document

EXAMPLES = 10
# At this speed a job is completed at once. Otherwise some operations would never succeed.
SPEED = 100_000


def test_stock_run_on_the_command_line_finds_nothing(document: Document, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--no-color"]
    command += ["-H", "Authorization: Bearer sk-test", "--seed", "1", "--max-examples", "5"]
    with serve_in_thread(document, clock=SystemClock(SPEED), seed=1) as server:
        root = server.base_url.removesuffix(document.base_path)
        run = subprocess.run(
            [*command, f"{root}/__admin/document", "--url", server.base_url],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    assert f"Tested: {len(document.operations)}" in run.stdout
    # The last line also counts warnings.
    assert "No issues found" in run.stdout.splitlines()[-1], run.stdout


def test_stock_run_in_process_finds_nothing(any_document: Document) -> None:
    service = JobService(any_document, clock=SystemClock(SPEED), ids=RandomIds(1), strict=True)
    config = schemathesis.Config.from_dict(
        {
            "seed": 3,
            "headers": {"Authorization": "Bearer sk-test", "X-Render-Key": "sk-test"},
            "generation": {"max-examples": EXAMPLES},
        }
    )
    schema = schemathesis.openapi.from_asgi(
        "/__admin/document", create_app(service=service), config=config
    )
    problems: list[str] = []
    succeeded: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            problems.append(f"{event.label}: {event.value}")
        elif isinstance(event, events.FatalError):
            problems.append(str(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            problems.extend(failures(event))
            succeeded.update(successes(event))
    assert problems == []
    assert succeeded == {f"{o.method} {o.path}" for o in any_document.operations.values()}


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    """Yield the failed checks, each with the command that reproduces it."""
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.status is not Status.SUCCESS and check.failure_info is not None:
                info = check.failure_info
                yield f"{check.name}: {info.failure.message} {info.code_sample}"


def successes(event: events.ScenarioFinished) -> Iterator[str]:
    """Yield the operations with a successful response."""
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None and interaction.response.status_code < 300:
            yield event.recorder.cases[case_id].value.operation.label
