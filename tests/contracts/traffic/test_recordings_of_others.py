"""Recordings of browsers and proxies: what they lost or changed is not the fault of a server."""

from __future__ import annotations

import gzip
import zlib
from base64 import b64encode
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import check_server
from aisa_testkit.contracts.errors import RecordingError
from aisa_testkit.contracts.traffic.recording import Recording, read_recording
from aisa_testkit.openapi import Document
from tests.support.codes import codes
from tests.support.har_files import AUTHORIZATION, JSON, KEY, entry, har, post_entry
from tests.support.jobs import completed_video_json, video_json

JOB = "https://api.aisa.one/v1/videos/video_1"
CREATED_AT = 1_780_000_000
FORM = "multipart/form-data; boundary=b"


def read(document: Document, *entries: Any) -> Recording:
    return read_recording(document, har(*entries))


def found(document: Document, recording: Recording) -> list[str]:
    return codes(check_server(document, recording.exchanges))


def exchange(method: str, url: str, body: Any, second: float = 40.5, **more: Any) -> Any:
    """An entry with a response in JSON, at a second of the minute in which the job is created."""
    text = orjson.dumps(body).decode()
    content = {"size": len(text), "mimeType": "application/json", "text": text}
    recorded = entry(method, url, headers=[AUTHORIZATION], content=content, **more)
    return recorded | {"startedDateTime": f"2026-05-28T20:26:{second:06.3f}Z"}


def created(**more: Any) -> Any:
    post = {"mimeType": "application/json", "text": '{"prompt":"A lighthouse"}'}
    body = video_json(id="video_1", prompt="A lighthouse", created_at=CREATED_AT)
    return exchange("POST", "https://api.aisa.one/v1/videos", body, request={"postData": post})


def completed(second: float = 52.5) -> Any:
    times = {"created_at": CREATED_AT, "completed_at": CREATED_AT + 10}
    expires = {"expires_at": CREATED_AT + 86_400}
    body = completed_video_json(id="video_1", prompt="A lighthouse", **times, **expires)
    return exchange("GET", JOB, body, second)


def deleted() -> Any:
    body = {"id": "video_1", "object": "video.deleted", "deleted": True}
    return exchange("DELETE", JOB, body, 56.5)


def missing(second: float = 58.5) -> Any:
    error: dict[str, Any] = {
        "message": "No such video",
        "type": "invalid_request_error",
        "param": None,
    }
    error |= {"code": "resource_not_found", "request_id": "req_1"}
    recorded = exchange("GET", JOB, {"error": error}, second, status=404)
    return with_header(recorded, "x-request-id", "req_1")


def with_content(recorded: Any, **content: Any) -> Any:
    recorded["response"]["content"] = {"mimeType": "application/json", **content}
    return recorded


def with_header(recorded: Any, name: str, value: str) -> Any:
    recorded["response"]["headers"] = [*recorded["response"]["headers"], header(name, value)]
    return recorded


def header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def with_key(recorded: Any, value: str) -> Any:
    recorded["request"]["headers"] = [header("Authorization", value)]
    return recorded


def download(text: str | None, size: int, **content: str) -> Any:
    recorded = entry("GET", f"{JOB}/content", headers=[AUTHORIZATION])
    recorded["startedDateTime"] = "2026-05-28T20:26:55.500Z"
    recorded["response"] |= {
        "headers": [header("Content-Type", "video/mp4"), header("Content-Length", str(size))],
        "content": {"size": size, "mimeType": "video/mp4", "text": text, **content},
    }
    return recorded


def test_recording_of_a_job_has_no_violations(document: Document) -> None:
    recording = read(document, created(), completed(), deleted(), missing())
    assert (found(document, recording), recording.notes) == ([], ())


@pytest.mark.parametrize("status", [-1, 0, None])
def test_aborted_requests_are_not_checked(document: Document, status: int | None) -> None:
    aborted = with_content(exchange("GET", JOB, {}, 44.5, status=status), size=-1)
    aborted |= {"time": -1}
    aborted["response"] |= {"headers": [], "_error": "net::ERR_ABORTED"}
    recording = read(document, created(), aborted, aborted, completed())
    assert found(document, recording) == []
    assert recording.notes == ("2 requests were aborted and cannot be checked",)


@pytest.mark.parametrize(
    "content",
    [
        {"size": -1},
        {"size": 65},
        {"size": 65, "text": ""},
        {"size": 65, "text": '{"id":"video_1","obj'},
        {},
    ],
    ids=["size -1", "size without text", "empty text", "cut off", "nothing"],
)
def test_response_whose_body_was_not_kept_is_not_checked(document: Document, content: Any) -> None:
    incomplete = with_content(deleted(), **content)
    recording = read(document, created(), completed(), incomplete, incomplete, missing())
    assert found(document, recording) == []
    assert recording.notes == ("2 exchanges were recorded without a body and cannot be checked",)


def test_response_without_content_is_not_checked(document: Document) -> None:
    incomplete = deleted()
    del incomplete["response"]["content"]
    assert found(document, read(document, created(), completed(), incomplete)) == []


@pytest.mark.parametrize(
    "content", [{"size": 0}, {"size": 0, "text": ""}, {"size": 4, "text": "oops"}], ids=repr
)
def test_body_that_was_kept_and_is_not_json_is_reported(document: Document, content: Any) -> None:
    assert "AV105" in found(document, read(document, created(), with_content(deleted(), **content)))


@pytest.mark.parametrize(
    ("sizes", "headers", "kept"),
    [
        ({"bodySize": 25}, [], False),
        ({"bodySize": -1}, [], False),
        ({"bodySize": 0}, [header("Content-Length", "25")], False),
        ({"bodySize": 0}, [], True),
        ({}, [header("Content-Length", "0")], True),
    ],
    ids=["size", "unknown size", "Content-Length", "empty", "Content-Length 0"],
)
def test_request_without_post_data_is_checked_only_if_it_was_empty(
    document: Document, sizes: Any, headers: Any, *, kept: bool
) -> None:
    without_body = created()
    del without_body["request"]["postData"]
    without_body["request"] |= sizes
    without_body["request"]["headers"] = [AUTHORIZATION, *headers]
    recording = read(document, without_body, completed())
    assert [e.operation_id for e in recording.exchanges] == ["createVideo"] * kept + ["getVideo"]
    assert ("AV110" in found(document, recording)) is kept


def test_request_whose_text_was_cut_off_is_not_checked(document: Document) -> None:
    cut_off = created()
    cut_off["request"] |= {"bodySize": 500}
    cut_off["request"]["postData"]["text"] = '{"prompt":"A ligh'
    recording = read(document, cut_off, completed())
    assert [e.operation_id for e in recording.exchanges] == ["getVideo"]
    with pytest.raises(RecordingError, match="contains no bodies of requests"):
        read(document, cut_off)


def form(*, prompt: str, file: bytes = b"") -> bytes:
    parts = f'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n{prompt}\r\n'.encode()
    if file:
        disposition = 'form-data; name="input_reference"; filename="a.png"'
        head = f"--b\r\nContent-Disposition: {disposition}\r\nContent-Type: image/png\r\n\r\n"
        parts += head.encode() + file + b"\r\n"
    return parts + b"--b--\r\n"


@pytest.mark.parametrize("file", [b"", b"\x89PNG\r\n\x1a\n\x00\xff"], ids=["text", "file"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_forms_are_read_as_latin1_and_as_utf8(
    document: Document, encoding: str, file: bytes
) -> None:
    body = form(prompt="Ein Bär", file=file)
    text = body.decode(encoding, errors="replace")
    recorded = post_entry(mimeType=FORM, text=text, params=[])
    recorded["request"]["bodySize"] = len(body)
    (read_back,) = read(document, recorded).exchanges
    assert read_back.fields["prompt"] == "Ein Bär"
    assert read_back.arguments.problems == ()


COMPRESSED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: b"\x0b\x02\x80" + data[:9],
}


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_responses_are_decompressed_or_not_checked(
    document: Document, encoding: str
) -> None:
    recorded = with_header(completed(), "Content-Encoding", encoding)
    data = COMPRESSED[encoding](recorded["response"]["content"]["text"].encode())
    recorded["response"]["content"] |= {"encoding": "base64", "text": b64encode(data).decode()}
    recording = read(document, created(), recorded)
    assert found(document, recording) == []
    assert (recording.exchanges[1].reply is None) is (encoding == "br")


def test_response_that_the_recorder_decompressed_is_checked(document: Document) -> None:
    recorded = with_header(exchange("GET", JOB, {"id": 3}), "Content-Encoding", "br")
    assert "AV104" in found(document, read(document, created(), recorded))


@pytest.mark.parametrize(
    "data",
    [b"\x1f\x8b", b"\x1f\x8bdamaged", gzip.compress(b"{}", mtime=0)[:-9]],
    ids=["too short", "damaged", "cut off"],
)
def test_damaged_compressed_response_is_not_checked(document: Document, data: bytes) -> None:
    content = {"size": 99, "encoding": "base64", "text": b64encode(data).decode()}
    recorded = with_header(with_content(completed(), **content), "Content-Encoding", "gzip")
    assert read(document, recorded).exchanges[0].reply is None


def test_compressed_request_is_decompressed(document: Document) -> None:
    recorded = created()
    data = gzip.compress(b'{"prompt":"A lighthouse"}')
    recorded["request"]["headers"].append(header("Content-Encoding", "gzip"))
    recorded["request"]["postData"] |= {"text": b64encode(data).decode(), "_encoding": "base64"}
    (read_back,) = read(document, recorded).exchanges
    assert read_back.fields == {"prompt": "A lighthouse"}


@pytest.mark.parametrize(
    ("text", "size"),
    [("\0\0\0 ftypisom" + "\0" * 20, 27_996), ("\0\0\0 ftypisom\ufffd", 15)],
    ids=["bytes lost", "bytes replaced"],
)
def test_file_that_was_recorded_as_text_is_not_checked(
    document: Document, text: str, size: int
) -> None:
    recording = read(document, created(), completed(), download(text, size))
    assert found(document, recording) == []
    assert recording.notes == ("1 exchange was recorded without a body and cannot be checked",)


def test_file_that_was_recorded_as_latin1_is_read(document: Document) -> None:
    data = bytes(range(256))
    recorded = read(document, download(data.decode("latin-1"), len(data)))
    reply = recorded.exchanges[0].reply
    assert reply is not None
    assert reply.body == data


def test_text_that_the_recorder_encoded_again_has_its_own_length(document: Document) -> None:
    recorded = with_header(completed(), "Content-Length", "999")
    recorded["response"]["content"]["size"] = 999
    assert found(document, read(document, created(), recorded)) == []


def test_content_length_that_differs_from_the_body_is_reported(document: Document) -> None:
    recorded = with_header(completed(), "Content-Length", "999")
    assert found(document, read(document, created(), recorded)) == ["AV112"]


@pytest.mark.parametrize("date", ["2026-05-28T20:26:52Z", "2026-05-28T20:26:52.000Z"])
def test_order_of_the_file_counts_if_times_are_whole_seconds(document: Document, date: str) -> None:
    entries = [created(), completed(), deleted(), missing()]
    for recorded, milliseconds in zip(entries, (900, 300, 200, 100), strict=True):
        recorded |= {"startedDateTime": date, "time": milliseconds}
    recording = read(document, *entries)
    assert found(document, recording) == []
    times = [e.at for e in recording.exchanges]
    assert times == sorted(times)


STORAGE = "https://storage.example/a.mp4"


def moved(target: str = STORAGE, status: int = 302, **headers: str) -> Any:
    recorded = download("", 0)
    recorded["response"] |= {
        "status": status,
        "redirectURL": "" if headers else target,
        "headers": [header(name, value) for name, value in headers.items()],
        "content": {"size": 0, "mimeType": ""},
    }
    return recorded


def stored(text: str = "AAEC", size: int = 3, **content: str) -> Any:
    recorded = download(text, size, encoding="base64", **content)
    recorded["request"] |= {"url": STORAGE, "headers": []}
    return recorded | {"time": 7.5}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirected_download_is_checked_like_a_direct_one(document: Document, status: int) -> None:
    recording = read(document, moved(status=status), stored())
    (exchange,) = recording.exchanges
    assert exchange.reply is not None
    assert (exchange.status, exchange.reply.body, exchange.took) == (200, b"\0\1\2", 0.02)
    assert (exchange.operation_id, recording.notes) == ("getVideoContent", ())


def test_redirects_are_followed_by_their_location(document: Document) -> None:
    second = moved(Location="/a.mp4#t=1")
    second["request"]["url"] = "https://storage.example/old"
    first = moved(Location="https://storage.example/old")
    assert read(document, first, second, stored()).exchanges[0].status == 200


@pytest.mark.parametrize(
    "others",
    [
        [],
        [{**stored(), "response": {"status": 200}}],
        [{**stored(), "response": {**entry(status=403)["response"], "headers": [JSON]}}],
        [{**moved(), "request": {"method": "GET", "url": STORAGE, "headers": []}}] * 9,
    ],
    ids=["not recorded", "invalid entry", "error of the storage", "endless"],
)
def test_redirect_whose_response_is_unknown_is_not_checked(document: Document, others: Any) -> None:
    recording = read(document, created(), completed(), moved(), *others)
    assert found(document, recording) == []
    assert "1 exchange was recorded without a body" in " ".join(recording.notes)


def test_redirect_of_a_create_is_reported(document: Document) -> None:
    recorded = created()
    recorded["response"] |= {"status": 303, "redirectURL": JOB}
    assert found(document, read(document, recorded)) == ["AV101"]


@pytest.mark.parametrize(
    "mask", ["[Filtered]", "***", "<redacted>", "REDACTED", "sk-***cdef", "sk-…cdef", "xxxx"]
)
@pytest.mark.parametrize("scheme", ["Bearer ", ""], ids=["scheme", "no scheme"])
def test_masked_key_is_not_an_invalid_key(document: Document, scheme: str, mask: str) -> None:
    entries = [created(), completed(), deleted()]
    recording = read(document, *(with_key(recorded, scheme + mask) for recorded in entries))
    assert found(document, recording) == []


@pytest.mark.parametrize("value", [f"Basic {KEY}", "Bearer", KEY])
def test_malformed_key_that_is_not_masked_is_reported(document: Document, value: str) -> None:
    assert "AV111" in found(document, read(document, with_key(created(), value)))


@pytest.mark.parametrize("keys", [("sk-of-red", "sk-of-blue"), ("sk-***red", "sk-***blue")])
def test_keys_of_a_recording_stay_different(document: Document, keys: tuple[str, str]) -> None:
    red, blue = (f"Bearer {key}" for key in keys)
    recording = read(
        document,
        with_key(created(), red),
        with_key(missing(45.5), blue),
        with_key(completed(), red),
        with_key(missing(), blue),
    )
    first, second, *_ = (e.headers["authorization"] for e in recording.exchanges)
    assert first != second
    assert found(document, recording) == []


def test_job_that_disappears_for_its_own_key_is_reported(document: Document) -> None:
    assert found(document, read(document, created(), completed(), missing())) == ["AV217"]
