"""Recordings: what was recorded is judged as it was live, and what others record can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.errors import RecordingError
from aisa_testkit.contracts.traffic.recording import Recording, read_recording, write_recording
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, Reply

KEY = "sk-live-3cr3t"
BASE = "https://api.invalid/v1"
HINTS = ("openai-poll-after-ms", "retry-after")  # or else a walk polls a thousand times
JSON = {"name": "Content-Type", "value": "application/json"}
KEYED = {"name": "Authorization", "value": f"Bearer {KEY}"}
PNG = "\ufffdPNG\r\n\x1a\n"
Change = Callable[[Call, Reply], Reply | None]


class Local:
    """The mock in process, whose answers are changed on their way."""

    def __init__(self, document: Document, change: Change) -> None:
        self._document, self._change, self._clock = document, change, ManualClock()
        self._service = JobService(document, clock=self._clock, ids=RandomIds(1), api_keys=[KEY])

    def send(self, call: Call) -> Exchange:
        right = self._service.answer(call)
        headers = {name: value for name, value in right.headers.items() if name not in HINTS}
        reply = self._change(call, replace(right, headers=headers))
        return read_exchange(self._document, call, reply, at=self._clock.now(), took=0.25)

    def wait(self, seconds: float) -> None:
        self._clock.advance(seconds)


def walk(document: Document, change: Change = lambda call, reply: reply) -> CheckResult:
    plan = plan_check(document, key=KEY, creates=2)
    server = Local(document, change)
    return CheckRunner(
        document, plan, server, key=KEY, budget=Budget(max_creates=2), policy=CheckPolicy()
    ).run()


def kept(document: Document, verdict: CheckResult) -> bytes:
    return write_recording(document, verdict.history, base_url=BASE, version="1.2.3")


def of_job(operation: str, **fields: Any) -> Change:
    """Changes fields of the good answers of an operation."""

    def change(call: Call, reply: Reply) -> Reply:
        if call.operation_id != operation or reply.status >= 300:
            return reply
        return replace(reply, body=orjson.dumps({**orjson.loads(reply.body), **fields}))

    return change


def cut(call: Call, reply: Reply) -> Reply | None:
    broken = call.operation_id == "listVideos" and reply.status < 300
    return None if broken else reply


def unlocked(call: Call, reply: Reply) -> Reply:
    empty = b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}'
    refused = call.operation_id == "listVideos" and reply.status == 401
    return Reply(200, {"content-type": "application/json"}, empty) if refused else reply


def no_film(call: Call, reply: Reply) -> Reply:
    good = call.operation_id == "getVideoContent" and reply.status == 200
    return replace(reply, body=bytes(range(256))) if good else reply


FAULTS: dict[str, Change] = {
    "none": lambda call, reply: reply,
    "another schema": of_job("getVideo", object="film"),
    "a stamp in milliseconds": of_job("createVideo", created_at=1_780_000_000_000),
    "a stamp too early": of_job("createVideo", completed_at=1_780_000_000),
    "progress falls": of_job("listVideos", data=[]),
    "an answer that broke off": cut,
    "a key is not asked for": unlocked,
    "a film that is none": no_film,
    "bytes that are no text": lambda call, reply: replace(reply, body=b"\xff\0{"),
    "no headers": lambda call, reply: replace(reply, headers={}),
    "an unknown status": lambda call, reply: replace(reply, status=599),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_recording_is_judged_as_the_live_run_was(document: Document, fault: Change) -> None:
    live = walk(document, fault)
    recording = read_recording(document, kept(document, live))
    assert CheckPolicy().violations(document, recording.exchanges) == live.violations
    assert (recording.base_url, len(recording.exchanges)) == (BASE, len(live.history))


def test_a_recording_that_is_kept_once_more_is_the_same(document: Document) -> None:
    once = read_recording(document, kept(document, walk(document))).exchanges
    twice = read_recording(
        document, write_recording(document, once, base_url=BASE, version="1")
    ).exchanges
    assert [(e.call, e.reply, e.took) for e in twice] == [(e.call, e.reply, e.took) for e in once]


def test_a_recording_of_another_api_is_its_own(
    other_document: Document, play: Callable[[Document, str], list[Exchange]]
) -> None:
    history = play(other_document, "create, poll, wait, poll, content, list, drop")
    data = write_recording(other_document, history, base_url=BASE, version="1")
    read = read_recording(other_document, data).exchanges
    assert [(e.operation_id, e.status, e.job_id) for e in read] == [
        (e.operation_id, e.status, e.job_id) for e in history
    ]


def entry(
    method: str = "GET",
    url: str = "https://api.aisa.one/v1/videos/video_1",
    *,
    status: Any = 200,
    headers: Any = (),
    content: Any = None,
    **more: Any,
) -> dict[str, Any]:
    """An entry as others write it, with the least that HAR asks for."""
    body = {"size": 2, "mimeType": "application/json", "text": "{}"}
    return {
        "startedDateTime": "2026-05-28T20:26:40.123Z",
        "time": 12.5,
        "request": {"method": method, "url": url, "headers": [*headers], **more.pop("asked", {})},
        "response": {"status": status, "headers": [JSON], "content": content or body},
        **more,
    }


def posted(**data: Any) -> dict[str, Any]:
    url = "https://api.aisa.one/v1/videos"
    return entry("POST", url, headers=[KEYED], asked={"postData": data})


def har(*entries: Any, **more: Any) -> bytes:
    return orjson.dumps({"log": {"version": "1.2", "entries": entries, **more}})


def read(document: Document, *entries: Any, base_url: str = "") -> Recording:
    return read_recording(document, har(*entries), base_url=base_url)


def test_a_chrome_recording_has_pseudo_headers_and_no_keys(document: Document) -> None:
    pseudo = [{"name": ":authority", "value": "api.aisa.one"}, {"name": ":method", "value": "GET"}]
    chrome = entry(headers=pseudo, _initiator={"type": "other"}, cache={}, pageref="page_1")
    recording = read(document, chrome)
    (exchange,) = recording.exchanges
    assert (exchange.job_id, exchange.status, exchange.took) == ("video_1", 200, 0.0125)
    assert not any(name.startswith(":") for name in exchange.headers)
    assert "holds no keys" in " ".join(recording.notes)
    codes = {v.code for v in CheckPolicy().violations(document, recording.exchanges)}
    assert "AV111" not in codes


def test_a_recording_with_keys_is_judged_for_who_is_let_in(document: Document) -> None:
    recording = read(document, entry(headers=[KEYED]), entry())
    assert recording.notes == ()
    codes = {v.code for v in CheckPolicy().violations(document, recording.exchanges)}
    assert "AV111" in codes


def test_a_film_that_a_browser_did_not_keep_is_no_answer(document: Document) -> None:
    url = "https://api.aisa.one/v1/videos/video_1/content"
    bodiless = entry(url=url, content={"size": 182_000, "mimeType": "video/mp4"})
    recording = read(document, bodiless)
    assert recording.exchanges[0].reply is None
    assert "1 exchange was recorded without a body" in " ".join(recording.notes)
    assert not {"AV224", "AV112", "AV115"} & {
        v.code for v in CheckPolicy().violations(document, recording.exchanges)
    }


@pytest.mark.parametrize(
    "content",
    [{"size": 0, "mimeType": "x-unknown", "text": ""}, {}, {"size": -1, "mimeType": ""}],
    ids=["as Firefox has it", "none", "as Chrome has it"],
)
def test_a_request_that_was_blocked_has_no_reply(document: Document, content: Any) -> None:
    blocked = entry(status=0, content=content)
    blocked["response"]["headers"] = []
    assert read(document, blocked).exchanges[0].reply is None


def test_a_body_in_base64_is_its_bytes(document: Document) -> None:
    content = {"size": 3, "mimeType": "video/mp4", "text": "AAEC", "encoding": "base64"}
    reply = read(document, entry(content=content)).exchanges[0].reply
    assert reply is not None
    assert reply.body == b"\0\1\2"


FORM = "multipart/form-data; boundary=----WebKitFormBoundaryX"
TEXT = (
    '------WebKitFormBoundaryX\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nA cat\r\n'
    '------WebKitFormBoundaryX\r\nContent-Disposition: form-data; name="input_reference";'
    f' filename="a.png"\r\nContent-Type: image/png\r\n\r\n{PNG}\r\n------WebKitFormBoundaryX--\r\n'
)
PARAMETERS = [
    {"name": "prompt", "value": "A cat"},
    {"name": "input_reference", "fileName": "a.png", "contentType": "image/png"},
]


@pytest.mark.parametrize(
    "data",
    [
        {"mimeType": FORM, "text": TEXT},
        {"mimeType": FORM, "text": TEXT, "params": []},
        {"mimeType": FORM, "params": PARAMETERS},
        {"mimeType": FORM, "text": TEXT, "params": PARAMETERS, "comment": "x"},
    ],
    ids=["Chrome", "mitmproxy", "Firefox and Charles", "both"],
)
def test_a_form_is_its_fields_however_it_was_recorded(document: Document, data: Any) -> None:
    (exchange,) = read(document, posted(**data)).exchanges
    assert exchange.fields["prompt"] == "A cat"
    assert exchange.files["input_reference"].filename == "a.png"
    assert exchange.arguments.problems == ()


def test_json_is_its_fields(document: Document) -> None:
    data = {"mimeType": "application/json; charset=utf-8", "text": '{"prompt":"A cat"}'}
    (exchange,) = read(document, posted(**data)).exchanges
    assert exchange.fields["prompt"] == "A cat"


def test_other_hosts_and_other_methods_are_left_out_and_counted(document: Document) -> None:
    others = [
        entry(url="https://elsewhere.example/metrics"),
        entry("OPTIONS"),
        entry(url="https://api.aisa.one/v1/chat/completions"),
    ]
    recording = read(document, *others, entry(headers=[KEYED]))
    assert recording.notes == ("3 requests were left out, being no call of the API",)


@pytest.mark.parametrize(
    "broken",
    [
        {"time": None},
        {"startedDateTime": "yesterday"},
        {"response": {}},
        {"response": None},
        {"request": {"method": "GET", "url": "http://[::1", "headers": []}},
    ],
    ids=["no time", "no date", "an empty answer", "no answer", "no URL"],
)
def test_a_strange_entry_of_another_host_spoils_nothing(document: Document, broken: Any) -> None:
    other = {**entry(url="https://elsewhere.example/"), **broken}
    assert len(read(document, other, entry()).exchanges) == 1


@pytest.mark.parametrize("time", [-1, None, 0], ids=repr)
def test_a_time_that_was_not_measured_is_none(document: Document, time: Any) -> None:
    assert read(document, {**entry(), "time": time}).exchanges[0].took == 0.0


def test_exchanges_are_in_the_order_of_their_answers(document: Document) -> None:
    slow = {**entry(url=f"{BASE}/videos/slow"), "time": 9000}
    fast = {**entry(url=f"{BASE}/videos/fast"), "startedDateTime": "2026-05-28T20:26:41.000Z"}
    assert [e.job_id for e in read(document, slow, fast).exchanges] == ["fast", "slow"]


@pytest.mark.parametrize(
    ("date", "at"),
    [
        ("2026-05-28T22:26:40.500+02:00", 1_780_000_000.5),
        ("2026-05-28T20:26:40.500000Z", 1_780_000_000.5),
        ("2026-05-28T20:26:40Z", 1_780_000_000.0),
    ],
    ids=["Safari", "microseconds", "seconds"],
)
def test_dates_are_read_with_their_offset(document: Document, date: str, at: float) -> None:
    (exchange,) = read(document, {**entry(), "startedDateTime": date, "time": 0}).exchanges
    assert exchange.at == at


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.aisa.one/v1",
        "https://api.aisa.one/v1/",
        "https://API.AISA.one/v1",
        "https://api.aisa.one:443/v1",
    ],
    ids=["as it is", "with a slash", "in capitals", "with its port"],
)
def test_a_base_url_chooses_the_requests_below_it(document: Document, base_url: str) -> None:
    other = entry(url="http://127.0.0.1:4010/v1/videos/video_2")
    recording = read(document, other, entry(headers=[KEYED]), base_url=base_url)
    assert [e.job_id for e in recording.exchanges] == ["video_1"]


def test_a_base_url_is_no_prefix_of_a_longer_word(document: Document) -> None:
    with pytest.raises(RecordingError, match=r"below https://api\.aisa\.one/v;"):
        read(document, entry(), base_url="https://api.aisa.one/v")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "the recording is empty"),
        (b" \n", "the recording is empty"),
        (har(entry())[:-9], "the recording is not whole JSON"),
        (b"<html>", "the recording is not whole JSON"),
        (b"\x1f\x8b\x08", "the recording is not whole JSON"),
        (b"[" * 100_000, "the recording is not whole JSON"),
        (b"[]", "the recording is not HAR: the whole must be of type object"),
        (b"{}", "the recording is not HAR: /log is required"),
        (b'{"log":{}}', "the recording is not HAR: /log/entries is required"),
        (har(3), "none of its 1 requests"),
        (har(), "the recording holds no requests"),
        (har(entry(url="https://h/x")), "none of its 1 requests"),
        (har({**entry(), "startedDateTime": "yesterday"}), "entry 0 of the recording"),
        (har(entry(content={"text": "A", "encoding": "base64"})), "entry 0 of the recording"),
        (har(entry(), _baseUrl=3), "/log/_baseUrl"),
    ],
    ids=[
        *("empty", "blank", "cut off", "HTML", "zipped", "deep", "a list", "no log", "no entries"),
        *("a number", "no entry", "of others", "no date", "damaged base64", "a wrong address"),
    ],
)
def test_what_is_no_recording_is_told_in_one_line(
    document: Document, data: bytes, told: str
) -> None:
    with pytest.raises(RecordingError) as caught:
        read_recording(document, data)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_recording_with_a_byte_order_mark_is_read(document: Document) -> None:
    assert len(read_recording(document, b"\xef\xbb\xbf" + har(entry())).exchanges) == 1


def test_keys_of_others_are_taken_out(document: Document) -> None:
    strange = entry(
        url=f"https://api.aisa.one/v1/videos/video_1?key={KEY}&access_token=t0ken-7&x={KEY}",
        headers=[
            {"name": "authorization", "value": f"bearer {KEY}"},
            {"name": "cookie", "value": "session=c00kie"},
            {"name": "x-api-key", "value": "other-k3y"},
        ],
        content={"size": 9, "mimeType": "application/json", "text": f'{{"a":"{KEY} other-k3y"}}'},
        asked={"cookies": [{"name": "session", "value": "c00kie"}]},
    )
    strange["response"]["headers"].append({"name": "set-cookie", "value": "session=c00kie"})
    exchanges = read(document, strange).exchanges
    made = (
        repr(exchanges) + write_recording(document, exchanges, base_url=BASE, version="1").decode()
    )
    for secret in (KEY, "t0ken-7", "c00kie", "other-k3y"):
        assert secret not in made


def test_a_key_of_one_request_is_taken_out_of_all(document: Document) -> None:
    quoting = entry(content={"size": 9, "mimeType": "application/json", "text": f'"{KEY}"'})
    made = repr(read(document, quoting, entry(headers=[KEYED])).exchanges)
    assert KEY not in made


def test_a_recording_holds_no_key_and_no_file(document: Document) -> None:
    data = kept(document, walk(document))
    assert KEY.encode() not in data
    assert orjson.loads(data)["log"]["creator"] == {"name": "aisa-testkit", "version": "1.2.3"}
