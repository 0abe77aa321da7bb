"""Recordings: ours are checked like live traffic, and those of browsers and proxies are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.errors import RecordingError
from aisa_testkit.contracts.traffic.recording import Recording, read_recording, write_recording
from aisa_testkit.openapi import Call, Document, Reply
from tests.support.changed_server import ChangedServer, ChangeReply
from tests.support.codes import codes
from tests.support.har_files import AUTHORIZATION, KEY, entry, har, post_entry
from tests.support.scripted_client import exchanges_of_script

BASE_URL = "https://api.invalid/v1"
PNG = "\ufffdPNG\r\n\x1a\n"


def run_check(document: Document, change: ChangeReply = lambda call, reply: reply) -> CheckResult:
    plan = plan_check(document, key=KEY, creates=2)
    server = ChangedServer(document, change, KEY)
    return CheckRunner(
        document, plan, server, budget=Budget(max_creates=2), policy=CheckPolicy()
    ).run()


def recorded(document: Document, result: CheckResult) -> bytes:
    return write_recording(document, result.history, base_url=BASE_URL, version="1.2.3")


def with_job_fields(operation: str, **fields: Any) -> ChangeReply:
    """Change fields of the accepted responses of an operation."""

    def change(call: Call, reply: Reply) -> Reply:
        if call.operation_id != operation or reply.status >= 300:
            return reply
        return replace(reply, body=orjson.dumps({**orjson.loads(reply.body), **fields}))

    return change


def without_response(call: Call, reply: Reply) -> Reply | None:
    broken = call.operation_id == "listVideos" and reply.status < 300
    return None if broken else reply


def accepting_requests_without_key(call: Call, reply: Reply) -> Reply:
    empty = b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}'
    rejected = call.operation_id == "listVideos" and reply.status == 401
    return Reply(200, {"content-type": "application/json"}, empty) if rejected else reply


def rejecting_files(call: Call, reply: Reply) -> Reply:
    rejected = call.operation_id == "createVideo" and b"filename=" in call.body
    return replace(reply, status=400) if rejected else reply


def invalid_video(call: Call, reply: Reply) -> Reply:
    accepted = call.operation_id == "getVideoContent" and reply.status == 200
    return replace(reply, body=bytes(range(256))) if accepted else reply


FAULTS: dict[str, ChangeReply] = {
    "none": lambda call, reply: reply,
    "invalid field": with_job_fields("getVideo", object="film"),
    "timestamp in milliseconds": with_job_fields("createVideo", created_at=1_780_000_000_000),
    "timestamp too early": with_job_fields("createVideo", completed_at=1_780_000_000),
    "jobs missing in a list": with_job_fields("listVideos", data=[]),
    "broken connection": without_response,
    "missing API key accepted": accepting_requests_without_key,
    "invalid video": invalid_video,
    "files rejected": rejecting_files,
    "binary bodies": lambda call, reply: replace(reply, body=b"\xff\0{"),
    "no headers": lambda call, reply: replace(reply, headers={}),
    "unknown status": lambda call, reply: replace(reply, status=599),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_recording_has_the_same_violations_as_the_live_check(
    document: Document, fault: ChangeReply
) -> None:
    live = run_check(document, fault)
    recording = read_recording(document, recorded(document, live))
    assert CheckPolicy().violations(document, recording.exchanges) == live.violations
    assert (recording.base_url, len(recording.exchanges)) == (BASE_URL, len(live.history))


def test_recording_that_is_read_and_written_again_is_equal(document: Document) -> None:
    once = read_recording(document, recorded(document, run_check(document))).exchanges
    twice = read_recording(
        document, write_recording(document, once, base_url=BASE_URL, version="1")
    ).exchanges
    assert [(e.call, e.reply, e.took) for e in twice] == [(e.call, e.reply, e.took) for e in once]


def test_recording_of_another_api_is_read(other_document: Document) -> None:
    history = exchanges_of_script(other_document, "create, poll, wait, poll, content, list, drop")
    data = write_recording(other_document, history, base_url=BASE_URL, version="1")
    read = read_recording(other_document, data).exchanges
    assert [(e.operation_id, e.status, e.job_id) for e in read] == [
        (e.operation_id, e.status, e.job_id) for e in history
    ]


def read(document: Document, *entries: Any, base_url: str = "") -> Recording:
    return read_recording(document, har(*entries), base_url=base_url)


def test_chrome_recording_with_pseudo_headers_and_without_keys_is_read(document: Document) -> None:
    pseudo = [{"name": ":authority", "value": "api.aisa.one"}, {"name": ":method", "value": "GET"}]
    chrome = entry(headers=pseudo, _initiator={"type": "other"}, cache={}, pageref="page_1")
    recording = read(document, chrome)
    (exchange,) = recording.exchanges
    assert (exchange.job_id, exchange.status, exchange.took) == ("video_1", 200, 0.0125)
    assert not any(name.startswith(":") for name in exchange.headers)
    assert "contains no API keys" in " ".join(recording.notes)
    violations = CheckPolicy().violations(document, recording.exchanges)
    assert "AV111" not in codes(violations)


def test_recording_with_api_keys_is_checked_for_authentication(document: Document) -> None:
    recording = read(document, entry(headers=[AUTHORIZATION]), entry())
    assert recording.notes == ()
    violations = CheckPolicy().violations(document, recording.exchanges)
    assert "AV111" in codes(violations)


def test_response_without_a_recorded_body_is_not_checked(document: Document) -> None:
    url = "https://api.aisa.one/v1/videos/video_1/content"
    bodiless = entry(url=url, content={"size": 182_000, "mimeType": "video/mp4"})
    recording = read(document, bodiless)
    assert recording.exchanges[0].reply is None
    assert "1 exchange was recorded without a body" in " ".join(recording.notes)
    violations = CheckPolicy().violations(document, recording.exchanges)
    assert not {"AV224", "AV112", "AV115"} & {*codes(violations)}


@pytest.mark.parametrize(
    "content",
    [{"size": 0, "mimeType": "x-unknown", "text": ""}, {}, {"size": -1, "mimeType": ""}],
    ids=["Firefox", "empty", "Chrome"],
)
def test_request_blocked_by_a_browser_has_no_response(document: Document, content: Any) -> None:
    blocked = entry(status=0, content=content)
    blocked["response"]["headers"] = []
    assert read(document, blocked).exchanges[0].reply is None


def test_request_without_a_recorded_body_is_skipped(document: Document) -> None:
    recording = read(
        document, post_entry(mimeType="application/json"), entry(headers=[AUTHORIZATION])
    )
    assert [e.operation_id for e in recording.exchanges] == ["getVideo"]
    assert recording.notes == ("1 exchange was recorded without a body and cannot be checked",)


def test_base64_body_is_decoded(document: Document) -> None:
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
def test_multipart_form_is_read_as_every_recorder_writes_it(document: Document, data: Any) -> None:
    (exchange,) = read(document, post_entry(**data)).exchanges
    assert exchange.fields["prompt"] == "A cat"
    assert exchange.files["input_reference"].filename == "a.png"
    assert exchange.arguments.problems == ()


def test_json_body_is_read(document: Document) -> None:
    data = {"mimeType": "application/json; charset=utf-8", "text": '{"prompt":"A cat"}'}
    (exchange,) = read(document, post_entry(**data)).exchanges
    assert exchange.fields["prompt"] == "A cat"


def test_requests_of_other_apis_are_skipped_and_counted(document: Document) -> None:
    others = [
        entry(url="https://elsewhere.example/metrics"),
        entry("OPTIONS"),
        entry(url="https://api.aisa.one/v1/chat/completions"),
    ]
    recording = read(document, *others, entry(headers=[AUTHORIZATION]))
    assert recording.notes == ("3 requests were skipped because they are not of the API",)


@pytest.mark.parametrize(
    "fields",
    [
        {"time": None},
        {"startedDateTime": "yesterday"},
        {"response": {}},
        {"response": None},
        {"request": {"method": "GET", "url": "http://[::1", "headers": []}},
    ],
    ids=["no time", "no date", "empty response", "no response", "invalid URL"],
)
def test_invalid_entry_of_another_host_is_ignored(document: Document, fields: Any) -> None:
    other = {**entry(url="https://elsewhere.example/"), **fields}
    assert len(read(document, other, entry()).exchanges) == 1


@pytest.mark.parametrize("time", [-1, None, 0], ids=repr)
def test_missing_or_negative_time_is_zero(document: Document, time: Any) -> None:
    assert read(document, {**entry(), "time": time}).exchanges[0].took == 0.0


def test_exchanges_are_in_the_order_of_their_responses(document: Document) -> None:
    slow = {**entry(url=f"{BASE_URL}/videos/slow"), "time": 9000}
    fast = {**entry(url=f"{BASE_URL}/videos/fast"), "startedDateTime": "2026-05-28T20:26:41.000Z"}
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
def test_dates_are_read_with_their_utc_offset(document: Document, date: str, at: float) -> None:
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
    ids=["plain", "trailing slash", "upper case", "with port"],
)
def test_base_url_selects_the_requests_below_it(document: Document, base_url: str) -> None:
    other = entry(url="http://127.0.0.1:4010/v1/videos/video_2")
    recording = read(document, other, entry(headers=[AUTHORIZATION]), base_url=base_url)
    assert [e.job_id for e in recording.exchanges] == ["video_1"]


def test_base_url_does_not_match_a_part_of_a_path_segment(document: Document) -> None:
    with pytest.raises(RecordingError, match=r"below https://api\.aisa\.one/v;"):
        read(document, entry(), base_url="https://api.aisa.one/v")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the recording is empty"),
        (b" \n", "the recording is empty"),
        (har(entry())[:-9], "the recording is not valid JSON"),
        (b"<html>", "the recording is not valid JSON"),
        (b"\x1f\x8b\x08", "the recording is not valid JSON"),
        (b"[" * 100_000, "the recording is not valid JSON"),
        (b"[]", "the recording is not HAR: the root must be of type object"),
        (b"{}", "the recording is not HAR: /log is required"),
        (b'{"log":{}}', "the recording is not HAR: /log/entries is required"),
        (har(3), "contains 1 request, but none of AIsa Videos"),
        (har(), "the recording contains no requests"),
        (har(entry(url="https://h/x")), "contains 1 request, but none of AIsa Videos"),
        (har({**entry(), "startedDateTime": "yesterday"}), "entry 0 of the recording"),
        (har(entry(content={"text": "A", "encoding": "base64"})), "entry 0 of the recording"),
        (har(entry(), _baseUrl=3), "/log/_baseUrl"),
    ],
    ids=[
        *(
            "empty",
            "blank",
            "truncated",
            "HTML",
            "gzip",
            "deeply nested",
            "a list",
            "no log",
            "no entries",
        ),
        *(
            "entries is a number",
            "no entry",
            "other API",
            "no date",
            "invalid base64",
            "invalid base URL",
        ),
    ],
)
def test_invalid_recording_is_reported_in_one_line(
    document: Document, data: bytes, message: str
) -> None:
    with pytest.raises(RecordingError) as caught:
        read_recording(document, data)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_recording_with_a_byte_order_mark_is_read(document: Document) -> None:
    assert len(read_recording(document, b"\xef\xbb\xbf" + har(entry())).exchanges) == 1


def test_keys_tokens_and_cookies_are_redacted(document: Document) -> None:
    entry_of_other_tool = entry(
        url=f"https://api.aisa.one/v1/videos/video_1?key={KEY}&access_token=t0ken-7&x={KEY}",
        headers=[
            {"name": "authorization", "value": f"bearer {KEY}"},
            {"name": "cookie", "value": "session=c00kie"},
            {"name": "x-api-key", "value": "other-k3y"},
        ],
        content={"size": 9, "mimeType": "application/json", "text": f'{{"a":"{KEY} other-k3y"}}'},
        request={"cookies": [{"name": "session", "value": "c00kie"}]},
    )
    entry_of_other_tool["response"]["headers"].append(
        {"name": "set-cookie", "value": "session=c00kie"}
    )
    exchanges = read(document, entry_of_other_tool).exchanges
    text = (
        repr(exchanges)
        + write_recording(document, exchanges, base_url=BASE_URL, version="1").decode()
    )
    for secret in (KEY, "t0ken-7", "c00kie", "other-k3y"):
        assert secret not in text


def test_api_key_of_one_request_is_redacted_in_all(document: Document) -> None:
    quoting = entry(content={"size": 9, "mimeType": "application/json", "text": f'"{KEY}"'})
    text = repr(read(document, quoting, entry(headers=[AUTHORIZATION])).exchanges)
    assert KEY not in text


def test_written_recording_contains_no_api_key(document: Document) -> None:
    data = recorded(document, run_check(document))
    assert KEY.encode() not in data
    assert orjson.loads(data)["log"]["creator"] == {"name": "aisa-testkit", "version": "1.2.3"}
