"""Find out how good the judge is: on a catalogue of servers with one fault each, and on others that
only look unusual.

- how many of the faulty servers `aisa-testkit check` finds, by family of faults,
- how many of the unusual ones it blames,
- what that takes: jobs that would have been billed, and seconds,
- what a stock `schemathesis run` finds on a sample of the same servers, and with how many jobs.

Run as `python benchmarks/judge.py`. Names of faults choose some, `--stock 0` leaves Schemathesis
out.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import orjson
from faulty_server import FAULTS, KEY, VARIANTS, Fault, Variant
from faulty_server.serving import serve

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.http_target import HttpTarget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.check.target import Target
from aisa_testkit.contracts.errors import CredentialsRejected, ServerUnreachable
from aisa_testkit.openapi import Document, JobRole, load_document

DOCUMENT = Path(__file__).parents[1] / "openapi" / "aisa-videos.yaml"
POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 1.2
Connect = Callable[[str | None, str | None], AbstractContextManager[Target]]


@dataclass(frozen=True, slots=True)
class Run:
    """What a tool has told of one server: the codes of violations, or why it stopped; `creates` is
    how many jobs were accepted.
    """

    name: str
    family: str
    told: tuple[str, ...]
    creates: int
    seconds: float


def walked(document: Document, connect: Connect, server: Fault | Variant, *, seed: int = 1) -> Run:
    """What a walk with its usual plan tells of a server, errors alone."""
    fault = server.name if isinstance(server, Fault) else None
    variant = server.name if isinstance(server, Variant) else None
    with connect(fault, variant) as connected:
        began = time.perf_counter()
        walk = CheckRunner(
            document,
            plan_check(document, key=KEY, creates=2, seed=seed),
            connected,
            key=KEY,
            budget=Budget(max_creates=2),
            policy=CheckPolicy(timeout=TIMEOUT_SECONDS),
            poll_interval=POLL_SECONDS,
        )
        stopped = _stopped(walk)
        seconds = time.perf_counter() - began
    verdict = walk.result()
    made = [e for e in verdict.history if e.operation.role is JobRole.CREATE and e.accepted]
    codes = [violation.code for violation in verdict.errors]
    if not made and not codes:
        stopped = stopped or "no job could be made"
    told = (*dict.fromkeys(codes), *([stopped] if stopped else ()))
    return Run(server.name, server.family, told, len(made), seconds)


def _stopped(walk: CheckRunner) -> str | None:
    """Walks to the end; if there is none, why."""
    try:
        walk.run()
    except (CredentialsRejected, ServerUnreachable) as error:
        return str(error)
    return None


@contextmanager
def over_a_socket(fault: str | None, variant: str | None) -> Iterator[Target]:
    """A server of the catalogue over a real socket."""
    with serve(fault, variant) as url, httpx2.Client(timeout=5) as client:
        yield HttpTarget(load_document(), url, client)


def stock(name: str | None, family: str) -> Run:
    """What `schemathesis run` tells, as it comes."""
    with serve(name) as url, tempfile.TemporaryDirectory() as folder:
        har = Path(folder) / "traffic.har"
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT), "--url", url]
        command += ["-H", f"Authorization: Bearer {KEY}", "--seed", "7", "--no-color"]
        command += ["--report", "har", "--report-har-path", str(har)]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode not in (0, 1):
            raise SystemExit(f"schemathesis failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        creates = sum(map(_is_create, orjson.loads(har.read_bytes())["log"]["entries"]))
    told = ("failures",) if done.returncode else ()
    return Run(name or "no fault", family, told, creates, seconds)


def _is_create(entry: dict[str, dict[str, object]]) -> bool:
    request, path = entry["request"], str(entry["request"]["url"]).partition("?")[0]
    makes = path.endswith(("/videos", "/remix")) and request["method"] == "POST"
    return makes and entry["response"]["status"] in (200, 201)


def main() -> None:
    arguments = _arguments()
    servers: list[Fault | Variant] = [*FAULTS, *VARIANTS]
    chosen = [s for s in servers if not arguments.names or s.name in arguments.names]
    strangers = set(arguments.names) - {server.name for server in chosen}
    if strangers:
        raise SystemExit(f"there are no servers {', '.join(sorted(strangers))}")
    document = load_document()
    faulty, unusual = list[Run](), list[Run]()
    for number, server in enumerate(chosen, start=1):
        print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr, flush=True)
        run = walked(document, over_a_socket, server)
        (faulty if isinstance(server, Fault) else unusual).append(run)
        if arguments.names or bool(run.told) != isinstance(server, Fault):
            print(f"\r{server.name:30} {'; '.join(run.told) or 'nothing told'}")
    print(file=sys.stderr)
    _families(faulty)
    _summary("aisa-testkit check", faulty)
    print(f"unusual servers blamed: {sum(bool(r.told) for r in unusual)} of {len(unusual)}")
    if arguments.stock and faulty:
        _compare(faulty, arguments.stock)


def _compare(faulty: Sequence[Run], count: int) -> None:
    """Both tools on a sample that is spread over all families."""
    sample = faulty[:: max(1, len(faulty) // count)]
    others = []
    for number, run in enumerate(sample, start=1):
        print(f"\rschemathesis, {number} of {len(sample)}", end="", file=sys.stderr, flush=True)
        others.append(stock(run.name, run.family))
    control = stock(None, "")
    print(f"\n\nOn {len(sample)} of these servers:")
    _summary("aisa-testkit check", sample)
    _summary("schemathesis run", others)
    print(f"schemathesis on the server without a fault: {control.told or 'nothing told'}")


def _families(runs: Sequence[Run]) -> None:
    print(f"\n| {'family':22} | found | of |\n|---|---:|---:|")
    for family in dict.fromkeys(run.family for run in runs):
        own = [run for run in runs if run.family == family]
        print(f"| {family:22} | {sum(bool(r.told) for r in own):5} | {len(own):2} |")


def _summary(tool: str, runs: Sequence[Run]) -> None:
    if not runs:
        return
    found = sum(bool(run.told) for run in runs)
    creates, seconds = [r.creates for r in runs], [r.seconds for r in runs]
    print(
        f"{tool}: {found} of {len(runs)} faults ({found / len(runs):.1%});"
        f" {statistics.median(creates):g} creates, at most {max(creates)},"
        f" {found / max(1, sum(creates)):.2f} faults per create;"
        f" {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="faults and variants; all by default")
    parser.add_argument("--stock", type=int, default=28, help="how many servers Schemathesis gets")
    return parser.parse_args()


if __name__ == "__main__":
    main()
