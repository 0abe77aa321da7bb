"""Compiled states of jobs: their meanings, durations and order, and the routes through them."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.openapi.jobs import Lifecycle, Meaning, State, parse_place
from aisa_testkit.openapi.jobs.state_compiler import compile_states
from aisa_testkit.openapi.json import Json

FORK: dict[str, Json] = {
    "start": {"next": ["lame", "sound"]},
    "lame": {"next": ["lost"]},
    "sound": {"next": ["start", "won"]},
    "won": "success",
    "lost": "failure",
    "dropped": "canceled",
    "gone": "unknown",
}


def lifecycle(states: dict[str, Json]) -> Lifecycle:
    """Return the lifecycle of valid data of `states`."""
    problems: list[tuple[str, str]] = []
    compiled = compile_states(states, "", lambda *problem: problems.append(problem))
    assert problems == []
    return compiled


def test_states_of_the_bundled_document(document: Document) -> None:
    assert document.kinds["video"].lifecycle.states == {
        "queued": State(
            "queued", value="queued", next=("in_progress", "completed", "failed"), seconds=2
        ),
        "in_progress": State(
            "in_progress",
            value="in_progress",
            next=("completed", "failed"),
            seconds=8,
            scale={
                parse_place("/model"): {"sora-2-pro": 2},
                parse_place("/seconds"): {"8": 1.75, "12": 2.5},
            },
        ),
        "completed": State("completed", Meaning.SUCCESS, "completed"),
        "failed": State("failed", Meaning.FAILURE, "failed"),
    }


def test_short_and_long_form_are_the_same() -> None:
    short = lifecycle({"a": "pending", "b": "success"})
    long = lifecycle(
        {
            "a": {"means": "pending", "next": ["b"], "lasts": {"seconds": 2}},
            "b": {"means": "success"},
        }
    )
    assert short == long


def test_next_states_are_those_below_except_unknown() -> None:
    life = lifecycle({"a": "pending", "b": "pending", "c": "success", "none": "unknown"})
    assert life.states["a"].next == ("b", "c")
    assert life.states["b"].next == ("c",)
    assert life.states["c"].next == ()


def test_terminal_states_have_no_duration() -> None:
    life = lifecycle({"a": {"lasts": 0}, "b": {"means": "success", "lasts": 5}})
    assert [state.seconds for state in life.states.values()] == [0, 0]


def test_values_of_states_may_have_any_type() -> None:
    life = lifecycle(
        {
            "on": {"value": False},
            "off": {"means": "success", "value": True},
            "bad": {"means": "failure", "value": 1},
        }
    )
    assert life.find(True) is life.states["off"]
    assert life.find(1) is life.states["bad"]
    assert life.find("off") is None


def test_unknown_state_is_not_one_of_a_job() -> None:
    life = lifecycle(FORK)
    assert life.unknown == life.states["gone"]
    assert "gone" not in [state.name for state in life.of_job()]
    assert lifecycle({"a": "pending", "b": "success"}).unknown is None


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        (["won"], {"won"}),
        (["pending"], {"start", "lame", "sound"}),
        (["terminal"], {"won", "lost", "dropped"}),
        (["canceled", "failure"], {"dropped", "lost"}),
        ([], set()),
    ],
)
def test_words_select_states(words: list[str], selected: set[str]) -> None:
    assert lifecycle(FORK).select(words) == selected


def test_name_of_a_state_precedes_a_word() -> None:
    life = lifecycle({"pending": "pending", "busy": "pending", "done": "success"})
    assert life.select(["pending"]) == {"pending"}
    with pytest.raises(KeyError):
        life.select(["unknown"])


def test_states_after_others_are_found() -> None:
    assert lifecycle(FORK).after(["lame"]) == {"lost"}
    assert lifecycle(FORK).after(["start"]) == {"start", "lame", "sound", "won", "lost"}


@pytest.mark.parametrize(
    ("outcome", "route"),
    [
        ("ready", ("waiting", "warming", "drawing", "ready")),
        ("spoilt", ("waiting", "warming", "drawing", "spoilt")),
        ("withdrawn", ("waiting", "withdrawn")),
    ],
)
def test_route_visits_every_state_and_may_leave_early(
    other_document: Document, outcome: str, route: tuple[str, ...]
) -> None:
    assert other_document.kinds["rendering"].lifecycle.route_to(outcome) == route


@pytest.mark.parametrize(
    ("outcome", "route"), [("won", ("start", "sound", "won")), ("lost", ("start", "lame", "lost"))]
)
def test_route_avoids_dead_ends_and_cycles(outcome: str, route: tuple[str, ...]) -> None:
    assert lifecycle(FORK).route_to(outcome) == route


@pytest.mark.parametrize("outcome", ["exploded", "sound", "dropped"])
def test_unreachable_outcome_is_an_error_with_the_final_states(outcome: str) -> None:
    with pytest.raises(ValueError, match=r"^no job ends as") as caught:
        lifecycle(FORK).route_to(outcome)
    expected = f"no job ends as '{outcome}'; the final states are won, lost, dropped"
    assert str(caught.value).startswith(expected.partition(";")[0])
    assert "won, lost, dropped" in str(caught.value)
