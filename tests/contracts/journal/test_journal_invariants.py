"""Invariants of a journal for any requests: its size limits, and the redaction of API keys."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.contracts import Journal
from aisa_testkit.openapi import Call, Delivery, JobRole, Reply, load_document
from tests.support.operations import find_operation

DOCUMENT = load_document()
ENCODINGS: list[Callable[[str], str]] = [
    str,
    lambda key: f"my key is {key}!",
    lambda key: quote(key, safe=""),
    lambda key: "".join(f"%{ord(character):02x}" for character in key),
    lambda key: orjson.dumps({"prompt": key}).decode(),
    lambda key: "".join(f"\\u{ord(character):04x}" for character in key),
    lambda key: f"{'x' * 495}{key}",
]
KEYS = st.text("abcXYZ019-_", min_size=12, max_size=24).map("sk-{}".format)
TEXTS = st.builds(
    lambda key, encode: encode(key), st.shared(KEYS, key="key"), st.sampled_from(ENCODINGS)
)
WORDS = st.one_of(st.text(max_size=30), TEXTS)
HEADERS = st.fixed_dictionaries(
    {"content-type": st.sampled_from(["application/json", "multipart/form-data; boundary=b", ""])},
    optional={
        "authorization": st.shared(KEYS, key="key").map("Bearer {}".format),
        "x-api-key": st.shared(KEYS, key="key"),
        "user-agent": TEXTS,
    },
)
BODIES = st.one_of(
    st.binary(max_size=100),
    WORDS.map(lambda text: text.encode(errors="replace")),
    st.dictionaries(WORDS, st.one_of(WORDS, st.lists(WORDS, max_size=2)), max_size=3).map(
        lambda fields: orjson.dumps(fields, default=str)
    ),
    WORDS.map(
        lambda text: (
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
            + text.encode(errors="replace")
            + b"\r\n--b--\r\n"
        )
    ),
)
REPLIES = st.none() | st.builds(
    Reply,
    st.sampled_from([200, 202, 404, 429, 500]),
    st.just({"content-type": "application/json"}),
    BODIES,
    st.none() | st.builds(Delivery, bytes_delivered=st.sampled_from([None, -1, 3])),
)
CALLS = st.builds(
    Call,
    st.sampled_from(sorted(DOCUMENT.operations)),
    st.just({}),
    st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
    HEADERS,
    BODIES,
)
POLL = find_operation(DOCUMENT, JobRole.POLL)
POLLS = st.builds(
    Call,
    st.just(POLL.id),
    WORDS.map(lambda text: dict.fromkeys(POLL.template.parameters, text)),
    st.just(()),
    HEADERS,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.one_of(CALLS, POLLS), REPLIES),
        st.tuples(st.sampled_from(["GET", "BREW"]), WORDS.map("/{}".format)),
        st.sampled_from(["read", "clear"]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(steps=STEPS, requests=st.integers(1, 8), size=st.integers(0, 400))
def test_journal_stays_within_its_limits_and_redacts_keys(
    steps: list[tuple[Call, Reply | None] | tuple[str, str] | str], requests: int, size: int
) -> None:
    journal, received = (
        Journal(DOCUMENT, now=lambda: 1.0, requests=requests, size=size),
        list[int](),
    )
    calls: dict[int, Call] = {}
    journal.listen(lambda data: received.append(data["number"]))
    for step in steps:
        if step == "clear":
            journal.clear()
        elif step == "read":
            outputs(journal)
        elif isinstance(step[0], Call) and not isinstance(step[1], str):
            journal.answered(step[0], step[1])
            calls[received[-1]] = step[0]
        else:
            journal.unmatched(str(step[0]), str(step[1]))
        assert journal.kept <= requests
        assert journal.size <= size
    # The numbers are unique, and the last requests are kept.
    assert received == list(range(1, len(received) + 1))
    page = journal.requests({})
    kept = [entry["number"] for entry in page["requests"]]
    assert kept == received[len(received) - journal.kept :]
    assert page["total"] == len(received)
    text = outputs(journal)
    assert [key for key in keys_of(calls, kept) if key in text] == []


def keys_of(calls: dict[int, Call], kept: list[int]) -> list[str]:
    """The keys in the documented header, and in other headers of requests that are kept."""
    documented = [call.headers.get("authorization", "") for call in calls.values()]
    others = [calls[number].headers.get("x-api-key", "") for number in kept if number in calls]
    return [value.removeprefix("Bearer ") for value in [*documented, *others] if value]


def outputs(journal: Journal) -> str:
    """Everything that a journal returns, as text."""
    data = [journal.requests({}), journal.verdict(), str(journal.client_verdict())]
    return orjson.dumps(data).decode() + journal.har({}).decode()
