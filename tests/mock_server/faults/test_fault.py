"""Options of a fault: their meaning, and errors in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.mock_server.errors import ConfigError
from aisa_testkit.mock_server.faults.fault import read_fault
from aisa_testkit.mock_server.faults.scenario import read_scenario
from aisa_testkit.openapi import Call, Document, JobRole, load_document
from aisa_testkit.openapi.json import Json
from tests.support.operations import has_role, only_kind

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')
SLOW = {"latency": 1}


def test_fault_affects_all_operations_unless_one_is_named(document: Document) -> None:
    assert read_fault(document, SLOW).operations == document.operations.keys()
    assert read_fault(document, {**SLOW, "operation": "getVideo"}).operations == {"getVideo"}


def test_error_without_an_operation_affects_operations_that_declare_it(
    document: Document, other_document: Document
) -> None:
    conflict = read_fault(document, {"status": 409})
    assert conflict.operations == document.operations.keys() - {"listVideos", "getVideo"}
    assert read_fault(other_document, {"status": 503}).operations == {"submitRendering"}


@pytest.mark.parametrize("role", JobRole)
def test_operation_can_be_named_by_its_job_role(
    document: Document, other_document: Document, role: JobRole
) -> None:
    for each in (document, other_document):
        if has_role(each, role):
            fault = read_fault(each, {**SLOW, "operation": role.value})
            operations = only_kind(each).operations()
            assert fault.operations == {o.operation.id for o in operations if o.role is role}


def test_job_role_without_an_operation_is_rejected(other_document: Document) -> None:
    with pytest.raises(ConfigError, match=r"^/operation: must be one of pageOfRenderings"):
        read_fault(other_document, {**SLOW, "operation": "remix"})


def test_fault_without_selecting_options_affects_every_call(document: Document) -> None:
    fault = read_fault(document, SLOW)
    assert (fault.job, fault.key, fault.nth, fault.times) == (None, None, 1, None)
    assert (fault.every, fault.probability, fault.commit, fault.prevents) == (None, 1, False, False)
    assert fault.options == SLOW


def test_only_faults_with_nothing_but_delays_only_delay(document: Document) -> None:
    delays: list[Json] = [
        {"latency": 1},
        {"slow": 1},
        {"latency": 1, "slow": 1, "times": 2, "operation": "list"},
    ]
    others: list[Json] = [
        {"lost": True},
        {"latency": 1, "cut": 0},
        {"slow": 1, "status": 500, "commit": True},
    ]
    assert [read_fault(document, options).only_delays for options in delays] == [True] * 3
    assert [read_fault(document, options).only_delays for options in others] == [False] * 3


def recursive_list() -> Json:
    """Return a list that contains itself."""
    found: list[Json] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "must have at least one of body, change, content_type, cut, drop, ignore_range"),
        ({"explodes": True}, "/explodes: is not known here"),
        ({"lost": True, "operation": "create_video"}, "/operation: must be one of listVid"),
        ({"lost": True, "operation": ""}, "/operation: must have at least 1 character, not 0"),
        ({"lost": True, "key": None}, "/key: must be of type string, not null"),
        ({"lost": True, "nth": 0}, "/nth: must be at least 1, not 0"),
        ({"lost": True, "times": 1.5}, "/times: must be of type integer, at least 1, not 1.5"),
        (
            {"lost": True, "probability": 1.1},
            "/probability: must be at least 0 and at most 1, not 1.1",
        ),
        ({"status": 200}, "/status: must be at least 400 and at most 599, not 200"),
        ({"status": 418}, "/status: no operation has a documented response 418, only 400 json_"),
        ({"status": 500, "code": "x"}, "/status: no operation has a documented response 500 x"),
        (
            {"status": 409, "operation": "list"},
            "/status: listVideos has no documented response 409",
        ),
        (
            {"status": 500, "retry_after": -1},
            "/retry_after: must be at least 0 and at most 1000000000, not -1",
        ),
        (
            {"status": 500, "retry_after": 2e9},
            "/retry_after: must be at least 0 and at most 1000000000",
        ),
        ({"status": 429, "retry_after": {"date": -1}}, "/retry_after/date: must be at least 0"),
        ({"status": 429, "retry_after": {}}, "/retry_after/date: is required"),
        ({"ignore_range": False}, "/ignore_range: must be true, not false"),
        (
            {"operation": "list", "ignore_range": True},
            "/ignore_range: none of these operations returns the file of a job",
        ),
        (
            {"operation": "create", "list_delay": 5},
            "/list_delay: none of these operations lists jobs",
        ),
        (
            {"operation": "list", "webhook": "lost"},
            "/webhook: none of these operations creates a job",
        ),
        ({"webhook": "early"}, "/webhook: must match "),
        ({"webhook": {"late": 0}}, "/webhook/late: must be more than 0"),
        ({"list_delay": 0}, "/list_delay: must be more than 0"),
        (
            {"operation": "list", "lost": True, "job": "each"},
            "/job: none of these operations has a job id in its path",
        ),
        ({"status": 500, "commit": 1}, "/commit: must be of type boolean, not 1"),
        ({"lost": True, "code": "internal_error"}, "/code: requires status"),
        ({"lost": True, "retry_after": 1}, "/retry_after: requires status"),
        ({"lost": True, "commit": True}, "/commit: requires status"),
        ({"reset": "after"}, "/reset: must be one of 'before', 'middle', not 'after'"),
        ({"lost": False}, "/lost: must be true, not false"),
        ({"reset": "middle", "lost": True}, "/lost: cannot be combined with reset"),
        ({"reset": "middle", "cut": 0.5}, "/cut: cannot be combined with reset"),
        ({"cut": 0.5, "lost": True}, "/cut: cannot be combined with lost"),
        ({"reset": "before", "status": 500}, "/status: cannot be combined with reset: before"),
        ({"reset": "before", "body": "truncated"}, "/body: cannot be combined with reset: before"),
        ({"cut": 1}, "/cut: must be at least 0 and less than 1, not 1"),
        ({"body": "html"}, "/body: must be one of 'truncated', 'malformed', not 'html'"),
        ({"content_type": "a\r\nx-b: 1"}, "/content_type: must match ^[!-~]"),
        ({"content_type": "text/☃"}, "/content_type: must match ^[!-~]"),
        ({"drop": "id"}, "/drop: must match ^/, not 'id'"),
        ({"drop": "/nonsense"}, "/drop: no response of these operations has a field at /nonsense"),
        ({"drop": "/data", "operation": "getVideo"}, "/drop: no response of these operations has"),
        ({"change": {}}, "/change: must have at least 1 entry, not 0"),
        ({"change": {"id": 1}}, "/change"),
        ({"change": {"/id": 1, "/ID": 1}}, "/change/~1ID: no response of these operations has"),
        ({"state": "lost", "operation": "delete"}, "/state: no response of these operations has"),
        (
            {"latency": True},
            "/latency: must be of type number or object, numbers at least 0 and at most 1000000000",
        ),
        ({"latency": 2e9}, "/latency: must be at least 0 and at most 1000000000"),
        ({"latency": float("nan")}, "/latency: must be a finite number, not nan"),
        ({"latency": {}}, "/latency: must have at least 1 entry"),
        ({"latency": {"normal": [1, 2]}}, "/latency/normal: is not known here"),
        ({"latency": {"uniform": [1]}}, "/latency/uniform: must have at least 2 entries, not 1"),
        (
            {"latency": {"uniform": [1, -2]}},
            "/latency/uniform/1: must be at least 0 and at most 1000000000, not -2",
        ),
        ({"latency": {"lognormal": {"median": 1}}}, "/latency/lognormal/sigma: is required"),
        ({"slow": 2e9}, "/slow: must be at least 0 and at most 1000000000"),
        (
            {"change": {"/id": object()}},
            "/change/~1id: is not JSON data: Type is not JSON serializable: object",
        ),
        ({"change": {7: 1}}, "/change: is not JSON data: Dict key must be str"),
        (
            {"change": {"/id": [{"a": 0}, {"a": 2**70}]}},
            f"/change/~1id/1/a: must be a number of at most 64 bits, not {2**70}",
        ),
        (
            {"lost": True, "times": 2**70},
            f"/times: must be a number of at most 64 bits, not {2**70}",
        ),
        ({"change": {"/id": recursive_list()}}, "is not JSON data: Recursion limit reached"),
        ({"lost": True, "operation": "createVideo", "job": "v"}, "/job: none of these operations"),
        (
            {"lost": True, "operation": "listVideos", "job": "video_1"},
            "/job: none of these operations",
        ),
        ({"lost": True, "every": 2, "times": 5}, "/times: must be at most every (2)"),
        ({"lost": True, "status": 503}, "/status: requires commit: true"),
        ({"state": "completed"}, "/state: must be unknown to the document, not 'compl"),
    ],
)
def test_invalid_fault_is_reported_with_its_pointer_and_not_added(
    service: JobService, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        service.faults.add(options)
    assert str(error.value).startswith(message)
    assert service.faults.to_json() == []
    reply = service.answer(CREATE)
    assert (reply.status, reply.delivery) == (200, None)


def test_undocumented_status_is_reported_with_all_documented_errors(
    document: Document,
) -> None:
    with pytest.raises(ConfigError) as error:
        read_fault(document, {"status": 405})
    known = error.value.reason.partition(", only ")[2].split(", ")
    assert {"400 json_parse_error", "416 invalid_request", "504 upstream_timeout"} <= set(known)


@pytest.mark.parametrize(
    "options",
    [
        {"lost": True, "job": "video_1"},
        {"lost": True, "job": "video_1", "operation": "remix"},
        {"lost": True, "every": 2, "times": 2},
        {"lost": True, "status": 503, "commit": True},
        {"cut": 0.5, "status": 503},
        {"state": "Completed"},
        {"content_type": "x"},
        {"content_type": 'text/html; charset="utf-8"'},
    ],
    ids=[
        *("job of any operation", "job of a remix", "times equal to every", "lost error"),
        *("cut error", "state in another case", "short content type", "long content type"),
    ],
)
def test_options_next_to_invalid_ones_are_accepted(
    document: Document, options: dict[str, Json]
) -> None:
    assert read_fault(document, options).options == options


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
POINTERS = st.sampled_from(["/id", "/error", "/error/code", "/data", "/nothing", "/", "id"])
NUMBERS = st.integers(-1, 5) | st.floats(-1, 2)
FAULT_OPTIONS: dict[str, st.SearchStrategy[Json]] = {
    "operation": st.sampled_from(["create", "list", "getVideo", "film", ""]),
    "job": st.text(max_size=3) | st.just("each"),
    "key": st.text(max_size=3),
    "nth": NUMBERS,
    "times": NUMBERS,
    "every": NUMBERS,
    "probability": NUMBERS,
    "status": st.sampled_from([200, 400, 404, 409, 418, 429, 429.0, 500, 503]),
    "code": st.sampled_from(["", "internal_error", "quota_exceeded"]),
    "retry_after": NUMBERS | st.fixed_dictionaries({"date": NUMBERS}),
    "ignore_range": st.booleans(),
    "list_delay": NUMBERS,
    "webhook": st.sampled_from(["lost", "twice", ""]) | st.fixed_dictionaries({"late": NUMBERS}),
    "commit": st.booleans(),
    "reset": st.sampled_from(["before", "middle", "after"]),
    "lost": st.booleans(),
    "cut": NUMBERS,
    "body": st.sampled_from(["truncated", "malformed", ""]),
    "content_type": st.sampled_from(["text/html", ""]),
    "drop": POINTERS,
    "change": st.dictionaries(POINTERS, VALUES, max_size=2),
    "state": st.text(max_size=5),
    "latency": NUMBERS
    | st.fixed_dictionaries({"uniform": st.lists(NUMBERS, max_size=3)})
    | st.fixed_dictionaries(
        {"lognormal": st.fixed_dictionaries({"median": NUMBERS, "sigma": NUMBERS})}
    ),
    "slow": NUMBERS,
}
SCENARIO_OPTIONS: dict[str, st.SearchStrategy[Json]] = {
    "about": st.text(max_size=5),
    "outcome": st.sampled_from(["completed", "failed", "queued", "ready", ""]),
    "code": st.text(max_size=3),
    "seconds": NUMBERS | st.floats(),
    "scale": NUMBERS | st.floats(),
    "stalls": st.booleans(),
    "jumps": st.booleans(),
    "expires": NUMBERS | st.floats(),
    "faults": st.lists(st.fixed_dictionaries({}, optional=FAULT_OPTIONS), max_size=2),
}
FAULTS = VALUES | st.fixed_dictionaries({}, optional=FAULT_OPTIONS)
SCENARIOS = VALUES | st.fixed_dictionaries({}, optional=SCENARIO_OPTIONS)


def call_all_operations(service: JobService) -> None:
    """Call each operation of a strict service."""
    for operation in service.document.operations.values():
        service.answer(
            Call(operation.id, {"video_id": "x"}, headers=CREATE.headers, body=CREATE.body)
        )


def rejection_of(read: Callable[[], object]) -> str | None:
    """Return the reason of a ConfigError, None if there is none."""
    try:
        read()
    except ConfigError as error:
        return error.reason
    return None


@given(options=FAULTS)
@example(options={"status": 429, "retry_after": 2.0})
def test_any_data_is_a_working_fault_or_is_rejected(options: Json) -> None:
    service = JobService(load_document(), clock=ManualClock(1_780_000_000), seed=1, strict=True)
    reason = rejection_of(lambda: service.faults.add(options))
    assert reason != ""
    assert len(service.faults.to_json()) == (reason is None)
    assert orjson.dumps(service.faults.to_json())
    call_all_operations(service)


@given(options=SCENARIOS)
def test_any_data_is_a_scenario_or_is_rejected(options: Json) -> None:
    reason = rejection_of(lambda: read_scenario(load_document(), "custom", options))
    assert reason != ""
