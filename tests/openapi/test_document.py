"""The bundled document: the vendor's reference page and what else is known."""

from __future__ import annotations

import jsonschema_rs
import openapi_spec_validator
import orjson
import pytest

from aisa_testkit.openapi import (
    Credentials,
    Document,
    Provenance,
    load_document,
    parse_document,
)
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.references import resolve
from aisa_testkit.openapi.source_files import read_resource

MODELS = ["sora-2", "sora-2-pro"]
LENGTHS = ["4", "8", "12"]
SIZES = ["720x1280", "1280x720", "1024x1792", "1792x1024"]
STATES = ["queued", "in_progress", "completed", "failed"]

# The reference page "Create video": the fields of the request and of the response.
REQUEST: dict[str, Json] = {
    "prompt": {"type": "string", "minLength": 1, "maxLength": 32000},
    "model": {"type": "string", "enum": MODELS, "default": "sora-2"},
    "seconds": {"type": "string", "enum": LENGTHS, "default": "4"},
    "size": {"type": "string", "enum": SIZES, "default": "720x1280"},
}
RESPONSE_FIELDS: dict[str, Json] = {
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
KEYWORDS = ("type", "enum", "const", "default", "maxLength")


def keywords_of(schema: Json, *keywords: str) -> Json:
    """Return these keywords of a schema."""
    return {key: value for key, value in schema.items() if key in keywords}


def test_bundled_document_is_valid_openapi(document: Document) -> None:
    openapi_spec_validator.validate(document.source.data)


def test_supported_schema_is_a_valid_json_schema() -> None:
    schema = orjson.loads(read_resource("supported.schema.json"))
    jsonschema_rs.meta.validate(schema)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "method", "path", "role", "provenance"),
    [
        ("createVideo", "POST", "/videos", "create", "documented"),
        ("listVideos", "GET", "/videos", "list", "inferred"),
        ("getVideo", "GET", "/videos/{video_id}", "poll", "inferred"),
        ("deleteVideo", "DELETE", "/videos/{video_id}", "delete", "inferred"),
        ("getVideoContent", "GET", "/videos/{video_id}/content", "result", "inferred"),
        ("remixVideo", "POST", "/videos/{video_id}/remix", "create", "inferred"),
    ],
)
def test_role_and_provenance_of_each_operation(
    document: Document, name: str, method: str, path: str, role: str, provenance: str
) -> None:
    operation = document.operations[name]
    assert (operation.method, operation.path) == (method, path)
    assert operation.provenance == provenance
    assert [each.role for each in document.roles[name]] == [role]
    assert operation.success.provenance is Provenance(provenance)
    assert operation.credentials


def test_bundled_document_has_no_other_operations(document: Document) -> None:
    assert document.operations.keys() == document.roles.keys()
    assert len(document.operations) == 6


@pytest.mark.parametrize("media_type", ["multipart/form-data", "application/json"])
def test_request_fields_match_the_reference_page(document: Document, media_type: str) -> None:
    body = document.operations["createVideo"].bodies[media_type]
    found = {
        name: keywords_of(schema, *KEYWORDS, "minLength")
        for name, schema in body.properties.items()
        if name not in body.files
    }
    assert found == REQUEST
    assert body.schema.raw["required"] == ["prompt"]


def test_only_a_multipart_form_has_the_image(document: Document) -> None:
    bodies = document.operations["createVideo"].bodies
    assert list(bodies) == ["multipart/form-data", "application/json"]
    form = bodies["multipart/form-data"]
    assert form.properties.keys() - REQUEST.keys() == {"input_reference"}
    assert form.files == {"input_reference": ("image/png", "image/jpeg", "image/webp")}


def test_response_fields_match_the_reference_page(document: Document) -> None:
    answer = document.operations["createVideo"].success
    schema = answer.content["application/json"]
    assert answer.status == 200
    assert schema is not None
    assert schema is document.operations["getVideo"].success.content["application/json"]
    properties = schema.raw["properties"]
    root = document.source.data
    assert {
        name: keywords_of(resolve(root, p), *KEYWORDS) for name, p in properties.items()
    } == RESPONSE_FIELDS
    assert schema.raw["required"] == list(RESPONSE_FIELDS)


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
def test_failed_job_has_an_error(document: Document, error: Json, accepted: bool) -> None:
    failed = document.source.data["components"]["examples"]["Failed"]["value"]
    schema = document.operations["getVideo"].success.content["application/json"]
    assert schema is not None
    assert schema.accepts({**failed, "error": error}) is accepted


def test_server_and_credentials_match_the_reference_page(document: Document) -> None:
    assert document.server_url == "https://api.aisa.one/v1"
    assert document.base_path == "/v1"
    assert document.credentials == Credentials("authorization", "Bearer")


def test_other_document_has_its_own_server_and_credentials(other_document: Document) -> None:
    assert (other_document.title, other_document.version) == ("Renderings", "2")
    assert other_document.base_path == "/api/v7"
    assert other_document.credentials == Credentials("x-render-key", "")


def test_document_without_security_has_no_credentials(renderings: str) -> None:
    document = parse_document(renderings.replace("security: [{key: []}]", "security: []"))
    assert document.credentials is None
    assert not any(operation.credentials for operation in document.operations.values())


def test_json_and_yaml_give_the_same_document(document: Document) -> None:
    again = parse_document(orjson.dumps(document.source.data).decode(), name="json")
    assert again.kinds["video"].lifecycle == document.kinds["video"].lifecycle
    assert again.envelope == document.envelope
    assert list(again.operations) == list(document.operations)


def test_each_parse_returns_a_new_document() -> None:
    first = load_document("aisa-videos")  # without a name, the document is loaded once for all
    first.source.data["info"]["title"] = "changed"
    assert load_document("aisa-videos").title == "AIsa Videos"
