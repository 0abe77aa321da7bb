"""Invalid requests to the control API: rejected with a reason, and without any effect."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from aisa_testkit.mock_server import JobService, RandomIds, SystemClock, create_app
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.asgi import KEY

SPEED, ADVANCE = "PUT /__admin/clock", "POST /__admin/clock"
FAULT, SCENARIO = "POST /__admin/faults", "POST /__admin/scenarios"
FAIL, COMPLETE = "POST /__admin/jobs/{job}/fail", "POST /__admin/jobs/{job}/complete"
RESET = "POST /__admin/reset"
OPERATIONS = [SPEED, ADVANCE, FAULT, SCENARIO, FAIL, COMPLETE, RESET]


class AdminClient(NamedTuple):
    """A client of a mock with a frozen clock, a pending job, a fault and chosen scenarios."""

    client: TestClient
    job_id: str

    def send(self, request_line: str, body: bytes = b"") -> httpx2.Response:
        method, path = request_line.format(job=self.job_id).split(" ", 1)
        return self.client.request(method, path, content=body)

    def state(self) -> Json:
        """Everything that a control request can change."""
        paths = ("clock", "jobs", "faults", "scenarios")
        return [self.send(f"GET /__admin/{path}").json() for path in paths]


@pytest.fixture(scope="module")
def admin(document: Document) -> Iterator[AdminClient]:
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: 7.0)
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
    with TestClient(create_app(service=service)) as client:
        job = client.post("/v1/videos", json={"prompt": "A lighthouse"}, headers=KEY).json()
        admin = AdminClient(client, job["id"])
        admin.send(FAULT, b'{"operation": "listVideos", "status": 503}')
        admin.send(SCENARIO, b'{"scenario": "fails", "next": 3}')
        admin.send(SPEED, b'{"speed": 2}')
        yield admin


@pytest.fixture(autouse=True)
def unchanged(admin: AdminClient) -> Iterator[None]:
    """The state of the mock is the same after each test."""
    before = admin.state()
    yield
    assert admin.state() == before


def test_there_is_state_that_an_invalid_request_could_change(admin: AdminClient) -> None:
    clock, jobs, faults, scenarios = admin.state()
    assert (clock["speed"], len(jobs["jobs"]), len(faults["faults"])) == (2.0, 1, 1)
    assert scenarios["chosen"]["next"] == ["fails"] * 3


NOT_JSON = {
    "JavaScript": b"{speed: 2}",
    "NaN": b'{"speed": NaN}',
    "truncated": b'{"speed": 2',
    "not UTF-8": b"\xff\xfe\x00",
    "zero byte": b"\x00",
    "nested too deeply": b"[" * 100_000,
    "URL-encoded form": b"speed=2",
}
NOT_AN_OBJECT = {
    "null": b"null",
    "boolean": b"true",
    "number": b"3",
    "string": b'"speed"',
    "empty array": b"[]",
    "array": b'[{"speed": 2}]',
    "nested array": b"[" * 900 + b"]" * 900,
}


@pytest.mark.parametrize(
    ("operation", "body"), [*zip(cycle(OPERATIONS), NOT_JSON.values(), strict=False)], ids=NOT_JSON
)
def test_body_that_is_not_json_is_rejected(admin: AdminClient, operation: str, body: bytes) -> None:
    rejected = admin.send(operation, body)
    assert rejected.status_code == 400
    assert rejected.json()["error"].startswith("the body must be JSON, not ")


@pytest.mark.parametrize(
    ("operation", "body"),
    [*zip(OPERATIONS, NOT_AN_OBJECT.values(), strict=True)],
    ids=NOT_AN_OBJECT,
)
def test_body_that_is_not_an_object_is_rejected(
    admin: AdminClient, operation: str, body: bytes
) -> None:
    rejected = admin.send(operation, body)
    assert rejected.status_code == 400
    assert rejected.json()["error"].startswith("the body must be of type object, not ")
    assert len(rejected.json()["error"]) < 300


@pytest.mark.parametrize("depth", [62, 63, 300, 900])
def test_fault_must_not_be_nested_deeper_than_64_levels(admin: AdminClient, depth: int) -> None:
    value = b"[" * depth + b"]" * depth
    response = admin.send(FAULT, b'{"operation": "listVideos", "change": {"/data": %b}}' % value)
    if depth == 62:
        assert response.status_code == 200
        admin.send(f"DELETE /__admin/faults/{response.json()['id']}")
    else:
        reason = "the body must be nested at most 64 levels deep"
        assert (response.status_code, response.json()) == (400, {"error": reason})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_field_is_rejected(admin: AdminClient, operation: str) -> None:
    required: dict[str, dict[str, Json]] = {
        SPEED: {"speed": 3},
        ADVANCE: {"advance": 3},
        FAULT: {"status": 500},
        SCENARIO: {"scenario": "completes"},
    }
    rejected = admin.send(operation, orjson.dumps({**required.get(operation, {}), "sp\need": 3}))
    assert rejected.status_code == 400
    expected = "'/sp\\need': is not known here"
    if operation in (COMPLETE, RESET):
        expected = "the body must have at most 0 entries, not 1"
    assert rejected.json()["error"].startswith(expected)


@pytest.mark.parametrize(
    ("operation", "body", "nearest"),
    [
        (SPEED, b'{"sped": 3}', "speed"),
        (FAULT, b'{"status": 503, "operatoin": "create"}', "operation"),
        (FAULT, b'{"status": 503, "operation": "creatVideo"}', "createVideo"),
        (FAULT, b'{"reset": "befor"}', "before"),
        (FAULT, b'{"latency": {"unifrom": [1, 2]}}', "uniform"),
        (FAULT, b'{"drop": "/statu"}', "/status"),
        (SCENARIO, b'{"scenario": "failz"}', "fails"),
        (SCENARIO, b'{"scenaro": "fails"}', "scenario"),
        ("GET /__admin/requests?limt=1", b"", "limit"),
        ("GET /__admin/requests?order=oldst", b"", "oldest"),
        ("GET /__admin/clok", b"", "/clock"),
    ],
)
def test_unknown_word_is_answered_with_the_nearest(
    admin: AdminClient, operation: str, body: bytes, nearest: str
) -> None:
    rejected = admin.send(operation, body)
    assert rejected.status_code in (400, 404)
    assert rejected.json()["error"].endswith(f"; did you mean {nearest}?")


@pytest.mark.parametrize(
    ("operation", "body", "reason"),
    [
        (SPEED, b"", "the body must be JSON, not ''"),
        (SPEED, b"{}", "the body must have at least 1 entry, not 0"),
        (SPEED, b'{"speed": -1}', "/speed: must be at least 1e-06 and at most 1000000000, not -1"),
        (
            SPEED,
            b'{"speed": 1e10}',
            "/speed: must be at least 1e-06 and at most 1000000000, not 10000000000.0",
        ),
        (SPEED, b'{"speed": 1e400}', "the body must be JSON, not "),
        (
            SPEED,
            b'{"speed": true}',
            "/speed: must be of type number, at least 1e-06 and at most 1000000000, not true",
        ),
        (SPEED, b'{"speed": 3, "freeze": "no"}', "/freeze: must be of type boolean, not 'no'"),
        (
            SPEED,
            b'{"freeze": true, "speed": -2}',
            "/speed: must be at least 1e-06 and at most 1000000000, not -2",
        ),
        (ADVANCE, b"{}", "/advance: is required"),
        (
            ADVANCE,
            b'{"advance": -0.5}',
            "/advance: must be at least 0 and at most 1000000000, not -0.5",
        ),
        (FAIL, b'{"code": 5}', "/code: must be of type string, not 5"),
        (FAIL, b'{"code": ""}', "/code: must have at least 1 character, not 0"),
        (COMPLETE, b'{"code": "generation_failed"}', "the body must have at most 0 entries"),
        (FAULT, b"{}", ""),
        (FAULT, b'{"operation": "nonsense", "status": 500}', "/operation: "),
        (FAULT, b'{"status": 200}', "/status: must be at least 400 and at most 599, not 200"),
        (FAULT, b'{"latency": {"uniform": [1]}}', "/latency/uniform: must have at least 2 entries"),
        (SCENARIO, b'{"next": 3}', "/scenario: is required"),
        (SCENARIO, b'{"scenario": "nonsense"}', "/scenario: "),
        (SCENARIO, b'{"scenario": "fails", "next": 1.5}', "/next: must be of type integer"),
        (
            SCENARIO,
            b'{"scenario": "fails", "share": 1.1}',
            "/share: must be at least 0 and at most 1, not 1.1",
        ),
        (SCENARIO, b'{"scenario": "fails", "share": 0.1, "next": 1}', ""),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else value.decode(),
)
def test_invalid_field_is_reported_with_its_pointer(
    admin: AdminClient, operation: str, body: bytes, reason: str
) -> None:
    rejected = admin.send(operation, body)
    assert rejected.status_code == 400
    assert rejected.json()["error"]
    assert rejected.json()["error"].startswith(reason)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("jobs?limit=0", "limit: must be at least 1 and at most 1000, not 0"),
        (
            "jobs?limit=1.0",
            "limit: must be of type integer, at least 1 and at most 1000, not '1.0'",
        ),
        (
            f"jobs?limit={'9' * 5000}",
            "limit: must be of type integer, at least 1 and at most 1000, not '99",
        ),
        ("jobs?limit=1&limit=1", "limit: must be given once, not twice"),
        ("jobs?after=video_0", "after: must be the id of a job, not 'video_0'"),
        ("jobs?before=1", "before: must be one of limit, after"),
        ("clock?now=1", "now: no parameter is known here"),
        ("clock?%0A=1", "'\\n': no parameter is known here"),
        ("requests?status=600", "status: must match "),
        ("requests?since=-1", "since: must be at least 0 and at most 1000000000000, not -1"),
        ("requests?since=1e99", "since: must be at least 0 and at most 1000000000000, not 1e+99"),
        (
            "requests?until=nan",
            "until: must be of type number, at least 0 and at most 1000000000000, not 'nan'",
        ),
        (
            "requests?until=1e400",
            "until: must be of type number, at least 0 and at most 1000000000000, not '1e400'",
        ),
        ("requests?order=upwards", "order: must be one of 'oldest', 'newest'"),
    ],
    ids=lambda value: value[:50],
)
def test_invalid_query_parameter_is_reported_by_name(
    admin: AdminClient, query: str, reason: str
) -> None:
    rejected = admin.send(f"GET /__admin/{query}")
    assert rejected.status_code == 400
    assert rejected.json()["error"].startswith(reason)


@pytest.mark.parametrize(
    "request_line",
    [
        *("GET /__admin/jobs/unknown", "POST /__admin/jobs/unknown/complete"),
        *("POST /__admin/jobs/unknown/fail", "DELETE /__admin/faults/unknown"),
        *("GET /__admin/jobs/%0A", "DELETE /__admin/faults/%00", f"GET /__admin/jobs/{'a' * 5000}"),
    ],
    ids=lambda value: value[:40],
)
def test_unknown_id_is_not_found(admin: AdminClient, request_line: str) -> None:
    rejected = admin.send(request_line)
    assert rejected.status_code == 404
    assert rejected.json()["error"].startswith("id: must be ")
    assert len(rejected.json()["error"]) < 200


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
    """The data as JSON, even if its numbers are too large for most parsers."""
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError:
        return repr(data).encode(errors="replace")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=st.sampled_from(OPERATIONS), body=JSON.map(encoded) | st.binary(max_size=50))
def test_any_request_is_either_accepted_or_rejected_without_effect(
    document: Document, operation: str, body: bytes
) -> None:
    clock = SystemClock(wall=lambda: 1_780_000_000, monotonic=lambda: 7.0)
    app = create_app(service=JobService(document, clock=clock, ids=RandomIds(1), strict=True))
    admin = AdminClient(TestClient(app), "unknown")
    before = admin.state()
    response = admin.send(operation, body)
    assert response.status_code in (200, 400, 404)
    if response.status_code != 200:
        assert response.json().keys() == {"error"}
        assert admin.state() == before
