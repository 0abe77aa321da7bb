"""The journal: limits, threads, export, redaction and listeners."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import orjson
import pytest

from aisa_testkit.contracts import Exchange, Journal, read_exchange
from aisa_testkit.contracts.journal.log import Log
from aisa_testkit.contracts.traffic.recording import read_recording
from aisa_testkit.openapi import Call, Delivery, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.journaled_mock import KEY, JournaledMock

NOW = 1_780_000_000.0


def test_numbers_continue_after_clear(mock: JournaledMock) -> None:
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


def test_oldest_requests_are_dropped_first(document: Document) -> None:
    mock = JournaledMock(document, requests=3)
    for _ in range(5):
        mock.send(JobRole.LIST)
    page = mock.journal.requests({})
    assert [entry["number"] for entry in page["requests"]] == [3, 4, 5]
    assert (page["total"], page["forgotten"]) == (5, 2)


def test_size_of_bodies_is_limited(document: Document) -> None:
    journal = Journal(document, now=lambda: NOW, size=1000)
    for size in (400, 500, 300, 1200, 100):
        journal.answered(Call("createVideo", body=b"x" * size), Reply(200, {}, b"y" * (size // 10)))
        assert journal.size <= 1000
    assert [entry["number"] for entry in journal.requests({})["requests"]] == [5]
    journal.unmatched("GET", "/" + "z" * 2000)
    assert (journal.kept, journal.size) == (0, 0)


class _LookupOnly(dict[str, str]):
    """Headers that allow the lookup of one header, but no iteration."""

    def items(self) -> NoReturn:
        raise AssertionError("the request was parsed while its client waits")

    __iter__ = keys = values = items


def test_request_is_not_parsed_while_its_client_waits(document: Document) -> None:
    journal = Journal(document, now=lambda: NOW)
    headers = _LookupOnly(authorization=f"Bearer {KEY}")
    journal.answered(Call("listVideos", headers=headers), Reply(200, headers))
    assert journal.kept == 1


def test_journal_is_thread_safe(document: Document) -> None:
    mock = JournaledMock(document, requests=500)

    def work(number: int) -> None:
        for _ in range(100):
            mock.send(JobRole.LIST, key=f"{KEY}-{number}")
            mock.journal.unmatched("GET", "/nowhere")
        mock.journal.requests({"limit": "5"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    page = mock.journal.requests({"limit": "1000"})
    assert [entry["number"] for entry in page["requests"]] == list(range(1101, 1601))
    assert (page["total"], page["forgotten"]) == (1600, 1100)


def test_har_export_is_a_recording_of_the_calls(any_mock: JournaledMock) -> None:
    job = any_mock.create()
    any_mock.journal.unmatched("GET", "/nowhere")
    any_mock.send(JobRole.POLL, job_id=job)
    har = any_mock.journal.har({"limit": "1"})
    assert KEY.encode() not in har
    recording = read_recording(any_mock.document, har)
    assert [(e.role, e.job_id) for e in recording.exchanges] == [
        (JobRole.CREATE, None),
        (JobRole.POLL, job),
    ]
    assert recording.exchanges[0].fields == any_mock.create_fields()
    log = orjson.loads(har)["log"]
    assert log["comment"] == "requests left out, because no operation matches: 1"
    only = orjson.loads(any_mock.journal.har({"job": job, "after": "1"}))["log"]
    assert (len(only["entries"]), only["comment"]) == (1, "")


PLACES_OF_A_KEY: dict[str, Callable[[JournaledMock], object]] = {
    "prompt": lambda mock: mock.create(f"my key is {KEY}"),
    "query value": lambda mock: mock.send(JobRole.LIST, query=(("after", KEY),)),
    "query name": lambda mock: mock.send(JobRole.LIST, query=((KEY, "1"),)),
    "path": lambda mock: mock.send(JobRole.POLL, job_id=KEY),
    "unmatched path": lambda mock: mock.journal.unmatched("GET", f"/v1/{KEY}"),
    "encoded unmatched path": lambda mock: mock.journal.unmatched("GET", "/v1/sk%2D" + KEY[3:]),
    "unknown field": lambda mock: mock.send(JobRole.CREATE, fields={"prompt": "a", KEY: KEY}),
    "rejected value": lambda mock: mock.send(JobRole.CREATE, fields={"size": KEY}),
    "response": lambda mock: mock.journal.answered(
        mock.call(JobRole.LIST), Reply(500, {"x-echo": KEY}, KEY.encode())
    ),
    "undelivered response": lambda mock: mock.journal.answered(
        mock.call(JobRole.LIST), Reply(500, {}, KEY.encode(), Delivery(bytes_delivered=3))
    ),
}


@pytest.mark.parametrize("send", PLACES_OF_A_KEY.values(), ids=PLACES_OF_A_KEY.keys())
@pytest.mark.parametrize("sent", ["before", "after", "long ago"])
def test_api_key_is_redacted_everywhere(
    document: Document, send: Callable[[JournaledMock], object], sent: str
) -> None:
    mock, received = JournaledMock(document, requests=5), list[Json]()
    mock.send(JobRole.LIST, key=None if sent == "after" else KEY)
    for _ in range(9 if sent == "long ago" else 0):
        mock.send(JobRole.LIST, key=None)
    mock.journal.listen(received.append)
    send(mock)
    mock.send(JobRole.LIST, key=KEY if sent == "after" else None)
    outputs = [mock.requests(), mock.journal.verdict(), str(mock.journal.client_verdict())]
    outputs += [mock.journal.har({}).decode()]
    if sent != "after":  # a listener is called before the key is known
        outputs += [received]
    text = orjson.dumps(outputs).decode()
    assert KEY not in text
    assert KEY[3:] not in text


def test_api_keys_of_the_server_are_redacted_before_their_first_use(document: Document) -> None:
    mock = JournaledMock(document, keys=[KEY])
    mock.send(JobRole.CREATE, fields={"prompt": f"what is {KEY}?"}, key=None)
    assert KEY not in repr(mock.requests())


def test_listener_receives_each_new_request(any_mock: JournaledMock) -> None:
    received, journal = list[Json](), any_mock.journal
    journal.unmatched("GET", "/before")
    stop = journal.listen(received.append)
    any_mock.create()
    journal.unmatched("GET", "/nowhere")
    assert received == any_mock.requests(after="1")
    stop()
    any_mock.create()
    assert len(received) == 2


def test_exception_of_a_listener_is_logged(
    mock: JournaledMock, caplog: pytest.LogCaptureFixture
) -> None:
    received = list[Json]()

    def broken(data: Json) -> None:
        raise RuntimeError("broken listener")

    stop, _ = mock.journal.listen(broken), mock.journal.listen(received.append)
    with caplog.at_level(logging.ERROR):
        mock.create()
    stop()
    mock.create()
    assert [entry["number"] for entry in received] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "a listener of the journal failed"
    ]


def test_client_time_is_known_once_the_client_waits_by_the_clock(document: Document) -> None:
    known, times = list[bool](), list[float | None]()

    log = Log(
        document, now=lambda: NOW, client_time=lambda: 7.0, knows_client_waits=lambda: bool(known)
    )
    log.add(Call("listVideos"), Reply(200))
    for _ in range(2):
        times += [item.client_time for item in log.requests if isinstance(item, Exchange)]
        known.append(True)
    assert times == [None, 7.0]


def test_request_is_parsed_only_once(document: Document) -> None:
    log = Log(document, now=lambda: NOW)
    log.add(Call("listVideos"), Reply(200))
    assert log.requests[0] is log.requests[0]
    assert log.requests == [read_exchange(document, Call("listVideos"), Reply(200), at=NOW)]
