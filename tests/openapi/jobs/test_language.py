"""The language of `x-jobs`: unknown words, and values of the wrong form."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, problems_of, warnings_of


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


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (
            {"/x-errors": {"answer": {"/code": {"error": "mesage"}}}},
            [
                (
                    "/x-errors/answer/~1code/error",
                    "mesage is not a word of any cause; did you mean message?",
                )
            ],
        ),
        (
            {
                "/x-errors": {
                    "answer": {"/kind": {"error": "kind"}},
                    "causes": {"default": {"kind": "bad"}},
                }
            },
            [],
        ),
        (
            {"/x-errors": {"anwser": {}}},
            [("/x-errors/anwser", "is not a word of x-errors here; did you mean answer?")],
        ),
        ({"/x-limits": 5}, [("/x-limits", "must be of type object, not 5")]),
        (
            {"/x-limits": {"tiers": {"small": {"requests_per_minut": 1}}}},
            [
                (
                    "/x-limits/tiers/small/requests_per_minut",
                    "is not a word of x-limits here; did you mean requests_per_minute?",
                ),
                ("/x-limits/tiers/small/requests_per_minute", "is required"),
            ],
        ),
    ],
)
def test_words_beside_x_jobs_are_validated(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


def test_extension_that_is_almost_ours_is_a_warning() -> None:
    changes: dict[str, Json] = {"/x-limit": {}, "/x-prices": {}, "/x-job": {}}
    # x-job is a neighbor of x-jobs, which the document has.
    assert warnings_of(changes) == [("/x-limit", "is not an extension; did you mean x-limits?")]
