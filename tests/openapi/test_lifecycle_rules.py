"""Rules for lifecycles: one violation at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import DocumentError, parse_document

Problems = Callable[..., list[tuple[str, str]]]

HERE = "/components/schemas/Ticket/x-lifecycle"
WAITING = "waiting: {next: [warming, withdrawn], lasts: {seconds: 1}}"
WARMING = "warming: {next: [drawing], lasts: {seconds: 3}}"
DRAWING = "next: [ready, spoilt]"
READY = "ready: {ends: success}"


@pytest.mark.parametrize(
    ("old", "new", "place", "reason"),
    [
        (
            WAITING,
            "waiting: {next: [warmign, warming, withdrawn]}",
            "states/waiting/next",
            "warmign is not one of the states",
        ),
        (
            "quality: {final: 10}",
            "quality: {finest: 10}",
            "states/drawing/lasts/scale/quality/finest",
            "is not a value of quality",
        ),
        (DRAWING, "next: [ready]", "states/spoilt", "cannot be reached from waiting"),
        (
            READY,
            "ready: {ends: success, next: [spoilt]}",
            "states/ready/next",
            "a final state has no next state",
        ),
        (
            READY,
            "ready: {ends: success, lasts: {seconds: 1}}",
            "states/ready/lasts",
            "a final state has no duration",
        ),
        (READY, "ready: {ends: failure}", "states", "no reachable state ends in success"),
        ("initial: waiting", "initial: wait", "state/initial", "wait is not one of the states"),
        (
            "initial: waiting",
            "initial: ready",
            "state/initial",
            "ready is a final state; a job cannot start in a final state",
        ),
        (
            WARMING,
            "warming: {next: [drawing], progress: {from: 5, to: 2}}",
            "states/warming/progress",
            "decreases; progress must not decrease",
        ),
        (
            "enum: [waiting, warming, drawing, ready, spoilt, withdrawn]",
            "enum: [waiting, warming, drawing, ready, spoilt]",
            "states",
            "the schema of the state allows waiting, warming, drawing, ready, spoilt;"
            " both must list the same states",
        ),
        (
            "echoes:",
            "expiry: /job/phase/word\n        echoes:",
            "expiry",
            "/job/phase/word is not one of the stamps",
        ),
        (
            "field: scene, at",
            "field: scenery, at",
            "echoes/0/field",
            "scenery is not a field of the create request",
        ),
        (
            "scale: {quality: {final: 10}}",
            "scale: {a/b: {final: 10}}",
            "states/drawing/lasts/scale/a~1b",
            "a/b is not a field of the create request",
        ),
        ("set_on: ready", "set_on: read", "stamps/1/set_on", "read is not one of the states"),
        (
            "set_on: ready",
            "set_on: ready, counted_from: start",
            "stamps/1/counted_from",
            "start is not one of the states",
        ),
    ],
    ids=[
        "unknown next state",
        "factor for an unknown value",
        "unreachable state",
        "final state with next",
        "final state with a duration",
        "no success",
        "unknown initial state",
        "final initial state",
        "progress decreases within a state",
        "other states in the schema",
        "expiry that is not a timestamp",
        "echo of an unknown field",
        "scale of an unknown field",
        "timestamp of an unknown state",
        "timestamp counted from an unknown state",
    ],
)
def test_invalid_lifecycle_is_reported_with_its_place(
    problems_after: Problems, old: str, new: str, place: str, reason: str
) -> None:
    assert problems_after((old, new)) == [(f"{HERE}/{place}", reason)]


@pytest.mark.parametrize(
    ("old", "place"),
    [
        ("id: {at: /job/ref,", "id/at"),
        ("state: {at: /job/phase/word,", "state/at"),
        ("{at: /job/phase/since, set_on", "stamps/0/at"),
        ("\n          at: /job/phase/trouble\n", "failure/at"),
        ("code: /job/phase/trouble/why", "failure/code"),
        ("message: /job/phase/trouble/text", "failure/message"),
        ("immutable: [/job/ref, /job/order]", "immutable/1"),
        ("{field: frames, at: /job/order/frames}", "echoes/2/at"),
    ],
)
def test_pointer_to_nothing_is_a_problem(problems_after: Problems, old: str, place: str) -> None:
    head, slash, tail = old.rpartition("/job/")
    stop = min((tail.index(c) for c in ",}]\n" if c in tail), default=len(tail))
    new = f"{head}{slash}none{tail[stop:]}"
    assert problems_after((old, new)) == [
        (f"{HERE}/{place}", "the schema has no field at /job/none")
    ]


@pytest.mark.parametrize("key", ["progress: {at: /none}", "source: /none"])
def test_pointer_to_nothing_in_optional_parts_is_a_problem(
    problems_after: Problems, key: str
) -> None:
    (found,) = problems_after(("        immutable:", f"        {key}\n        immutable:"))
    place = "progress/at" if "at" in key else "source"
    assert found == (f"{HERE}/{place}", "the schema has no field at /none")


def test_state_needs_next_or_ends(problems_after: Problems) -> None:
    assert problems_after((WARMING, "warming: {lasts: {seconds: 3}}")) == [
        (f"{HERE}/states", "no reachable state ends in success"),
        (f"{HERE}/states/warming", "needs either next or ends"),
        (f"{HERE}/states/drawing", "cannot be reached from waiting"),
        (f"{HERE}/states/ready", "cannot be reached from waiting"),
        (f"{HERE}/states/spoilt", "cannot be reached from waiting"),
    ]


def test_progress_must_not_decrease_to_the_next_state(problems_after: Problems) -> None:
    rising = WARMING.replace("lasts", "progress: 10, lasts")
    fallen = DRAWING + "\n            progress: {from: 5, to: 99}"
    assert problems_after((WARMING, rising), (DRAWING, fallen)) == [
        (f"{HERE}/states/warming/next", "progress decreases from 10 to 5 in drawing")
    ]


def test_progress_must_not_decrease_across_other_states(problems_after: Problems) -> None:
    high = WAITING.replace("lasts", "progress: 50, lasts")
    fallen = DRAWING + "\n            progress: {from: 5, to: 99}"
    ((_, reason),) = problems_after((WAITING, high), (DRAWING, fallen))
    assert reason == "progress decreases from 50 to 5 in drawing"


def test_progress_may_increase_or_stay(changed: Callable[..., str]) -> None:
    high = WAITING.replace("lasts", "progress: 5, lasts")
    risen = DRAWING + "\n            progress: {from: 5, to: 99}"
    document = parse_document(changed((WAITING, high), (DRAWING, risen)))
    assert document.lifecycle.states["drawing"].progress == (5, 99)


def test_schema_of_the_state_needs_no_enum(
    changed: Callable[..., str],
) -> None:
    words = "{type: string, enum: [waiting, warming, drawing, ready, spoilt, withdrawn]}"
    document = parse_document(changed((words, "{type: string}")))
    assert document.lifecycle.initial == "waiting"


def test_state_names_must_be_strings(problems_after: Problems) -> None:
    words = "enum: [waiting, warming, drawing, ready, spoilt, withdrawn]"
    ((place, _),) = problems_after((words, "enum: [1, 2]"))
    assert place == f"{HERE}/states"


def test_lifecycle_problems_have_line_numbers(changed: Callable[..., str]) -> None:
    text = changed(("set_on: ready", "set_on: read"), (DRAWING, "next: [ready]"))
    with pytest.raises(DocumentError) as caught:
        parse_document(text, name="mine.yaml")
    lines = text.splitlines()
    assert [(p.line, p.reason) for p in caught.value.problems] == [
        (lines.index("          spoilt: {ends: failure}") + 1, "cannot be reached from waiting"),
        (
            lines.index("          - {at: /job/phase/ended, set_on: read}") + 1,
            "read is not one of the states",
        ),
    ]
