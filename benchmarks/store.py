"""What a store of a million jobs costs: time of an answer, against a thousand jobs, and memory.

Everything runs in this process, through the service without a socket. The two services are asked in
turn, so that a busy machine slows both alike. Run as `python benchmarks/store.py`.
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
    """Fill two services, ask both, and print the ratios and the memory of a job."""
    options = _options()
    document = load_document()
    small, _ = _filled(document, jobs=SMALL)
    large, grown = _filled(document, jobs=options.jobs)
    print(f"{options.jobs:,} jobs against {SMALL:,}, {options.rounds} rounds\n")
    print("| answer | µs at 1,000 | µs at many | ratio |")
    print("|---|---:|---:|---:|")
    for name, make in (
        ("retrieve", _retrieve),
        ("first page", _page),
        ("page behind a job", _next),
    ):
        few, many = _compare(make(small), make(large), rounds=options.rounds)
        print(f"| {name} | {few:.1f} | {many:.1f} | {many / few:.2f} |")
    print(f"\nmemory of a job beyond its prompt: {grown / options.jobs - len(PROMPT):.0f} bytes")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1_000_000, help="jobs (%(default)s)")
    parser.add_argument("--rounds", type=int, default=50, help="rounds (%(default)s)")
    return parser.parse_args()


def _filled(document: Document, *, jobs: int) -> tuple[JobService, int]:
    """A service with that many jobs, and by how many bytes the program grew."""
    service = JobService(document, ids=RandomIds(1))
    service.answer(CREATE)
    gc.collect()
    tracemalloc.start()
    for _ in range(jobs - 1):
        service.answer(CREATE)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return service, grown


def _some(service: JobService) -> list[str]:
    """The ids of jobs from all over the store, so that no cache holds them all."""
    jobs = service.store.page(after=None, limit=len(service.store), newest_first=False).jobs
    return [job.id for job in jobs[:: len(jobs) // CALLS_A_ROUND]]


def _retrieve(service: JobService) -> Callable[[], object]:
    calls = cycle([Call("getVideo", {"video_id": i}, headers=HEADERS) for i in _some(service)])
    return lambda: service.answer(next(calls))


def _page(service: JobService) -> Callable[[], object]:
    call = Call("listVideos", headers=HEADERS)
    return lambda: service.answer(call)


def _next(service: JobService) -> Callable[[], object]:
    pages = [Call("listVideos", query=(("after", i),), headers=HEADERS) for i in _some(service)]
    calls = cycle(pages[len(pages) // 4 : -len(pages) // 4])
    return lambda: service.answer(next(calls))


def _compare(
    few: Callable[[], object], many: Callable[[], object], *, rounds: int
) -> tuple[float, float]:
    """The median time of both, in microseconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for ask, taken in zip((few, many), times, strict=True):
            start = time.perf_counter()
            for _ in range(CALLS_A_ROUND):
                ask()
            taken.append((time.perf_counter() - start) / CALLS_A_ROUND * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    main()
