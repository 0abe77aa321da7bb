"""The states of jobs: their rules, and the routes through them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, SCHEMA, problems_of


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/states/waiting": {"next": ["drwing"]}},
            [
                (
                    "/x-jobs/film/states/waiting/next",
                    "drwing is not one of the states; did you mean drawing?",
                )
            ],
            id="unknown next state",
        ),
        pytest.param(
            {f"{FILM}/states/raedy": "success"},
            [
                (
                    "/x-jobs/film/states/raedy",
                    "the schema of the state does not allow it; did you mean ready?",
                )
            ],
            id="state that the schema does not allow",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/phase": {"type": ["string", "boolean"], "maxLength": 6},
                f"{FILM}/state": "/phase",
                f"{FILM}/states/ready": {"means": "success", "value": True},
            },
            [
                (
                    "/x-jobs/film/states/drawing",
                    "the schema of the state does not allow it; needs value, which says how"
                    " the state is written, such as {value: 1}",
                ),
                (
                    "/x-jobs/film/states/waiting",
                    "the schema of the state does not allow it; needs value, which says how"
                    " the state is written, such as {value: 1}",
                ),
            ],
            id="state that its schema without a list does not allow",
        ),
        pytest.param(
            {f"{FILM}/states/ready": "failure"},
            [
                (
                    "/x-jobs/film/states",
                    "no state that means success can be reached from the first one"
                    "; write one as NAME: success",
                )
            ],
            id="no success",
        ),
        pytest.param(
            {f"{FILM}/states": {"ready": "success", "waiting": "pending"}},
            [
                (
                    "/x-jobs/film/states/ready",
                    "is the first state, in which a job begins, so that it must be pending",
                )
            ],
            id="terminal first state",
        ),
        pytest.param(
            {
                f"{FILM}/states/drawing": {"next": ["waiting"]},
                f"{FILM}/states/waiting": {"next": ["drawing"]},
            },
            [
                (
                    "/x-jobs/film/states",
                    "no state that means success can be reached from the first one"
                    "; name ready in next",
                ),
                (
                    "/x-jobs/film/states/drawing",
                    "is pending, but no terminal state follows it; name one in its next",
                ),
                (
                    "/x-jobs/film/states/waiting",
                    "is pending, but no terminal state follows it; name one in its next",
                ),
            ],
            id="states without an end",
        ),
        pytest.param(
            {f"{FILM}/states/ready": {"means": "success", "next": ["waiting"]}},
            [("/x-jobs/film/states/ready/next", "is a terminal state, so that none follows")],
            id="terminal state with next",
        ),
        pytest.param(
            {f"{FILM}/delete": {"operation": "drop", "in": "finished"}},
            [
                (
                    "/x-jobs/film/delete/in",
                    "finished is not one of the states; known are waiting, drawing, "
                    "ready, spoilt, pending, success, failure, canceled, terminal",
                )
            ],
            id="delete in unknown",
        ),
        pytest.param(
            {f"{FILM}/cancel": {"operation": "stop", "next": "gone"}},
            [
                (
                    "/x-jobs/film/cancel/next",
                    "gone is not one of the states; known are waiting, drawing, ready, spoilt",
                )
            ],
            id="cancel next unknown",
        ),
        pytest.param(
            {f"{FILM}/cancel": "stop"},
            [("/x-jobs/film/cancel", "needs next, the state it leads to; none means canceled")],
            id="cancel without canceled",
        ),
    ],
)
def test_invalid_states_are_reported_with_their_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems
