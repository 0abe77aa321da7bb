"""The messages that servers send about jobs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, problems_of


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
