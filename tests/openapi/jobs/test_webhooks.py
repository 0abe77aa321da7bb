"""The messages that servers send about jobs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.openapi.jobs import Webhook, parse_place
from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, parse_api, problems_of


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/webhooks": [{"address": "/hook", "in": "redy"}]},
            [("/x-jobs/film/webhooks/0/in", "redy is not one of the states; did you mean ready?")],
            id="webhook in unknown",
        ),
        pytest.param(
            {f"{FILM}/webhooks": [{"address": "/hok"}]},
            [
                (
                    "/x-jobs/film/webhooks/0/address",
                    "no request of order has a place /hok; did you mean /hook?",
                )
            ],
            id="address",
        ),
        pytest.param(
            {f"{FILM}/webhooks": [{"name": "done"}]},
            [("/x-jobs/film/webhooks/0/name", "done is not a webhook")],
            id="webhook name",
        ),
        pytest.param(
            {f"{FILM}/webhooks": [{"address": "/hook", "body": {"/of": {"field": "/ident"}}}]},
            [
                (
                    "/x-jobs/film/webhooks/0/body/~1of/field",
                    "no response has a place /ident; did you mean /id?",
                )
            ],
            id="webhook body field",
        ),
    ],
)
def test_invalid_webhook_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


def webhook_of(changes: Mapping[str, Json]) -> Webhook:
    """Return the only webhook of the small document after changes."""
    (webhook,) = parse_api(changes).kinds["film"].webhooks
    return webhook


def test_webhook_without_a_body_sends_the_job_at_its_end() -> None:
    webhook = webhook_of({f"{FILM}/webhooks": [{"address": "/hook"}]})
    assert (webhook.name, webhook.body) == (None, None)
    assert webhook.address == parse_place("/hook")
    assert webhook.states == {"ready", "spoilt"}


def test_webhook_of_the_document_has_a_body_of_its_own(other_document: Document) -> None:
    (webhook,) = other_document.kinds["rendering"].webhooks
    assert (webhook.name, webhook.address) == ("film-is-there", None)
    assert webhook.states == {"ready"}
    assert webhook.body is not None
    assert [str(field.place) for field in webhook.body] == [
        "/notice/number",
        "/notice/about",
        "/film/of",
    ]


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("{$request.body#/hook}", "/hook"),
        ("$request.query.hook", "query.hook"),
        ("{$request.header.X-Hook}", "header.x-hook"),
    ],
)
def test_callback_has_the_place_of_the_address(expression: str, place: str) -> None:
    schema = {"type": "object", "properties": {"of": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    callback = {expression: {"post": {"requestBody": {"content": content}}}}
    webhook = webhook_of(
        {
            "/paths/~1films/post/callbacks": {"done": callback},
            f"{FILM}/webhooks": [{"name": "done", "body": {"/of": {"field": "/id"}}}],
        }
    )
    assert str(webhook.address) == place


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"/off": {"field": "/id"}}, ("/~1off", "no response has a place /off; did you mean /of?")),
        (
            {"/about": "film"},
            ("/~1about/value", "film is not a value of this place; known are done"),
        ),
    ],
    ids=["unknown field", "constant that is not allowed"],
)
def test_body_must_fit_its_schema(value: Json, problem: tuple[str, str]) -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"of": {"type": "string"}, "about": {"const": "done"}},
    }
    item = {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    changes = {"/webhooks": {"done": item}, f"{FILM}/webhooks": [{"name": "done", "body": value}]}
    place, reason = problem
    assert problems_of(changes) == [(f"{FILM}/webhooks/0/body{place}", reason)]


def test_webhook_with_a_body_of_its_own_needs_a_json_schema() -> None:
    item: Json = {"post": {"requestBody": {"content": {"text/plain": {}}}}}
    changes = {
        "/webhooks": {"done": item},
        f"{FILM}/webhooks": [{"name": "done", "body": {"/of": {"field": "/id"}}}],
    }
    reason = "done has no request body of type JSON"
    assert problems_of(changes) == [(f"{FILM}/webhooks/0/name", reason)]


def test_webhook_needs_a_name_or_an_address() -> None:
    ((place, _),) = problems_of({f"{FILM}/webhooks": [{"in": "success"}]})
    assert place == f"{FILM}/webhooks/0"
