"""The selection of calls that a fault affects: order, counts, keys, jobs, probability."""

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

ERROR: Mapping[str, Json] = {"status": 500}


def make_call(operation: str, *, job: str = "", key: str = "sk-test") -> Call:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    body = b'{"prompt": "A lighthouse in a storm"}'
    return Call(operation, {"video_id": job} if job else {}, headers=headers, body=body)


CREATE, LIST = make_call("createVideo"), make_call("listVideos")


def create_job(service: JobService, *, key: str = "sk-test") -> str:
    job_id: str = orjson.loads(service.answer(make_call("createVideo", key=key)).body)["id"]
    return job_id


def pattern(service: JobService, count: int, call: Call = LIST) -> str:
    """Send so many calls; return `x` for each error and `.` for each success."""
    replies = [service.answer(call) for _ in range(count)]
    return "".join("." if reply.status < 400 else "x" for reply in replies)


@pytest.mark.parametrize(
    ("options", "expected"),
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
def test_nth_times_every_and_probability_select_calls(
    service: JobService, options: dict[str, Json], expected: str
) -> None:
    MockControls(service).fault("list", **ERROR, **options)
    assert pattern(service, 12) == expected


def test_calls_of_other_operations_are_not_counted(service: JobService) -> None:
    MockControls(service).fault("list", nth=2, times=1, **ERROR)
    assert pattern(service, 3, CREATE) == "..."
    assert pattern(service, 3) == ".x."


def test_calls_with_other_keys_are_not_counted(service: JobService) -> None:
    MockControls(service).fault(key="sk-a", nth=2, times=1, **ERROR)
    assert pattern(service, 3, make_call("listVideos", key="sk-b")) == "..."
    assert pattern(service, 3, make_call("listVideos", key="sk-a")) == ".x."


def test_calls_about_other_jobs_are_not_counted(service: JobService) -> None:
    affected, other = create_job(service), create_job(service)
    MockControls(service).fault(job=affected, nth=2, times=1, **ERROR)
    assert pattern(service, 3, make_call("getVideo", job=other)) == "..."
    assert pattern(service, 3, LIST) == "..."
    assert pattern(service, 3, make_call("getVideo", job=affected)) == ".x."


def test_job_key_and_operation_must_all_match(service: JobService) -> None:
    job = create_job(service)
    MockControls(service).fault("retrieve", job=job, key="sk-test", **ERROR)
    others = [make_call("getVideoContent", job=job), make_call("getVideo", job=job, key="sk-other")]
    assert [service.answer(one).status for one in others] == [409, 404]
    assert service.answer(make_call("getVideo", job=job)).status == 500


def test_only_the_first_matching_fault_applies(
    service: JobService,
) -> None:
    MockControls(service).fault("list", status=503, times=2)
    MockControls(service).fault("list", status=429, times=2)
    assert [service.answer(LIST).status for _ in range(5)] == [503, 503, 429, 429, 200]


def test_next_fault_applies_if_the_first_is_not_due(service: JobService) -> None:
    MockControls(service).fault("list", status=503, nth=2, times=1)
    MockControls(service).fault("list", status=429, nth=2, times=1)
    assert [service.answer(LIST).status for _ in range(4)] == [200, 503, 429, 200]


@pytest.mark.parametrize("delays_first", [True, False], ids=["delays first", "other fault first"])
@pytest.mark.parametrize(
    ("fault", "status", "bytes_delivered"),
    [
        ({"status": 500}, 500, None),
        ({"status": 500, "commit": True}, 500, None),
        ({"cut": 0}, 200, 0),
        ({"lost": True}, 200, -1),
        ({"reset": "before"}, 0, -1),
    ],
    ids=["error", "committed error", "cut", "lost", "reset"],
)
def test_delays_apply_in_addition_to_another_fault(
    service: JobService,
    delays_first: bool,
    fault: dict[str, Json],
    status: int,
    bytes_delivered: int | None,
) -> None:
    faults = [{"latency": 3}, {"slow": 2, "latency": 1}, fault]
    for each in faults if delays_first else reversed(faults):
        MockControls(service).fault("list", **each)
    MockControls(service).fault("list", status=429)
    reply = service.answer(LIST)
    assert reply.delivery is not None
    assert (reply.status, reply.delivery.bytes_delivered) == (status, bytes_delivered)
    assert (reply.delivery.delay, reply.delivery.body_seconds) == (4, 2)
    assert [fault["struck"] for fault in service.faults.to_json()] == [1, 1, 1, 0]


def test_exhausted_faults_are_not_listed(
    service: JobService,
) -> None:
    once = MockControls(service).fault("list", times=1, **ERROR)
    often = MockControls(service).fault("createVideo", every=2, times=1, lost=True)
    assert (once, often) == ("fault-1", "fault-2")
    service.answer(LIST)
    for _ in range(3):
        service.answer(CREATE)
    options = {"operation": "createVideo", "every": 2, "times": 1, "lost": True}
    assert service.faults.to_json() == [{"id": "fault-2", **options, "struck": 2}]


def test_api_key_of_a_fault_is_masked_in_the_list(service: JobService) -> None:
    MockControls(service).fault("list", key="sk-aisa-0123456789", **ERROR)
    (fault,) = service.faults.to_json()
    assert fault["key"] == "…6789"
    assert pattern(service, 1, make_call("listVideos", key="sk-aisa-0123456789")) == "x"


def test_removed_fault_id_is_never_used_again(service: JobService) -> None:
    first, second = (
        MockControls(service).fault("list", **ERROR),
        MockControls(service).fault("create", **ERROR),
    )
    service.faults.remove(first)
    assert pattern(service, 2) == ".."
    assert pattern(service, 2, CREATE) == "xx"
    with pytest.raises(KeyError, match=first):
        service.faults.remove(first)
    service.faults.clear()
    assert pattern(service, 2, CREATE) == ".."
    assert MockControls(service).fault("list", **ERROR) not in (first, second)


def test_reset_restores_the_initial_faults_and_their_counts(
    document: Document,
) -> None:
    initial = read_fault(document, {"operation": "list", "times": 1, **ERROR})
    faults = FaultRegistry(document, random=Random(1), initial=[initial])
    assert [len(faults.match(LIST, "k")) for _ in range(2)] == [1, 0]
    faults.add({"operation": "list", "lost": True})
    faults.reset()
    assert [faults.match(LIST, "k") for _ in range(2)] == [(initial,), ()]


def test_replaced_initial_faults_keep_unchanged_and_added_faults(document: Document) -> None:
    def initial(status: int, **options: Json) -> Fault:
        return read_fault(document, {"operation": "list", "status": status, **options})

    faults = FaultRegistry(
        document, random=Random(1), initial=[initial(500, times=1), initial(502, nth=9)]
    )
    added = faults.add({"operation": "create", "lost": True})
    assert [len(faults.match(each, "k")) for each in (LIST, LIST, CREATE)] == [1, 0, 1]
    faults.replace_initial([initial(500, times=1), initial(503), initial(502, nth=9), initial(503)])
    listed = [(each["id"], each.get("status"), each["struck"]) for each in faults.to_json()]
    assert listed == [
        ("fault-4", 503, 0),
        ("fault-2", 502, 0),
        ("fault-5", 503, 0),
        (added, None, 1),
    ]
    assert [fault.options["status"] for fault in faults.match(LIST, "k")] == [503]
    faults.replace_initial([])
    assert [each["id"] for each in faults.to_json()] == [added]
    faults.reset()
    assert faults.to_json() == []
    faults.replace_initial([initial(500, times=1)])
    assert len(faults.match(LIST, "k")) == 1


def test_calls_affected_by_another_fault_are_counted(service: JobService) -> None:
    MockControls(service).fault("list", status=503, times=2)
    MockControls(service).fault("list", status=429, nth=3, times=1)
    MockControls(service).fault("list", status=500, nth=2, every=3)
    assert [service.answer(LIST).status for _ in range(6)] == [503, 503, 429, 200, 500, 200]


@pytest.mark.parametrize("delayed", [False, True], ids=["lost", "delayed"])
def test_probability_is_the_same_in_every_run_of_a_seed(document: Document, delayed: bool) -> None:
    def run(seed: int) -> str:
        service = JobService(document, clock=ManualClock(1_780_000_000), seed=seed, strict=True)
        effect: dict[str, Json] = {"latency": 1} if delayed else {"lost": True}
        MockControls(service).fault("list", probability=0.3, **effect)
        replies = [service.answer(LIST) for _ in range(500)]
        return "".join("x" if reply.delivery else "." for reply in replies)

    assert run(1) == run(1) != run(2)
    assert 110 < run(1).count("x") < 190


def test_times_counts_affected_calls_of_a_fault_with_probability(service: JobService) -> None:
    MockControls(service).fault("list", probability=0.5, times=3, **ERROR)
    assert pattern(service, 100).count("x") == 3
    assert service.faults.to_json() == []


def test_random_faults_do_not_depend_on_random_scenarios(
    document: Document,
) -> None:
    def run(*, shares: bool) -> str:
        service = JobService(document, clock=ManualClock(1_780_000_000), seed=1, strict=True)
        if shares:
            service.scenarios.use("fails", share=0.5)
        MockControls(service).fault("create", probability=0.5, commit=True, **ERROR)
        return pattern(service, 50, CREATE)

    assert run(shares=True) == run(shares=False)


def test_counts_are_exact_with_concurrent_calls(document: Document) -> None:
    service = JobService(document, clock=ManualClock(1_780_000_000), ids=RandomIds(1), strict=True)
    MockControls(service).fault("list", status=429, times=37, key="sk-a")
    MockControls(service).fault("list", status=503, nth=11, times=41)
    MockControls(service).fault("list", latency=1, every=4)
    calls = [make_call("listVideos", key=key) for key in ("sk-a", "sk-b") for _ in range(100)]
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, calls)]
    assert Counter(reply.status for reply in replies) == {429: 37, 503: 41, 200: 122}
    assert sum(reply.delivery is not None for reply in replies) == 50


def test_fault_of_one_key_does_not_affect_concurrent_calls_of_others(
    service: JobService,
) -> None:
    MockControls(service).fault(key="sk-a", status=500)
    keys = ["sk-a", "sk-b", "sk-c", "sk-d"] * 50
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, [make_call("listVideos", key=key) for key in keys])]
    affected = {key for key, reply in zip(keys, replies, strict=True) if reply.status != 200}
    assert affected == {"sk-a"}
    assert Counter(reply.status for reply in replies) == {500: 50, 200: 150}


def test_scenario_faults_are_counted_for_each_scope(
    document: Document,
) -> None:
    faults = FaultRegistry(document, random=Random(1))
    scenario_faults = (read_fault(document, {"operation": "getVideo", "times": 1, **ERROR}),)
    poll = make_call("getVideo", job="x")

    def match_counts(scope: str) -> list[int]:
        found = (faults.match_scenario_faults(scenario_faults, poll, scope=scope) for _ in range(2))
        return [len(matched) for matched in found]

    assert (match_counts("a"), match_counts("b"), match_counts("a")) == ([1, 0], [1, 0], [0, 0])
    assert faults.to_json() == []
    faults.clear()
    assert match_counts("a") == [1, 0]


def test_counts_of_scenario_faults_are_limited(document: Document) -> None:
    faults = FaultRegistry(document, random=Random(1))
    fault = read_fault(document, {"operation": "getVideo", "times": 1, **ERROR})
    poll = make_call("getVideo", job="x")

    def matches(number: int) -> bool:
        return bool(faults.match_scenario_faults((fault,), poll, scope=f"job-{number}"))

    assert all(matches(number) for number in range(10_000))
    assert not matches(0)
    assert all(matches(number) for number in range(10_000, 10_010))
    assert matches(0)  # forgotten
    assert not matches(9999)


def test_calls_about_each_job_are_counted_by_themselves(service: JobService) -> None:
    first, second = (make_call("getVideo", job=create_job(service)) for _ in range(2))
    controls = MockControls(service)
    controls.fault("getVideo", job="each", nth=2, times=1, **ERROR)
    assert [pattern(service, 1, call) for call in (first, second, first, second)] == [*"..xx"]
    assert (pattern(service, 3, first), pattern(service, 3, LIST)) == ("...", "...")
    third = make_call("getVideo", job=create_job(service))
    assert pattern(service, 3, third) == ".x."
    (fault,) = service.faults.to_json()
    assert (fault["job"], fault["struck"]) == ("each", 3)


def test_calls_that_another_fault_affects_count_for_each_job(service: JobService) -> None:
    call = make_call("getVideo", job=create_job(service))
    controls = MockControls(service)
    controls.fault("getVideo", times=1, **ERROR)
    controls.fault("getVideo", job="each", nth=2, times=1, **ERROR)
    assert pattern(service, 3, call) == "xx."


def test_fault_without_times_lasts(service: JobService) -> None:
    MockControls(service).fault(nth=3, status=401)
    assert pattern(service, 5) + pattern(service, 2, CREATE) == "..xxxxx"
