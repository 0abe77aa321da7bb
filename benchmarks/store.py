"""Measure a store of a million jobs: response times compared with a thousand jobs, and memory.

Everything runs in this process, through the service, without a socket. The two services take turns,
so a busy machine slows both alike. Run as `python benchmarks/store.py`.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from itertools import cycle

from aisa_testkit.mock_server import JobService, RandomIds
from aisa_testkit.openapi import Call, Document, load_document

PROMPT = "A calico cat plays a grand piano on a stage, slow dolly shot"
HEADERS = {"authorization": "Bearer sk-benchmark", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=f'{{"prompt": "{PROMPT}"}}'.encode())
SMALL = 1_000
CALLS_A_ROUND = 200


def main() -> None:
    """Fill two services, measure both, and print the ratios and the memory of a job."""
    options = _options()
    document = load_document()
    small, _ = _filled_service(document, jobs=SMALL)
    large, growth = _filled_service(document, jobs=options.jobs)
    print(f"{options.jobs:,} jobs against {SMALL:,}, {options.rounds} rounds\n")
    print("| request | µs at 1,000 | µs at many | ratio |")
    print("|---|---:|---:|---:|")
    for name, make_request in (
        ("retrieve", _retrieve),
        ("first page", _first_page),
        ("page after a job", _later_pages),
    ):
        short, long = _compare(make_request(small), make_request(large), rounds=options.rounds)
        print(f"| {name} | {short:.1f} | {long:.1f} | {long / short:.2f} |")
    print(f"\nmemory of a job beyond its prompt: {growth / options.jobs - len(PROMPT):.0f} bytes")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="jobs (%(default)s)")
    parser.add_argument("--rounds", type=int, default=50, help="rounds (%(default)s)")
    return parser.parse_args()


def _filled_service(document: Document, *, jobs: int) -> tuple[JobService, int]:
    """Return a service with a number of jobs, and the memory growth in bytes."""
    service = JobService(document, ids=RandomIds(1))
    service.answer(CREATE)
    gc.collect()
    tracemalloc.start()
    for _ in range(jobs - 1):
        service.answer(CREATE)
    growth, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return service, growth


def _spread_job_ids(service: JobService) -> list[str]:
    """Return ids of jobs spread over the whole store, so that no cache holds them all."""
    jobs = service.store.page(after=None, limit=len(service.store), newest_first=False).jobs
    return [job.id for job in jobs[:: len(jobs) // CALLS_A_ROUND]]


def _retrieve(service: JobService) -> Callable[[], object]:
    calls = cycle(
        [Call("getVideo", {"video_id": i}, headers=HEADERS) for i in _spread_job_ids(service)]
    )
    return lambda: service.answer(next(calls))


def _first_page(service: JobService) -> Callable[[], object]:
    call = Call("listVideos", headers=HEADERS)
    return lambda: service.answer(call)


def _later_pages(service: JobService) -> Callable[[], object]:
    pages = [
        Call("listVideos", query=(("after", i),), headers=HEADERS) for i in _spread_job_ids(service)
    ]
    calls = cycle(pages[len(pages) // 4 : -len(pages) // 4])
    return lambda: service.answer(next(calls))


def _compare(
    small: Callable[[], object], large: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """Return the median time of both in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for send, durations in zip((small, large), times, strict=True):
            start = time.perf_counter()
            for _ in range(CALLS_A_ROUND):
                send()
            durations.append((time.perf_counter() - start) / CALLS_A_ROUND * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
