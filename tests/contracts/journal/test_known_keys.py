"""Which keys a journal knows: those of its server, and the last ones that came."""

from __future__ import annotations

from aisa_testkit.contracts.journal.known_keys import KnownKeys
from aisa_testkit.openapi import Call, Document


def call(key: str) -> Call:
    return Call("listVideos", headers={"authorization": f"Bearer {key}"})


def test_what_is_known_is_not_worked_out_again(document: Document) -> None:
    keys = KnownKeys(document, keys=["sk-of-the-server"])
    before = keys.redaction(())
    keys.remember(call("sk-of-a-client"))
    assert keys.redaction(()) is before
    told = before.redact_text("sk-of-the-server sk-of-a-client sk-of-nobody")
    assert told == "[*key*]********* [*key*]******* sk-of-nobody"


def test_a_key_that_came_long_ago_is_known_and_those_without_end_are_not(
    document: Document,
) -> None:
    keys = KnownKeys(document, keys=["sk-of-the-server"])
    for number in range(10_000):
        keys.remember(call(f"sk-of-client-{number}"))
        if number % 100 == 0:
            assert len(keys.redaction(())) <= 5000
    told = keys.redaction(()).redact_text("sk-of-the-server sk-of-client-9001 sk-of-client-9999")
    assert "sk" not in told


def test_keys_that_are_very_long_do_not_take_up_what_room_there_is(document: Document) -> None:
    keys = KnownKeys(document)
    for number in range(20):
        keys.remember(call(f"{number}" * 300_000))
    keys.remember(call("2" * 3_000_000))
    keys.remember(call("sk-of-a-client"))
    assert len(keys.redaction(())) == 1
