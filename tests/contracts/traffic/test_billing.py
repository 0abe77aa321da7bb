"""Which responses to a create certainly mean that nothing is billed."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts.traffic.billing import is_documented_error, is_unbilled
from aisa_testkit.openapi import Document, Reply, load_document, parse_document
from tests.support.documents import DUBBINGS

JSON = {"content-type": "application/json"}
GOOD_STATUS = """
x-errors:
  answer: {/base/code: {error: code}, /base/text: {error: message}}
  causes:
    none: {code: 0}
    default: {status: 200, code: 2013}
    '401': {status: 200, code: 1004}
    '429': {status: 200, code: 1002}
    '500': {status: 200, code: 1000}
"""


@pytest.fixture(scope="module")
def silent() -> Document:
    """A document that says nothing about errors."""
    return load_document(DUBBINGS, strict=True)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(400, JSON, b'{"oops": 1}'), True),
        (Reply(422, {"content-type": "application/problem+json"}, b"{}"), True),
        (Reply(400, JSON, b"[]"), False),
        (Reply(400, {"content-type": "text/html"}, b"<html>"), False),
        (Reply(401, {}, b""), True),
        (Reply(409, JSON, b'{"oops": 1}'), False),
        (Reply(503, JSON, b'{"oops": 1}'), False),
        (Reply(202, JSON, b"{}"), False),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Reply) else str(value),
)
def test_refusal_of_a_server_whose_document_leaves_out_errors(
    silent: Document, reply: Reply, expected: bool
) -> None:
    assert is_unbilled(silent, silent.operations["startDubbing"], reply) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [(0, False), (2013, True), (1004, True), (1002, False), (1000, False), (7, False)],
)
def test_refusal_with_a_good_status_is_known_by_its_code(code: int, expected: bool) -> None:
    text = DUBBINGS.read_text(encoding="utf-8").replace("\nx-jobs:", f"{GOOD_STATUS}x-jobs:", 1)
    document = parse_document(text)
    reply = Reply(200, JSON, orjson.dumps({"base": {"code": code, "text": "no"}}))
    assert is_unbilled(document, document.operations["startDubbing"], reply) is expected


def test_undocumented_status_is_not_a_documented_error(document: Document) -> None:
    operation = document.operations["createVideo"]
    error = b'{"error": {"message": "no"}}'
    assert is_documented_error(document, operation, Reply(400, JSON, error))
    assert not is_documented_error(document, operation, Reply(418, JSON, error))


def test_status_that_only_the_document_leaves_out_is_a_refusal_as_json(silent: Document) -> None:
    """Vendors document the errors that are special, and send the usual ones, too."""
    data = orjson.loads(orjson.dumps(silent.source.data))
    for path in data["paths"].values():
        for operation in (each for method, each in path.items() if method != "parameters"):
            operation["responses"]["404"] = {"description": "There is nothing."}
    partly = parse_document(orjson.dumps(data).decode())
    operation = next(iter(partly.kinds.values())).creates[0].operation
    assert is_unbilled(partly, operation, Reply(400, JSON, b'{"oops": 1}'))
    assert not is_unbilled(partly, operation, Reply(400, {}, b"Bad gateway"))
