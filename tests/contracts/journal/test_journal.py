"""The journal: what it keeps of each request, and what it tells of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import Exchange, Journal, read_exchange
from aisa_testkit.contracts.journal.log import Log
from aisa_testkit.contracts.traffic.recording import read_recording
from aisa_testkit.openapi import Call, Delivery, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json

KEY, SHOWN = "sk-aisa-of-a-client-7f3a", "…7f3a"
NOW = 1_780_000_000.0


def test_a_request_is_told_with_all_that_came_and_what_became_of_it(either_mock: Any) -> None:
    job = either_mock.create("a calico cat")
    either_mock.clock.advance(2)
    either_mock.ask(JobRole.RETRIEVE, job=job)
    create, poll = either_mock.requests()
    operation = either_mock.operation(JobRole.CREATE)
    assert create == {
        "number": 1,
        "at": NOW,
        "operation": operation.id,
        "method": "POST",
        "path": either_mock.document.base_path + operation.path,
        "query": {},
        "status": operation.success.status,
        "jobs": [job],
        "key": SHOWN,
        "fields": either_mock.wish("a calico cat"),
        "files": [],
        "violations": [],
        "warnings": [],
        "nearest": None,
        "delivery": None,
    }
    assert (poll["number"], poll["at"], poll["method"]) == (2, NOW + 2, "GET")
    assert (poll["jobs"], job in poll["path"].split("/")) == ([job], True)


def test_a_file_is_told_by_its_name_its_type_and_its_size(mock: Any) -> None:
    image = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    mock.endpoint.respond(
        "POST",
        "/v1/videos",
        query="",
        headers={"content-type": "multipart/form-data; boundary=b"},
        body=b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="cat.png"'
        b"\r\nContent-Type: text/plain\r\n\r\n" + image + b"\r\n--b--\r\n",
    )
    (entry,) = mock.requests()
    assert entry["files"] == [
        {"field": "input_reference", "name": "cat.png", "type": "image/png", "size": 108}
    ]


def test_what_is_wrong_with_a_request_stands_beside_it(mock: Any) -> None:
    mock.create()
    fields = {"seconds": "5", "colour": "red", "prompt": "a cat"}
    mock.ask(JobRole.CREATE, fields=fields, key=None)
    entry = mock.requests()[1]
    assert [(v["code"], v["place"]) for v in entry["violations"]] == [
        ("AV705", "seconds"),
        ("AV706", "authorization"),
    ]
    (warning,) = entry["warnings"]
    assert (warning["code"], warning["numbers"], warning["severity"]) == ("AV707", [2], "warning")
    assert (entry["key"], entry["status"]) == (None, 401)


def test_what_is_wrong_over_time_is_no_matter_of_one_request(mock: Any) -> None:
    mock.ask(JobRole.RETRIEVE, job="video_0")
    mock.create()
    assert [(e["violations"], e["warnings"]) for e in mock.requests()] == [([], []), ([], [])]


@pytest.mark.parametrize(
    ("method", "path", "status", "operation", "difference"),
    [
        ("POST", "/v1/video", 404, "createVideo", "the path has /video where /videos is expected"),
        ("PATCH", "/v1/videos", 405, "listVideos", "the method is PATCH"),
        ("GET", "/videos", 404, "listVideos", "the path lacks /v1"),
    ],
    ids=["a path that is misspelt", "a method that is not taken", "no base path"],
)
def test_a_stray_is_told_with_the_nearest_operation_and_the_first_difference(
    mock: Any, method: str, path: str, status: int, operation: str, difference: str
) -> None:
    reply = mock.endpoint.respond(method, path, query="", headers={}, body=b"")
    (entry,) = mock.requests()
    assert (entry["method"], entry["path"], entry["operation"]) == (method, path, None)
    assert entry["status"] == status == reply.status
    assert (entry["nearest"]["operation"], entry["nearest"]["difference"]) == (
        operation,
        difference,
    )
    assert [v["code"] for v in entry["violations"]] == ["AV701"]


@pytest.mark.parametrize(
    ("delivery", "broken"),
    [(Delivery(delay=2, body_seconds=3), False), (Delivery(bytes_delivered=-1, reset=True), True)],
    ids=["late", "lost"],
)
def test_what_the_mock_did_to_an_answer_on_its_way_is_told(
    either_mock: Any, delivery: Delivery, broken: bool
) -> None:
    call = either_mock.call(JobRole.CREATE, fields=either_mock.wish())
    reply = replace(either_mock.service.answer(call), delivery=delivery)
    either_mock.journal.answered(call, reply)
    (entry,) = either_mock.requests()
    assert entry["status"] == (None if broken else reply.status)
    assert entry["delivery"] == {
        "status": reply.status,
        "delay": delivery.delay,
        "seconds": delivery.body_seconds,
        "broken": broken,
        "arrives": delivery.bytes_delivered,
        "reset": broken,
    }
    # Also a job that the client was never told of.
    assert len(entry["jobs"]) == 1
    assert either_mock.numbers(job=entry["jobs"][0]) == [1]


def test_a_long_text_is_told_by_its_beginning(mock: Any) -> None:
    mock.ask(JobRole.CREATE, fields={"prompt": "x" * 9000, "model": [["y" * 9000]]})
    fields = mock.requests()[0]["fields"]
    assert fields["prompt"] == "x" * 500 + "…"
    assert fields["model"].startswith('[["yyy')
    assert len(fields["model"]) == 501


def test_data_that_is_nested_as_deep_as_it_goes_is_told(mock: Any) -> None:
    body = b'{"prompt":' + b"[" * 900 + b"]" * 900 + b"}"
    mock.journal.answered(
        Call("createVideo", headers={"content-type": "application/json"}, body=body), Reply(400)
    )
    assert orjson.dumps(mock.requests())


def test_numbers_go_on_for_ever(mock: Any) -> None:
    for _ in range(3):
        mock.create()
    mock.journal.clear()
    assert mock.journal.requests({}) == {
        "requests": [],
        "more": False,
        "total": 3,
        "forgotten": 0,
    }
    mock.create()
    assert mock.numbers() == [4]


def test_the_oldest_requests_are_forgotten_first(
    document: Document, journaled: Callable[..., Any]
) -> None:
    mock = journaled(document, requests=3)
    for _ in range(5):
        mock.ask(JobRole.LIST)
    page = mock.journal.requests({})
    assert [entry["number"] for entry in page["requests"]] == [3, 4, 5]
    assert (page["total"], page["forgotten"]) == (5, 2)


def test_bodies_take_up_no_more_than_they_may(document: Document) -> None:
    journal = Journal(document, now=lambda: NOW, size=1000)
    for size in (400, 500, 300, 1200, 100):
        journal.answered(Call("createVideo", body=b"x" * size), Reply(200, {}, b"y" * (size // 10)))
        assert journal.size <= 1000
    assert [entry["number"] for entry in journal.requests({})["requests"]] == [5]
    journal.unmatched("GET", "/" + "z" * 2000)
    assert (journal.kept, journal.size) == (0, 0)


class _Untouched(dict[str, str]):
    """Headers that may be asked for one of them, and not be looked through."""

    def items(self) -> Any:
        raise AssertionError("somebody reads the request while its client waits")

    __iter__ = keys = values = items


def test_a_request_is_only_put_aside_while_its_client_waits(document: Document) -> None:
    journal = Journal(document, now=lambda: NOW)
    headers = _Untouched(authorization=f"Bearer {KEY}")
    journal.answered(Call("listVideos", headers=headers), Reply(200, headers))
    assert journal.kept == 1


def test_threads_do_not_get_in_each_others_way(
    document: Document, journaled: Callable[..., Any]
) -> None:
    mock = journaled(document, requests=500)

    def work(number: int) -> None:
        for _ in range(100):
            mock.ask(JobRole.LIST, key=f"{KEY}-{number}")
            mock.journal.unmatched("GET", "/nowhere")
        mock.journal.requests({"limit": "5"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    page = mock.journal.requests({"limit": "1000"})
    assert [entry["number"] for entry in page["requests"]] == list(range(1101, 1601))
    assert (page["total"], page["forgotten"]) == (1600, 1100)


def test_an_export_is_a_recording_of_the_calls(either_mock: Any) -> None:
    job = either_mock.create()
    either_mock.journal.unmatched("GET", "/nowhere")
    either_mock.ask(JobRole.RETRIEVE, job=job)
    har = either_mock.journal.har({"limit": "1"})
    assert KEY.encode() not in har
    recording = read_recording(either_mock.document, har)
    assert [(e.operation.role, e.job_id) for e in recording.exchanges] == [
        (JobRole.CREATE, None),
        (JobRole.RETRIEVE, job),
    ]
    assert recording.exchanges[0].fields == either_mock.wish()
    log = orjson.loads(har)["log"]
    assert log["comment"] == "requests left out, because no operation matches: 1"
    only = orjson.loads(either_mock.journal.har({"job": job, "after": "1"}))["log"]
    assert (len(only["entries"]), only["comment"]) == (1, "")


SECRETS = {
    "the prompt": lambda mock: mock.create(f"my key is {KEY}"),
    "the query": lambda mock: mock.ask(JobRole.LIST, query=(("after", KEY),)),
    "a name in the query": lambda mock: mock.ask(JobRole.LIST, query=((KEY, "1"),)),
    "the path": lambda mock: mock.ask(JobRole.RETRIEVE, job=KEY),
    "a stray's path": lambda mock: mock.journal.unmatched("GET", f"/v1/{KEY}"),
    "a stray's path, encoded": lambda mock: mock.journal.unmatched("GET", "/v1/sk%2D" + KEY[3:]),
    "an unknown field": lambda mock: mock.ask(JobRole.CREATE, fields={"prompt": "a", KEY: KEY}),
    "a value that is refused": lambda mock: mock.ask(JobRole.CREATE, fields={"size": KEY}),
    "the answer": lambda mock: mock.journal.answered(
        mock.call(JobRole.LIST), Reply(500, {"x-echo": KEY}, KEY.encode())
    ),
    "an answer that was lost": lambda mock: mock.journal.answered(
        mock.call(JobRole.LIST), Reply(500, {}, KEY.encode(), Delivery(bytes_delivered=3))
    ),
}


@pytest.mark.parametrize("act", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("sent", ["before", "after", "long ago"])
def test_a_key_is_told_nowhere(
    document: Document, journaled: Callable[..., Any], act: Callable[[Any], None], sent: str
) -> None:
    mock, told = journaled(document, requests=5), list[Json]()
    mock.ask(JobRole.LIST, key=None if sent == "after" else KEY)
    for _ in range(9 if sent == "long ago" else 0):
        mock.ask(JobRole.LIST, key=None)
    mock.journal.listen(told.append)
    act(mock)
    mock.ask(JobRole.LIST, key=KEY if sent == "after" else None)
    outputs = [mock.requests(), mock.journal.verdict(), str(mock.journal.client_verdict())]
    outputs += [mock.journal.har({}).decode()]
    if sent != "after":  # what is told at once cannot know of a key that is still to come
        outputs += [told]
    text = orjson.dumps(outputs).decode()
    assert KEY not in text
    assert KEY[3:] not in text


def test_keys_that_the_server_knows_are_told_nowhere_before_they_come(
    document: Document, journaled: Callable[..., Any]
) -> None:
    mock = journaled(document, keys=[KEY])
    mock.ask(JobRole.CREATE, fields={"prompt": f"what is {KEY}?"}, key=None)
    assert KEY not in repr(mock.requests())


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sk-aisa-0123456789", "…6789"), ("sk-0123", "…"), (None, None)],
    ids=["a long key", "a short key", "no key"],
)
def test_of_a_key_the_last_four_characters_are_shown(
    either_mock: Any, key: str | None, shown: str | None
) -> None:
    either_mock.ask(JobRole.LIST, key=key)
    assert either_mock.requests()[0]["key"] == shown


def test_who_listens_is_told_of_each_request_as_it_comes(either_mock: Any) -> None:
    told, journal = list[Json](), either_mock.journal
    journal.unmatched("GET", "/before")
    stop = journal.listen(told.append)
    either_mock.create()
    journal.unmatched("GET", "/nowhere")
    assert told == either_mock.requests(after="1")
    stop()
    either_mock.create()
    assert len(told) == 2


def test_a_listener_that_raises_harms_nobody(mock: Any, caplog: pytest.LogCaptureFixture) -> None:
    told = list[Json]()

    def broken(data: Json) -> None:
        raise RuntimeError("a listener of no use")

    stop, _ = mock.journal.listen(broken), mock.journal.listen(told.append)
    with caplog.at_level(logging.ERROR):
        mock.create()
    stop()
    mock.create()
    assert [entry["number"] for entry in told] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "a listener of the journal failed"
    ]


def test_the_time_of_a_client_counts_once_it_is_known_to_wait_by_it(document: Document) -> None:
    knows, read = list[bool](), list[float | None]()

    log = Log(
        document, now=lambda: NOW, client_time=lambda: 7.0, knows_client_waits=lambda: bool(knows)
    )
    log.add(Call("listVideos"), Reply(200))
    for _ in range(2):
        read += [item.client_time for item in log.requests if isinstance(item, Exchange)]
        knows.append(True)
    assert read == [None, 7.0]


def test_what_is_read_once_is_not_read_again(document: Document) -> None:
    log = Log(document, now=lambda: NOW)
    log.add(Call("listVideos"), Reply(200))
    assert log.requests[0] is log.requests[0]
    assert log.requests == [read_exchange(document, Call("listVideos"), Reply(200), at=NOW)]
