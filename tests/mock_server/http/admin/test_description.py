"""The document of the control API: it is sound, and says all that there is and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import httpx2
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.mock_server.http.admin.actions import AdminActions
from aisa_testkit.mock_server.http.admin.description import AdminDescription
from aisa_testkit.mock_server.webhooks.webhooks import DeliveryAttempt
from aisa_testkit.openapi import Document, JobRole, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas

Ask = Callable[..., httpx2.Response]
# What goes on and on is no action that returns something.
STREAMS = {"followRequests"}


def test_everything_described_is_done_and_everything_done_is_described(service: JobService) -> None:
    description = AdminDescription()
    actions = AdminActions(service, description, journal=None, guarded=False).actions
    described = [operation.id for operation in description.operations]
    assert sorted(described) == sorted({*actions, *STREAMS})


def test_every_call_of_the_design_is_described() -> None:
    calls = {f"{each.method} {each.path}" for each in AdminDescription().operations}
    assert calls == {
        *("GET /", "GET /health", "GET /document", "GET /openapi.json", "POST /reset"),
        *("GET /jobs", "GET /jobs/{id}", "POST /jobs/{id}/complete", "POST /jobs/{id}/fail"),
        *("GET /clock", "PUT /clock", "POST /clock"),
        *("GET /requests", "DELETE /requests", "GET /requests.har", "GET /verdict", "GET /events"),
        *("GET /faults", "POST /faults", "DELETE /faults", "DELETE /faults/{id}"),
        *("GET /scenarios", "POST /scenarios", "GET /limits", "GET /webhooks"),
    }


def test_the_document_is_one_by_the_standard(ask: Ask, app: ASGIApp) -> None:
    served = ask(app, "GET /__admin/openapi.json").json()
    assert served["openapi"] == "3.1.0"
    assert [*OpenAPIV31SpecValidator(served).iter_errors()] == []


def test_the_document_knows_the_words_of_a_fault(ask: Ask, app: ASGIApp) -> None:
    schemas = ask(app, "GET /__admin/openapi.json").json()["components"]["schemas"]
    assert {"operation", "status", "times", "latency"} <= schemas["Fault"]["properties"].keys()
    assert [name for name, schema in schemas.items() if "$ref" in schema] == []


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        pytest.param(None, [], id="an open server"),
        pytest.param("secret", [{"bearer": []}, {"header": []}], id="a guarded server"),
    ],
)
def test_the_document_says_whether_the_server_wants_a_token(
    ask: Ask, service: JobService, token: str | None, wanted: list[Json]
) -> None:
    app = create_app(service=service, admin_token=token)
    headers = {"x-admin-token": token} if token else {}
    served = ask(app, "GET /__admin/openapi.json", headers=headers).json()
    assert served["security"] == wanted
    assert served["paths"]["/health"]["get"]["security"] == []
    assert served["servers"] == [{"url": "http://mock:81/__admin", "description": "This mock."}]


def test_every_answer_that_a_call_can_have_is_described() -> None:
    description = AdminDescription()
    for operation in description.operations:
        answers = description.data["paths"][operation.path][operation.method.lower()]["responses"]
        expected = {"200", "400"} | ({"401", "403"} if operation.secured else set())
        assert answers.keys() - {"404"} == expected, operation.id
        assert "404" in answers or "{" not in operation.path, operation.id


def test_an_attempt_to_deliver_an_event_is_described_as_it_is_told() -> None:
    told = asdict(
        DeliveryAttempt("evt_1", "job.done", "job_1", 1, 1_780_000_000.5, None, "no answer", 7.0)
    )
    schema = Schemas(AdminDescription().data).at("/components/schemas/Attempt")
    assert [*schema.errors(told)] == []
    assert told.keys() == schema.raw["properties"].keys()


def test_the_document_of_the_api_is_served_with_this_server_alone(
    ask: Ask, app: ASGIApp, document: Document
) -> None:
    answer = ask(app, "GET /__admin/document")
    data = answer.json()
    assert data["servers"] == [{"url": "http://mock:81/v1", "description": "This mock."}]
    assert {**data, "servers": document.source.data["servers"]} == document.source.data
    served = parse_document(answer.text)
    assert served.server_url == "http://mock:81/v1"
    assert served.by_role.keys() == set(JobRole)
