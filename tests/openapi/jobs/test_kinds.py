"""Compiled kinds of jobs: what a document says, and what is found in its schemas."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.openapi.jobs import FailureReason, JobKind, JobRole, parse_place
from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, REMOVED, SCHEMA, parse_api


def film(changes: dict[str, Json]) -> JobKind:
    """Return the kind of job of the small document after changes."""
    return parse_api(changes).kinds["film"]


def test_short_form_says_the_operations_alone() -> None:
    kind = film({f"{FILM}/list": "page", f"{FILM}/delete": "drop", f"{FILM}/result": "film"})
    assert [(each.operation.id, each.role) for each in kind.operations()] == [
        ("order", JobRole.CREATE),
        ("look", JobRole.POLL),
        ("page", JobRole.LIST),
        ("drop", JobRole.DELETE),
        ("film", JobRole.RESULT),
    ]
    assert [each.id for each in kind.operations()] == [
        *(None, parse_place("path.film_id"), None),
        *(parse_place("path.film_id"), parse_place("path.film_id")),
    ]
    assert [each.status for each in kind.operations()] == [200, 200, 200, 204, 200]


def test_operation_may_be_a_method_and_a_path() -> None:
    kind = film({f"{FILM}/create": "POST /films", f"{FILM}/poll": "GET /films/{film_id}"})
    assert [each.operation.id for each in kind.operations()] == ["order", "look"]


def test_id_state_and_items_are_found() -> None:
    kind = film({f"{FILM}/list": "page"})
    assert (kind.id_at, kind.state_at, kind.id_pattern) == (("id",), ("phase",), "")
    assert kind.list is not None
    assert kind.list.items == ("films",)


def test_state_that_each_alternative_writes_in_its_own_way_is_found() -> None:
    states = film({}).lifecycle.of_job()
    phase: Json = {"type": "string"}
    alternatives: Json = [
        {"properties": {"phase": {**phase, "const": state.value}}} for state in states
    ]
    kind = film({f"{SCHEMA}/properties/phase": phase, f"{SCHEMA}/oneOf": alternatives})
    assert kind.state_at == ("phase",)


@pytest.mark.parametrize(
    ("field", "parameter"),
    [
        ("id", "film_id"),
        ("id", "filmId"),
        ("filmId", "film_id"),
        ("film_id", "film_id"),
        ("ID", "film-id"),
    ],
)
def test_id_is_the_field_named_like_the_parameter(field: str, parameter: str) -> None:
    changes: dict[str, Json] = {
        f"{SCHEMA}/properties/id": REMOVED,
        f"{SCHEMA}/required": ["phase"],
        f"{SCHEMA}/properties/{field}": {"type": "string"},
        f"/paths/~1jobs~1{{{parameter}}}": {
            "get": {
                "operationId": "watch",
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Film"}}
                        }
                    }
                },
            }
        },
        f"{FILM}/poll": "watch",
    }
    assert film(changes).id_at == (field,)


def test_id_may_be_in_the_query() -> None:
    query = [{"name": "id", "in": "query", "required": True, "schema": {"type": "string"}}]
    poll: Json = {"operation": "page", "job": "/films/0"}
    changes = {"/paths/~1films/get/parameters": query, f"{FILM}/poll": poll}
    (create,) = film(changes).creates
    assert create.poll.id == parse_place("query.id")


def test_job_without_an_id_has_the_address_of_its_poll() -> None:
    changes = {f"{SCHEMA}/properties/id": REMOVED, f"{SCHEMA}/required": ["phase"]}
    fields = {f"{FILM}/fields": {"/address": {"url": "poll"}}}
    assert film({**changes, **fields}).id_at is None


def test_create_may_have_a_poll_of_its_own() -> None:
    creates = ["order", {"operation": "stop", "poll": {"operation": "look", "job": ""}}]
    kind = film({f"{FILM}/create": creates})
    assert [create.poll.pointer for create in kind.creates] == [
        f"{FILM}/poll",
        f"{FILM}/create/1/poll",
    ]


def test_several_operations_may_behave_alike() -> None:
    kind = film({f"{FILM}/create": {"operation": ["order", "stop"]}})
    assert [create.operation.id for create in kind.creates] == ["order", "stop"]


def test_states_in_which_operations_are_accepted() -> None:
    kind = film(
        {
            f"{FILM}/cancel": {"operation": "stop", "next": "spoilt"},
            f"{FILM}/delete": "drop",
            f"{FILM}/result": {"operation": "film", "in": ["ready", "failure"]},
        }
    )
    assert kind.cancel is not None
    assert kind.delete is not None
    assert kind.cancel.states == {"waiting", "drawing"}
    assert kind.delete.states == {"waiting", "drawing", "ready", "spoilt"}
    assert kind.results[0].states == {"ready", "spoilt"}


def test_cancel_leads_to_the_canceled_state() -> None:
    changes = {
        f"{SCHEMA}/properties/phase/enum": ["waiting", "drawing", "ready", "spoilt", "stopped"],
        f"{FILM}/states/stopped": "canceled",
        f"{FILM}/cancel": "stop",
    }
    cancel = film(changes).cancel
    assert cancel is not None
    assert (cancel.next, cancel.otherwise) == ("stopped", "refuse")


CODE = {
    f"{FILM}/fields": {"/trouble/why": {"failure": "code"}, "/trouble/text": {"failure": "message"}}
}


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({}, "dark", "The job failed: dark."),
        (
            {f"{SCHEMA}/properties/trouble/properties/why": {"type": "string"}},
            "spoilt",
            "The job failed: spoilt.",
        ),
        (
            {f"{SCHEMA}/properties/trouble/properties/why": {"type": "string", "example": "wet"}},
            "wet",
            "The job failed: wet.",
        ),
        (
            {f"{SCHEMA}/properties/trouble/properties/text/example": "It was dark."},
            "dark",
            "It was dark.",
        ),
        (
            {
                f"{SCHEMA}/properties/trouble/properties/why": {
                    "type": "integer",
                    "minimum": 7,
                    "maximum": 7,
                }
            },
            "7",
            "The job failed: 7.",
        ),
    ],
    ids=["listed", "free", "example", "message", "number"],
)
def test_failure_is_made_from_the_schemas_of_code_and_message(
    changes: dict[str, Json], code: str, message: str
) -> None:
    (create,) = film({**CODE, **changes}).creates
    assert create.failures == (FailureReason(code, message, None, moderation=False),)


def test_declared_failures_stay() -> None:
    declared = {"cold": {"message": "It was cold.", "moderation": True}}
    (create,) = film({**CODE, f"{FILM}/failures": declared}).creates
    assert create.failures == (FailureReason("cold", "It was cold.", None, moderation=True),)


def test_kind_without_fields_of_a_failure_has_no_failures() -> None:
    (create,) = film({}).creates
    assert create.failures == ()


def test_price_has_places(other_document: Document) -> None:
    (create,) = other_document.kinds["rendering"].creates
    assert create.price is not None
    assert [dict(rate.when) for rate in create.price.rates] == [{"/quality": ("final",)}, {}]
    assert create.price.rates[0].amount == Decimal("1.25")


def test_several_kinds_may_share_their_poll() -> None:
    clip = {
        "create": "stop",
        "poll": "look",
        "states": {
            "waiting": "pending",
            "drawing": "pending",
            "ready": "success",
            "spoilt": "failure",
        },
    }
    document = parse_api({"/x-jobs/clip": clip})
    assert [*document.kinds] == ["film", "clip"]
    assert [each.kind for each in document.roles["look"]] == ["film", "clip"]


def test_extensions_are_passed_over() -> None:
    kind = film({f"{FILM}/x-note": 1, f"{FILM}/states/ready": {"means": "success", "x-note": 2}})
    assert kind.lifecycle.states["ready"].meaning == "success"
