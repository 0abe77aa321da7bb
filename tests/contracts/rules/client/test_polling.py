"""How a client polls, by scripts of the fixture `play`: how soon after the last answer, and for how
long in all.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply

Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]
Blamed = Callable[[Document, str], list[str]]
ID = "video_d4edd823689ed8f9f64a9dfb417947c1"


@pytest.mark.parametrize(
    ("hint", "seconds", "expected"),
    [
        ("none", 0.0, "AV731 3"),
        ("none", 0.4, "AV731 3"),
        ("none", 0.5, ""),
        ("0.001", 0.0, "AV731 3"),
        ("0.001", 0.4, "AV731 3"),
        ("0.001", 0.001, ""),
        ("0.2", 0.1, "AV732 3"),
        ("0.2", 0.2, ""),
        ("1", 0.4, "AV731 3"),
        ("1", 0.6, "AV732 3"),
        ("1", 0.95, ""),
        ("1", 1.0, ""),
        ("10", 0.4, "AV731 3"),
        ("10", 5.0, "AV732 3"),
        ("10", 60.0, ""),
    ],
)
def test_a_poll_that_comes_too_soon_is_told(
    either: Document, blamed: Blamed, hint: str, seconds: float, expected: str
) -> None:
    script = f"hint {hint}, create, poll, sleep {seconds}, poll, list"
    assert blamed(either, script) == ([expected] if expected else [])


@pytest.mark.parametrize(
    "script",
    [
        "hint 1, create, poll, poll, poll",
        "hint 1, sleep 0, create, poll, wait, poll",
        "hint 1, sleep 0, create, poll, list, content other, delete other, wait, poll",
        "hint 1, sleep 0, create, list, list, poll",
        "hint 1, sleep 0, create a, create b, poll 1, poll 2, sleep 1, poll 1, poll 2",
        "hint 1, sleep 0, create, cut poll, poll, sleep 0.4, poll, sleep 1, poll",
        "hint 1, retry 0, sleep 0, create, 429 retrieve, poll, poll, sleep 1, poll",
        "hint 1, sleep 0, create, wait, poll, content, content",
    ],
    ids=[
        "where nobody knows how the client waits",
        "the first poll, at once",
        "what is no poll",
        "a list, and then a poll",
        "several jobs in turn",
        "another try after a break",
        "another try after a 429",
        "files",
    ],
)
def test_a_poll_that_only_comes_near_another_is_not_told(
    either: Document, blamed: Blamed, script: str
) -> None:
    told = {code[:5] for code in blamed(either, script)}
    assert not told & {"AV731", "AV732"}


def test_one_that_heeds_the_first_hint_for_ever_is_not_blamed(
    either: Document, blamed: Blamed
) -> None:
    """As official clients do, while the time that is left becomes less."""
    polls = ", ".join(f"hint {left}, poll, sleep 4" for left in (4, 3, 2, 1, 0.001))
    assert blamed(either, f"slow, hint 4, create, {polls}, poll") == []


def test_polls_of_one_job_are_told_in_one(document: Document, play: Play) -> None:
    script = "create, poll, sleep 0.3, poll, sleep 0.1, poll, sleep 0.7, poll, sleep 5, poll"
    fast, soon = check_client(document, play(document, f"hint 2, {script}"))
    assert (fast.code, fast.numbers) == ("AV731", (3, 4))
    assert fast.received == (
        f"2 polls for {ID}, the earliest 0.1 s after response no. 3, which showed it queued"
    )
    assert fast.expected == "at least 0.5 s between two polls"
    assert (soon.code, soon.numbers) == ("AV732", (5,))
    assert soon.received == f"a poll for {ID}, 0.7 s after response no. 4, which showed it queued"
    assert soon.expected == "at least 2 s, as the response suggests"


def test_a_poll_that_was_sent_before_the_last_was_answered_is_that_of_another(
    document: Document,
) -> None:
    def shown(at: float, took: float) -> Exchange:
        headers = {"authorization": "Bearer k"}
        body = orjson.dumps({"id": "a", "status": "queued"})
        reply = Reply(200, {"content-type": "application/json"}, body)
        call = Call("getVideo", {"video_id": "a"}, (), headers)
        return read_exchange(document, call, reply, at=at, took=took, client_time=at)

    assert check_client(document, [shown(10, 1), shown(10.2, 1)]) == ()
    (violation,) = check_client(document, [shown(10, 1), shown(10.2, 0.1)])
    assert violation.code == "AV731"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("create, poll, sleep 300, poll, sleep 29, poll", ""),
        ("create, poll, sleep 300, poll, sleep 31, poll", "AV733 4"),
        ("create, poll, sleep 200, poll, sleep 200, poll, sleep 200, poll", "AV733 4 5"),
        ("create, poll, sleep 300, poll, sleep 31, list, content", ""),
        ("create, poll, sleep 300, poll, sleep 86400, poll", ""),
        ("create, poll, sleep 400, poll, sleep 10, poll", ""),
    ],
    ids=[
        "until it is time",
        "for too long",
        "for ever",
        "no poll",
        "looked at again the day after",
        "looked at again when it had been given up",
    ],
)
def test_polls_that_never_end_are_told(
    document: Document, play: Play, script: str, expected: str
) -> None:
    history = play(document, f"slow, {script}")
    told = [v for v in check_client(document, history) if v.code == "AV733"]
    assert [f"{v.code} {' '.join(map(str, v.numbers))}" for v in told] == [expected] * bool(told)
    assert bool(told) == bool(expected)


def test_a_job_is_waited_for_no_longer_than_it_takes(either: Document, blamed: Blamed) -> None:
    assert blamed(either, "create, poll, sleep 300, poll") == []
    ended = "create, sleep 200, poll, sleep 200, poll, sleep 200, poll"
    assert blamed(either, ended) == ["AV712 3 4"]


def test_how_long_it_was_polled_is_put_into_words(document: Document, play: Play) -> None:
    script = "slow, create, poll, sleep 300, poll, sleep 112.5, poll"
    (violation,) = check_client(document, play(document, script))
    assert violation.received == (
        f"polls for {ID}, which was still pending, until 412.5 s after request no. 1, which"
        " created it"
    )
    assert violation.expected == "a total wait of at most 300 s"
