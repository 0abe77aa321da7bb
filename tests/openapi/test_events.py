"""Webhook events of a document, and their rules: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import Document, DocumentError, Ending, Provenance, parse_document
from aisa_testkit.openapi.references import resolve

Problems = Callable[..., list[tuple[str, str]]]

HERE = "/webhooks/film-is-there/post"
STATE, NUMBER = "x-event: {state: ready,", "id: {at: /notice/number, prefix: n-}"
ANOTHER = """webhooks:
  film-is-lost:
    post:
      operationId: tellOfLoss
      x-event: {state: ready, id: {at: /number}, job: /of}
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {number: {type: string}, of: {type: string}}}
      responses: {'202': {description: Noted.}}
"""


def test_each_final_state_has_an_inferred_webhook_event(document: Document) -> None:
    names = {"completed": "video.completed", "failed": "video.failed"}
    assert {state: event.name for state, event in document.events.items()} == names
    assert {event.provenance for event in document.events.values()} == {Provenance.INFERRED}
    lifecycle = document.lifecycle
    assert {*names} == {state for kind in Ending for state in lifecycle.final_states(kind)}


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_webhook_event_has_the_shape_of_the_vendor(document: Document, state: str) -> None:
    event = document.events[state]
    body = event.body(event_id="evt_1", job_id="video_2", moment=1_780_000_010)
    assert event.id_prefix == "evt_"
    assert body == {
        "id": "evt_1",
        "object": "event",
        "created_at": 1_780_000_010,
        "type": f"video.{state}",
        "data": {"id": "video_2"},
    }
    assert event.schema.accepts(body)


def test_event_bodies_share_no_data(document: Document) -> None:
    event = document.events["completed"]
    first = event.body(event_id="evt_1", job_id="video_1", moment=1)
    event.body(event_id="evt_2", job_id="video_2", moment=2)
    assert first["data"] == {"id": "video_1"}


def test_examples_of_webhook_events_match_their_schema(document: Document) -> None:
    root = document.source.data
    for event in document.events.values():
        operation = root["webhooks"][event.name]["post"]
        content = resolve(root, operation["requestBody"])["content"]["application/json"]
        for example in content["examples"].values():
            assert [*event.schema.errors(resolve(root, example)["value"])] == []


def test_webhook_event_of_another_api_has_its_own_shape(other_document: Document) -> None:
    (event,) = other_document.events.values()
    body = event.body(event_id="n-1", job_id="r-2", moment=3)
    notice = {"number": "n-1", "about": "film-is-there", "version": 7}
    assert (event.name, event.state, event.id_prefix) == ("film-is-there", "ready", "n-")
    assert body == {"notice": notice, "film": {"of": "r-2"}}


def test_webhooks_are_optional(renderings: str) -> None:
    before, _, rest = renderings.partition("webhooks:\n")
    without = before + "components:\n" + rest.partition("components:\n")[2]
    assert parse_document(without).events == {}


def test_event_type_is_optional(changed: Callable[..., str]) -> None:
    text = changed((" type: /notice/about,", ""), ("about: {const: film-is-there}", "about: {}"))
    (event,) = parse_document(text).events.values()
    body = event.body(event_id="n-1", job_id="r-2", moment=3)
    assert body["notice"] == {"number": "n-1", "about": None, "version": 7}


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        (STATE, STATE.replace("ready", "raedy"), "x-event/state", "raedy is not one of the states"),
        (
            STATE,
            STATE.replace("ready", "drawing"),
            "x-event/state",
            "drawing is not a final state; events report final states",
        ),
        (
            "webhooks:\n",
            ANOTHER,
            "x-event/state",
            "film-is-lost already reports ready",
        ),
        (
            "operationId: tellOfFilm",
            "operationId: film",
            "operationId",
            "film is used by more than one operation",
        ),
        (
            NUMBER,
            "id: {at: /notice/no}",
            "x-event/id/at",
            "the body has no field at /notice/no",
        ),
        ("job: /film/of}", "job: /of}", "x-event/job", "the body has no field at /of"),
        (
            "job: /film/of}",
            "job: /film/of, moment: /notice/since}",
            "x-event/moment",
            "the body has no field at /notice/since",
        ),
        (
            "type: /notice/about",
            "type: /notice/kind",
            "x-event/type",
            "the body has no field at /notice/kind",
        ),
        (
            "about: {const: film-is-there}",
            "about: {enum: [film-is-here]}",
            "x-event",
            "produces a body that does not match its schema: notice.about must be one of"
            " 'film-is-here', not 'film-is-there'",
        ),
        (
            "pattern: ^r-",
            "pattern: ^job-",
            "x-event",
            "produces a body that does not match its schema: film.of must match ^job-,"
            f" not 'r-{'0' * 32}'",
        ),
        (STATE, "x-event: {", "x-event/state", "is required"),
        (STATE, "x-evnt: {state: ready,", "x-evnt", "did you mean x-event?"),
        (STATE, STATE + " moments: /a,", "x-event/moments", "did you mean moment?"),
    ],
    ids=[
        "unknown state",
        "state that is not final",
        "state of another event",
        "duplicate operation id",
        "no field for the event id",
        "no field for the job id",
        "no field for the time",
        "no field for the type",
        "type that the schema does not allow",
        "job id that the schema does not allow",
        "no state",
        "misspelled extension",
        "unknown key",
    ],
)
def test_invalid_webhook_is_reported_with_its_place(
    problems_after: Problems, old: str, new: str, place: str, reason: str
) -> None:
    found = problems_after((old, new))
    assert any(at == f"{HERE}/{place}" and reason in why for at, why in found), found


def test_webhook_body_must_be_json(renderings: str) -> None:
    head, _, tail = renderings.partition("operationId: tellOfFilm")
    text = (
        head
        + "operationId: tellOfFilm"
        + tail.replace("application/json", "multipart/form-data", 1)
    )
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    (problem,) = caught.value.problems
    place = f"{HERE}/requestBody/content"
    assert (problem.pointer, problem.reason) == (place, "an event needs a body of application/json")


def test_webhook_method_must_be_post(renderings: str) -> None:
    head, _, tail = renderings.partition("  film-is-there:\n    post:")
    text = f"{head}  film-is-there:\n    put:{tail}"
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    places = {problem.pointer for problem in caught.value.problems}
    assert places == {"/webhooks/film-is-there/post", "/webhooks/film-is-there/put"}
