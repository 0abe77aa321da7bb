"""Schemathesis tests of the control API against its own OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator

import schemathesis
from schemathesis.engine import Status, events, from_schema

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, RandomIds, SystemClock, create_app
from aisa_testkit.openapi import Call, Document

# More examples take longer and find nothing else.
EXAMPLES = 10
TOKEN = "admin-token"
KEY = {"authorization": "Bearer sk-test", "content-type": "application/json"}
# Valid data may be rejected here: it depends on the operations, scenarios and jobs of the mock.
MAY_REJECT_VALID_DATA = ["addFault", "chooseScenario", "listJobs", "listRequests", "exportRequests"]
# Schemathesis cannot guess ids and scenarios, the event stream is endless, no webhooks are sent,
# and Schemathesis skips the document that it loaded.
NEVER_SUCCESSFUL = {
    *("GET /jobs/{id}", "POST /jobs/{id}/complete", "POST /jobs/{id}/fail"),
    *("DELETE /faults/{id}", "GET /webhooks", "GET /events", "POST /scenarios"),
    "GET /openapi.json",
}
CONFIG = {
    "seed": 5,
    "headers": {"Authorization": f"Bearer {TOKEN}"},
    "generation": {"max-examples": EXAMPLES, "mode": "all"},
    "phases": {"stateful": {"enabled": False}},
    "operations": [
        {"include-operation-id": "followRequests", "enabled": False},
        {
            "include-operation-id": MAY_REJECT_VALID_DATA,
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
    ],
}


def test_control_api_conforms_to_its_document(document: Document) -> None:
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: 7.0)
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
    journal = Journal(document, now=clock.now)
    app = create_app(service=service, journal=journal, admin_token=TOKEN)
    schema = schemathesis.openapi.from_asgi(
        "/__admin/openapi.json",
        app,
        config=schemathesis.Config.from_dict(CONFIG),
        headers={"x-admin-token": TOKEN},
    )
    call = Call("createVideo", headers=KEY, body=b'{"prompt": "A lighthouse"}')
    journal.answered(call, service.answer(call))
    journal.unmatched("GET", "/v1/nowhere")
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
    described = {
        f"{method.upper()} {path}"
        for path, item in schema.raw_schema["paths"].items()
        for method in item.keys() - {"parameters"}
    }
    assert succeeded == described - NEVER_SUCCESSFUL


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    """Give the failed checks, each with the command that reproduces it."""
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.status is not Status.SUCCESS and check.failure_info is not None:
                info = check.failure_info
                yield f"{check.name}: {info.failure.message} {info.code_sample}"


def successes(event: events.ScenarioFinished) -> Iterator[str]:
    """Give the operations that had a successful response."""
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None and interaction.response.status_code < 300:
            yield event.recorder.cases[case_id].value.operation.label
