"""Clients of an API that reports errors with status 200 and a code in the body."""

from __future__ import annotations

from aisa_testkit.contracts import check_client
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.exchanges import History, json_reply, make_exchange
from tests.support.film_api import parse_api


def history(document: Document, *bodies: Json) -> History:
    """Equal creates, answered with these bodies."""
    replies = [json_reply(body) for body in bodies]
    return [make_exchange(document, "order", reply, fields={"scene": "x"}) for reply in replies]


def api() -> Document:
    causes: Json = {
        "none": {"code": 0},
        "default": {"status": 200, "code": 1},
        "rate-exceeded": {"code": 9},
        "credentials-invalid": {"code": 4},
    }
    return parse_api(
        {"/x-errors": {"answer": {"/code": {"error": "code"}}, "causes": causes}},
    )


def test_invalid_request_is_not_repeated() -> None:
    document = api()
    (violation,) = check_client(document, history(document, {"code": 4}, {"code": 4}))
    assert (violation.code, violation.numbers) == ("AV716", (2,))
    assert violation.received == "the same request after status 200 with an error"


def test_rate_limit_is_a_reason_to_retry() -> None:
    document = api()
    (violation,) = check_client(document, history(document, {"code": 9}))
    assert violation.code == "AV725"
    assert violation.received == "no retry after status 200 with an error"


def test_retry_after_a_rate_limit_is_right() -> None:
    document = api()
    film = {"id": "f-1", "phase": "ready", "code": 0}
    assert check_client(document, history(document, {"code": 9}, film)) == ()
