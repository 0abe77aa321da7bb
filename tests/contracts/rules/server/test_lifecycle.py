"""The laws of one job's life, whatever operation shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_history
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer, set_at

History = list[Exchange | UnmatchedRequest]
Play = Callable[[Document, str], History]
Changes = Mapping[int, Mapping[str, Json]]
Expected = list[tuple[str, str, tuple[int, ...]]]

# The job waits in no. 1, runs in nos. 2 and 3, and has ended in nos. 4 and 5. No. 1 is of another
# operation than the rest, and so a violation of its own.
LIFE = "create, tick, VIEW, tick, VIEW, wait, VIEW, VIEW"
ENDED = 1_780_000_010
ERROR: Json = {"code": "generation_failed", "message": "No."}
TROUBLE: Json = {"why": "no_light", "text": "No."}
FAULTS: dict[str, tuple[Changes, Expected]] = {
    "progress falls": ({3: {"/progress": 5}}, [("AV203", "/progress", (2, 3))]),
    "progress is full too early": ({3: {"/progress": 100}}, [("AV204", "/progress", (3,))]),
    "progress in the queue": (
        {n: {"/status": "queued", "/progress": 1} for n in (1, 2)},
        [("AV204", "/progress", (1,)), ("AV204", "/progress", (2,))],
    ),
    "progress is not full at the end": (
        {n: {"/progress": 99} for n in (4, 5)},
        [("AV204", "/progress", (4, 5))],
    ),
    "back to the queue": (
        {2: {"/progress": 0}, 3: {"/status": "queued", "/progress": 0}},
        [("AV201", "/status", (2, 3))],
    ),
    "completed, then failed": (
        {5: {"/status": "failed", "/error": ERROR}},
        [("AV202", "/status", (4, 5))],
    ),
    "completed at no moment": (
        {n: {"/completed_at": None} for n in (4, 5)},
        [("AV207", "/completed_at", (4, 5))],
    ),
    "the end is known before it": (
        {3: {"/completed_at": ENDED}},
        [("AV206", "/completed_at", (3,))],
    ),
    "files expire before there are any": (
        {n: {"/expires_at": 1_780_086_400} for n in (1, 2, 3)},
        [("AV206", "/expires_at", (1,)), ("AV206", "/expires_at", (2, 3))],
    ),
    "completed before it was made": (
        {n: {"/completed_at": 1_779_999_999} for n in (4, 5)},
        [("AV209", "/completed_at", (4, 5))],
    ),
    "the end moves": ({5: {"/completed_at": ENDED + 1}}, [("AV208", "/completed_at", (4, 5))]),
    "the expiry moves": ({5: {"/expires_at": 1_780_086_401}}, [("AV208", "/expires_at", (4, 5))]),
    "the expiry is forgotten": ({5: {"/expires_at": None}}, [("AV208", "/expires_at", (4, 5))]),
    "expired when it is completed": (
        {n: {"/expires_at": ENDED} for n in (4, 5)},
        [("AV209", "/expires_at", (4, 5))],
    ),
    "the end is in milliseconds": (
        {n: {"/completed_at": ENDED * 1000, "/expires_at": None} for n in (4, 5)},
        [("AV210", "/completed_at", (4, 5))],
    ),
    "the beginning moves": (
        {3: {"/created_at": 1_780_000_001}},
        [("AV205", "/created_at", (1, 3))],
    ),
    "the model drifts": ({3: {"/model": "sora-2-pro"}}, [("AV205", "/model", (1, 3))]),
    "the size drifts": ({5: {"/size": "1280x720"}}, [("AV205", "/size", (1, 5))]),
    "the prompt is forgotten": ({4: {"/prompt": None}}, [("AV205", "/prompt", (1, 4))]),
    "an error while it runs": ({2: {"/error": ERROR}}, [("AV212", "/error", (2,))]),
    "an error of a success": ({4: {"/error": ERROR}}, [("AV212", "/error", (4,))]),
}
OTHER_FAULTS: dict[str, tuple[Changes, Expected]] = {
    "back to the start": (
        {3: {"/job/phase/word": "waiting"}},
        [("AV201", "/job/phase/word", (2, 3))],
    ),
    "an end that lies on another way": (
        {n: {"/job/phase/word": "withdrawn", "/job/phase/trouble": TROUBLE} for n in (3, 4, 5)},
        [("AV201", "/job/phase/word", (2, 3))],
    ),
    "ready, then spoilt": (
        {5: {"/job/phase/word": "spoilt", "/job/phase/trouble": TROUBLE}},
        [("AV202", "/job/phase/word", (4, 5))],
    ),
    "ended at no moment": (
        {n: {"/job/phase/ended": None} for n in (4, 5)},
        [("AV207", "/job/phase/ended", (4, 5))],
    ),
    "the end is known before it": (
        {3: {"/job/phase/ended": ENDED}},
        [("AV206", "/job/phase/ended", (3,))],
    ),
    "ended before it was made": (
        {n: {"/job/phase/ended": 1_779_999_999} for n in (4, 5)},
        [("AV209", "/job/phase/ended", (4, 5))],
    ),
    "the end moves": (
        {5: {"/job/phase/ended": ENDED + 1}},
        [("AV208", "/job/phase/ended", (4, 5))],
    ),
    "the beginning moves": (
        {n: {"/job/phase/since": 1_780_000_001} for n in (3, 4, 5)},
        [("AV208", "/job/phase/since", (2, 3))],
    ),
    "the end is in milliseconds": (
        {n: {"/job/phase/ended": ENDED * 1000} for n in (4, 5)},
        [("AV210", "/job/phase/ended", (4, 5))],
    ),
    "something below drifts": (
        {3: {"/job/order/quality": "final"}},
        [("AV205", "/job/order", (1, 3))],
    ),
    "trouble of a success": (
        {4: {"/job/phase/trouble": TROUBLE}},
        [("AV212", "/job/phase/trouble", (4,))],
    ),
}
BENIGN: dict[str, Changes] = {
    "progress goes from nothing to all": {2: {"/progress": 0}, 3: {"/progress": 0}},
    "progress stands still": {2: {"/progress": 50}},
    "the expiry is never known": {n: {"/expires_at": None} for n in (4, 5)},
    "the expiry is known later": {4: {"/expires_at": None}},
    "the prompt is never told": {n: {"/prompt": None} for n in (1, 2, 3, 4, 5)},
    "fields of its own": {n: {"/queue": n} for n in (1, 2, 3, 4, 5)},
    "it waits longer": {2: {"/status": "queued", "/progress": 0}},
    "it is done at once": {
        n: {
            "/status": "completed",
            "/progress": 100,
            "/completed_at": 1_780_000_000,
            "/expires_at": 1_780_086_400,
        }
        for n in (1, 2, 3, 4, 5)
    },
}


def altered(history: History, changes: Changes) -> History:
    """The history with other values in the jobs of these answers; in a list, in its first job."""
    new = list(history)
    for number, values in changes.items():
        item = history[number - 1]
        assert isinstance(item, Exchange)
        assert item.reply is not None
        body = orjson.loads(item.reply.body)
        page = item.operation.page
        job = body if page is None else get(body, page.places["items"])[0]
        for pointer, value in values.items():
            set_at(job, parse_pointer(pointer), value)
        new[number - 1] = replace(item, reply=replace(item.reply, body=orjson.dumps(body)))
    return new


def found(document: Document, history: History) -> Expected:
    """The violations by code, place and numbers."""
    return [(v.code, v.place or "", v.numbers) for v in check_history(document, history)]


@pytest.mark.parametrize("view", ["poll", "list"])
@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_broken_law_is_told_once_with_its_place_and_its_answers(
    document: Document, play: Play, view: str, changes: Changes, expected: Expected
) -> None:
    history = play(document, LIFE.replace("VIEW", view))
    assert found(document, altered(history, changes)) == expected


@pytest.mark.parametrize("view", ["poll", "list"])
@pytest.mark.parametrize(("changes", "expected"), OTHER_FAULTS.values(), ids=OTHER_FAULTS.keys())
def test_the_laws_hold_for_other_words_and_places(
    other_document: Document, play: Play, view: str, changes: Changes, expected: Expected
) -> None:
    history = play(other_document, LIFE.replace("VIEW", view))
    assert found(other_document, altered(history, changes)) == expected


@pytest.mark.parametrize("changes", BENIGN.values(), ids=BENIGN.keys())
@pytest.mark.parametrize("view", ["poll", "list"])
def test_what_a_server_is_free_to_do_is_no_violation(
    document: Document, play: Play, view: str, changes: Changes
) -> None:
    history = play(document, LIFE.replace("VIEW", view))
    assert found(document, altered(history, changes)) == []


@pytest.mark.parametrize("view", ["poll", "list"])
@pytest.mark.parametrize("which", ["document", "other_document"])
def test_a_failure_must_say_why(
    request: pytest.FixtureRequest, which: str, play: Play, view: str
) -> None:
    document: Document = request.getfixturevalue(which)
    assert document.lifecycle.failure is not None
    place = "/" + "/".join(document.lifecycle.failure.at)
    history = play(document, f"fails, create, tick, {view}, wait, {view}, {view}")
    assert found(document, history) == []
    silent = altered(history, {n: {place: None} for n in (3, 4)})
    assert found(document, silent) == [("AV211", place, (3, 4))]


def test_progress_of_a_failed_job_must_not_fall_either(document: Document, play: Play) -> None:
    history = play(document, "fails, create, tick, poll, wait, poll")
    assert found(document, altered(history, {3: {"/progress": 0}})) == [
        ("AV203", "/progress", (2, 3))
    ]


def test_a_stamp_in_milliseconds_from_the_first_answer_on_is_told(
    document: Document, play: Play
) -> None:
    history = play(document, LIFE.replace("VIEW", "poll"))
    late = altered(history, {n: {"/created_at": 1_780_000_000_000} for n in (1, 2, 3, 4, 5)})
    units = [v for v in check_history(document, late) if v.code == "AV210"]
    assert [(v.place, v.numbers) for v in units] == [
        ("/created_at", (1,)),
        ("/created_at", (2, 3, 4, 5)),
    ]
    assert units[0].received.startswith("1780000000000 (video_")


def test_a_small_clock_of_a_recording_makes_no_stamp_a_wrong_unit(
    document: Document, play: Play
) -> None:
    history = play(document, LIFE.replace("VIEW", "poll"))
    shifted = [replace(i, at=float(n)) for n, i in enumerate(history) if isinstance(i, Exchange)]
    assert len(shifted) == 5
    assert check_history(document, shifted) == ()


def test_a_final_state_that_is_left_is_no_mere_transition(document: Document, play: Play) -> None:
    history = play(document, LIFE.replace("VIEW", "poll"))
    back = {"/status": "queued", "/progress": 0, "/completed_at": None, "/expires_at": None}
    codes = {v.code: v for v in check_history(document, altered(history, {5: back}))}
    assert "AV201" not in codes
    assert codes["AV202"].numbers == (4, 5)
    assert "completed" in codes["AV202"].expected
    assert "queued" in codes["AV202"].received


@pytest.mark.parametrize("first", [1, 2, 3], ids=["a running job", "a later one", "an ended one"])
@pytest.mark.parametrize("view", ["poll", "list"])
def test_a_job_may_be_met_anywhere_in_its_life_and_is_judged_from_there(
    document: Document, play: Play, view: str, first: int
) -> None:
    history = play(document, LIFE.replace("VIEW", view))
    assert found(document, history[first:]) == []
    drifted = altered(history, {5: {"/seconds": "12"}})[first:]
    assert found(document, drifted) == [("AV205", "/seconds", (1, 5 - first))]


def test_views_are_held_against_each_other(document: Document, play: Play) -> None:
    history = play(document, "create, tick, tick, poll, list, poll, list, wait, poll, list")
    changes: Changes = {3: {"/progress": 20}, 4: {"/progress": 70}, 5: {"/progress": 60}}
    assert found(document, altered(history, changes)) == [
        ("AV203", "/progress", (2, 3)),
        ("AV203", "/progress", (4, 5)),
    ]


def test_a_remixed_job_has_the_same_life(document: Document, play: Play) -> None:
    history = play(document, "done, create, remix, tick, poll, wait, poll")
    assert found(document, history) == []
    broken = altered(history, {2: {"/error": ERROR}, 4: {"/remixed_from_video_id": None}})
    assert found(document, broken) == [
        ("AV212", "/error", (2,)),
        ("AV205", "/remixed_from_video_id", (2, 4)),
    ]


def test_jobs_that_are_followed_in_turns_are_judged_apart(document: Document, play: Play) -> None:
    turns = "create, tick, fails, create b, poll 1, poll 2, tick, poll 2, poll 1, wait, list"
    history = play(document, turns)
    assert found(document, history) == []
    assert found(document, altered(history, {6: {"/progress": 1}})) == [
        ("AV203", "/progress", (3, 6))
    ]
