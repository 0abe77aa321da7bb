"""Load a server with faults from a thousand clients at once, and check that nothing leaks.

Starts `aisa-testkit serve` with every kind of fault that breaks or delays responses, for all keys
except one. The clients create, poll, download and delete jobs. While they run, the script samples
the memory, sockets, threads, requests and jobs of the server. The exit code is 1 if anything leaks,
if the key without faults had a failed request, or if a response violates the document. Reads /proc.

Run as `python benchmarks/soak.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
import resource
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, cycle
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import orjson
import uvloop
from soak_client import Client, ClientGroup

from aisa_testkit.contracts import check_exchange
from aisa_testkit.openapi import Call, Reply, load_document

FAULTLESS_KEY: Final = "sk-aisa-soak-without-faults"
FAULTY_KEYS: Final = tuple(f"sk-aisa-soak-with-faults-{number}" for number in range(4))
FAULTS: Final = (
    {"probability": 0.2, "latency": {"lognormal": {"median": 0.5, "sigma": 1}}},
    {"operation": "createVideo", "probability": 0.05, "lost": True},
    {"operation": "createVideo", "probability": 0.05, "status": 500, "commit": True},
    {"operation": "getVideoContent", "probability": 0.2, "cut": 0.5},
    {"operation": "getVideoContent", "probability": 0.3, "slow": 3},
    {"probability": 0.02, "status": 503},
    {"probability": 0.02, "status": 429, "retry_after": 1},
    {"probability": 0.02, "reset": "before"},
    {"probability": 0.02, "reset": "middle"},
)
SPEED: Final = 5
# The number of requests in the journal of a server.
JOURNAL_SIZE: Final = 1000
SAMPLE_SECONDS: Final = 2.0
# Only every 25th response is checked, so that the clients do not need more time than the server.
CHECK_EVERY: Final = 25


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at a time in seconds since the start. Memory is in MiB."""

    at: float
    memory: float
    sockets: int
    threads: int
    requests: int
    journal_entries: int
    jobs: int


class ServerProcess:
    """A server process, observed from outside."""

    def __init__(self, pid: int, port: int) -> None:
        self.port, self._process = port, Path("/proc", str(pid))

    def sample(self, at: float) -> Sample:
        """Return its current state."""
        text = (self._process / "status").read_text()
        # Before the requests, whose own connections may still be open after them.
        sockets = self.sockets()
        page, health = self._get("requests?limit=1"), self._get("health")
        return Sample(
            at=at,
            memory=int(_search(r"VmRSS:\s+([0-9]+)", text)) / 1024,
            sockets=sockets,
            threads=int(_search(r"Threads:\s+([0-9]+)", text)),
            requests=page["total"],
            journal_entries=page["total"] - page["forgotten"],
            jobs=health["jobs"],
        )

    def sockets(self) -> int:
        """Return the number of open sockets."""
        links = (self._process / "fd").iterdir()
        return sum(_link_target(link).startswith("socket:") for link in links)

    def _get(self, path: str) -> dict[str, int]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/__admin/{path}", timeout=30) as response:
            body: dict[str, int] = orjson.loads(response.read())
        return body


@dataclass(slots=True)
class Outcome:
    """The responses that the clients received, and samples of the server."""

    faultless: ClientGroup
    faulty: list[ClientGroup]
    undocumented: list[str]
    samples: list[Sample]
    last: Sample


class ResponseChecker:
    """Checks some of the responses against the document."""

    def __init__(self) -> None:
        self.undocumented: list[str] = []
        self._document, self._count = load_document(), 0

    def __call__(self, call: Call, reply: Reply) -> None:
        self._count += 1
        if self._count % CHECK_EVERY == 0:
            found = check_exchange(self._document, call, reply)
            self.undocumented += [f"{call.operation_id} {reply.status}: {v.title}" for v in found]


def main() -> None:
    """Run the clients, print the samples, and report leaks."""
    options = _options()
    _allow_sockets(options.clients * 2)
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "stderr")
        with _serving(Path(folder), errors) as server:
            outcome = uvloop.run(_run(server, options))
        text = errors.read_text()
    print(_report(outcome))
    problems = [*_problems(outcome, options), *(["stderr: " + text] if text else [])]
    for problem in problems:
        print(f"FAULT: {problem}")
    print("unsound" if problems else "sound: nothing grew that should not")
    sys.exit(bool(problems))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1000, help="at once (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="of load (%(default)s)")
    parser.add_argument(
        "--growth",
        type=float,
        default=6,
        help="MiB a minute that memory may grow in the second half (%(default)s)",
    )
    return parser.parse_args()


@contextmanager
def _serving(folder: Path, errors: Path) -> Iterator[ServerProcess]:
    """Start a server with the faults for the duration of the block."""
    faults = [{"key": key, **fault} for key in FAULTY_KEYS for fault in FAULTS]
    config = folder / "config.json"
    config.write_bytes(orjson.dumps({"faults": faults}))
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--port", "0"]
    command += ["--speed", str(SPEED), "--seed", "1", "--config", str(config)]
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        try:
            greeting = process.stdout.readline() if process.stdout else ""
            yield ServerProcess(process.pid, int(_search(r":([0-9]+)/", greeting)))
        finally:
            process.terminate()


async def _run(server: ServerProcess, options: argparse.Namespace) -> Outcome:
    faultless, faulty = ClientGroup(FAULTLESS_KEY), [ClientGroup(key) for key in FAULTY_KEYS]
    check, stopped, random = ResponseChecker(), asyncio.Event(), Random(1)
    before = await asyncio.to_thread(server.sample, 0.0)
    async with asyncio.TaskGroup() as tasks:
        for _, group in zip(range(options.clients), cycle((faultless, *faulty)), strict=False):
            client = Client(server.port, group, check=check, random=random)
            tasks.create_task(client.run_jobs(stopped))
        for group in faulty:
            cleaner = Client(server.port, group, check=check, random=random)
            tasks.create_task(cleaner.delete_lost_jobs(stopped))
        samples = [before, *[each async for each in _sampled(server, options.seconds)]]
        stopped.set()
    await _wait_until_closed(server, before.sockets)
    last = await asyncio.to_thread(server.sample, samples[-1].at + SAMPLE_SECONDS)
    return Outcome(faultless, faulty, check.undocumented, samples, last)


async def _sampled(server: ServerProcess, seconds: float) -> AsyncIterator[Sample]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (at := loop.time() - began) < seconds:
        await asyncio.sleep(min(SAMPLE_SECONDS, seconds - at))
        yield await asyncio.to_thread(server.sample, loop.time() - began)


async def _wait_until_closed(server: ServerProcess, sockets: int) -> None:
    """Wait until the server has as many sockets as before, at most ten seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while server.sockets() > sockets:
                await asyncio.sleep(0.1)


def _problems(outcome: Outcome, options: argparse.Namespace) -> Iterator[str]:
    first, last = outcome.samples[0], outcome.last
    growth = _growth(outcome.samples)
    if growth > options.growth:
        yield f"memory grows by {growth:.1f} MiB a minute"
    if last.sockets > first.sockets:
        yield f"{last.sockets - first.sockets} sockets are left after all clients are gone"
    if max(sample.journal_entries for sample in outcome.samples) > JOURNAL_SIZE:
        yield f"the journal keeps more than {JOURNAL_SIZE} requests"
    if outcome.faultless.faults or not outcome.faultless.jobs:
        faults, statuses = outcome.faultless.faults, outcome.faultless.statuses
        yield f"the key without faults had {faults} failed requests: {statuses}"
    if not any(group.faults for group in outcome.faulty):
        yield "no fault was applied"
    for text, times in Counter(outcome.undocumented).most_common(5):
        yield f"not as documented, {times} times: {text}"


def _growth(samples: Sequence[Sample]) -> float:
    """Return the memory growth in MiB per minute in the second half.

    It is the median between all pairs of samples, because a single large allocation is not a leak.
    """
    half = [sample for sample in samples if sample.at >= samples[-1].at / 2]
    pairs = combinations(samples[-2:] if len(half) < 2 else half, 2)
    return median(60 * (b.memory - a.memory) / (b.at - a.at) for a, b in pairs)


def _report(outcome: Outcome) -> str:
    lines = [
        "| s | memory, MiB | sockets | threads | requests | in the journal | jobs |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *[_row(sample) for sample in (*outcome.samples, outcome.last)],
        "",
        f"memory in the second half: {_growth(outcome.samples):+.1f} MiB a minute",
    ]
    for group in (outcome.faultless, *outcome.faulty):
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(group.statuses.items()))
        lines.append(f"{group.key}: {group.jobs} jobs; {statuses}; broken: {group.broken}")
    return "\n".join(lines)


def _row(sample: Sample) -> str:
    numbers = f"{sample.sockets} | {sample.threads} | {sample.requests} | {sample.journal_entries}"
    return f"| {sample.at:.0f} | {sample.memory:.1f} | {numbers} | {sample.jobs} |"


def _allow_sockets(number: int) -> None:
    """Raise the limit of open files for this process and its children."""
    _, maximum = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(maximum, number + 1000), maximum))


def _link_target(link: Path) -> str:
    """Return the target of a link, empty if it no longer exists."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _search(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"nothing like {pattern} in {text!r}")
    return found[1]


if __name__ == "__main__":
    main()
