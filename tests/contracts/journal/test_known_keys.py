"""The API keys that a journal redacts: the keys of the server and of the latest requests."""

from __future__ import annotations

from aisa_testkit.contracts.journal.known_keys import KnownKeys
from aisa_testkit.openapi import Call, Document


def call(key: str) -> Call:
    return Call("listVideos", headers={"authorization": f"Bearer {key}"})


def test_redaction_is_extended_and_not_rebuilt(document: Document) -> None:
    keys = KnownKeys(document, keys=["sk-of-the-server"])
    before = keys.redaction(())
    keys.remember(call("sk-of-a-client").headers)
    assert keys.redaction(()) is before
    text = before.redact_text("sk-of-the-server sk-of-a-client sk-unknown")
    assert text == "[*key*]********* [*key*]******* sk-unknown"


def test_number_of_redacted_keys_is_limited(
    document: Document,
) -> None:
    keys = KnownKeys(document, keys=["sk-of-the-server"])
    for number in range(10_000):
        keys.remember(call(f"sk-of-client-{number}").headers)
        if number % 100 == 0:
            assert len(keys.redaction(())) <= 5000
    text = keys.redaction(()).redact_text("sk-of-the-server sk-of-client-9001 sk-of-client-9999")
    assert "sk" not in text


def test_long_keys_are_dropped_first(document: Document) -> None:
    keys = KnownKeys(document)
    for number in range(20):
        keys.remember(call(f"{number}" * 300_000).headers)
    keys.remember(call("2" * 3_000_000).headers)
    keys.remember(call("sk-of-a-client").headers)
    assert len(keys.redaction(())) == 1
