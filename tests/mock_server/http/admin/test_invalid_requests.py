"""Nonsense of every kind at every control call: an answer with a reason, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from aisa_testkit.mock_server import JobService, RandomIds, SystemClock, create_app
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json

Ask = Callable[..., httpx2.Response]
SPEED, ADVANCE = "PUT /__admin/clock", "POST /__admin/clock"
FAULT, SCENARIO = "POST /__admin/faults", "POST /__admin/scenarios"
FAIL, COMPLETE = "POST /__admin/jobs/{job}/fail", "POST /__admin/jobs/{job}/complete"
RESET = "POST /__admin/reset"
CALLS = [SPEED, ADVANCE, FAULT, SCENARIO, FAIL, COMPLETE, RESET]


class Mock(NamedTuple):
    """A mock whose time stands still, with a pending job, a fault and choices."""

    service: JobService
    client: TestClient
    job_id: str

    def ask(self, request_line: str, body: bytes = b"") -> httpx2.Response:
        method, path = request_line.format(job=self.job_id).split(" ", 1)
        return self.client.request(method, path, content=body)

    def state(self) -> Json:
        """All that a control call could change."""
        paths = ("clock", "jobs", "faults", "scenarios")
        return [self.ask(f"GET /__admin/{path}").json() for path in paths]


@pytest.fixture(scope="module")
def mock(document: Document) -> Iterator[Mock]:
    """One for all: no nonsense may spoil it for the next."""
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: 7.0)
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
    with TestClient(create_app(service=service)) as client:
        key = {"authorization": "Bearer sk-test"}
        job = client.post("/v1/videos", json={"prompt": "A lighthouse"}, headers=key).json()
        mock = Mock(service, client, job["id"])
        mock.ask(FAULT, b'{"operation": "listVideos", "status": 503}')
        mock.ask(SCENARIO, b'{"scenario": "fails", "next": 3}')
        mock.ask(SPEED, b'{"speed": 2}')
        yield mock


def test_what_is_to_be_kept_from_harm_is_there(mock: Mock) -> None:
    clock, jobs, faults, scenarios = mock.state()
    assert (clock["speed"], len(jobs["jobs"]), len(faults["faults"])) == (2.0, 1, 1)
    assert scenarios["chosen"]["next"] == ["fails"] * 3


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{speed: 2}", id="what JavaScript would take"),
        pytest.param(b'{"speed": NaN}', id="not a number"),
        pytest.param(b'{"speed": 2', id="cut off"),
        pytest.param(b"\xff\xfe\x00", id="not UTF-8"),
        pytest.param(b"\x00", id="a zero byte"),
        pytest.param(b'{"code": "\\ud800"}', id="half a character"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b"speed=2", id="a form"),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_body_that_is_no_json_is_refused(mock: Mock, call: str, body: bytes) -> None:
    before = mock.state()
    refused = mock.ask(call, body)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("the body: must be JSON, not ")
    assert mock.state() == before


@pytest.mark.parametrize(
    "body",
    [
        *(b"null", b"true", b"3", b'"speed"', b"[]", b'[{"speed": 2}]'),
        pytest.param(b"[" * 900 + b"]" * 900, id="a deep array"),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_a_body_that_is_no_object_is_refused(mock: Mock, call: str, body: bytes) -> None:
    before = mock.state()
    refused = mock.ask(call, body)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("the body: must be of type object, not ")
    assert len(refused.json()["error"]) < 300
    assert mock.state() == before


@pytest.mark.parametrize("depth", [62, 63, 240, 300, 900])
def test_a_fault_may_be_nested_as_deep_as_can_be_told_again(mock: Mock, depth: int) -> None:
    before = mock.state()
    value = b"[" * depth + b"]" * depth
    answer = mock.ask(FAULT, b'{"operation": "listVideos", "change": {"/data": %b}}' % value)
    if depth == 62:
        assert answer.status_code == 200
        mock.ask(f"DELETE /__admin/faults/{answer.json()['id']}")
    else:
        reason = "the body: must be nested at most 64 levels deep"
        assert (answer.status_code, answer.json()) == (400, {"error": reason})
    assert mock.state() == before


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_word_is_refused(mock: Mock, call: str) -> None:
    known: dict[str, dict[str, Json]] = {
        SPEED: {"speed": 3},
        ADVANCE: {"advance": 3},
        FAULT: {"status": 500},
        SCENARIO: {"scenario": "completes"},
    }
    before = mock.state()
    refused = mock.ask(call, orjson.dumps({**known.get(call, {}), "sp\need": 3}))
    assert refused.status_code == 400
    expected = "'/sp\\need': is not known here"
    if call in (COMPLETE, RESET):
        expected = "the body: must have at most 0 entries, not 1"
    assert refused.json()["error"] == expected
    assert mock.state() == before


@pytest.mark.parametrize(
    ("call", "body", "reason"),
    [
        (SPEED, b"", "the body: must be JSON, not ''"),
        (SPEED, b"{}", "the body: must have at least 1 entry, not 0"),
        (SPEED, b'{"speed": 0}', "/speed: must be at least 1e-06, not 0"),
        (SPEED, b'{"speed": -1}', "/speed: must be at least 1e-06, not -1"),
        (SPEED, b'{"speed": 1e10}', "/speed: must be at most 1000000000, not 10000000000.0"),
        (SPEED, b'{"speed": 1e400}', "the body: must be JSON, not "),
        (SPEED, b'{"speed": true}', "/speed: must be of type number, not True"),
        (SPEED, b'{"speed": "2"}', "/speed: must be of type number, not '2'"),
        (SPEED, b'{"speed": null}', "/speed: must be of type number, not None"),
        (SPEED, b'{"freeze": 1}', "/freeze: must be of type boolean, not 1"),
        (SPEED, b'{"speed": 3, "freeze": "no"}', "/freeze: must be of type boolean, not 'no'"),
        (SPEED, b'{"freeze": true, "speed": -2}', "/speed: must be at least 1e-06, not -2"),
        (ADVANCE, b"{}", "/advance: is required"),
        (ADVANCE, b'{"advance": -0.5}', "/advance: must be at least 0, not -0.5"),
        (ADVANCE, b'{"advance": false}', "/advance: must be of type number, not False"),
        (ADVANCE, b'{"advance": 1e300}', "/advance: must be at most 1000000000, not 1e+300"),
        (FAIL, b'{"code": 5}', "/code: must be of type string, not 5"),
        (FAIL, b'{"code": ""}', "/code: must have at least 1 character, not 0"),
        (COMPLETE, b'{"code": "generation_failed"}', "the body: must have at most 0 entries"),
        (FAULT, b"{}", "says nothing that goes wrong"),
        (FAULT, b'{"operation": "nonsense", "status": 500}', "/operation: "),
        (FAULT, b'{"status": 200}', "/status: must be at least 400, not 200"),
        (FAULT, b'{"status": 500, "times": -1}', "/times: must be at least 1, not -1"),
        (FAULT, b'{"status": 500, "probability": 2}', "/probability: must be at most 1, not 2"),
        (FAULT, b'{"latency": {"uniform": [1]}}', "/latency/uniform: must have at least 2 entries"),
        (SCENARIO, b'{"next": 3}', "/scenario: is required"),
        (SCENARIO, b'{"scenario": "nonsense"}', "/scenario: "),
        (SCENARIO, b'{"scenario": "fails", "next": 0}', "/next: must be at least 1, not 0"),
        (SCENARIO, b'{"scenario": "fails", "next": 1.5}', "/next: must be of type integer"),
        (SCENARIO, b'{"scenario": "fails", "share": 1.1}', "/share: must be at most 1, not 1.1"),
        (SCENARIO, b'{"scenario": "fails", "share": 0.1, "next": 1}', ""),
        (RESET, b'{"jobs": true}', "the body: must have at most 0 entries, not 1"),
        ("GET /__admin/jobs?limit=0", b"", "limit: must be at least 1, not 0"),
        ("GET /__admin/jobs?limit=1001", b"", "limit: must be at most 1000, not 1001"),
        ("GET /__admin/jobs?limit=1.0", b"", "limit: must be of type integer, not '1.0'"),
        ("GET /__admin/jobs?limit=" + "9" * 5000, b"", "limit: must be of type integer, not '99"),
        ("GET /__admin/jobs?limit=1&limit=1", b"", "limit: must be given once, not twice"),
        ("GET /__admin/jobs?after=video_0", b"", "after: must be the id of a job, not 'video_0'"),
        ("GET /__admin/jobs?before=1", b"", "before: must be one of limit, after"),
        ("GET /__admin/clock?now=1", b"", "now: no parameter is known here"),
        ("GET /__admin/requests?status=600", b"", "status: must match "),
        ("GET /__admin/requests?since=-1", b"", "since: must be at least 0, not -1"),
        ("GET /__admin/requests?until=nan", b"", "until: must be of type number, not 'nan'"),
        ("GET /__admin/requests?order=upwards", b"", "order: must be one of 'oldest', 'newest'"),
        ("DELETE /__admin/faults?id=fault-1", b"", "id: no parameter is known here"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else value.decode(),
)
def test_what_cannot_be_is_refused_with_its_place(
    mock: Mock, call: str, body: bytes, reason: str
) -> None:
    before = mock.state()
    refused = mock.ask(call, body)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith(reason)
    assert refused.json()["error"]
    assert mock.state() == before


@pytest.mark.parametrize(
    "call",
    [
        *("GET /__admin/jobs/nobody", "POST /__admin/jobs/nobody/complete"),
        *("POST /__admin/jobs/nobody/fail", "DELETE /__admin/faults/nobody"),
        *("GET /__admin/jobs/%0A", "DELETE /__admin/faults/%00", f"GET /__admin/jobs/{'a' * 5000}"),
    ],
    ids=lambda value: value[:40],
)
def test_an_unknown_id_is_refused(mock: Mock, call: str) -> None:
    before = mock.state()
    refused = mock.ask(call)
    assert refused.status_code == 404
    assert refused.json()["error"].startswith("id: must be ")
    assert len(refused.json()["error"]) < 200
    assert mock.state() == before


WORDS = st.sampled_from(
    [
        *("speed", "freeze", "advance", "code", "scenario", "next", "share", "operation", "status"),
        *("times", "nth", "every", "latency", "uniform", "lognormal", "drop", "change", "cut"),
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["fails", "createVideo", "/status", "uniform"])
    | st.text(max_size=20),
    lambda below: st.lists(below) | st.dictionaries(WORDS | st.text(max_size=5), below),
    max_leaves=20,
)


def encoded(data: Json) -> bytes:
    """As JSON, also where numbers are too large for most readers."""
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError:
        return repr(data).encode(errors="replace")


@settings(max_examples=150)
@given(call=st.sampled_from(CALLS), body=JSON.map(encoded) | st.binary(max_size=50))
def test_whatever_comes_is_done_or_refused_and_then_changes_nothing(
    mock: Mock, call: str, body: bytes
) -> None:
    before = mock.state()
    answer = mock.ask(call.format(job="nobody") if call in (FAIL, COMPLETE) else call, body)
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert answer.json().keys() == {"error"}
        assert mock.state() == before
