"""What a client leaves undone, or takes for an end that it is not, by scripts of the fixture
`play`.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]
Blamed = Callable[[Document, str], list[str]]
ID = "video_d4edd823689ed8f9f64a9dfb417947c1"


def asked(
    document: Document, operation_id: str, answer: Json = None, *, status: int = 200, at: float = 0
) -> Exchange:
    """A request for the job `a`, or for no job, and its answer."""
    names = {"video_id": "a"} if document.operations[operation_id].template.parameters else {}
    call = Call(operation_id, names, (), {"authorization": "Bearer k"}, b"")
    reply = Reply(status, {"content-type": "application/json"}, orjson.dumps(answer))
    return read_exchange(document, call, reply, at=at)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("create", "AV736 1"),
        ("create a, create b, poll 2", "AV736 1"),
        ("create, poll, create", "AV736 3"),
        ("create, create", "AV715 1 2, AV736 2"),
        ("create a, create b", "AV736 1, AV736 2"),
        ("create, cut list, list, cut list, list", "AV736 1"),
        ("list, create", "AV736 2"),
    ],
)
def test_a_job_that_nobody_comes_back_to_is_told(
    either: Document, blamed: Blamed, script: str, expected: str
) -> None:
    assert blamed(either, script) == expected.split(", ")


@pytest.mark.parametrize(
    "script",
    [
        "create, poll",
        "create, cut poll, poll, poll",
        "create, list",
        "create, wait, delete",
        "create, wait, content",
        "done, create",
        "lost create, create",
        "400 create, create",
    ],
    ids=[
        "asked for",
        "asked for, in vain at first",
        "seen in the list",
        "deleted",
        "downloaded",
        "ended when it was made",
        "never heard of",
        "never made",
    ],
)
def test_what_was_come_back_to_is_no_orphan(either: Document, blamed: Blamed, script: str) -> None:
    assert blamed(either, script) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("create, poll, sleep 331, create b, poll", "AV736 1 2"),
        ("create, sleep 85, poll, sleep 331, create b, poll", "AV736 1 2"),
        ("create, cut poll, poll, sleep 1, poll, sleep 331, create b, poll", "AV736 1 3"),
        ("create, poll, sleep 200, create b, poll, sleep 131, poll", "AV736 1 2"),
        ("create, poll, sleep 200, create b, poll, sleep 131, create c", "AV736 1 2, AV736 5"),
    ],
)
def test_a_job_that_is_left_though_the_client_goes_on_is_told(
    document: Document, blamed: Blamed, script: str, expected: str
) -> None:
    assert blamed(document, f"slow, sleep 0, {script}") == expected.split(", ")


@pytest.mark.parametrize(
    "script",
    [
        "create, poll, wait",
        "create, poll, sleep 329, create b, poll",
        "create, sleep 91, poll, sleep 400, create b, poll",
        "create, poll, sleep 150, poll, sleep 400, create b, poll",
        "create, poll, sleep 400, create b, poll 2, poll 1",
        "create, poll, sleep 400, list, create b, poll",
        "create, poll, cut poll, poll, cut poll, poll, sleep 400, create b, poll",
        "create, poll, delete, sleep 400, create b, poll",
        "create, poll, sleep 400, content, create b, poll",
        "hint 90, create, poll, sleep 400, create b, poll",
        "503 list, list, sleep 50, list, sleep 50, create, poll, sleep 400, create b, poll",
    ],
    ids=[
        "nothing came after it",
        "not for long",
        "after the time that most jobs take",
        "polled for longer than that",
        "come back to, late",
        "seen in the list",
        "given up after failures",
        "it tried to delete it",
        "something else was done with it",
        "it was told to wait for longer than that",
        "it had tried for long before there was a job",
    ],
)
def test_a_job_that_is_left_with_reason_is_not_told(
    document: Document, blamed: Blamed, script: str
) -> None:
    told = [code[:5] for code in blamed(document, f"slow, sleep 0, {script}")]
    assert "AV736" not in told


def test_where_nobody_knows_how_a_client_waits_no_job_is_left(
    either: Document, blamed: Blamed
) -> None:
    assert blamed(either, "slow, create, poll, wait, create b, poll") == []


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("create, sleep 297, poll, cut content, content", False),
        ("create, sleep 269, poll, cut content, content", True),
        ("retry 20, create, sleep 255, poll, 503 content, content", False),
        ("create, sleep 297, poll, content, cut content, content", False),
        ("create, sleep 5, list" + ", sleep 55, list" * 5 + ", cut list, list", False),
        (
            "cut create, create, sleep 50, cut list, list, sleep 50, list, create, poll,"
            " sleep 180, cut poll, poll",
            False,
        ),
        (
            "create b, poll, sleep 100, create, poll 1, poll 2, sleep 200, poll 1,"
            " cut poll, poll 2",
            True,
        ),
    ],
    ids=[
        "a download after five minutes",
        "a download before that",
        "a download that was to wait until then",
        "a second download",
        "a look into the list after five minutes",
        "a poll after five minutes since the first try",
        "a poll long after the first try for another job",
    ],
)
def test_after_five_minutes_it_is_right_to_give_up(
    document: Document, blamed: Blamed, script: str, told: bool
) -> None:
    codes = [code[:5] for code in blamed(document, f"sleep 0, {script}")]
    assert ("AV725" in codes) is told


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("create, cut poll, poll", "AV725 2"),
        ("create, 429 retrieve, poll", "AV725 2"),
        ("create, poll, cut poll, poll", "AV725 3"),
        ("create a, create b, cut poll, poll 1, poll 2", "AV725 3"),
        ("create, wait, poll, cut content, content", "AV725 3"),
        ("create, wait, list, cut content, content", "AV725 3"),
        ("create, wait, poll, cut content, content, list, delete", "AV725 3"),
        ("cut list, list", "AV725 1"),
        ("429 list, list", "AV725 1"),
        ("create, poll, cut list, list", "AV725 3"),
        ("429 create, create", "AV725 1"),
        ("429 create, create, create b, poll", "AV725 1"),
    ],
)
def test_who_gives_up_at_once_is_told(
    either: Document, blamed: Blamed, script: str, expected: str
) -> None:
    assert blamed(either, script) == [expected]


@pytest.mark.parametrize(
    "script",
    [
        "create, cut poll, poll, poll",
        "create, cut poll, poll, cut poll, poll",
        "create, cut poll, poll, list",
        "create, wait, poll, cut content, content, content",
        "create, wait, poll, cut content, content, cut content, content",
        "create, wait, poll, content, cut content, content",
        "create, wait, list, cut poll, poll",
        "fails, create, wait, list, cut poll, poll",
        "cut poll, poll nowhere",
        "create, wait, poll, cut delete, delete",
        "cut list, list, list",
        "429 create, create, create, poll",
        "cut create, create",
        "400 create, create",
        "sleep 0, create, poll, sleep 300, cut poll, poll",
    ],
    ids=[
        "asked for again",
        "asked for again, in vain",
        "seen elsewhere",
        "downloaded at the second attempt",
        "downloaded twice in vain",
        "downloaded once",
        "it had succeeded already",
        "it had failed already",
        "a job that nobody knows",
        "what can be left undone",
        "listed at the second attempt",
        "made at the second attempt",
        "what must not be repeated blindly",
        "what was refused",
        "it was time",
    ],
)
def test_who_gives_up_with_reason_is_not_told(
    either: Document, blamed: Blamed, script: str
) -> None:
    assert blamed(either, script) == []


def test_where_no_money_is_left_or_the_wait_is_too_long_it_is_right_to_give_up(
    document: Document, blamed: Blamed
) -> None:
    assert blamed(document, "retry 60, 429 create, create") == ["AV725 1"]
    assert blamed(document, "retry 61, 429 create, create") == []
    for code, told in (("quota_exceeded", []), ("rate_limit_exceeded", ["AV725"])):
        refused = asked(document, "listVideos", {"error": {"code": code}}, status=429)
        assert [v.code for v in check_client(document, [refused])] == told


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("create, odd poll, poll, content", "AV734 3"),
        ("create, odd poll, poll, wait, content", "AV734 3"),
        ("create, poll, odd poll, poll, content, wait, poll", "AV734 4"),
        ("odd create, create, content", "AV734 2"),
        ("create, odd poll, poll", "AV734 2"),
        ("create, poll, odd poll, poll, list", ""),
        ("create, odd poll, poll, poll", ""),
        ("create, odd poll, poll, cut poll, poll", ""),
        ("create, odd poll, poll, wait, poll, content", ""),
        ("create, wait, list, odd poll, poll", ""),
        ("create, wait, poll, odd create, create b", "AV734 3"),
        ("sleep 0, create, sleep 300, odd poll, poll", ""),
    ],
    ids=[
        "its file is asked for",
        "its file is asked for, and is there",
        "its file is asked for, and then a poll",
        "a new job",
        "nobody asks again",
        "seen in the list since",
        "asked again",
        "asked again, in vain",
        "polled to its end",
        "its end was known",
        "another job",
        "it was time to give up",
    ],
)
def test_a_status_that_there_is_not_is_no_success(
    either: Document, blamed: Blamed, script: str, expected: str
) -> None:
    assert blamed(either, script) == ([expected] if expected else [])


def test_a_status_that_there_is_not_is_put_into_words(document: Document, play: Play) -> None:
    scripts = {
        "create, odd poll, poll, content": (
            f"a request for {ID}, which was polishing in response no. 2, an unknown status",
            "a job that is completed",
        ),
        "create, odd poll, poll": (
            f"no poll for {ID} after the unknown status polishing",
            "polls until a final state",
        ),
        "create": (f"no request for {ID} after it was accepted", "polls until it is finished"),
        "create, cut poll, poll": ("no retry after a broken connection", "3 to 5 attempts"),
        "retry 9, 429 create, create": (
            "no retry after status 429 and a requested wait of 9 s",
            "3 to 5 attempts",
        ),
    }
    for script, words in scripts.items():
        (violation,) = check_client(document, play(document, script))
        assert (violation.received, violation.expected) == words, script


@pytest.mark.parametrize("status", [None, 7, ["completed"]], ids=["null", "a number", "a list"])
def test_what_is_no_word_is_no_status(document: Document, status: Json) -> None:
    history = [
        asked(document, "getVideo", {"id": "a", "status": "queued"}),
        asked(document, "getVideo", {"id": "a", "status": status}),
    ]
    assert check_client(document, history) == ()


DAY = 86400


@pytest.mark.parametrize(
    ("expiry", "at", "status", "told"),
    [
        (DAY, DAY + 1, 404, True),
        (DAY, DAY + 1, 410, True),
        (DAY, DAY, 404, False),
        (DAY, DAY - 1, 404, False),
        (DAY, DAY + 1, 200, False),
        (DAY, DAY + 1, 429, False),
        (DAY, DAY + 1, 503, False),
        (None, DAY + 1, 404, False),
        ("soon", DAY + 1, 404, False),
        (True, DAY + 1, 404, False),
    ],
    ids=[
        "a second late",
        "gone",
        "at that moment",
        "in time",
        "late, and served all the same",
        "too many requests",
        "the server at fault",
        "no expiry",
        "a word",
        "no moment",
    ],
)
def test_a_download_after_the_expiry_is_told(
    document: Document, expiry: Json, at: float, status: int, told: bool
) -> None:
    done = {"id": "a", "status": "completed", "expires_at": expiry}
    history = [
        asked(document, "getVideo", done),
        asked(document, "getVideoContent", status=status, at=at),
        asked(document, "getVideoContent", at=at),
    ]
    found = [v for v in check_client(document, history) if v.code == "AV735"]
    assert [(v.numbers, v.received, v.expected) for v in found] == [
        (
            (2,),
            "a request for the files of a 1 s after their expiry, which response no. 1 had"
            " announced",
            "a download before 86400 (Unix time)",
        )
    ] * told


def test_the_mock_refuses_files_that_have_expired_and_the_judge_says_why(
    document: Document, other_document: Document, blamed: Blamed
) -> None:
    late = ", ".join(["create", "wait", "poll", *["wait"] * 87, "content"])
    assert blamed(document, late) == ["AV735 3"]
    assert blamed(other_document, late) == []
    assert blamed(document, late.replace("content", "delete, content")) == []


def test_of_the_end_of_a_history_nothing_is_said_that_its_beginning_may_belie(
    document: Document, play: Play
) -> None:
    scripts = ["poll nowhere", "create", "create, cut poll, poll", "cut list, list"]
    for script in [*scripts, "429 create, create"]:
        history = play(document, script)
        assert check_client(document, history)
        assert check_client(document, history, whole=False) == (), script
    for script in ("create, wait, poll, poll", "create, odd poll, poll", "create, create, list"):
        history = play(document, script)
        known = check_client(document, history, whole=False)
        assert known == check_client(document, history)
