"""The use of jobs: unknown ids, polls after the end, results of unfinished or failed jobs."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, JobRole, Reply, parse_document
from tests.support.client_codes import client_codes, script_codes
from tests.support.exchanges import History, json_of, json_reply, make_exchange, reply_number
from tests.support.scripted_client import run_script

ID = "video_d4edd823689ed8f9f64a9dfb417947c1"

MISUSES = {
    "poll of an unknown job": ("poll nowhere", "AV711 1"),
    "other requests for an unknown job": (
        "create, content nowhere, delete nowhere",
        "AV736 1, AV711 2, AV711 3",
    ),
    "three polls of an unknown job": (
        "poll nowhere, poll nowhere, poll nowhere",
        "AV711 1 2 3",
    ),
    "poll after completion": ("create, wait, poll, poll, content, poll", "AV712 3 5"),
    "poll after failure": ("fails, create, wait, poll, tick, poll", "AV712 3"),
    "polls of two jobs after their ends": (
        "create, wait, poll, create b, poll 1, wait, poll 2, poll 2",
        "AV712 4, AV712 6",
    ),
    "download of a new job": ("create, content", "AV713 2"),
    "download of a pending job": ("create, poll, content, wait, poll, content", "AV713 3"),
    "download of a listed pending job": ("create, list, content, poll", "AV713 3"),
    "download of a failed job": ("fails, create, wait, poll, content", "AV714 3"),
    "download of a listed failed job": ("fails, create, wait, list, content", "AV714 3"),
    "duplicate job": ("create, create, poll 2", "AV715 1 2"),
    "two duplicate jobs": ("create, create, create, poll 3", "AV715 1 2 3"),
    "duplicate of a followed job": ("create, create, create, poll 1, poll 3", "AV715 2 3"),
    "duplicate after a rejected create": (
        "create, 400 create, create, create, poll",
        "AV715 1 3, AV716 3",
    ),
    "retry after a 400": ("400 create, create, create, poll", "AV716 2"),
    "retries after a 400 and a 401": (
        "400 create, create, 401 create, create, create",
        "AV716 2, AV716 3, AV736 3",
    ),
    "second poll of a deleted job": ("create, wait, list, delete, poll, poll", "AV716 5"),
}


@pytest.mark.parametrize(("script", "expected"), MISUSES.values(), ids=MISUSES)
def test_misuse_of_a_job_is_reported(document: Document, script: str, expected: str) -> None:
    assert script_codes(document, script) == expected.split(", ")


PROPER_USES = {
    "no request": "wait",
    "two equal creates, both polled": "create, create, poll 2, poll 1",
    "two equal creates, listed": "create, create, list",
    "created again after a failure": "fails, create, wait, poll, create, wait, poll",
    "polled until the end": "create, poll, tick, poll, tick, poll, wait, poll",
    "polled once after a list with the end": "create, wait, list, poll, content",
    "polled once after a create with the end": "done, create, poll, content",
    "listed after the end": "create, wait, poll, list, list",
    "two jobs polled in turn": (
        "create a, create b, poll 1, poll 2, tick, poll 2, poll 1, wait, poll 2, poll 1"
    ),
    "downloaded after a list": "create, wait, list, content",
    "downloaded after a create with the end": "done, create, content",
    "downloaded twice": "create, wait, poll, content, content",
    "downloaded without a poll": "create, wait, content",
    "polled once after a delete": "create, wait, poll, delete, poll",
    "downloaded once after a delete": "create, wait, poll, delete, content",
    "deleted twice": "create, wait, poll, delete, delete",
    "deleted too early and again": "create, delete, wait, poll, delete",
    "failed and deleted": "fails, create, wait, poll, delete",
}


@pytest.mark.parametrize("script", PROPER_USES.values(), ids=PROPER_USES)
def test_proper_use_of_a_job_is_not_reported(document: Document, script: str) -> None:
    assert script_codes(document, script) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("poll nowhere", ["AV711 1"]),
        ("create, wait, poll, poll", ["AV712 3"]),
        ("create, list, content, poll", ["AV713 3"]),
        ("fails, create, wait, poll, content", ["AV714 3"]),
        ("create, create, poll 2", ["AV715 1 2"]),
        ("400 create, create, create, poll", ["AV716 2"]),
        ("create, wait, poll, content, delete, poll", []),
    ],
)
def test_use_of_jobs_of_another_api_is_checked(
    other_document: Document, script: str, expected: list[str]
) -> None:
    assert script_codes(other_document, script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("429 create, 429 create, create, create, create, 429 poll, poll, poll", []),
        ("504 poll, create, poll, poll", []),
        ("create, wait, poll, remix, wait, poll", []),
        ("create, remix 1, wait, poll 1, remix 1, poll 2", ["AV713 2"]),
        ("fails, create, wait, poll, remix 1", ["AV714 3"]),
        ("create, wait, poll, remix 1, remix 1, poll 3", ["AV715 3 4"]),
        ("create, wait, poll, 503 content, content, content, 429 delete, delete, delete", []),
        ("404 list, list, list", ["AV716 2"]),
    ],
)
def test_remixes_and_errors_of_the_bundled_api_are_checked(
    document: Document, script: str, expected: list[str]
) -> None:
    assert script_codes(document, script) == expected


MESSAGES = {
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


@pytest.mark.parametrize(("script", "message"), MESSAGES.items())
def test_message_about_a_misuse(document: Document, script: str, message: tuple[str, str]) -> None:
    (violation,) = check_client(document, run_script(document, script))
    assert (violation.received, violation.expected) == message


def test_message_about_an_unknown_job_lists_the_latest_known_ids(document: Document) -> None:
    history = run_script(document, "create a, create b, create c, create d, poll nowhere, list")
    (violation,) = check_client(document, history)
    created = [json_of(reply_number(history, number))["id"] for number in (2, 3, 4)]
    assert violation.expected == f"one of {', '.join(created)}"


def test_download_of_a_failed_job_is_reported_even_if_it_succeeds(document: Document) -> None:
    failed = json_reply({"id": "job-1", "status": "failed"})
    history = [
        make_exchange(document, JobRole.POLL, failed),
        make_exchange(document, JobRole.RESULT, Reply(200)),
    ]
    assert client_codes(document, history) == ["AV714 2"]


def with_keys(history: History, *keys: str) -> History:
    """The same requests, each with one of these API keys."""
    return [
        replace(item, call=replace(item.call, headers={**item.headers, "authorization": key}))
        for item, key in zip(history, (f"Bearer {key}" for key in keys), strict=True)
        if isinstance(item, Exchange)
    ]


def test_each_api_key_knows_only_its_own_jobs(document: Document) -> None:
    polls = run_script(document, "create, wait, poll, poll")
    assert client_codes(document, with_keys(polls, "a", "a", "a")) == ["AV712 3"]
    assert client_codes(document, with_keys(polls, "a", "a", "b")) == []
    four = with_keys([*polls, polls[-1]], "a", "a", "b", "b")
    assert client_codes(document, four) == ["AV712 4"]
    files = run_script(document, "fails, create, wait, poll, content")
    assert client_codes(document, with_keys(files, "a", "a", "b")) == []
    unknown = run_script(document, "404 poll, poll a")
    history = with_keys([*polls[:2], polls[0], *unknown], "a", "a", "b", "b")
    assert client_codes(document, history) == ["AV711 4"]


def test_message_about_the_job_of_another_api_key(document: Document) -> None:
    create, poll = run_script(document, "create, 404 poll, poll")
    (violation,) = check_client(document, with_keys([create, poll], "a", "b"))
    assert (violation.code, violation.received, violation.expected) == (
        "AV711",
        f"{ID}, which belongs to another API key: response no. 1 returned it",
        "the id of a created job; none was created with this API key so far",
    )
    history = run_script(document, "create a, create b, 404 poll, poll 1")
    violation = check_client(document, with_keys(history, "a", "b", "b"))[-1]
    assert (violation.code, violation.expected) == (
        "AV711",
        f"one of {json_of(reply_number(history, 2))['id']}",
    )
    without_key = with_keys([create, poll], "a", "")
    assert "belongs to another API key" in str(check_client(document, without_key)[-1])


def test_polls_of_two_api_keys_are_independent(document: Document) -> None:
    script = "hint none, slow, sleep 0, create, poll, sleep 0.1, poll, sleep 9"
    history = run_script(document, script)
    assert client_codes(document, with_keys(history, "a", "a", "a")) == ["AV731 3"]
    assert client_codes(document, with_keys(history, "a", "a", "b")) == []


def test_path_parameter_of_an_operation_without_a_role_is_not_a_job(
    other_document: Document,
) -> None:
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
    assert client_codes(document, [read_exchange(document, call, Reply(404), at=0)]) == []


STEPS = st.one_of(
    st.builds("{} {}".format, st.sampled_from(["look", "fetch", "drop"]), st.integers(1, 3)),
    st.sampled_from(["tick", "wait", "list"]),
)


@pytest.mark.parametrize("fixture", ["document", "other_document"], ids=["videos", "renderings"])
@given(data=st.data())
def test_client_that_follows_the_rules_has_no_violations(
    request: pytest.FixtureRequest, fixture: str, data: st.DataObject
) -> None:
    document: Document = request.getfixturevalue(fixture)
    creates = data.draw(
        st.lists(
            st.sampled_from(["create", "fails, create", "done, create"]), min_size=3, max_size=3
        )
    )
    steps = data.draw(st.lists(STEPS, max_size=25))
    last = ["wait", *(f"{word} {n}" for word in ("look", "fetch", "drop") for n in (1, 2, 3))]
    history = run_script(document, ", ".join([*creates, *steps, *last]))
    assert check_client(document, history) == ()
    deletes = [e for e in history if isinstance(e, Exchange) and e.role is JobRole.DELETE]
    assert [e.accepted for e in deletes] == [True] * 3
