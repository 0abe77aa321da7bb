"""Schemathesis holds the control API to its own document, with good data and bad."""

from __future__ import annotations

from collections.abc import Iterator

import schemathesis
from schemathesis.engine import Status, events, from_schema

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, RandomIds, SystemClock, create_app
from aisa_testkit.openapi import Call, Document

# With more, this takes long and finds nothing else.
EXAMPLES = 10
TOKEN = "admin-token"
KEY = {"authorization": "Bearer sk-test", "content-type": "application/json"}
# Whether these can be done depends on what is served: which operations, scenarios and jobs it has.
UNSURE = ["addFault", "chooseScenario", "listJobs", "listRequests", "exportRequests"]
# Nobody can guess an id or what else is served, the events have no end, no webhooks are sent, and
# Schemathesis leaves out the document that it has read.
OUT_OF_REACH = {
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
            "include-operation-id": UNSURE,
            "checks": {"positive_data_acceptance": {"enabled": False}},
        },
    ],
}


def test_every_call_of_the_control_api_is_as_its_document_says(document: Document) -> None:
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
    journal.missed("GET", "/v1/nowhere")
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
    assert succeeded == described - OUT_OF_REACH


def failures(event: events.ScenarioFinished) -> Iterator[str]:
    """The checks that failed, each with the command that shows it again."""
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.status is not Status.SUCCESS and check.failure_info is not None:
                info = check.failure_info
                yield f"{check.name}: {info.failure.message} {info.code_sample}"


def successes(event: events.ScenarioFinished) -> Iterator[str]:
    """The operations that were answered with a success."""
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None and interaction.response.status_code < 300:
            yield event.recorder.cases[case_id].value.operation.label
