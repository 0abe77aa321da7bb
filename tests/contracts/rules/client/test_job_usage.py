"""The judge of what clients do over time: what breaks each rule, and what comes near and does not.

The scripts are those of the fixture `play`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, JobRole, Reply, parse_document

History = list[Exchange | UnmatchedRequest]
Play = Callable[[Document, str], History]
ID = "video_d4edd823689ed8f9f64a9dfb417947c1"


@pytest.fixture(params=["document", "other_document"], ids=["videos", "renderings"])
def either(request: pytest.FixtureRequest) -> Document:
    found: Document = request.getfixturevalue(request.param)
    return found


def codes(document: Document, history: Iterable[Exchange | UnmatchedRequest]) -> list[str]:
    """The codes, with the numbers of the requests: `AV712 3 4`."""
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_client(document, history)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("poll nowhere", "AV711 1"),
        ("create, content nowhere, delete nowhere", "AV736 1, AV711 2, AV711 3"),
        ("poll nowhere, poll nowhere, poll nowhere", "AV711 1 2 3"),
        ("create, wait, poll, poll", "AV712 3"),
        ("create, wait, poll, poll, content, poll", "AV712 3 5"),
        ("fails, create, wait, poll, tick, poll", "AV712 3"),
        ("create, wait, poll, create b, poll 1, wait, poll 2, poll 2", "AV712 4, AV712 6"),
        ("create, content", "AV713 2"),
        ("create, poll, content, wait, poll, content", "AV713 3"),
        ("create, list, content, poll", "AV713 3"),
        ("fails, create, wait, poll, content", "AV714 3"),
        ("fails, create, wait, list, content", "AV714 3"),
        ("create, create, poll 2", "AV715 1 2"),
        ("create, create, create, poll 3", "AV715 1 2 3"),
        ("create, create, create, poll 1, poll 3", "AV715 2 3"),
        ("create, 400 create, create, create, poll", "AV715 1 3, AV716 3"),
        ("400 create, create, create, poll", "AV716 2"),
        ("400 create, create, 401 create, create, create", "AV716 2, AV716 3, AV736 3"),
        ("create, wait, list, delete, poll, poll", "AV716 5"),
    ],
)
def test_what_breaks_a_rule_is_told(
    either: Document, play: Play, script: str, expected: str
) -> None:
    assert codes(either, play(either, script)) == expected.split(", ")


NEAR = {
    "nothing at all": "wait",
    "two jobs of the same words, both followed": "create, create, poll 1, poll 2",
    "two of the same, followed in the other order": "create, create, poll 2, poll 1",
    "two of the same, followed by the list": "create, create, list",
    "made again when the first has failed": "fails, create, wait, poll, create, wait, poll",
    "polls before the end": "create, poll, tick, poll, tick, poll, wait, poll",
    "a poll after an end that only the list told": "create, wait, list, poll, content",
    "a poll after an end that the create told": "done, create, poll, content",
    "the list after the end": "create, wait, poll, list, list",
    "several pollers, each of a job of its own": (
        "create a, create b, poll 1, poll 2, tick, poll 2, poll 1, wait, poll 2, poll 1"
    ),
    "a file after an end that the list told": "create, wait, list, content",
    "a file after an end that the create told": "done, create, content",
    "a file twice": "create, wait, poll, content, content",
    "a file asked for on the off chance that is there": "create, wait, content",
    "a job deleted, and asked for once": "create, wait, list, delete, poll",
    "a job polled to its end, deleted, and asked for once": "create, wait, poll, delete, poll",
    "a job deleted, and its file asked for once": "create, wait, poll, delete, content",
    "a job deleted twice": "create, wait, poll, delete, delete",
    "a job deleted too early, and again after its end": "create, delete, wait, poll, delete",
    "a failed job deleted": "fails, create, wait, poll, delete",
}


@pytest.mark.parametrize("script", NEAR.values(), ids=NEAR)
def test_what_only_comes_near_is_not_told(either: Document, play: Play, script: str) -> None:
    assert codes(either, play(either, script)) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("429 create, 429 create, create, create, create, 429 retrieve, poll, poll", []),
        ("504 retrieve, create, poll, poll", []),
        ("create, wait, poll, remix, wait, poll", []),
        ("create, remix 1, wait, poll 1, remix 1, poll 2", ["AV713 2"]),
        ("fails, create, wait, poll, remix 1", ["AV714 3"]),
        ("create, wait, poll, remix 1, remix 1, poll 3", ["AV715 3 4"]),
        ("create, wait, poll, 503 content, content, content, 429 delete, delete, delete", []),
        ("404 list, list, list", ["AV716 2"]),
    ],
)
def test_what_only_one_document_declares_is_judged(
    document: Document, play: Play, script: str, expected: list[str]
) -> None:
    assert codes(document, play(document, script)) == expected


def test_what_was_told_is_put_into_words(document: Document, play: Play) -> None:
    scripts = {
        "poll nowhere": ("nowhere", "the id of a created job; none was created so far"),
        "create, poll, poll nowhere": ("nowhere", f"one of {ID}"),
        "create, wait, poll, poll": (
            f"a poll for {ID} after response no. 2, which showed it completed",
            "no poll after completed or failed",
        ),
        "create, tick, poll, content": (
            f"a request for {ID}, which was in_progress in response no. 2",
            "a job that is completed",
        ),
        "fails, create, wait, poll, content": (
            f"a request for {ID}, which was failed in response no. 2",
            "a job that is completed",
        ),
        "create, create, poll 2": (
            f"2 jobs by the same request: {ID} was accepted and never requested; the"
            " duplicates cost up to 0.40 USD",
            "one create for one job",
        ),
        "400 create, create, create, poll": (
            "the same request after status 400",
            "a changed request, or none",
        ),
    }
    for script, words in scripts.items():
        (violation,) = check_client(document, play(document, script))
        assert (violation.received, violation.expected) == words, script


def test_an_unknown_job_is_told_of_the_last_few_that_there_are(
    document: Document, play: Play
) -> None:
    history = play(document, "create a, create b, create c, create d, poll nowhere, list")
    (violation,) = check_client(document, history)
    made = [
        orjson.loads(item.reply.body)["id"]
        for item in history[1:4]
        if isinstance(item, Exchange) and item.reply
    ]
    assert violation.expected == f"one of {', '.join(made)}"


def test_a_file_of_a_failed_job_is_asked_for_in_vain_even_if_there_is_one(
    document: Document,
) -> None:
    shown = Reply(200, {"content-type": "application/json"}, b'{"id":"a","status":"failed"}')
    history = [
        read_exchange(
            document, Call(name, {"video_id": "a"}, (), {"authorization": "Bearer k"}), reply, at=0
        )
        for name, reply in (("getVideo", shown), ("getVideoContent", Reply(200)))
    ]
    assert codes(document, history) == ["AV714 2"]


def by(history: History, *keys: str) -> History:
    """The same requests, each with one of these keys."""
    return [
        replace(item, call=replace(item.call, headers={**item.headers, "authorization": key}))
        for item, key in zip(history, (f"Bearer {key}" for key in keys), strict=True)
        if isinstance(item, Exchange)
    ]


def test_what_one_key_was_told_no_other_key_knows(document: Document, play: Play) -> None:
    polls = play(document, "create, wait, poll, poll")
    assert codes(document, by(polls, "a", "a", "a")) == ["AV712 3"]
    assert codes(document, by(polls, "a", "a", "b")) == []
    assert codes(document, by([*polls, polls[-1]], "a", "a", "b", "b")) == ["AV712 4"]
    files = play(document, "fails, create, wait, poll, content")
    assert codes(document, by(files, "a", "a", "b")) == []
    (stray,) = [item for item in play(document, "404 retrieve, poll a") if item]
    (unknown,) = check_client(document, by([*polls[:2], *polls[:1], stray], "a", "a", "b", "b"))
    assert (unknown.code, unknown.numbers) == ("AV711", (4,))


def test_of_two_keys_each_has_its_own_pace(document: Document, play: Play) -> None:
    history = play(document, "hint none, slow, sleep 0, create, poll, sleep 0.1, poll, sleep 9")
    assert codes(document, by(history, "a", "a", "a")) == ["AV731 3"]
    assert codes(document, by(history, "a", "a", "b")) == []


def test_the_path_of_an_operation_on_no_job_names_none(other_document: Document) -> None:
    data = deepcopy(other_document.source.data)
    data["paths"]["/styles/{name}"] = {
        "get": {
            "operationId": "style",
            "parameters": [
                {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "responses": {
                status: {"$ref": "#/components/responses/Problem"} for status in ("404", "429")
            },
        }
    }
    document = parse_document(orjson.dumps(data).decode())
    call = Call("style", {"name": "baroque"}, (), {"x-render-key": "k"})
    assert codes(document, [read_exchange(document, call, Reply(404), at=0)]) == []


STEPS = st.one_of(
    st.builds("{} {}".format, st.sampled_from(["look", "fetch", "drop"]), st.integers(1, 3)),
    st.sampled_from(["tick", "wait", "list"]),
)


@pytest.mark.parametrize("which", ["document", "other_document"], ids=["videos", "renderings"])
@given(data=st.data())
def test_a_client_that_follows_the_rules_is_never_blamed(
    request: pytest.FixtureRequest, play: Play, which: str, data: st.DataObject
) -> None:
    document: Document = request.getfixturevalue(which)
    creates = data.draw(
        st.lists(
            st.sampled_from(["create", "fails, create", "done, create"]), min_size=3, max_size=3
        )
    )
    steps = data.draw(st.lists(STEPS, max_size=25))
    last = ["wait", *(f"{word} {n}" for word in ("look", "fetch", "drop") for n in (1, 2, 3))]
    history = play(document, ", ".join([*creates, *steps, *last]))
    assert check_client(document, history) == ()
    deleted = [e for e in history if isinstance(e, Exchange) and e.operation.role is JobRole.DELETE]
    assert [e.accepted for e in deleted] == [True] * 3
