"""Documents with the words of earlier versions: one error that shows the same in x-jobs."""

from __future__ import annotations

import orjson
import pytest
import yaml

from aisa_testkit.openapi import DocumentError, parse_document
from aisa_testkit.openapi.jobs.language import language_problems
from aisa_testkit.openapi.jobs.old_words import convert
from aisa_testkit.openapi.json import Json

LIFECYCLE: Json = {
    "id": {"at": "/id", "prefix": "f-"},
    "state": {"at": "/phase", "initial": "waiting"},
    "states": {
        "waiting": {
            "next": ["ready", "spoilt"],
            "lasts": {"seconds": 3, "scale": {"quality": {"final": 2}}},
        },
        "ready": {"ends": "success"},
        "spoilt": {"ends": "failure"},
    },
    "progress": {"at": "/share"},
    "stamps": [
        {"at": "/since", "set_on": "waiting"},
        {"at": "/until", "set_on": "ready", "counted_from": "waiting", "plus_seconds": 60},
        {"at": "/ended", "set_on": "ready"},
        {"at": "/ended", "set_on": "spoilt"},
    ],
    "expiry": "/until",
    "failure": {
        "at": "/trouble",
        "code": "/trouble/why",
        "message": "/trouble/text",
        "reasons": {"dark": "It was dark."},
    },
    "echoes": [{"field": "scene", "at": "/scene"}],
    "source": "/source",
    "poll_after": {"header": "Retry-After", "unit": "seconds"},
}
PRICE: Json = {
    "currency": "EUR",
    "per": "frames",
    "rates": [{"when": {"quality": ["final"]}, "amount": 2}, {"amount": 1}],
}
PAGE: Json = {
    "items": "/films",
    "next": "/cursor",
    "limit": "size",
    "after": "cursor",
    "order": "way",
    "ascending": "up",
    "descending": "down",
}
EVENT: Json = {
    "state": "ready",
    "id": {"at": "/id", "prefix": "n-"},
    "job": "/of",
    "type": "/type",
    "moment": "/at",
}


def _operation(name: str, role: str, **more: Json) -> Json:
    return {"operationId": name, "x-job-role": role, **more}


FORM: Json = {"name": "form", "in": "query", "x-variants": {"still": "image/png"}}
OLD: Json = {
    "openapi": "3.1.0",
    "paths": {
        "/films": {
            "post": _operation("order", "create", **{"x-price": PRICE}),
            "get": _operation("page", "list", **{"x-page": PAGE}),
        },
        "/films/{film}": {
            "get": _operation("look", "retrieve"),
            "delete": _operation("drop", "delete"),
        },
        "/films/{film}/file": {
            "get": _operation(
                "film",
                "content",
                parameters=[FORM],
                **{"x-media": {"size": "format", "seconds": "frames"}},
            )
        },
        "/films/{film}/again": {"post": _operation("again", "remix")},
    },
    "webhooks": {"done": {"post": {"x-event": EVENT}}},
    "components": {"schemas": {"Film": {"x-lifecycle": LIFECYCLE}}},
}
NEW = """
job:
  create: [order, {operation: again, source: path.film}]
  poll: look
  list:
    operation: page
    items: /films
    next_page: /cursor
    limit: query.size
    cursor: query.cursor
    order: {query.way: {up: ascending, down: descending}}
  delete: {operation: drop, in: terminal}
  result: {operation: film, variants: {query.form: {still: image/png}}}
  id: {at: /id, pattern: '^f-[0-9a-f]{32}$'}
  state: /phase
  states:
    waiting: {next: [ready, spoilt], lasts: {seconds: 3, times: {/quality: {final: 2}}}}
    ready: success
    spoilt: failure
  fields:
    /scene: {request: /scene}
    /share: {progress: percent}
    /since: {time: created}
    /until: {time: created, plus: 60, in: ready}
    /ended: {time: terminal, in: [ready, spoilt]}
    /source: {source: /id}
    /trouble/why: {failure: code}
    /trouble/text: {failure: message}
    header.Retry-After: {retry: seconds}
  failures: {dark: It was dark.}
  expires: /until
  media: {size: /format, duration: /frames}
  price: {currency: EUR, per: /frames, rates: [{when: {/quality: [final]}, amount: 2}, {amount: 1}]}
  webhooks:
    - name: done
      in: ready
      body:
        /id: {new_id: '^n-[0-9a-f]{32}$'}
        /type: done
        /at: {time: changed}
        /of: {field: /id}
"""


def reason_of(document: Json) -> str:
    """Return the reason of the only error of a document."""
    with pytest.raises(DocumentError) as caught:
        parse_document(orjson.dumps(document).decode())
    (problem,) = caught.value.problems
    return problem.reason


def test_old_words_become_x_jobs() -> None:
    converted = convert(OLD)
    assert converted == yaml.safe_load(NEW)
    assert [*language_problems({"x-jobs": converted})] == []


def test_error_shows_the_new_form() -> None:
    words, _, shown = reason_of(OLD).partition("\n")
    assert words == (
        "x-event, x-job-role, x-lifecycle, x-media, x-page, x-price, x-variants:"
        " these words became x-jobs; remove them, and write at the root:"
    )
    assert yaml.safe_load(shown)["x-jobs"] == yaml.safe_load(NEW)


def test_old_words_that_were_never_valid_are_an_error_without_the_new_form() -> None:
    schema = {"x-lifecycle": 5}
    document = {"openapi": "3.1.0", "paths": {"/a": {}}, "components": {"schemas": {"A": schema}}}
    reason = "x-lifecycle: these words became x-jobs; see docs/x-jobs.md"
    assert reason_of(document) == reason
