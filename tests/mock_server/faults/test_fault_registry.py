"""Which calls a fault strikes: in which order, how many, whose, and the same in every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.mock_server.faults.fault import Fault, read_fault
from aisa_testkit.mock_server.faults.fault_registry import FaultRegistry
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.json import Json

WRONG: Mapping[str, Json] = {"status": 500}


def call(operation: str, *, job: str = "", key: str = "sk-test") -> Call:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = b'{"prompt": "A lighthouse in a storm"}'
    return Call(operation, {"video_id": job} if job else {}, headers=headers, body=body)


CREATE, LIST = call("createVideo"), call("listVideos")


def made(service: JobService, *, key: str = "sk-test") -> str:
    job_id: str = orjson.loads(service.answer(call("createVideo", key=key)).body)["id"]
    return job_id


def pattern(service: JobService, count: int, one: Call = LIST) -> str:
    """Which of so many calls are struck: `x` for those, `.` for the others."""
    replies = [service.answer(one) for _ in range(count)]
    return "".join("." if reply.status < 400 else "x" for reply in replies)


@pytest.mark.parametrize(
    ("words", "struck"),
    [
        ({}, "xxxxxxxxxxxx"),
        ({"times": 1}, "x..........."),
        ({"times": 3}, "xxx........."),
        ({"nth": 4}, "...xxxxxxxxx"),
        ({"nth": 4, "times": 2}, "...xx......."),
        ({"every": 1}, "xxxxxxxxxxxx"),
        ({"every": 3}, "x..x..x..x.."),
        ({"every": 4, "times": 2}, "xx..xx..xx.."),
        ({"every": 3, "nth": 2}, ".x..x..x..x."),
        ({"every": 3, "nth": 2, "times": 2}, ".xx.xx.xx.xx"),
        ({"every": 2, "times": 2}, "xxxxxxxxxxxx"),
        ({"probability": 0}, "............"),
        ({"probability": 1, "times": 2}, "xx.........."),
    ],
)
def test_a_fault_strikes_the_calls_that_its_numbers_name(
    service: JobService, words: dict[str, Json], struck: str
) -> None:
    MockControls(service).fault("list", **WRONG, **words)
    assert pattern(service, 12) == struck


def test_calls_of_other_operations_are_neither_struck_nor_counted(service: JobService) -> None:
    MockControls(service).fault("list", nth=2, times=1, **WRONG)
    assert pattern(service, 3, CREATE) == "..."
    assert pattern(service, 3) == ".x."


def test_calls_of_other_keys_are_neither_struck_nor_counted(service: JobService) -> None:
    MockControls(service).fault(key="sk-a", nth=2, times=1, **WRONG)
    assert pattern(service, 3, call("listVideos", key="sk-b")) == "..."
    assert pattern(service, 3, call("listVideos", key="sk-a")) == ".x."


def test_calls_about_other_jobs_are_neither_struck_nor_counted(service: JobService) -> None:
    struck, spared = made(service), made(service)
    MockControls(service).fault(job=struck, nth=2, times=1, **WRONG)
    assert pattern(service, 3, call("getVideo", job=spared)) == "..."
    assert pattern(service, 3, LIST) == "..."
    assert pattern(service, 3, call("getVideo", job=struck)) == ".x."


def test_a_job_a_key_and_an_operation_all_have_to_fit(service: JobService) -> None:
    job = made(service)
    MockControls(service).fault("retrieve", job=job, key="sk-test", **WRONG)
    others = [call("getVideoContent", job=job), call("getVideo", job=job, key="sk-other")]
    assert [service.answer(one).status for one in others] == [409, 404]
    assert service.answer(call("getVideo", job=job)).status == 500


def test_of_the_faults_that_fit_a_call_only_the_first_strikes(
    service: JobService,
) -> None:
    MockControls(service).fault("list", status=503, times=2)
    MockControls(service).fault("list", status=429, times=2)
    assert [service.answer(LIST).status for _ in range(5)] == [503, 503, 429, 429, 200]


def test_a_fault_that_spares_a_call_leaves_it_to_the_next_one(service: JobService) -> None:
    MockControls(service).fault("list", status=503, nth=2, times=1)
    MockControls(service).fault("list", status=429, nth=2, times=1)
    assert [service.answer(LIST).status for _ in range(4)] == [200, 503, 429, 200]


@pytest.mark.parametrize("slow_first", [True, False], ids=["slow first", "wrong first"])
@pytest.mark.parametrize(
    ("wrong", "status", "arrives"),
    [
        ({"status": 500}, 500, None),
        ({"status": 500, "commit": True}, 500, None),
        ({"cut": 0}, 200, 0),
        ({"lost": True}, 200, -1),
        ({"reset": "before"}, 0, -1),
    ],
    ids=["error", "error of a call that is done", "cut", "lost", "reset"],
)
def test_all_that_only_slows_an_answer_strikes_beside_what_is_wrong_with_it(
    service: JobService,
    slow_first: bool,
    wrong: dict[str, Json],
    status: int,
    arrives: int | None,
) -> None:
    words = [{"latency": 3}, {"slow": 2, "latency": 1}, wrong]
    for each in words if slow_first else reversed(words):
        MockControls(service).fault("list", **each)
    MockControls(service).fault("list", status=429)
    reply = service.answer(LIST)
    assert reply.delivery is not None
    assert (reply.status, reply.delivery.bytes_delivered) == (status, arrives)
    assert (reply.delivery.delay, reply.delivery.body_seconds) == (4, 2)
    assert [fault["struck"] for fault in service.faults.to_json()] == [1, 1, 1, 0]


def test_what_is_over_is_listed_no_more_and_the_rest_with_what_it_struck(
    service: JobService,
) -> None:
    once = MockControls(service).fault("list", times=1, **WRONG)
    often = MockControls(service).fault("createVideo", every=2, times=1, lost=True)
    assert (once, often) == ("fault-1", "fault-2")
    service.answer(LIST)
    for _ in range(3):
        service.answer(CREATE)
    words = {"operation": "createVideo", "every": 2, "times": 1, "lost": True}
    assert service.faults.to_json() == [{"id": "fault-2", **words, "struck": 2}]


def test_the_key_that_a_fault_is_for_is_not_shown(service: JobService) -> None:
    MockControls(service).fault("list", key="sk-aisa-0123456789", **WRONG)
    (fault,) = service.faults.to_json()
    assert fault["key"] == "…6789"
    assert pattern(service, 1, call("listVideos", key="sk-aisa-0123456789")) == "x"


def test_a_fault_can_be_taken_back_and_its_name_is_never_given_again(service: JobService) -> None:
    first, second = (
        MockControls(service).fault("list", **WRONG),
        MockControls(service).fault("create", **WRONG),
    )
    service.faults.remove(first)
    assert pattern(service, 2) == ".."
    assert pattern(service, 2, CREATE) == "xx"
    with pytest.raises(KeyError, match=first):
        service.faults.remove(first)
    service.faults.clear()
    assert pattern(service, 2, CREATE) == ".."
    assert MockControls(service).fault("list", **WRONG) not in (first, second)


def test_a_reset_goes_back_to_the_faults_of_the_beginning_and_counts_them_anew(
    document: Document,
) -> None:
    usual = read_fault(document, {"operation": "list", "times": 1, **WRONG})
    faults = FaultRegistry(document, random=Random(1), initial=[usual])
    assert [len(faults.match(LIST, "k")) for _ in range(2)] == [1, 0]
    faults.add({"operation": "list", "lost": True})
    faults.reset()
    assert [faults.match(LIST, "k") for _ in range(2)] == [(usual,), ()]


def test_other_faults_of_the_beginning_leave_those_that_were_set_since(document: Document) -> None:
    def usual(status: int, **words: Json) -> Fault:
        return read_fault(document, {"operation": "list", "status": status, **words})

    faults = FaultRegistry(
        document, random=Random(1), initial=[usual(500, times=1), usual(502, nth=9)]
    )
    own = faults.add({"operation": "create", "lost": True})
    assert [len(faults.match(each, "k")) for each in (LIST, LIST, CREATE)] == [1, 0, 1]
    faults.replace_initial([usual(500, times=1), usual(503), usual(502, nth=9), usual(503)])
    told = [(each["id"], each.get("status"), each["struck"]) for each in faults.to_json()]
    assert told == [("fault-4", 503, 0), ("fault-2", 502, 0), ("fault-5", 503, 0), (own, None, 1)]
    assert [fault.options["status"] for fault in faults.match(LIST, "k")] == [503]
    faults.replace_initial([])
    assert [each["id"] for each in faults.to_json()] == [own]
    faults.reset()
    assert faults.to_json() == []
    faults.replace_initial([usual(500, times=1)])
    assert len(faults.match(LIST, "k")) == 1


def test_calls_that_another_fault_has_struck_are_counted(service: JobService) -> None:
    MockControls(service).fault("list", status=503, times=2)
    MockControls(service).fault("list", status=429, nth=3, times=1)
    MockControls(service).fault("list", status=500, nth=2, every=3)
    assert [service.answer(LIST).status for _ in range(6)] == [503, 503, 429, 200, 500, 200]


@pytest.mark.parametrize("slow", [False, True], ids=["wrong", "only slow"])
def test_chance_is_near_its_probability_and_the_same_in_every_run_of_a_seed(
    document: Document, slow: bool
) -> None:
    def run(seed: int) -> str:
        service = JobService(document, clock=ManualClock(), seed=seed, strict=True)
        MockControls(service).fault(
            "list", probability=0.3, **({"latency": 1} if slow else {"lost": True})
        )
        replies = [service.answer(LIST) for _ in range(500)]
        return "".join("x" if reply.delivery else "." for reply in replies)

    assert run(1) == run(1) != run(2)
    assert 110 < run(1).count("x") < 190


def test_times_count_the_calls_that_chance_has_struck(service: JobService) -> None:
    MockControls(service).fault("list", probability=0.5, times=3, **WRONG)
    assert pattern(service, 100).count("x") == 3
    assert service.faults.to_json() == []


def test_faults_of_the_same_seed_do_not_depend_on_what_chance_does_to_scenarios(
    document: Document,
) -> None:
    def run(*, shares: bool) -> str:
        service = JobService(document, clock=ManualClock(), seed=1, strict=True)
        if shares:
            service.scenarios.use("fails", share=0.5)
        MockControls(service).fault("create", probability=0.5, commit=True, **WRONG)
        return pattern(service, 50, CREATE)

    assert run(shares=True) == run(shares=False)


def test_numbers_are_exact_however_many_threads_are_calling(document: Document) -> None:
    service = JobService(document, clock=ManualClock(), ids=RandomIds(1), strict=True)
    MockControls(service).fault("list", status=429, times=37, key="sk-a")
    MockControls(service).fault("list", status=503, nth=11, times=41)
    MockControls(service).fault("list", latency=1, every=4)
    calls = [call("listVideos", key=key) for key in ("sk-a", "sk-b") for _ in range(100)]
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, calls)]
    assert Counter(reply.status for reply in replies) == {429: 37, 503: 41, 200: 122}
    assert sum(reply.delivery is not None for reply in replies) == 50


def test_a_fault_of_one_key_touches_no_other_that_calls_at_the_same_time(
    service: JobService,
) -> None:
    MockControls(service).fault(key="sk-a", status=500)
    keys = ["sk-a", "sk-b", "sk-c", "sk-d"] * 50
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, [call("listVideos", key=key) for key in keys])]
    struck = {key for key, reply in zip(keys, replies, strict=True) if reply.status != 200}
    assert struck == {"sk-a"}
    assert Counter(reply.status for reply in replies) == {500: 50, 200: 150}


def test_faults_of_scenarios_are_counted_for_each_scope_and_forgotten_with_the_others(
    document: Document,
) -> None:
    faults = FaultRegistry(document, random=Random(1))
    own = (read_fault(document, {"operation": "getVideo", "times": 1, **WRONG}),)
    poll = call("getVideo", job="x")

    def strikes(scope: str) -> list[int]:
        found = (faults.match_scenario_faults(own, poll, scope=scope) for _ in range(2))
        return [len(struck) for struck in found]

    assert (strikes("a"), strikes("b"), strikes("a")) == ([1, 0], [1, 0], [0, 0])
    assert faults.to_json() == []
    faults.clear()
    assert strikes("a") == [1, 0]


def test_faults_of_scenarios_are_remembered_for_so_many_jobs_and_no_more(
    document: Document,
) -> None:
    faults = FaultRegistry(document, random=Random(1))
    own = (read_fault(document, {"operation": "getVideo", "times": 1, **WRONG}),)
    poll = call("getVideo", job="x")
    for number in range(10_000):
        assert faults.match_scenario_faults(own, poll, scope=f"job-{number}") == own
    assert faults.match_scenario_faults(own, poll, scope="job-0") == ()
    for number in range(10_000, 10_010):
        assert faults.match_scenario_faults(own, poll, scope=f"job-{number}") == own
    assert faults.match_scenario_faults(own, poll, scope="job-0") == own
    assert faults.match_scenario_faults(own, poll, scope="job-9999") == ()
