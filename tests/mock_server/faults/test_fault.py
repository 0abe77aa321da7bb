"""The words of a fault: what they mean, and what they must not say."""

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

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')
SLOW = {"latency": 1}


def test_a_fault_is_for_all_operations_unless_one_is_named(document: Document) -> None:
    assert read_fault(document, SLOW).operations == document.operations.keys()
    assert read_fault(document, {**SLOW, "operation": "getVideo"}).operations == {"getVideo"}


def test_an_error_of_no_operation_is_for_those_that_document_it(
    document: Document, other_document: Document
) -> None:
    conflict = read_fault(document, {"status": 409})
    assert conflict.operations == document.operations.keys() - {"listVideos", "getVideo"}
    assert read_fault(other_document, {"status": 503}).operations == {"submitRendering"}


@pytest.mark.parametrize("role", JobRole)
def test_the_role_of_an_operation_stands_for_its_name_in_every_document(
    document: Document, other_document: Document, role: JobRole
) -> None:
    for each in (document, other_document):
        if role in each.by_role:
            fault = read_fault(each, {**SLOW, "operation": role.value})
            assert fault.operations == {each.by_role[role].id}


def test_a_role_that_a_document_has_not_is_no_operation(other_document: Document) -> None:
    with pytest.raises(ConfigError, match=r"^/operation: must be one of pageOfRenderings"):
        read_fault(other_document, {**SLOW, "operation": "remix"})


def test_a_fault_that_says_no_more_strikes_every_call_of_everybody(document: Document) -> None:
    fault = read_fault(document, SLOW)
    assert (fault.job, fault.key, fault.nth, fault.times) == (None, None, 1, None)
    assert (fault.every, fault.probability, fault.commit, fault.prevents) == (None, 1, False, False)
    assert fault.options == SLOW


def test_only_a_fault_of_nothing_but_time_only_slows(document: Document) -> None:
    slow: list[Json] = [
        {"latency": 1},
        {"slow": 1},
        {"latency": 1, "slow": 1, "times": 2, "operation": "list"},
    ]
    wrong: list[Json] = [
        {"lost": True},
        {"latency": 1, "cut": 0},
        {"slow": 1, "status": 500, "commit": True},
    ]
    assert [read_fault(document, words).only_delays for words in slow] == [True] * 3
    assert [read_fault(document, words).only_delays for words in wrong] == [False] * 3


def endless() -> Json:
    """A list that holds itself."""
    found: list[Json] = []
    found.append(found)
    return found


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({}, "must have at least one of body, change, content_type, cut, drop, latency"),
        ({"operation": "createVideo", "times": 2, "probability": 0.5}, "must have at least one of"),
        ({"explodes": True}, "/explodes: is not known here"),
        ({"lost": True, "operation": "create_video"}, "/operation: must be one of listVid"),
        ({"lost": True, "operation": ""}, "/operation: must have at least 1 character, not 0"),
        ({"lost": True, "operation": 7}, "/operation: must be of type string, not 7"),
        ({"lost": True, "job": ""}, "/job: must have at least 1 character"),
        ({"lost": True, "key": None}, "/key: must be of type string, not None"),
        ({"lost": True, "nth": 0}, "/nth: must be at least 1, not 0"),
        ({"lost": True, "nth": True}, "/nth: must be of type integer, not True"),
        ({"lost": True, "times": -1}, "/times: must be at least 1, not -1"),
        ({"lost": True, "times": 1.5}, "/times: must be of type integer, not 1.5"),
        ({"lost": True, "every": 0}, "/every: must be at least 1, not 0"),
        ({"lost": True, "probability": 1.1}, "/probability: must be at most 1, not 1.1"),
        ({"lost": True, "probability": -0.1}, "/probability: must be at least 0, not -0.1"),
        ({"lost": True, "probability": True}, "/probability: must be of type number, not True"),
        ({"status": 200}, "/status: must be at least 400, not 200"),
        ({"status": "500"}, "/status: must be of type integer, not '500'"),
        ({"status": 418}, "/status: no operation has a documented response 418, only 400 json_"),
        ({"status": 500, "code": "x"}, "/status: no operation has a documented response 500 x"),
        (
            {"status": 409, "operation": "list"},
            "/status: listVideos has no documented response 409",
        ),
        ({"status": 500, "retry_after": -1}, "/retry_after: must be at least 0, not -1"),
        ({"status": 500, "retry_after": True}, "/retry_after: must be of type integer, not True"),
        ({"status": 500, "retry_after": 2e9}, "/retry_after: must be at most 1000000000"),
        ({"status": 500, "commit": 1}, "/commit: must be of type boolean, not 1"),
        ({"lost": True, "code": "internal_error"}, "/code: requires status"),
        ({"lost": True, "retry_after": 1}, "/retry_after: requires status"),
        ({"lost": True, "commit": True}, "/commit: requires status"),
        ({"reset": "after"}, "/reset: must be one of 'before', 'middle', not 'after'"),
        ({"lost": False}, "/lost: must be True, not False"),
        ({"reset": "middle", "lost": True}, "/lost: cannot be combined with reset"),
        ({"reset": "middle", "cut": 0.5}, "/cut: cannot be combined with reset"),
        ({"cut": 0.5, "lost": True}, "/cut: cannot be combined with lost"),
        ({"reset": "before", "status": 500}, "/status: cannot be combined with reset: before"),
        ({"reset": "before", "body": "truncated"}, "/body: cannot be combined with reset: before"),
        ({"cut": 1}, "/cut: 1 is greater than or equal to the maximum of 1"),
        ({"cut": -0.1}, "/cut: must be at least 0, not -0.1"),
        ({"cut": True}, "/cut: must be of type number, not True"),
        ({"body": "html"}, "/body: must be one of 'truncated', 'malformed', not 'html'"),
        ({"content_type": ""}, "/content_type: must match ^[!-~]"),
        ({"content_type": "a\r\nx-b: 1"}, "/content_type: must match ^[!-~]"),
        ({"content_type": "text/☃"}, "/content_type: must match ^[!-~]"),
        ({"content_type": "text/html "}, "/content_type: must match ^[!-~]"),
        ({"drop": "id"}, "/drop: must match ^/, not 'id'"),
        ({"drop": "/nonsense"}, "/drop: no response of these operations has a field at /nonsense"),
        ({"drop": "/data", "operation": "getVideo"}, "/drop: no response of these operations has"),
        ({"change": {}}, "/change: must have at least 1 entry, not 0"),
        ({"change": {"id": 1}}, "/change"),
        ({"change": {"/id": 1, "/ID": 1}}, "/change/~1ID: no response of these operations has"),
        ({"state": None}, "/state: must be of type string, not None"),
        ({"state": "lost", "operation": "delete"}, "/state: no response of these operations has"),
        ({"latency": -1}, "/latency: must be at least 0, not -1"),
        ({"latency": True}, "/latency: must be of type number or object, not True"),
        ({"latency": "1"}, "/latency: must be of type number or object, not '1'"),
        ({"latency": 2e9}, "/latency: must be at most 1000000000"),
        ({"latency": float("nan")}, "/latency: must be a finite number, not nan"),
        ({"latency": {}}, "/latency: must have at least 1 entry"),
        ({"latency": {"normal": [1, 2]}}, "/latency/normal: is not known here"),
        ({"latency": {"uniform": [1]}}, "/latency/uniform: must have at least 2 entries, not 1"),
        ({"latency": {"uniform": [1, 2, 3]}}, "/latency/uniform: must have at most 2 entries"),
        ({"latency": {"uniform": [1, -2]}}, "/latency/uniform/1: must be at least 0, not -2"),
        ({"latency": {"lognormal": {"median": 1}}}, "/latency/lognormal/sigma: is required"),
        ({"latency": {"lognormal": {"median": 0, "sigma": 1}}}, "/latency/lognormal/median: "),
        ({"latency": {"lognormal": {"median": 1, "sigma": -1}}}, "/latency/lognormal/sigma: must"),
        ({"slow": -1}, "/slow: must be at least 0, not -1"),
        ({"slow": 2e9}, "/slow: must be at most 1000000000"),
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
        ({"change": {"/id": endless()}}, "is not JSON data: Recursion limit reached"),
        ({"lost": True, "operation": "create", "job": "video_1"}, "/job: none of these operations"),
        (
            {"lost": True, "operation": "listVideos", "job": "video_1"},
            "/job: none of these operations",
        ),
        ({"lost": True, "every": 2, "times": 5}, "/times: must be at most every (2)"),
        ({"lost": True, "status": 503}, "/status: requires commit: true"),
        ({"lost": True, "status": 503, "commit": False}, "/status: requires commit: true"),
        ({"state": "completed"}, "/state: must be unknown to the document, not 'compl"),
    ],
)
def test_what_a_fault_must_not_say_is_refused_with_its_place_and_sets_nothing(
    service: JobService, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        service.faults.add(words)
    assert str(refused.value).startswith(message)
    assert service.faults.to_json() == []
    reply = service.answer(CREATE)
    assert (reply.status, reply.delivery) == (200, None)


def test_the_errors_that_no_operation_has_are_told_with_all_that_some_have(
    document: Document,
) -> None:
    with pytest.raises(ConfigError) as refused:
        read_fault(document, {"status": 405})
    known = refused.value.reason.partition(", only ")[2].split(", ")
    assert {"400 json_parse_error", "416 invalid_request", "504 upstream_timeout"} <= set(known)


@pytest.mark.parametrize(
    "words",
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
        *("a job of any operation", "a job of a remix", "as often as it can", "a lost error"),
        *("an error that breaks off", "a state in capitals", "a short type", "a long type"),
    ],
)
def test_what_is_next_to_what_cannot_be_is_taken(
    document: Document, words: dict[str, Json]
) -> None:
    assert read_fault(document, words).options == words


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
POINTERS = st.sampled_from(["/id", "/error", "/error/code", "/data", "/nothing", "/", "id"])
NUMBERS = st.integers(-1, 5) | st.floats(-1, 2)
FAULT_WORDS: dict[str, st.SearchStrategy[Json]] = {
    "operation": st.sampled_from(["create", "list", "getVideo", "film", ""]),
    "job": st.text(max_size=3),
    "key": st.text(max_size=3),
    "nth": NUMBERS,
    "times": NUMBERS,
    "every": NUMBERS,
    "probability": NUMBERS,
    "status": st.sampled_from([200, 400, 404, 409, 418, 429, 429.0, 500, 503]),
    "code": st.sampled_from(["", "internal_error", "quota_exceeded"]),
    "retry_after": NUMBERS,
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
SCENARIO_WORDS: dict[str, st.SearchStrategy[Json]] = {
    "about": st.text(max_size=5),
    "outcome": st.sampled_from(["completed", "failed", "queued", "ready", ""]),
    "code": st.text(max_size=3),
    "seconds": NUMBERS | st.floats(),
    "scale": NUMBERS | st.floats(),
    "stalls": st.booleans(),
    "jumps": st.booleans(),
    "expires": NUMBERS | st.floats(),
    "faults": st.lists(st.fixed_dictionaries({}, optional=FAULT_WORDS), max_size=2),
}
FAULTS = VALUES | st.fixed_dictionaries({}, optional=FAULT_WORDS)
SCENARIOS = VALUES | st.fixed_dictionaries({}, optional=SCENARIO_WORDS)


def answered(service: JobService) -> None:
    """A strict service answers each of its operations, whatever is set."""
    for operation in service.document.operations.values():
        service.answer(Call(operation.id, {"id": "x"}, headers=CREATE.headers, body=CREATE.body))


def reason_of(take: Callable[[], object]) -> str | None:
    """Why something is refused, None if it is taken."""
    try:
        take()
    except ConfigError as error:
        return error.reason
    return None


@given(words=FAULTS)
@example(words={"status": 429, "retry_after": 2.0})
def test_anything_given_as_a_fault_is_taken_and_answered_with_or_refused(words: Json) -> None:
    service = JobService(load_document(), clock=ManualClock(), seed=1, strict=True)
    reason = reason_of(lambda: service.faults.add(words))
    assert reason != ""
    assert len(service.faults.to_json()) == (reason is None)
    assert orjson.dumps(service.faults.to_json())
    answered(service)


@given(words=SCENARIOS)
def test_anything_given_as_a_scenario_is_taken_or_refused(words: Json) -> None:
    reason = reason_of(lambda: read_scenario(load_document(), "own", words))
    assert reason != ""
