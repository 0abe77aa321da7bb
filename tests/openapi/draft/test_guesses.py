"""What a draft guesses of one small document, each guess by its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
import yaml

from aisa_testkit.openapi import parse_document
from aisa_testkit.openapi.draft import Draft, KindDraft, draft_overlay, render
from aisa_testkit.openapi.json import Json

TEXT: Json = {"type": "string"}
LINK: Json = {"type": "string", "format": "uri"}
STATES = ("waiting", "carving", "finished", "failed")


def draft_of(
    *,
    job: Mapping[str, Json] | None = None,
    request: Mapping[str, Json] | None = None,
    made: Mapping[str, Json] | None = None,
    states: tuple[str, ...] = STATES,
    path: str = "/statues",
    listed: Mapping[str, Json] | None = None,
    asked: tuple[str, ...] = (),
) -> Draft:
    """Return the draft of an API of statues.

    Args:
        job: The fields of a statue beside its id and its state.
        request: The fields of the request for one.
        made: The fields of the response to that request, beside the id.
        states: The states that the schema lists.
        path: The path of all statues.
        listed: The fields of a page of statues beside its items; None without a list.
        asked: The names of the parameters of the list.
    """
    statue = {"id": TEXT, "state": {"type": "string", "enum": [*states]}, **(job or {})}

    def reply(fields: Mapping[str, Json]) -> Json:
        schema = {"type": "object", "required": ["id"], "properties": fields}
        content = {"application/json": {"schema": schema}}
        return {"200": {"description": "A statue.", "content": content}}

    sent = {"schema": {"type": "object", "properties": request or {}}}
    identity = {"name": "statue_id", "in": "path", "required": True, "schema": TEXT}
    body = {"content": {"application/json": sent}}
    answer = reply({"id": TEXT, **(made or {})})
    document: dict[str, Json] = {
        "openapi": "3.1.0",
        "info": {"title": "Statues", "version": "1"},
        "paths": {
            path: {"post": {"operationId": "carve", "requestBody": body, "responses": answer}},
            f"{path}/{{statue_id}}": {
                "parameters": [identity],
                "get": {"operationId": "look", "responses": reply(statue)},
            },
        },
    }
    if listed is not None:
        parameters = [{"name": name, "in": "query", "schema": {}} for name in asked]
        page = reply({"id": TEXT, "statues": {"type": "array", "items": {}}, **listed})
        get = {"operationId": "page", "parameters": parameters, "responses": page}
        document["paths"][path]["get"] = get
    text = orjson.dumps(document).decode()
    draft = draft_overlay(parse_document(text))
    kinds = yaml.safe_load(render(draft))["actions"][0]["update"]["x-jobs"]
    if kinds:
        assert parse_document(orjson.dumps({**document, "x-jobs": kinds}).decode()).kinds
    return draft


def kind_of(**changes: Any) -> KindDraft:
    (kind,) = draft_of(**changes).kinds
    return kind


@pytest.mark.parametrize(
    ("name", "schema", "place", "value"),
    [
        ("created_at", {"type": "integer"}, "/created_at", {"time": "created"}),
        ("progress", {"type": "number", "maximum": 1}, "/progress", {"progress": "fraction"}),
        ("progress", {"type": "integer"}, "/progress", {"progress": "percent"}),
        ("error", TEXT, "/error", {"failure": "message"}),
        ("film", LINK, "/film", {"file": "video/mp4"}),
        ("images", {"type": "array", "items": LINK}, "/images/0", {"file": "image/png"}),
        (
            "errors",
            {"type": "array", "items": {"type": "object", "properties": {"message": TEXT}}},
            "/errors/0/message",
            {"failure": "message"},
        ),
        (
            "link",
            {**LINK, "description": "Where the video can be seen."},
            "/link",
            {"file": "video/mp4"},
        ),
    ],
)
def test_field_has_its_source(name: str, schema: Json, place: str, value: Json) -> None:
    assert kind_of(job={name: schema}).data["fields"] == {place: value}


def test_path_of_the_poll_may_say_what_an_address_leads_to() -> None:
    kind = kind_of(job={"link": LINK}, path="/audio/statues")
    assert kind.data["fields"] == {"/link": {"file": "audio/mpeg"}}


@pytest.mark.parametrize("described", ["", "A video or its thumbnail."])
def test_address_of_several_things_is_a_question(described: str) -> None:
    kind = kind_of(job={"link": {**LINK, "description": described}})
    assert "fields" not in kind.data
    assert [line.partition(":")[0] for line in kind.open] == ["fields /link"]


def test_address_that_was_sent_is_not_a_result() -> None:
    kind = kind_of(job={"image": LINK}, request={"image": LINK})
    assert "fields" not in kind.data
    assert kind.open == []


def test_code_that_is_listed_is_a_failure() -> None:
    code = {"type": "string", "enum": ["cracked", "no_stone"]}
    error = {"type": "object", "properties": {"code": code, "message": TEXT}}
    assert kind_of(job={"error": error}).data["failures"] == {
        "cracked": "The job failed: cracked.",
        "no_stone": "The job failed: no_stone.",
    }


def test_fields_of_the_request_shape_files() -> None:
    request = {"size": TEXT, "aspectRatio": TEXT, "seconds": {"type": "integer"}, "stone": TEXT}
    kind = kind_of(job={"film": LINK}, request=request)
    media = {"size": "/size", "ratio": "/aspectRatio", "duration": "/seconds"}
    assert kind.data["media"] == media


def test_fields_of_the_request_shape_nothing_without_files() -> None:
    assert "media" not in kind_of(request={"size": TEXT}).data


def test_time_of_expiry_is_that_of_the_files() -> None:
    kind = kind_of(job={"film": LINK, "expires_at": {"type": "integer"}})
    assert kind.data["expires"] == "/expires_at"
    moment = {"time": "success", "plus": 3600, "in": "success"}
    assert kind.data["fields"]["/expires_at"] == moment


def test_address_of_the_poll_is_found_in_the_response_of_the_create() -> None:
    kind = kind_of(made={"polling_url": LINK})
    assert kind.data["fields"] == {"/polling_url": {"url": "poll"}}


@pytest.mark.parametrize("lapse", [(), ("expired",), ("incomplete",)])
def test_states_of_things_that_cannot_fail_are_not_work(lapse: tuple[str, ...]) -> None:
    draft = draft_of(states=("waiting", "finished", *lapse))
    reason = "none of the states is that of work that failed or was canceled"
    line = f"statue: carve and look look like a kind of job, but {reason}"
    assert (draft.kinds, draft.refused) == ((), (line,))
    assert f"# {line}" in render(draft)


def test_state_that_is_not_known_may_be_a_failure() -> None:
    kind = kind_of(states=("waiting", "finished", "crumbled"))
    assert kind.open == ["states crumbled: pending, success, failure, canceled or unknown?"]


def test_pages_of_a_list_have_their_words() -> None:
    words = {"has_more": {"type": "boolean"}, "last_id": TEXT}
    kind = kind_of(listed=words, asked=("limit", "after"))
    assert kind.data["list"] == {
        "operation": "page",
        "more": "/has_more",
        "last": "/last_id",
        "limit": "query.limit",
        "after": "query.after",
    }


def test_reason_of_each_guess_is_a_line() -> None:
    kind = kind_of(job={"film": LINK, "created_at": TEXT}, request={"size": TEXT})
    assert all(guess.reason and "\n" not in guess.reason for guess in kind.guesses)
