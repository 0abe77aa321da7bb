"""The bundled document: what the vendor's reference page says, and what is known besides."""

from __future__ import annotations

import jsonschema_rs
import openapi_spec_validator
import orjson
import pytest

from aisa_testkit.openapi import (
    Credentials,
    Document,
    JobRole,
    Provenance,
    load_document,
    parse_document,
)
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.schema import resolve
from aisa_testkit.openapi.source import read_resource

MODELS = ["sora-2", "sora-2-pro"]
LENGTHS = ["4", "8", "12"]
SIZES = ["720x1280", "1280x720", "1024x1792", "1792x1024"]
STATES = ["queued", "in_progress", "completed", "failed"]

# The reference page "Create video": each field of the request and of the answer.
REQUEST: dict[str, Json] = {
    "prompt": {"type": "string", "minLength": 1, "maxLength": 32000},
    "model": {"type": "string", "enum": MODELS, "default": "sora-2"},
    "seconds": {"type": "string", "enum": LENGTHS, "default": "4"},
    "size": {"type": "string", "enum": SIZES, "default": "720x1280"},
}
ANSWER: dict[str, Json] = {
    "id": {"type": "string"},
    "object": {"type": "string", "const": "video"},
    "model": {"type": "string", "enum": MODELS},
    "status": {"type": "string", "enum": STATES},
    "progress": {"type": "integer"},
    "created_at": {"type": "integer"},
    "completed_at": {"type": ["integer", "null"]},
    "expires_at": {"type": ["integer", "null"]},
    "prompt": {"type": ["string", "null"]},
    "size": {"type": "string", "enum": SIZES},
    "seconds": {"type": "string", "enum": LENGTHS},
    "remixed_from_video_id": {"type": ["string", "null"]},
    "error": {},
}
TOLD = ("type", "enum", "const", "default", "maxLength")


def told(schema: Json, *keywords: str) -> Json:
    """What a schema says with these keywords."""
    return {key: value for key, value in schema.items() if key in keywords}


def test_the_document_is_valid_openapi(document: Document) -> None:
    openapi_spec_validator.validate(document.source.data)


def test_the_schema_of_what_is_supported_is_a_json_schema() -> None:
    schema = orjson.loads(read_resource("supported.schema.json"))
    jsonschema_rs.meta.validate(schema)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "method", "path", "role", "provenance"),
    [
        ("createVideo", "POST", "/videos", "create", "documented"),
        ("listVideos", "GET", "/videos", "list", "inferred"),
        ("getVideo", "GET", "/videos/{video_id}", "retrieve", "inferred"),
        ("deleteVideo", "DELETE", "/videos/{video_id}", "delete", "inferred"),
        ("getVideoContent", "GET", "/videos/{video_id}/content", "content", "inferred"),
        ("remixVideo", "POST", "/videos/{video_id}/remix", "remix", "inferred"),
    ],
)
def test_every_operation_has_its_role_and_its_grade(
    document: Document, name: str, method: str, path: str, role: str, provenance: str
) -> None:
    operation = document.operations[name]
    assert (operation.method, operation.path) == (method, path)
    assert (operation.role, operation.provenance) == (role, provenance)
    assert document.by_role[JobRole(role)] is operation
    assert operation.success.provenance is Provenance(provenance)
    assert operation.secured


def test_there_are_no_other_operations(document: Document) -> None:
    assert len(document.operations) == len(document.by_role) == len(JobRole) == 6


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/json"])
def test_the_fields_of_the_request_are_those_of_the_reference(
    document: Document, media_type: str
) -> None:
    body = document.operations["createVideo"].bodies[media_type]
    found = {
        name: told(schema, *TOLD, "minLength")
        for name, schema in body.properties.items()
        if name not in body.files
    }
    assert found == REQUEST
    assert body.schema.raw["required"] == ["prompt"]


def test_the_image_is_the_one_field_that_only_a_form_has(document: Document) -> None:
    bodies = document.operations["createVideo"].bodies
    assert list(bodies) == ["multipart/form-data", "application/json"]
    form = bodies["multipart/form-data"]
    assert form.properties.keys() - REQUEST.keys() == {"input_reference"}
    assert form.files == {"input_reference": ("image/png", "image/jpeg", "image/webp")}


def test_the_fields_of_the_answer_are_those_of_the_reference(document: Document) -> None:
    answer = document.operations["createVideo"].success
    schema = answer.content["application/json"]
    assert answer.status == 200
    assert schema is not None
    assert schema is document.job
    properties = schema.raw["properties"]
    root = document.source.data
    assert {name: told(resolve(root, p), *TOLD) for name, p in properties.items()} == ANSWER
    assert schema.raw["required"] == list(ANSWER)


@pytest.mark.parametrize(
    ("error", "accepted"),
    [
        ({"code": "a", "message": "b"}, True),
        ({"code": "a"}, False),
        ({"message": "b"}, False),
        (None, False),
    ],
    ids=["both", "no message", "no code", "none"],
)
def test_a_failed_job_says_why(document: Document, error: Json, accepted: bool) -> None:
    failed = document.source.data["components"]["examples"]["Failed"]["value"]
    assert document.job.accepts({**failed, "error": error}) is accepted


def test_the_server_and_its_key_are_those_of_the_reference(document: Document) -> None:
    assert document.server_url == "https://api.aisa.one/v1"
    assert document.base_path == "/v1"
    assert document.credentials == Credentials("authorization", "Bearer")


def test_another_document_has_its_own_server_and_key(other_document: Document) -> None:
    assert (other_document.title, other_document.version) == ("Renderings", "2")
    assert other_document.base_path == "/api/v7"
    assert other_document.credentials == Credentials("x-render-key", "")


def test_a_document_that_asks_for_no_key_has_no_credentials(renderings: str) -> None:
    document = parse_document(renderings.replace("security: [{key: []}]", "security: []"))
    assert document.credentials is None
    assert not any(operation.secured for operation in document.operations.values())


def test_the_document_as_json_is_the_same_document(document: Document) -> None:
    again = parse_document(orjson.dumps(document.source.data).decode(), name="json")
    assert again.lifecycle == document.lifecycle
    assert again.envelope == document.envelope
    assert list(again.operations) == list(document.operations)


def test_every_load_makes_a_document_of_its_own() -> None:
    first = load_document()
    first.source.data["info"]["title"] = "changed"
    assert load_document().title == "AIsa Videos"
