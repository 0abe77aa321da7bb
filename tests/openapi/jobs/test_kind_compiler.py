"""Kinds of jobs: their operations, and the places that are found in schemas."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.film_api import FILM, REMOVED, SCHEMA, problems_of


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/create": "oder"},
            [
                (
                    "/x-jobs/film/create",
                    "oder is not an operation of the document; did you mean order?",
                )
            ],
            id="unknown operation",
        ),
        pytest.param(
            {f"{FILM}/poll": "lok"},
            [("/x-jobs/film/poll", "lok is not an operation of the document; did you mean look?")],
            id="unknown poll",
        ),
        pytest.param(
            {f"{FILM}/create": ["order", "GET /flms"]},
            [
                (
                    "/x-jobs/film/create/1",
                    "GET /flms is not an operation of the document; did you mean GET /films?",
                )
            ],
            id="unknown operation of several",
        ),
        pytest.param(
            {
                "/x-jobs/clip": {
                    "create": "order",
                    "poll": "look",
                    "states": {"waiting": "pending", "ready": "success"},
                }
            },
            [
                (
                    "/x-jobs/clip/create",
                    "order creates jobs of film already; name it either here or at"
                    " /x-jobs/film/create",
                )
            ],
            id="operation that creates twice",
        ),
        pytest.param(
            {f"{FILM}/create": ["order", {"operation": "order"}]},
            [
                (
                    "/x-jobs/film/create/1",
                    "order creates jobs of film already; name it either here or at"
                    " /x-jobs/film/create/0",
                )
            ],
            id="same create twice",
        ),
        pytest.param(
            {f"{FILM}/create": ["order", "look"]},
            [
                (
                    "/x-jobs/film/poll",
                    "look is the create of film already; name it either here or at"
                    " /x-jobs/film/create/1",
                )
            ],
            id="create that is the poll",
        ),
        pytest.param(
            {f"{FILM}/cancel": {"operation": "look", "next": "spoilt"}},
            [
                (
                    "/x-jobs/film/cancel",
                    "look is the poll of film already; name it either here or at /x-jobs/film/poll",
                )
            ],
            id="cancel that is the poll",
        ),
        pytest.param(
            {f"{FILM}/poll": REMOVED},
            [("/x-jobs/film/create", "needs poll, the operation that reports the job")],
            id="no poll",
        ),
        pytest.param(
            {f"{FILM}/create": {"operation": "order", "status": 201}},
            [("/x-jobs/film/create/status", "order documents no status 201, only 200")],
            id="status undocumented",
        ),
        pytest.param(
            {f"{FILM}/job": "/data"},
            [("/x-jobs/film/job", "no response has a place /data")],
            id="job place",
        ),
        pytest.param(
            {f"{FILM}/delete": "page"},
            [
                (
                    "/x-jobs/film/delete",
                    "needs id, the place of the job's id in a request of page: its "
                    "path has no parameter, and of its query come into question "
                    "query.size, query.way",
                )
            ],
            id="no place for the id",
        ),
        pytest.param(
            {f"{FILM}/poll": {"operation": "look", "id": "query.film"}},
            [
                (
                    "/x-jobs/film/poll/id",
                    "no request of look has a place query.film; known are path.film_id",
                )
            ],
            id="unknown place of the id",
        ),
        pytest.param(
            {f"{FILM}/create": {"operation": "order", "source": "/origin"}},
            [
                (
                    "/x-jobs/film/create/source",
                    "no request of order has a place /origin; known are /scene, "
                    "/quality, /frames, /hook",
                )
            ],
            id="source place",
        ),
        pytest.param(
            {f"{FILM}/create": {"operation": "order", "wait": "query.wait"}},
            [
                (
                    "/x-jobs/film/create/wait",
                    "no request of order has a place query.wait; known are /scene, "
                    "/quality, /frames, /hook",
                )
            ],
            id="wait place",
        ),
        pytest.param(
            {f"{FILM}/create": {"operation": "order", "when": {"/background": [True]}}},
            [
                (
                    "/x-jobs/film/create/when/~1background",
                    "no request of order has a place /background; known are /scene, "
                    "/quality, /frames, /hook",
                )
            ],
            id="create when",
        ),
    ],
)
def test_invalid_operation_of_a_kind_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{SCHEMA}/properties/id": REMOVED, f"{SCHEMA}/required": ["phase"]},
            [
                (
                    "/x-jobs/film",
                    "needs id, the place of the id in a job, or a field with the url of the poll "
                    "in the response of each create, because no field is named like its parameter",
                )
            ],
            id="no id",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/id": REMOVED,
                f"{SCHEMA}/required": ["phase"],
                f"{FILM}/fields": {"/address": {"url": "page"}},
            },
            [
                (
                    "/x-jobs/film",
                    "needs id, the place of the id in a job, or a field with the url of the poll "
                    "in the response of each create, because no field is named like its parameter",
                )
            ],
            id="url of an operation that is not the poll",
        ),
        pytest.param(
            {
                f"{FILM}/id": {"at": "/id", "pattern": "^film-[0-9]{3}$"},
                f"{SCHEMA}/properties/id": {"type": "string", "maxLength": 4},
            },
            [
                (
                    "/x-jobs/film/id/pattern",
                    "makes ids such as film-908, which the schema of the id does not allow; "
                    "without it, ids follow that",
                )
            ],
            id="ids that their schema does not allow",
        ),
        pytest.param(
            {
                f"{SCHEMA}/properties/film_id": {"type": "string"},
                f"{SCHEMA}/properties/filmId": {"type": "string"},
            },
            [
                (
                    "/x-jobs/film",
                    "needs id, the place of the id in a job; it may be /film_id, /filmId",
                )
            ],
            id="two ids",
        ),
        pytest.param(
            {f"{SCHEMA}/properties/phase": {"type": "string"}},
            [
                (
                    "/x-jobs/film",
                    "needs state, the place of the state in a job; the fields that "
                    "list the states are none",
                )
            ],
            id="no state found",
        ),
        pytest.param(
            {f"{SCHEMA}/properties/step": {"enum": ["waiting", "drawing", "ready", "spoilt"]}},
            [
                (
                    "/x-jobs/film",
                    "needs state, the place of the state in a job; the fields that "
                    "list the states are /phase, /step",
                )
            ],
            id="two states found",
        ),
        pytest.param(
            {f"{FILM}/list": "look"},
            [("/x-jobs/film/list", "needs items, the place of the array; the response has none")],
            id="no items",
        ),
        pytest.param(
            {
                "/components/schemas/Page/properties/others": {"type": "array"},
                f"{FILM}/list": "page",
            },
            [
                (
                    "/x-jobs/film/list",
                    "needs items, the place of the array; the response has /films, /others",
                )
            ],
            id="two arrays",
        ),
    ],
)
def test_place_that_is_not_found_must_be_named(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/id": "/ids"},
            [("/x-jobs/film/id", "no response has a place /ids; did you mean /id?")],
            id="id missing",
        ),
        pytest.param(
            {f"{FILM}/state": "/fase"},
            [("/x-jobs/film/state", "no response has a place /fase; did you mean /phase?")],
            id="state missing",
        ),
        pytest.param(
            {f"{FILM}/expires": "/since"},
            [("/x-jobs/film/expires", "needs a field with a time at /since")],
            id="expires no time",
        ),
        pytest.param(
            {f"{FILM}/poll": {"operation": "look", "job": "/trouble"}},
            [
                (
                    "/x-jobs/film/poll",
                    "no response has a place /phase; needs job, the place of the job in it",
                )
            ],
            id="state in the response of the poll",
        ),
        pytest.param(
            {f"{FILM}/expires": "/sinc"},
            [("/x-jobs/film/expires", "needs a field with a time at /sinc")],
            id="expires missing",
        ),
        pytest.param(
            {f"{FILM}/result": {"operation": "film", "key": "/fileid"}},
            [("/x-jobs/film/result/key", "no response has a place /fileid; did you mean /id?")],
            id="key missing",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "part": "/info"}},
            [("/x-jobs/film/list/part", "no response has a place /info")],
            id="part",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "filter": {"query.size": "/fase"}}},
            [
                (
                    "/x-jobs/film/list/filter/query.size",
                    "no response has a place /fase; did you mean /phase?",
                )
            ],
            id="filter job place",
        ),
    ],
)
def test_place_that_no_job_has_is_reported(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "limit": "query.limit"}},
            [
                (
                    "/x-jobs/film/list/limit",
                    "no request of page has a place query.limit; did you mean query.size?",
                )
            ],
            id="limit",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "more": "/has_more"}},
            [("/x-jobs/film/list/more", "no response has a place /has_more; did you mean /more?")],
            id="more",
        ),
        pytest.param(
            {
                f"{FILM}/list": {
                    "operation": "page",
                    "order": {"query.way": {"upward": "ascending"}},
                }
            },
            [
                (
                    "/x-jobs/film/list/order/query.way",
                    "upward is not a value of this place; known are up, down",
                )
            ],
            id="order word",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "order": {"query.ordr": {"up": "ascending"}}}},
            [
                (
                    "/x-jobs/film/list/order/query.ordr",
                    "no request of page has a place query.ordr; did you mean query.way?",
                )
            ],
            id="order place",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "filter": {"query.phase": "/phase"}}},
            [
                (
                    "/x-jobs/film/list/filter/query.phase",
                    "no request of page has a place query.phase; did you mean query.size?",
                )
            ],
            id="filter place",
        ),
        pytest.param(
            {f"{FILM}/list": {"operation": "page", "items": "/film"}},
            [("/x-jobs/film/list/items", "no response has a place /film; did you mean /films?")],
            id="items missing",
        ),
    ],
)
def test_invalid_list_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {
                f"{FILM}/result": {
                    "operation": "film",
                    "variants": {"query.form": {"still": "image/pgn"}},
                }
            },
            [
                (
                    "/x-jobs/film/result/variants/query.form/still",
                    "image/pgn is not a media type of the response; did you mean image/png?",
                )
            ],
            id="variant media type",
        ),
        pytest.param(
            {
                f"{FILM}/result": {
                    "operation": "film",
                    "variants": {"query.form": {"stil": "image/png"}},
                }
            },
            [
                (
                    "/x-jobs/film/result/variants/query.form",
                    "stil is not a value of this place; did you mean still?",
                )
            ],
            id="variant value",
        ),
        pytest.param(
            {
                f"{FILM}/result": {
                    "operation": "film",
                    "variants": {"query.from": {"still": "image/png"}},
                }
            },
            [
                (
                    "/x-jobs/film/result/variants/query.from",
                    "no request of film has a place query.from; did you mean query.form?",
                )
            ],
            id="variant place",
        ),
    ],
)
def test_invalid_result_is_reported_with_its_place(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        pytest.param(
            {f"{FILM}/media": {"duration": "/seconds"}},
            [
                (
                    "/x-jobs/film/media/duration",
                    "no request of order has a place /seconds; known are /scene, "
                    "/quality, /frames, /hook",
                )
            ],
            id="media place",
        ),
        pytest.param(
            {f"{FILM}/price": {"currency": "EUR", "per": "/seconds", "rates": [{"amount": 1}]}},
            [
                (
                    "/x-jobs/film/price/per",
                    "no request of order has a place /seconds; known are /scene, "
                    "/quality, /frames, /hook",
                )
            ],
            id="price per",
        ),
        pytest.param(
            {
                f"{FILM}/price": {
                    "currency": "EUR",
                    "rates": [{"amount": 1, "when": {"/quality": ["finest"]}}],
                }
            },
            [
                (
                    "/x-jobs/film/price/rates/0/when/~1quality",
                    "finest is not a value of this place; known are draft, final",
                )
            ],
            id="price when",
        ),
        pytest.param(
            {f"{FILM}/failures": {"dark": {"message": "x", "when": {"/scenes": ["x"]}}}},
            [
                (
                    "/x-jobs/film/failures/dark/when/~1scenes",
                    "no request of order has a place /scenes; did you mean /scene?",
                )
            ],
            id="failure when",
        ),
        pytest.param(
            {
                f"{FILM}/states/drawing": {
                    "lasts": {"seconds": 1, "times": {"/qality": {"final": 2}}}
                }
            },
            [
                (
                    "/x-jobs/film/states/drawing/lasts/times/~1qality",
                    "no request of order has a place /qality; did you mean /quality?",
                )
            ],
            id="times place",
        ),
        pytest.param(
            {
                f"{FILM}/states/drawing": {
                    "lasts": {"seconds": 1, "times": {"/quality": {"finest": 2}}}
                }
            },
            [
                (
                    "/x-jobs/film/states/drawing/lasts/times/~1quality",
                    "finest is not a value of this place; known are draft, final",
                )
            ],
            id="times value",
        ),
    ],
)
def test_place_that_no_request_has_is_reported(
    changes: Mapping[str, Json], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(changes) == problems
