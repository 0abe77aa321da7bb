"""Delays follow the server's hints and Retry-After."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.check.pacing import Pacing
from aisa_testkit.openapi import Call, Document, JobRole, Reply, load_document
from tests.support.documents import WORKSHOP
from tests.support.operations import find_operation, only_kind


def answer(document: Document, reply: Reply | None) -> Exchange:
    operation = find_operation(document, JobRole.LIST)
    return read_exchange(document, Call(operation.id), reply, at=0)


def pacing_of(document: Document, poll_interval: float | None) -> Pacing:
    return Pacing(document, only_kind(document).creates[0], poll_interval=poll_interval)


ODD = ["", "0", "-1", "1.5", "soon", "1e3", "٣", " 5", "NaN", "Sat, 01 Jan 2028"]


def test_poll_hint_is_in_the_unit_of_its_document(
    document: Document, other_document: Document
) -> None:
    milliseconds = answer(document, Reply(200, {"openai-poll-after-ms": "7000"}))
    assert pacing_of(document, None).poll_delay(milliseconds) == 7.0
    assert pacing_of(document, 2).poll_delay(milliseconds) == 2
    seconds = answer(other_document, Reply(200, {"retry-after": "7"}))
    assert pacing_of(other_document, None).poll_delay(seconds) == 7.0


@pytest.mark.parametrize("said", ODD, ids=lambda said: repr(said[:20]))
def test_invalid_poll_hints_are_ignored(any_document: Document, said: str) -> None:
    pacing = pacing_of(any_document, 2.5)
    exchange = answer(any_document, Reply(429, {"openai-poll-after-ms": said, "retry-after": said}))
    assert pacing.poll_delay(exchange) == 2.5
    assert pacing.retry_delay(exchange, failures=1) == 2.5


@pytest.mark.parametrize("reply", [None, Reply(200)], ids=["no answer", "no header"])
def test_poll_interval_applies_without_a_hint(any_document: Document, reply: Reply | None) -> None:
    assert pacing_of(any_document, 2.5).poll_delay(answer(any_document, reply)) == 2.5


def test_retry_delay_doubles_without_retry_after(any_document: Document) -> None:
    pacing, exchange = pacing_of(any_document, 2), answer(any_document, Reply(503))
    waits = [pacing.retry_delay(exchange, failures=failures) for failures in (1, 2, 3)]
    assert waits == [2, 4, 8]


@pytest.mark.parametrize("hint", ["1", "499"])
def test_polls_are_at_most_twice_a_second_unless_the_interval_is_shorter(
    document: Document, hint: str
) -> None:
    exchange = answer(document, Reply(200, {"openai-poll-after-ms": hint}))
    assert pacing_of(document, None).poll_delay(exchange) == 0.5
    assert pacing_of(document, 3).poll_delay(exchange) == 0.5
    assert pacing_of(document, 0.2).poll_delay(exchange) == 0.2


@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"retry-after": "1000000000"}, 1e9),
        ({"retry-after": "9" * 5000}, float("inf")),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 100),
        (
            {
                "retry-after": "Sat, 01 Jan 2028 00:01:00 GMT",
                "date": "Sat, 01 Jan 2028 00:00:00 GMT",
            },
            60,
        ),
        ({"retry-after": "Wed, 31 Dec 1969 23:00:00 GMT"}, 2),
        ({"retry-after": "Sat, 01 Foo 2028 99:00:00 GMT"}, 2),
    ],
    ids=["ten digits", "too many digits", "date", "date by the server's clock", "past", "invalid"],
)
def test_retry_after_may_be_long_or_a_date(
    document: Document, headers: dict[str, str], delay: float
) -> None:
    exchange = answer(document, Reply(503, headers))
    assert pacing_of(document, 2).retry_delay(exchange, failures=1) == delay


def test_retry_after_sets_the_retry_delay(document: Document) -> None:
    pacing, busy = (
        pacing_of(document, 2),
        answer(document, Reply(503, {"retry-after": "9"})),
    )
    assert [pacing.retry_delay(busy, failures=failures) for failures in (1, 2, 3)] == [9, 9, 9]


@pytest.mark.parametrize(
    ("hint", "seconds"), [(7, 7.0), (2.5, 2.5), (0, 2.0), (-1, 2.0), ("7", 2.0), (True, 2.0)]
)
def test_poll_hint_in_the_body_is_a_number_of_the_job(hint: object, seconds: float) -> None:
    workshop = load_document(WORKSHOP)
    create = workshop.kinds["print"].creates[0]
    call = Call("lookUp", {}, (("ticket", "t"),))
    job = {"ticket": "t", "phase": "waiting", "again": hint}
    reply = Reply(200, {"content-type": "application/json"}, orjson.dumps({"data": job}))
    exchange = read_exchange(workshop, call, reply, at=0)
    assert Pacing(workshop, create, poll_interval=None).poll_delay(exchange) == seconds
