"""Rules for the life of one job, as its creation, polls and lists show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import cycle

import pytest

from aisa_testkit.contracts import Exchange, check_history
from aisa_testkit.openapi import Document, ListOperation
from aisa_testkit.openapi.jobs.sources import FailureDetail
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import format_pointer, get, parse_pointer, set_at
from tests.support.codes import codes, codes_and_numbers
from tests.support.exchanges import History, exchange_number, json_of, json_reply, with_reply
from tests.support.operations import only_kind
from tests.support.scripted_client import run_script

Changes = Mapping[int, Mapping[str, Json]]
Found = list[tuple[str, str, tuple[int, ...]]]

# The job is queued in no. 1, running in nos. 2 and 3, and final in nos. 4 and 5. No. 1 is of
# another operation than the others, and so it is a violation of its own.
LIFE = "create, tick, VIEW, tick, VIEW, wait, VIEW, VIEW"
VIEWS = ("poll", "list")
ENDED = 1_780_000_010
ERROR: Json = {"code": "generation_failed", "message": "No."}
OTHER_ERROR: Json = {"why": "no_light", "text": "No."}
FAULTS: dict[str, tuple[Changes, Found]] = {
    "progress decreases": ({3: {"/progress": 5}}, [("AV203", "/progress", (2, 3))]),
    "progress over 100": (
        {n: {"/progress": 101} for n in (3, 4, 5)},
        [("AV204", "/progress", (3,)), ("AV204", "/progress", (4, 5))],
    ),
    "progress below 100 when completed": (
        {n: {"/progress": 99} for n in (4, 5)},
        [("AV204", "/progress", (4, 5))],
    ),
    "from running back to queued": (
        {2: {"/progress": 0}, 3: {"/status": "queued", "/progress": 0}},
        [("AV201", "/status", (2, 3))],
    ),
    "completed, then failed": (
        {5: {"/status": "failed", "/error": ERROR}},
        [("AV202", "/status", (4, 5))],
    ),
    "completed without completed_at": (
        {n: {"/completed_at": None} for n in (4, 5)},
        [("AV207", "/completed_at", (4, 5))],
    ),
    "completed_at before created_at": (
        {n: {"/completed_at": 1_779_999_999} for n in (4, 5)},
        [("AV209", "/completed_at", (4, 5))],
    ),
    "completed_at changes": (
        {5: {"/completed_at": ENDED + 1}},
        [("AV208", "/completed_at", (4, 5))],
    ),
    "expires_at changes": ({5: {"/expires_at": 1_780_086_401}}, [("AV208", "/expires_at", (4, 5))]),
    "expires_at disappears": ({5: {"/expires_at": None}}, [("AV208", "/expires_at", (4, 5))]),
    "expires_at equals completed_at": (
        {n: {"/expires_at": ENDED} for n in (4, 5)},
        [("AV209", "/expires_at", (4, 5))],
    ),
    "completed_at in milliseconds": (
        {n: {"/completed_at": ENDED * 1000, "/expires_at": None} for n in (4, 5)},
        [("AV210", "/completed_at", (4, 5))],
    ),
    "created_at changes": (
        {3: {"/created_at": 1_780_000_001}},
        [("AV205", "/created_at", (1, 3))],
    ),
    "model changes": ({3: {"/model": "sora-2-pro"}}, [("AV205", "/model", (1, 3))]),
    "size changes": ({5: {"/size": "1280x720"}}, [("AV205", "/size", (1, 5))]),
    "prompt disappears": ({4: {"/prompt": None}}, [("AV205", "/prompt", (1, 4))]),
    "error while running": ({2: {"/error": ERROR}}, [("AV212", "/error", (2,))]),
    "error of a completed job": ({4: {"/error": ERROR}}, [("AV212", "/error", (4,))]),
}
OTHER_FAULTS: dict[str, tuple[Changes, Found]] = {
    "back to the initial state": (
        {3: {"/job/phase/word": "waiting"}},
        [("AV201", "/job/phase/word", (2, 3))],
    ),
    "unreachable final state": (
        {n: {"/job/phase/word": "withdrawn", "/job/phase/trouble": OTHER_ERROR} for n in (3, 4, 5)},
        [("AV201", "/job/phase/word", (2, 3))],
    ),
    "final state, then another one": (
        {5: {"/job/phase/word": "spoilt", "/job/phase/trouble": OTHER_ERROR}},
        [("AV202", "/job/phase/word", (4, 5))],
    ),
    "final state without its stamp": (
        {n: {"/job/phase/ended": None} for n in (4, 5)},
        [("AV207", "/job/phase/ended", (4, 5))],
    ),
    "ended before it was created": (
        {n: {"/job/phase/ended": 1_779_999_999} for n in (4, 5)},
        [("AV209", "/job/phase/ended", (4, 5))],
    ),
    "end stamp changes": (
        {5: {"/job/phase/ended": ENDED + 1}},
        [("AV208", "/job/phase/ended", (4, 5))],
    ),
    "start stamp changes": (
        {n: {"/job/phase/since": 1_780_000_001} for n in (3, 4, 5)},
        [("AV205", "/job/phase/since", (1, 3, 4, 5))],
    ),
    "end stamp in milliseconds": (
        {n: {"/job/phase/ended": ENDED * 1000} for n in (4, 5)},
        [("AV210", "/job/phase/ended", (4, 5))],
    ),
    "nested field changes": (
        {3: {"/job/order/quality": "final"}},
        [("AV205", "/job/order/quality", (1, 3))],
    ),
    "error of a successful job": (
        {4: {"/job/phase/trouble": OTHER_ERROR}},
        [("AV212", "/job/phase/trouble", (4,))],
    ),
}
ALLOWED: dict[str, Changes] = {
    "progress jumps from 0 to 100": {2: {"/progress": 0}, 3: {"/progress": 0}},
    "progress stays the same": {2: {"/progress": 50}},
    "expires_at is always null": {n: {"/expires_at": None} for n in (4, 5)},
    "expires_at is set later": {4: {"/expires_at": None}},
    "prompt is always null": {n: {"/prompt": None} for n in (1, 2, 3, 4, 5)},
    "progress is 100 before the end": {3: {"/progress": 100}},
    "progress while queued": {1: {"/progress": 1}},
    "completed_at while running": {3: {"/completed_at": ENDED}},
    "expires_at before completion": {n: {"/expires_at": 1_780_086_400} for n in (1, 2, 3)},
    "undocumented fields": {n: {"/queue": n} for n in (1, 2, 3, 4, 5)},
    "stays queued": {2: {"/status": "queued", "/progress": 0}},
    "completed at once": {
        n: {
            "/status": "completed",
            "/progress": 100,
            "/completed_at": 1_780_000_000,
            "/expires_at": 1_780_086_400,
        }
        for n in (1, 2, 3, 4, 5)
    },
}


def with_changed_jobs(history: History, changes: Changes) -> History:
    """The history with other values in the jobs of these responses; in a list, in its first job."""
    for number, values in changes.items():
        exchange = exchange_number(history, number)
        body, role = json_of(exchange.reply), exchange.roles[0]
        job = get(body, role.items)[0] if isinstance(role, ListOperation) else body
        for pointer, value in values.items():
            set_at(job, parse_pointer(pointer), value)
        history = with_reply(history, number, json_reply(body, exchange.status or 0))
    return history


def found(document: Document, history: History) -> Found:
    """The code, place and numbers of each violation."""
    return [(v.code, v.place or "", v.numbers) for v in check_history(document, history)]


def with_alternating_views(
    cases: Mapping[str, tuple[Changes, Found]],
) -> Iterable[tuple[str, Changes, Found]]:
    """The cases, each with one of the operations that show a job."""
    return [(view, *case) for view, case in zip(cycle(VIEWS), cases.values(), strict=False)]


@pytest.mark.parametrize(
    ("view", "changes", "expected"), with_alternating_views(FAULTS), ids=FAULTS
)
def test_lifecycle_violation_is_reported_once_with_its_place_and_exchanges(
    document: Document, view: str, changes: Changes, expected: Found
) -> None:
    history = run_script(document, LIFE.replace("VIEW", view))
    assert found(document, with_changed_jobs(history, changes)) == expected


@pytest.mark.parametrize(
    ("view", "changes", "expected"), with_alternating_views(OTHER_FAULTS), ids=OTHER_FAULTS
)
def test_lifecycle_rules_follow_the_names_and_places_of_another_document(
    other_document: Document, view: str, changes: Changes, expected: Found
) -> None:
    history = run_script(other_document, LIFE.replace("VIEW", view))
    assert found(other_document, with_changed_jobs(history, changes)) == expected


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_job_is_checked_alike(document: Document, view: str) -> None:
    history = run_script(document, LIFE.replace("VIEW", view))
    changes: Changes = {3: {"/progress": 5, "/model": "sora-2-pro"}}
    assert found(document, with_changed_jobs(history, changes)) == [
        ("AV205", "/model", (1, 3)),
        ("AV203", "/progress", (2, 3)),
    ]


@pytest.mark.parametrize("changes", ALLOWED.values(), ids=ALLOWED)
def test_allowed_lifecycle_is_not_reported(document: Document, changes: Changes) -> None:
    for view in VIEWS:
        history = run_script(document, LIFE.replace("VIEW", view))
        assert found(document, with_changed_jobs(history, changes)) == []


@pytest.mark.parametrize("view", VIEWS)
def test_failed_job_without_error_is_reported(any_document: Document, view: str) -> None:
    failures = [f for f in only_kind(any_document).fields if isinstance(f.source, FailureDetail)]
    place = format_pointer(failures[0].place.path[:-1])
    history = run_script(any_document, f"fails, create, tick, {view}, wait, {view}, {view}")
    assert found(any_document, history) == []
    without_error = with_changed_jobs(history, {n: {place: None} for n in (3, 4)})
    assert found(any_document, without_error) == [("AV211", place, (3, 4))]


def test_progress_of_a_failed_job_must_not_decrease(document: Document) -> None:
    history = run_script(document, "fails, create, tick, poll, wait, poll")
    assert found(document, with_changed_jobs(history, {3: {"/progress": 0}})) == [
        ("AV203", "/progress", (2, 3))
    ]


def test_timestamp_in_milliseconds_in_every_response_is_reported(document: Document) -> None:
    history = run_script(document, LIFE.replace("VIEW", "poll"))
    milliseconds: Changes = {n: {"/created_at": 1_780_000_000_000} for n in (1, 2, 3, 4, 5)}
    violations = check_history(document, with_changed_jobs(history, milliseconds))
    units = [v for v in violations if v.code == "AV210"]
    assert [(v.place, v.numbers) for v in units] == [
        ("/created_at", (1,)),
        ("/created_at", (2, 3, 4, 5)),
    ]
    assert units[0].received.startswith("1780000000000 (video_")


def test_clock_of_a_recording_that_starts_at_zero_makes_no_unit_violation(
    document: Document,
) -> None:
    history = run_script(document, LIFE.replace("VIEW", "poll"))
    from_zero = [replace(i, at=float(n)) for n, i in enumerate(history) if isinstance(i, Exchange)]
    assert len(from_zero) == 5
    assert check_history(document, from_zero) == ()


def test_leaving_a_final_state_is_not_also_an_illegal_transition(document: Document) -> None:
    history = run_script(document, LIFE.replace("VIEW", "poll"))
    back = {"/status": "queued", "/progress": 0, "/completed_at": None, "/expires_at": None}
    violations = check_history(document, with_changed_jobs(history, {5: back}))
    by_code = dict(zip(codes(violations), violations, strict=True))
    assert "AV201" not in by_code
    assert by_code["AV202"].numbers == (4, 5)
    assert "completed" in by_code["AV202"].expected
    assert "queued" in by_code["AV202"].received


@pytest.mark.parametrize("first", [1, 2, 3], ids=["running", "running later", "completed"])
def test_job_is_checked_from_the_first_response_that_shows_it(
    document: Document, first: int
) -> None:
    history = run_script(document, LIFE.replace("VIEW", "poll"))
    assert found(document, history[first:]) == []
    changed = with_changed_jobs(history, {5: {"/seconds": "12"}})[first:]
    assert found(document, changed) == [("AV205", "/seconds", (1, 5 - first))]


def test_views_of_different_operations_are_compared(document: Document) -> None:
    history = run_script(document, "create, tick, tick, poll, list, poll, list, wait, poll, list")
    changes: Changes = {3: {"/progress": 20}, 4: {"/progress": 70}, 5: {"/progress": 60}}
    assert found(document, with_changed_jobs(history, changes)) == [
        ("AV203", "/progress", (2, 3)),
        ("AV203", "/progress", (4, 5)),
    ]


def test_remixed_job_has_the_same_lifecycle(document: Document) -> None:
    history = run_script(document, "done, create, remix, tick, poll, wait, poll")
    assert found(document, history) == []
    changes: Changes = {2: {"/error": ERROR}, 4: {"/remixed_from_video_id": None}}
    assert found(document, with_changed_jobs(history, changes)) == [
        ("AV212", "/error", (2,)),
        ("AV205", "/remixed_from_video_id", (2, 4)),
    ]


def test_interleaved_jobs_are_checked_separately(document: Document) -> None:
    script = "create, tick, fails, create b, poll 1, poll 2, tick, poll 2, poll 1, wait, list"
    history = run_script(document, script)
    assert found(document, history) == []
    violations = check_history(document, with_changed_jobs(history, {6: {"/progress": 1}}))
    assert codes_and_numbers(violations) == [("AV203", (3, 6))]
