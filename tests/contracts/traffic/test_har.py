"""Exchanges as entries of HAR 1.2: valid by its schema, and read back equal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.properties import strategies
from aisa_testkit.contracts.traffic.har import entry_from, reply_from, request_from
from aisa_testkit.contracts.traffic.recording import read_recording, write_recording
from aisa_testkit.contracts.traffic.redaction import Redaction
from aisa_testkit.openapi import Call, Document, JobRole, Reply, load_document
from tests.support.operations import find_operation

BASE_URL = "https://api.invalid/v1"
DOCUMENT = load_document()


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXT, NUMBER, SIZE = {"type": "string"}, {"type": "number", "minimum": 0}, {"type": "integer"}
PAIRS = _list(_object("name value", name=TEXT, value=TEXT))
COOKIES = _list(_object("name value", name=TEXT, value=TEXT))
DATE = {"type": "string", "format": "date-time"}
FILE = _object("name", name=TEXT, value=TEXT, fileName=TEXT, contentType=TEXT)
POST_DATA = {
    **_object("mimeType", mimeType=TEXT, text=TEXT, params=_list(FILE)),
    "oneOf": [{"required": ["text"]}, {"required": ["params"]}],
}
REQUEST = _object(
    "method url httpVersion cookies headers queryString headersSize bodySize",
    method=TEXT,
    url={"type": "string", "format": "uri"},
    httpVersion=TEXT,
    cookies=COOKIES,
    headers=PAIRS,
    queryString=PAIRS,
    postData=POST_DATA,
    headersSize=SIZE,
    bodySize=SIZE,
)
RESPONSE = _object(
    "status statusText httpVersion cookies headers content redirectURL headersSize bodySize",
    status=SIZE,
    statusText=TEXT,
    httpVersion=TEXT,
    cookies=COOKIES,
    headers=PAIRS,
    content=_object("size mimeType", size=SIZE, mimeType=TEXT, text=TEXT, encoding=TEXT),
    redirectURL=TEXT,
    headersSize=SIZE,
    bodySize=SIZE,
)
ENTRY = _object(
    "startedDateTime time request response cache timings",
    startedDateTime=DATE,
    time=NUMBER,
    request=REQUEST,
    response=RESPONSE,
    cache=_object(""),
    timings=_object("send wait receive", send=NUMBER, wait=NUMBER, receive=NUMBER),
)
CREATOR = _object("name version", name=TEXT, version=TEXT)
LOG = _object("version creator entries", version={"const": "1.2"}, creator=CREATOR)
LOG["properties"]["entries"] = _list(ENTRY)
HAR = jsonschema_rs.validator_for(_object("log", log=LOG), validate_formats=True)


def exchange(reply: Reply | None, *, at: float = 1_780_000_000.5, **call: Any) -> Exchange:
    sent = Call(find_operation(DOCUMENT, JobRole.LIST).id, **call)
    return read_exchange(DOCUMENT, sent, reply, at=at, took=0.125)


@given(st.data())
def test_any_history_is_valid_har_and_is_read_back_equal(data: st.DataObject) -> None:
    redaction = Redaction(DOCUMENT)
    history = [redaction.redact(e) for e in data.draw(strategies.histories(DOCUMENT))]
    text = write_recording(DOCUMENT, history, base_url=BASE_URL, version="1")
    HAR.validate(orjson.loads(text))
    read = read_recording(DOCUMENT, text).exchanges
    for was, now in zip(history, read, strict=True):
        assert (now.operation_id, now.path, now.reply) == (was.operation_id, was.path, was.reply)
        assert now.call.path_parameters == was.call.path_parameters
        assert (now.fields, now.files.keys()) == (was.fields, was.files.keys())
        assert now.at == pytest.approx(was.at, abs=1e-5)


@given(
    body=st.binary(),
    status=st.integers(100, 999),
    value=st.text(),
    at=st.floats(0, 4e9),
)
def test_any_bytes_are_read_back_equal(body: bytes, status: int, value: str, at: float) -> None:
    reply = Reply(status, {"content-type": "text/plain", "x-odd": value}, body)
    query = (("after", value), ("after", "b"), ("limit", ""))
    entry = entry_from(DOCUMENT, exchange(reply, query=query, at=at), BASE_URL)
    HAR.validate({"log": _log(entry)})
    written = orjson.loads(orjson.dumps(entry))
    assert reply_from(written) == reply
    recorded = orjson.dumps({"log": _log(entry)})
    assert read_recording(DOCUMENT, recorded).exchanges[0].call.query == query


@given(
    body=st.binary(min_size=1), media_type=st.sampled_from(["", "multipart/form-data", "text/x"])
)
def test_body_that_is_not_a_form_is_read_back_equal(body: bytes, media_type: str) -> None:
    call = exchange(None, headers={"content-type": media_type}, body=body)
    entry = orjson.loads(orjson.dumps(entry_from(DOCUMENT, call, BASE_URL)))
    assert request_from(entry) == ({"content-type": media_type}, body)


def _log(*entries: Any) -> dict[str, Any]:
    creator = {"name": "a", "version": "1"}
    return {"version": "1.2", "creator": creator, "pages": [], "entries": [*entries]}


def test_entry_contains_start_and_duration_of_the_request(document: Document) -> None:
    entry = entry_from(document, exchange(Reply(200)), BASE_URL)
    assert entry["startedDateTime"] == "2026-05-28T20:26:40.375000Z"
    assert datetime.fromisoformat(entry["startedDateTime"]).timestamp() == 1_780_000_000.375
    assert (entry["time"], sum(entry["timings"].values())) == (125.0, 125.0)


def test_broken_connection_has_status_0_and_no_response(document: Document) -> None:
    entry = entry_from(document, exchange(None), BASE_URL)
    HAR.validate({"log": _log(entry)})
    assert (entry["response"]["status"], reply_from(entry)) == (0, None)


@pytest.mark.parametrize("was_recorded", [True, False], ids=["broken", "cut off"])
def test_reason_for_a_missing_response_is_read_back(document: Document, was_recorded: bool) -> None:
    missing = replace(exchange(None), problem="it took too long", was_recorded=was_recorded)
    text = write_recording(document, [missing], base_url=BASE_URL, version="1")
    HAR.validate(orjson.loads(text))
    (read,) = read_recording(document, text).exchanges
    assert (read.reply, read.was_recorded) == (None, was_recorded)
    assert read.problem == ("it took too long" if was_recorded else "")


@pytest.mark.parametrize(
    ("status", "phrase"), [(200, "OK"), (404, "Not Found"), (599, ""), (99999, "")]
)
def test_status_has_its_reason_phrase_if_there_is_one(
    document: Document, status: int, phrase: str
) -> None:
    response = entry_from(document, exchange(Reply(status)), BASE_URL)["response"]
    assert (response["status"], response["statusText"]) == (status, phrase)


def test_duplicate_headers_are_joined() -> None:
    pairs = [("Vary", "a"), ("VARY", "b"), (":status", "200"), ("Age", "")]
    headers = [{"name": name, "value": value} for name, value in pairs]
    entry = {"request": {"headers": headers}}
    assert request_from(entry, expects_body=False) == ({"vary": "a, b", "age": ""}, b"")


@pytest.mark.parametrize("at", [253_402_300_800.5, 1e15, 1e300])
def test_time_after_the_last_date_is_written_as_the_last_date(at: float) -> None:
    exchange = read_exchange(DOCUMENT, Call("listVideos"), Reply(200), at=at)
    entry = entry_from(DOCUMENT, exchange, BASE_URL)
    assert entry["startedDateTime"] == "9999-12-31T23:59:59.000000Z"
