"""Retries of creates (AV721): which ones may create a second job."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Document, JobRole
from tests.support.client_codes import client_codes, script_codes
from tests.support.exchanges import json_reply, make_exchange

UNSAFE = {
    "after a broken connection": ("cut create, create, create, poll", "AV721 1 2"),
    "after a 503": ("503 create, create, create, poll", "AV721 1 2"),
    "twice": ("503 create, create, cut create, create, create, poll", "AV721 1 2 3"),
    "after another job": ("cut create, create, create b, poll, create, poll", "AV721 1 4"),
    "after a lost response": (
        "create b, poll, lost create, create, create, poll",
        "AV715 3 4, AV721 3 4",
    ),
    "after a list that failed": (
        "cut create, create, cut list, list, create, poll",
        "AV721 1 3, AV725 2",
    ),
    "much later": ("sleep 0, cut create, create, wait, create, poll", "AV721 1 2"),
}


@pytest.mark.parametrize(("script", "expected"), UNSAFE.values(), ids=UNSAFE)
def test_unsafe_retry_of_a_create_is_reported(
    document: Document, script: str, expected: str
) -> None:
    assert script_codes(document, script) == expected.split(", ")


SAFE = {
    "create after a 429": "429 create, create, create, poll",
    "create after a list": "cut create, create, list, create, poll",
    "create after a 503 and a list": "503 create, create, list, create, poll",
    "another job": "cut create, create, create b, poll",
    "requests that only read": "create, cut poll, poll, poll, cut list, list, list",
}


@pytest.mark.parametrize("script", SAFE.values(), ids=SAFE)
def test_safe_retry_is_not_reported(document: Document, script: str) -> None:
    assert script_codes(document, script) == []


def test_unsafe_retry_on_another_api_is_reported(other_document: Document) -> None:
    assert script_codes(other_document, "cut create, create, create, poll") == ["AV721 1 2"]
    assert script_codes(other_document, "cut create, create, list, create, poll") == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a", "a", []),
        ("a", "b", ["AV721 1 2"]),
        ("a", "", ["AV721 1 2"]),
        ("", "a", ["AV721 1 2"]),
        ("", "", ["AV721 1 2"]),
    ],
    ids=["equal", "different", "only the first", "only the second", "both empty"],
)
def test_retry_with_the_same_idempotency_key_is_safe(
    document: Document, first: str, second: str, expected: list[str]
) -> None:
    created = json_reply({"id": "a", "status": "completed"})
    history = [
        make_exchange(
            document,
            JobRole.CREATE,
            reply,
            fields={"prompt": "x"},
            headers={"idempotency-key": key},
        )
        for key, reply in ((first, None), (second, created))
    ]
    assert client_codes(document, history) == expected


def test_unsafe_retry_of_a_remix_is_reported(document: Document) -> None:
    script = "create, wait, poll, cut remix"
    assert script_codes(document, f"{script}, remix 1, remix 1, poll") == ["AV721 3 4"]
    assert script_codes(document, f"{script}, remix 1, list, remix 1, poll") == []
