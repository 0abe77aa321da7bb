"""Who listens at an endpoint hears of every request, once, with its answer."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls
from aisa_testkit.openapi import Call, Document, Reply

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
BODY = b'{"prompt": "A lighthouse in a storm"}'


class Listener:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.answers: list[tuple[Call, Reply]] = []
        self.misses: list[tuple[str, str]] = []
        self.losses: list[Reply] = []

    def answered(self, call: Call, reply: Reply) -> None:
        self.answers.append((call, reply))

    def unmatched(self, method: str, path: str) -> None:
        self.misses.append((method, path))

    def undelivered(self, reply: Reply) -> None:
        self.losses.append(reply)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def heard(service: JobService, listener: Listener) -> Endpoint:
    """An endpoint that the listener listens at."""
    return Endpoint(service, body_limit=100, observers=[listener])


def ask(endpoint: Endpoint, method: str, target: str, body: bytes = b"") -> Reply:
    path, _, query = target.partition("?")
    return endpoint.respond(method, path, query=query, headers=HEADERS, body=body)


def test_a_call_is_heard_with_all_that_it_says_and_the_very_reply(
    heard: Endpoint, listener: Listener
) -> None:
    made = ask(heard, "POST", "/v1/videos", BODY)
    listed = ask(heard, "GET", "/v1/videos?limit=1&order=asc&order=desc&odd=%20")
    missing = ask(heard, "GET", "/v1/videos/a%2Fb")
    assert listener.answers == [
        (Call("createVideo", {}, (), HEADERS, BODY), made),
        (
            Call(
                "listVideos",
                {},
                (("limit", "1"), ("order", "asc"), ("order", "desc"), ("odd", " ")),
                HEADERS,
                b"",
            ),
            listed,
        ),
        (Call("getVideo", {"video_id": "a/b"}, (), HEADERS, b""), missing),
    ]
    assert [reply.status for _, reply in listener.answers] == [200, 400, 404]
    assert listener.misses == []


def test_errors_that_a_test_asked_for_are_heard(
    heard: Endpoint, listener: Listener, service: JobService
) -> None:
    MockControls(service).fail("createVideo", status=503)
    ask(heard, "POST", "/v1/videos", BODY)
    assert [reply.status for _, reply in listener.answers] == [503]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/vidoes", 404),
        ("GET", "/videos", 404),
        ("PUT", "/v1/videos", 405),
        ("HEAD", "/v1/videos/video_0/remix", 405),
        ("HEAD", "/v1/nowhere", 404),
        ("GET", "/v1/videos/a%2Fb/%63ontent", 404),
    ],
    ids=[
        "slip",
        "no base path",
        "method of no operation",
        "HEAD where there is no GET",
        "HEAD nowhere",
        "percent-encoded",
    ],
)
def test_a_request_that_means_no_operation_is_heard_once_as_it_came(
    heard: Endpoint, listener: Listener, method: str, path: str, status: int
) -> None:
    assert ask(heard, method, path).status == status
    assert (listener.misses, listener.answers) == ([(method, path)], [])


def test_head_is_heard_once_with_the_answer_that_get_would_have(
    heard: Endpoint, listener: Listener, clock: ManualClock
) -> None:
    job_id = orjson.loads(ask(heard, "POST", "/v1/videos", BODY).body)["id"]
    clock.advance(10)
    listener.answers.clear()
    reply = ask(heard, "HEAD", f"/v1/videos/{job_id}/content?variant=thumbnail")
    ((call, answer),) = listener.answers
    assert (call.operation_id, call.query) == ("getVideoContent", (("variant", "thumbnail"),))
    assert (reply.status, reply.body) == (answer.status, b"") == (200, b"")
    assert reply.headers["content-length"] == str(len(answer.body))
    assert listener.misses == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/videos", "/v1/videos/video_0"], ids=["well", "an error"])
def test_a_reply_that_nobody_took_is_named_as_it_was_heard(
    heard: Endpoint, listener: Listener, method: str, path: str
) -> None:
    heard.undelivered(ask(heard, method, path))
    (lost,), ((_, answer),) = listener.losses, listener.answers
    assert lost is answer


def test_a_call_whose_body_is_too_large_is_heard_with_its_refusal(
    heard: Endpoint, listener: Listener
) -> None:
    assert ask(heard, "POST", "/v1/videos", b" " * 101).status == 413
    ask(heard, "POST", "/v1/videos", BODY + b" " * (100 - len(BODY)))
    assert [reply.status for _, reply in listener.answers] == [413, 200]


def test_a_body_that_was_not_read_is_heard_as_none(heard: Endpoint, listener: Listener) -> None:
    """As the server on a socket has it, which reads no further than the limit."""
    refused = heard.respond_body_too_large("POST", "/v1/videos", query="a=b", headers=HEADERS)
    missed = heard.respond_body_too_large("POST", "/v1/vidoes", query="", headers=HEADERS)
    assert listener.answers == [(Call("createVideo", {}, (("a", "b"),), HEADERS, b""), refused)]
    assert (refused.status, missed.status) == (413, 404)
    assert listener.misses == [("POST", "/v1/vidoes")]


def test_the_calls_of_another_document_are_heard_by_their_names(
    other_document: Document, listener: Listener
) -> None:
    endpoint = Endpoint(JobService(other_document, strict=True), observers=[listener])
    ask(endpoint, "GET", "/api/v7/renderings/r-1/film")
    ask(endpoint, "GET", "/v7/renderings/r-1/film")
    ((call, reply),) = listener.answers
    assert (call.operation_id, call.path_parameters, reply.status) == ("film", {"ref": "r-1"}, 401)
    assert listener.misses == [("GET", "/v7/renderings/r-1/film")]
