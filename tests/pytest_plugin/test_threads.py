"""Many threads with one mock: no request, fault or violation is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import httpx2
import pytest

from aisa_testkit.mock_server import ManualClock
from aisa_testkit.pytest_plugin import ContractError, VideoMock, mock_videos

KEY = {"authorization": "Bearer sk-test"}
THREADS = JOBS = 32


def create_and_poll(package: Any, mock: VideoMock, barrier: Barrier, name: int) -> Counter[str]:
    """Create jobs and poll all of them to the end; return the number of requests by operation."""
    sent: Counter[str] = Counter()
    with package.Client(headers=KEY, base_url=mock.base_url, verify=False) as client:
        barrier.wait()
        pending = []
        for number in range(JOBS):
            sent["createVideo"] += 1
            body = {"prompt": f"no. {number} of thread {name}"}
            job = client.post("/videos", json=body).json()
            assert job["prompt"] == body["prompt"]
            pending.append(job["id"])
        while pending:
            states = {}
            for job_id in pending:
                sent["getVideo"] += 1
                job = client.get(f"/videos/{job_id}").json()
                assert job["id"] == job_id
                states[job_id] = job["status"]
            pending = [job_id for job_id, state in states.items() if state != "completed"]
    return sent


def test_threads_lose_no_requests_and_no_jobs() -> None:
    barrier = Barrier(THREADS)
    with mock_videos() as mock, ThreadPoolExecutor(THREADS) as pool:
        tasks = [
            pool.submit(create_and_poll, (httpx, httpx2)[name % 2], mock, barrier, name)
            for name in range(THREADS)
        ]
        sent = sum((task.result() for task in tasks), Counter[str]())
        assert sent["createVideo"] == THREADS * JOBS
        assert {name: mock.routes[name].call_count for name in sent} == sent
        assert Counter(request.operation_id for request in mock.requests) == sent
        assert len({job.id for job in mock.jobs}) == THREADS * JOBS
        assert {job.status for job in mock.jobs} == {"completed"}
        for call in mock.routes["createVideo"].calls:
            assert call.response.json()["prompt"].encode() in call.request.content


def test_each_fault_and_each_plan_applies_to_one_thread() -> None:
    def create(number: int) -> int:
        with httpx2.Client(headers=KEY, base_url=mock.base_url, verify=False) as client:
            barrier.wait()
            return client.post("/videos", json={"prompt": f"no. {number}"}).status_code

    barrier = Barrier(THREADS)
    with mock_videos(clock=ManualClock(1_780_000_000)) as mock, ThreadPoolExecutor(THREADS) as pool:
        mock.fail("createVideo", status=429, times=10)
        for _ in range(5):
            mock.next_job(outcome="failed")
        statuses = Counter(pool.map(create, range(THREADS)))
        assert statuses == {429: 10, 200: THREADS - 10}
        mock.clock.advance(60)
        assert Counter(job.status for job in mock.jobs) == {
            "failed": 5,
            "completed": THREADS - 10 - 5,
        }


def test_threads_share_a_list_of_side_effects() -> None:
    def list_videos(number: int) -> int:
        with httpx.Client(headers=KEY, base_url=mock.base_url, verify=False) as client:
            barrier.wait()
            return client.get("/videos").status_code

    barrier = Barrier(THREADS)
    with mock_videos() as mock, ThreadPoolExecutor(THREADS) as pool:
        mock.routes["listVideos"].mock(side_effect=[httpx.Response(503)] * 10)
        statuses = Counter(pool.map(list_videos, range(THREADS)))
        assert statuses == {503: 10, 200: THREADS - 10}
        assert mock.routes["listVideos"].call_count == len(mock.requests) == THREADS


def test_violation_in_a_thread_is_reported_at_the_end_of_the_block() -> None:
    def create_invalid(number: int) -> None:
        with httpx.Client(headers=KEY, base_url=mock.base_url, verify=False) as client:
            client.post("/videos", json={"prompt": f"no. {number}", "seconds": "5"})

    with (
        pytest.raises(ContractError) as caught,
        mock_videos() as mock,
        ThreadPoolExecutor() as pool,
    ):
        pool.map(create_invalid, range(20))
    (violation,) = caught.value.violations
    assert (violation.place, sorted(violation.numbers)) == ("seconds", [*range(1, 21)])
