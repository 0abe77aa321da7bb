"""The compiled lifecycle of a job and the routes through its states."""

from __future__ import annotations

import pytest
from aisa_testkit.openapi.lifecycle import compile_lifecycle

from aisa_testkit.openapi import (
    Document,
    Echo,
    Ending,
    Failure,
    Lifecycle,
    PollHint,
    State,
    Timestamp,
)
from aisa_testkit.openapi.json import Json


def lifecycle(states: dict[str, Json], **more: Json) -> Lifecycle:
    """Return a lifecycle that starts in the first of these states."""
    state = {"at": "/state", "initial": next(iter(states))}
    return compile_lifecycle({"id": {"at": "/id"}, "state": state, "states": states, **more})


def test_lifecycle_of_the_bundled_document(document: Document) -> None:
    life = document.lifecycle
    assert (life.id_at, life.id_prefix) == (("id",), "video_")
    assert (life.state_at, life.initial) == (("status",), "queued")
    assert life.states == {
        "queued": State("queued", ("in_progress", "completed", "failed"), None, (0, 0), 2),
        "in_progress": State(
            "in_progress",
            ("completed", "failed"),
            None,
            (1, 99),
            8,
            {
                "model": {"sora-2": 1, "sora-2-pro": 2},
                "seconds": {"4": 1, "8": 1.75, "12": 2.5},
            },
        ),
        "completed": State("completed", ends=Ending.SUCCESS, progress=(100, 100)),
        "failed": State("failed", ends=Ending.FAILURE, progress=None),
    }
    assert life.timestamps == (
        Timestamp(("created_at",), "queued", "queued", 0),
        Timestamp(("completed_at",), "completed", "completed", 0),
        Timestamp(("expires_at",), "completed", "queued", 86_400),
    )
    assert (life.progress_at, life.expiry_at) == (("progress",), ("expires_at",))
    assert life.source_at == ("remixed_from_video_id",)
    assert life.poll_hint == PollHint("openai-poll-after-ms", 1000)
    assert life.echoes == tuple(Echo(n, (n,)) for n in ("prompt", "model", "size", "seconds"))


def test_lifecycle_of_another_document(other_document: Document) -> None:
    life = other_document.lifecycle
    trouble = ("job", "phase", "trouble")
    assert life.failure == Failure(
        trouble, (*trouble, "why"), (*trouble, "text"), {"no_light": "There was no light."}
    )
    assert life.immutable == (("job", "ref"), ("job", "order"))
    assert (life.progress_at, life.expiry_at, life.source_at) == (None, None, None)
    assert life.poll_hint == PollHint("retry-after", 1)


def test_undeclared_parts_of_a_lifecycle_are_none() -> None:
    life = lifecycle({"on": {"next": ["off"]}, "off": {"ends": "success"}})
    assert life == Lifecycle(
        id_at=("id",),
        id_prefix="",
        state_at=("state",),
        initial="on",
        states={"on": State("on", ("off",)), "off": State("off", ends=Ending.SUCCESS)},
    )
    assert dict(life.paths()) == {"id/at": ("id",), "state/at": ("state",)}


@pytest.mark.parametrize(
    ("outcome", "route"),
    [
        ("completed", ("queued", "in_progress", "completed")),
        ("failed", ("queued", "in_progress", "failed")),
    ],
)
def test_route_visits_every_state(document: Document, outcome: str, route: tuple[str, ...]) -> None:
    assert document.lifecycle.route_to(outcome) == route


@pytest.mark.parametrize(
    ("outcome", "route"),
    [
        ("ready", ("waiting", "warming", "drawing", "ready")),
        ("spoilt", ("waiting", "warming", "drawing", "spoilt")),
        ("withdrawn", ("waiting", "withdrawn")),
    ],
)
def test_route_may_leave_at_an_early_state(
    other_document: Document, outcome: str, route: tuple[str, ...]
) -> None:
    assert other_document.lifecycle.route_to(outcome) == route


FORK: dict[str, Json] = {
    "start": {"next": ["lame", "sound"]},
    "lame": {"next": ["lost"]},
    "sound": {"next": ["start", "won"]},
    "won": {"ends": "success"},
    "lost": {"ends": "failure"},
    "dropped": {"ends": "failure"},
}


@pytest.mark.parametrize(
    ("outcome", "route"), [("won", ("start", "sound", "won")), ("lost", ("start", "lame", "lost"))]
)
def test_route_avoids_dead_ends_and_cycles(outcome: str, route: tuple[str, ...]) -> None:
    assert lifecycle(FORK).route_to(outcome) == route


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("exploded", "no job ends as 'exploded'; the final states are won, lost, dropped"),
        ("sound", "no job ends as 'sound'; the final states are won, lost, dropped"),
        ("dropped", "no job ends as 'dropped'; the final states are won, lost, dropped"),
    ],
    ids=["unknown", "not final", "out of reach"],
)
def test_unreachable_outcome_is_an_error_with_the_final_states(outcome: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^no job ends as") as caught:
        lifecycle(FORK).route_to(outcome)
    assert str(caught.value) == message


def test_final_states_keep_the_order_of_the_document(other_document: Document) -> None:
    assert other_document.lifecycle.final_states(Ending.FAILURE) == ("spoilt", "withdrawn")
    assert other_document.lifecycle.final_states(Ending.SUCCESS) == ("ready",)


def test_paths_of_a_lifecycle_have_their_keys(other_document: Document) -> None:
    places = dict(other_document.lifecycle.paths())
    assert places["failure/code"] == ("job", "phase", "trouble", "why")
    assert places["stamps/1/at"] == ("job", "phase", "ended")
    assert places["immutable/1"] == ("job", "order")
    assert places["echoes/2/at"] == ("job", "order", "frames")
    assert len(places) == 13
