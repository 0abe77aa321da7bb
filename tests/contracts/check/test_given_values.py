"""Values that a person sets for the requests of a check."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts.check.given_values import read_given_values
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.openapi import Document, load_document
from aisa_testkit.openapi.json import Json
from tests.support.documents import DUBBINGS
from tests.support.local_server import LocalServer


@pytest.fixture(scope="module")
def dubbings() -> Document:
    return load_document(DUBBINGS, strict=True)


def given(document: Document, **fields: str) -> dict[str, Json]:
    create = document.kinds["dubbing"].creates[0]
    return {str(p): v for p, v in read_given_values(create, fields, {}).values.items()}


@pytest.mark.parametrize(
    ("name", "text", "place", "value"),
    [
        ("mood", "merry", "/mood", "merry"),
        ("text", "7", "/script/text", "7"),
        ("/script/pace", "2", "/script/pace", 2),
        ("pace", "1.5", "/script/pace", 1.5),
        ("takes", "[3, 4]", "/takes", [3, 4]),
        ("script", '{"text": "x"}', "/script", {"text": "x"}),
        ("shelf", "12", "/film/shelf", 12),
        ("region", "south", "query.region", "south"),
        ("query.region", "south", "query.region", "south"),
        ("room", "room-007", "path.room", "room-007"),
        ("X-Agreement", "accepted", "header.x-agreement", "accepted"),
        ("/more", "5", "/more", "5"),
    ],
)
def test_value_is_set_by_place_or_by_name(
    dubbings: Document, name: str, text: str, place: str, value: Json
) -> None:
    assert given(dubbings, **{name: text}) == {place: value}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("modo", "startDubbing has no field 'modo'; did you mean mood"),
        ("query.regoin", "startDubbing has no query.regoin"),
        ("path.hall", "startDubbing has no path.hall"),
    ],
)
def test_unknown_field_is_an_error(dubbings: Document, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        given(dubbings, **{name: "x"})


def test_values_are_in_every_create_and_in_other_requests(dubbings: Document) -> None:
    fields = {"room": "room-007", "region": "south", "shelf": "12", "/script/text": "Hello there"}
    plan = plan_check(dubbings, key="k", creates=2, fields=fields)
    for call in (*plan.creates, *plan.fallbacks):
        body = orjson.loads(call.body)
        assert call.path_parameters == {"room": "room-007"}
        assert dict(call.query)["region"] == "south"
        assert (body["film"], body["script"]["text"]) == ({"shelf": 12}, "Hello there")
    lists = [p.call for p in plan.free_probes if p.call.operation_id == "findDubbings"]
    assert {call.path_parameters["room"] for call in lists} == {"room-007"}


def test_optional_field_without_an_example_is_sent_if_it_is_set(dubbings: Document) -> None:
    plan = plan_check(dubbings, key="k", creates=2, fields={"tell": "https://me.example/hook"})
    assert plan.unused_fields == ()
    assert all(b"https://me.example/hook" in call.body for call in plan.creates)


def test_value_that_is_set_has_no_tag(dubbings: Document) -> None:
    plan = plan_check(dubbings, key="k", seed=7, fields={"text": "Hello there"})
    assert orjson.loads(plan.creates[0].body)["script"]["text"] == "Hello there"


def test_headers_are_in_every_request(dubbings: Document) -> None:
    server = LocalServer(dubbings)
    server.run_check(headers={"X-Tenant": "7"})
    assert {call.headers.get("x-tenant") for call in server.calls} == {"7"}


def test_form_has_values_that_are_set(document: Document) -> None:
    fields = {"seconds": "8", "prompt": "A harbour"}
    plan = plan_check(document, key="k", creates=2, fields=fields)
    assert [float(plan.price or 0), float(plan.total or 0)] == [0.8, 1.6]
    for call in (*plan.creates, *plan.fallbacks):
        assert b"A harbour" in call.body


def test_header_with_the_key_replaces_the_key_and_is_left_out_where_none_is_sent(
    dubbings: Document,
) -> None:
    """A request without a key that has one after all would be accepted, and billed."""
    plan = plan_check(dubbings, key="k", headers={"Authorization": "Basic of-a-person"})
    calls = {probe.reason: probe.call for probe in plan.create_probes}
    assert "authorization" not in calls["no API key"].headers
    assert plan.creates[0].headers["authorization"] == "Basic of-a-person"
    unknown = next(p for p in plan.free_probes if p.reason == "an unknown API key")
    assert unknown.call.headers["authorization"] == "Bearer sk-invalid-key"


def test_key_in_a_header_that_is_set_is_masked(dubbings: Document) -> None:
    secret = "Bearer sk-of-a-person-1234"
    server = LocalServer(dubbings, lambda w, c, r: w.reply_with_key(c))
    result = server.run_check(key=None, headers={"Authorization": secret})
    assert server.calls[0].headers["authorization"] == secret
    assert "sk-of-a-person-1234" not in str(result)
