"""The OpenAPI document of the control API: valid, complete, and the same as the implementation."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.types import ASGIApp

from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.mock_server.http.admin.actions import AdminActions
from aisa_testkit.mock_server.http.admin.admin_document import admin_document
from aisa_testkit.mock_server.webhooks.delivery_attempt import DeliveryAttempt
from aisa_testkit.openapi import Document, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import Schemas
from tests.support.asgi import send_request

# Operations that stream events have no action that returns a result.
STREAMS = {"followRequests"}


def test_every_operation_of_the_document_has_an_action(service: JobService) -> None:
    actions = AdminActions(service, journal=None, secured=False).actions
    assert sorted(admin_document().operations) == sorted({*actions, *STREAMS})


def test_document_lists_every_admin_operation() -> None:
    operations = {f"{each.method} {each.path}" for each in admin_document().operations.values()}
    assert operations == {
        *("GET /", "GET /health", "GET /document", "GET /openapi.json", "POST /reset"),
        *("GET /jobs", "GET /jobs/{id}", "POST /jobs/{id}/complete", "POST /jobs/{id}/fail"),
        *("GET /clock", "PUT /clock", "POST /clock"),
        *("GET /requests", "DELETE /requests", "GET /requests.har", "GET /verdict", "GET /events"),
        *("GET /faults", "POST /faults", "DELETE /faults", "DELETE /faults/{id}"),
        *("GET /scenarios", "POST /scenarios", "GET /limits", "GET /webhooks"),
    }


def test_index_lists_the_operations_with_method_path_and_summary() -> None:
    assert {
        "method": "POST",
        "path": "/__admin/reset",
        "summary": admin_document().data["paths"]["/reset"]["post"]["summary"],
    } in admin_document().index()


def test_document_is_compiled_by_the_first_request_only(service: JobService) -> None:
    admin_document.cache_clear()
    app = create_app(service=service)
    assert admin_document.cache_info().misses == 0
    for _ in range(2):
        assert send_request(app, "GET /__admin/health").status_code == 200
    assert admin_document.cache_info().misses == 1


def test_document_is_valid_openapi(app: ASGIApp) -> None:
    served = send_request(app, "GET /__admin/openapi.json").json()
    assert served["openapi"] == "3.1.0"
    assert [*OpenAPIV31SpecValidator(served).iter_errors()] == []


def test_document_includes_the_fault_schema_of_the_config_file(app: ASGIApp) -> None:
    schemas = send_request(app, "GET /__admin/openapi.json").json()["components"]["schemas"]
    assert {"operation", "status", "times", "latency"} <= schemas["Fault"]["properties"].keys()
    assert [name for name, schema in schemas.items() if "$ref" in schema] == []


@pytest.mark.parametrize(
    ("token", "wanted"),
    [
        pytest.param(None, [], id="without admin token"),
        pytest.param("secret", [{"bearer": []}, {"header": []}], id="with admin token"),
    ],
)
def test_document_requires_a_token_only_if_the_server_has_one(
    service: JobService, token: str | None, wanted: list[Json]
) -> None:
    app = create_app(service=service, admin_token=token)
    headers = {"x-admin-token": token} if token else {}
    served = send_request(app, "GET /__admin/openapi.json", headers=headers).json()
    assert served["security"] == wanted
    assert served["paths"]["/health"]["get"]["security"] == []
    assert served["servers"] == [{"url": "http://mock:81/__admin", "description": "This mock."}]


def test_every_response_status_is_documented() -> None:
    for operation in admin_document().operations.values():
        expected = {200, 400} | ({401, 403} if operation.credentials else set())
        assert operation.responses.keys() - {404} == expected, operation.id
        assert 404 in operation.responses or "{" not in operation.path, operation.id


def test_challenge_is_documented_for_every_secured_operation() -> None:
    challenge = {name.lower(): value for name, value in admin_document().challenge.items()}
    assert challenge == {"www-authenticate": "Bearer"}
    for operation in admin_document().operations.values():
        if operation.credentials:
            headers = operation.responses[401].headers
            assert {each.name: each.schema.raw["const"] for each in headers} == challenge


def test_webhook_attempt_matches_its_schema() -> None:
    attempt = DeliveryAttempt(
        "evt_1", "job.done", "job_1", 1, 1_780_000_000.5, None, "no answer", 7.0
    )._asdict()
    schema = Schemas(admin_document().data).at("/components/schemas/Attempt")
    assert [*schema.errors(attempt)] == []
    assert attempt.keys() == schema.raw["properties"].keys()


def test_document_of_the_mocked_api_is_served_with_this_server_only(
    app: ASGIApp, document: Document
) -> None:
    response = send_request(app, "GET /__admin/document")
    data = response.json()
    assert data["servers"] == [{"url": "http://mock:81/v1", "description": "This mock."}]
    assert {**data, "servers": document.source.data["servers"]} == document.source.data
    served = parse_document(response.text)
    assert served.server_url == "http://mock:81/v1"
    assert served.roles.keys() == document.roles.keys()
    assert served.kinds.keys() == document.kinds.keys()
