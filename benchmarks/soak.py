"""A thousand clients at once against a server that rehearses faults, to see that nothing leaks.

Starts `aisa-testkit serve` in a process of its own, with every kind of fault that breaks or slows
an answer for all keys but one, and lets the clients live whole jobs. Beside them, looks at the
memory, sockets, threads, requests and jobs of the server. Ends with exit code 1 if anything grew
that should not, if the tenant without faults met one, or if an answer was not as documented. Reads
/proc. Run as `python benchmarks/soak.py`.
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
from soak_client import Client, Tenant

from aisa_testkit.contracts import check_exchange
from aisa_testkit.openapi import Call, Reply, load_document

CALM: Final = "sk-aisa-soak-without-faults"
STRUCK: Final = tuple(f"sk-aisa-soak-with-faults-{number}" for number in range(4))
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
# How many requests the journal of a server keeps.
KEPT: Final = 1000
EVERY: Final = 2.0
# One answer of so many is judged, so that the clients take no more time than the server.
JUDGED: Final = 25


@dataclass(frozen=True, slots=True)
class Sample:
    """The server at one moment, in seconds since the beginning; memory in MiB."""

    at: float
    memory: float
    sockets: int
    threads: int
    requests: int
    kept: int
    jobs: int


class Watched:
    """A server that is looked at from outside."""

    def __init__(self, pid: int, port: int) -> None:
        self.port, self._process = port, Path("/proc", str(pid))

    def sample(self, at: float) -> Sample:
        """What it is like now."""
        told = (self._process / "status").read_text()
        page, health = self._ask("requests?limit=1"), self._ask("health")
        return Sample(
            at=at,
            memory=int(_found(r"VmRSS:\s+([0-9]+)", told)) / 1024,
            sockets=self.sockets(),
            threads=int(_found(r"Threads:\s+([0-9]+)", told)),
            requests=page["total"],
            kept=page["total"] - page["forgotten"],
            jobs=health["jobs"],
        )

    def sockets(self) -> int:
        """How many of its open files are sockets."""
        links = (self._process / "fd").iterdir()
        return sum(_target(link).startswith("socket:") for link in links)

    def _ask(self, path: str) -> dict[str, int]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/__admin/{path}", timeout=30) as answer:
            told: dict[str, int] = orjson.loads(answer.read())
        return told


@dataclass(slots=True)
class Outcome:
    """What the clients saw, and what became of the server meanwhile."""

    faultless: Tenant
    faulty: list[Tenant]
    undocumented: list[str]
    samples: list[Sample]
    last: Sample


class ResponseChecker:
    """Holds some of the answers to the document."""

    def __init__(self) -> None:
        self.undocumented: list[str] = []
        self._document, self._seen = load_document(), 0

    def __call__(self, call: Call, reply: Reply) -> None:
        self._seen += 1
        if self._seen % JUDGED == 0:
            found = check_exchange(self._document, call, reply)
            self.undocumented += [f"{call.operation_id} {reply.status}: {v.title}" for v in found]


def main() -> None:
    """Lets the clients live, prints what became of the server, and says whether it is sound."""
    options = _options()
    _allow_sockets(options.clients * 2)
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder, "stderr")
        with _serving(Path(folder), errors) as watched:
            outcome = uvloop.run(_run(watched, options))
        told = errors.read_text()
    print(_report(outcome))
    problems = [*_problems(outcome, options), *(["stderr: " + told] if told else [])]
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
def _serving(folder: Path, errors: Path) -> Iterator[Watched]:
    """A server that rehearses the faults, for the length of the block."""
    faults = [{"key": key, **fault} for key in STRUCK for fault in FAULTS]
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
            yield Watched(process.pid, int(_found(r":([0-9]+)/", greeting)))
        finally:
            process.terminate()


async def _run(watched: Watched, options: argparse.Namespace) -> Outcome:
    faultless, faulty = Tenant(CALM), [Tenant(key) for key in STRUCK]
    judge, stopped, random = ResponseChecker(), asyncio.Event(), Random(1)
    before = await asyncio.to_thread(watched.sample, 0.0)
    async with asyncio.TaskGroup() as tasks:
        for _, tenant in zip(range(options.clients), cycle((faultless, *faulty)), strict=False):
            client = Client(watched.port, tenant, judge=judge, random=random)
            tasks.create_task(client.live(stopped))
        for tenant in faulty:
            tidier = Client(watched.port, tenant, judge=judge, random=random)
            tasks.create_task(tidier.tidy(stopped))
        samples = [before, *[each async for each in _sampled(watched, options.seconds)]]
        stopped.set()
    await _settled(watched, before.sockets)
    last = await asyncio.to_thread(watched.sample, samples[-1].at + EVERY)
    return Outcome(faultless, faulty, judge.undocumented, samples, last)


async def _sampled(watched: Watched, seconds: float) -> AsyncIterator[Sample]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while (at := loop.time() - began) < seconds:
        await asyncio.sleep(min(EVERY, seconds - at))
        yield await asyncio.to_thread(watched.sample, loop.time() - began)


async def _settled(watched: Watched, sockets: int) -> None:
    """Returns when the server has as many sockets again, or has been given time for that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while watched.sockets() > sockets:
                await asyncio.sleep(0.1)


def _problems(outcome: Outcome, options: argparse.Namespace) -> Iterator[str]:
    first, last = outcome.samples[0], outcome.last
    growth = _growth(outcome.samples)
    if growth > options.growth:
        yield f"memory grows by {growth:.1f} MiB a minute"
    if last.sockets > first.sockets:
        yield f"{last.sockets - first.sockets} sockets are left when all clients are gone"
    if max(sample.kept for sample in outcome.samples) > KEPT:
        yield f"the journal keeps more than {KEPT} requests"
    if outcome.faultless.faults or not outcome.faultless.jobs:
        faults, statuses = outcome.faultless.faults, outcome.faultless.statuses
        yield f"the key without faults had {faults} failed requests: {statuses}"
    if not any(tenant.faults for tenant in outcome.faulty):
        yield "no fault was applied"
    for told, times in Counter(outcome.undocumented).most_common(5):
        yield f"not as documented, {times} times: {told}"


def _growth(samples: Sequence[Sample]) -> float:
    """How many MiB a minute the memory grows over the second half: the median between any two
    moments, for memory that is once taken in a large piece is no leak.
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
    for tenant in (outcome.faultless, *outcome.faulty):
        statuses = ", ".join(f"{status}: {n}" for status, n in sorted(tenant.statuses.items()))
        lines.append(f"{tenant.key}: {tenant.jobs} jobs; {statuses}; broken: {tenant.broken}")
    return "\n".join(lines)


def _row(sample: Sample) -> str:
    numbers = f"{sample.sockets} | {sample.threads} | {sample.requests} | {sample.kept}"
    return f"| {sample.at:.0f} | {sample.memory:.1f} | {numbers} | {sample.jobs} |"


def _allow_sockets(number: int) -> None:
    """Raises the limit of open files for this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, number + 1000), most))


def _target(link: Path) -> str:
    """What a link leads to; nothing if it is gone by now."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"nothing like {pattern} in {text!r}")
    return found[1]


if __name__ == "__main__":
    main()
