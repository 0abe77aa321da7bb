"""The language of `x-jobs`: unknown words, and values of the wrong form."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, problems_of


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/craete": "order"},
            [("/x-jobs/film/craete", "is not a word of x-jobs here; did you mean create?")],
            id="unknown word",
        ),
        pytest.param(
            {f"{FILM}/poll": {"operation": "look", "source": "/scene"}},
            [("/x-jobs/film/poll/source", "is not a word of x-jobs here")],
            id="source at a poll",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "wait": "/scene"}},
            [("/x-jobs/film/list/wait", "is not a word of x-jobs here")],
            id="wait at a list",
        ),
        pytest.param(
            {f"{FILM}/fields": {"since": {"time": "created"}}},
            [
                (
                    "/x-jobs/film/fields/since",
                    "must be a place: a JSON pointer such as /output/0, or path.NAME, "
                    "query.NAME, header.NAME or cookie.NAME",
                )
            ],
            id="place text",
        ),
        pytest.param(
            {f"{FILM}/id": "id"},
            [("/x-jobs/film/id", "must be a JSON pointer such as /output/0, not 'id'")],
            id="pointer text",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/address": {"file": "png"}}},
            [
                (
                    "/x-jobs/film/fields/~1address/file",
                    "must be a media type such as video/mp4, not 'png'",
                )
            ],
            id="file text",
        ),
        pytest.param(
            {f"{FILM}/id": {"at": "/id", "pattern": "("}},
            [("/x-jobs/film/id/pattern", "must be a regular expression, not '('")],
            id="pattern",
        ),
        pytest.param(
            {f"{FILM}/fields": {"/notes": {"a": 1}}},
            [("/x-jobs/film/fields/~1notes/a", "is not a word of x-jobs here; did you mean as?")],
            id="constant object",
        ),
    ],
)
def test_invalid_entry_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems
