"""Measure the detection rate of `aisa-testkit check` on a catalogue of servers.

- how many servers with one fault it finds, by family of faults,
- how many conforming but unusual servers it reports (false alarms),
- the number of created jobs and the seconds that a check takes,
- the same for a stock `schemathesis run` on a sample of these servers.

Run as `python benchmarks/judge.py`. Names of faults or variants select some of the servers.
`--stock 0` leaves out Schemathesis.
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
from aisa_testkit.openapi import Document, load_document

DOCUMENT = Path(__file__).parents[1] / "openapi" / "aisa-videos.yaml"
POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 1.2
Connect = Callable[[str | None, str | None], AbstractContextManager[Target]]


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """The outcome of a tool on one server.

    findings: the codes of violations, and the reason if the tool stopped early
    creates: the number of accepted creates
    seconds: the time that the tool took
    """

    name: str
    family: str
    findings: tuple[str, ...]
    creates: int
    seconds: float


def run_check(
    document: Document, connect: Connect, server: Fault | Variant, *, seed: int = 1
) -> CheckOutcome:
    """Check a server with the default plan, and return the errors."""
    fault = server.name if isinstance(server, Fault) else None
    variant = server.name if isinstance(server, Variant) else None
    with connect(fault, variant) as target:
        began = time.perf_counter()
        runner = CheckRunner(
            document,
            plan_check(document, key=KEY, creates=2, seed=seed),
            target,
            budget=Budget(max_creates=2),
            policy=CheckPolicy(timeout=TIMEOUT_SECONDS),
            poll_interval=POLL_SECONDS,
        )
        reason = _run(runner)
        seconds = time.perf_counter() - began
    result = runner.result()
    creates = [e for e in result.history if e.create is not None and e.accepted]
    codes = [violation.code for violation in result.errors]
    if not creates and not codes:
        reason = reason or "no job could be created"
    findings = (*dict.fromkeys(codes), *([reason] if reason else ()))
    return CheckOutcome(server.name, server.family, findings, len(creates), seconds)


def _run(runner: CheckRunner) -> str | None:
    """Run a check, and return why it stopped early, None if it did not."""
    try:
        runner.run()
    except (CredentialsRejected, ServerUnreachable) as error:
        return str(error)
    return None


@contextmanager
def over_socket(fault: str | None, variant: str | None) -> Iterator[Target]:
    """Serve a server of the catalogue on a socket."""
    with serve(fault, variant) as url, httpx2.Client(timeout=5) as client:
        yield HttpTarget(load_document(), url, client)


def run_schemathesis(name: str | None, family: str) -> CheckOutcome:
    """Run `schemathesis run` with default settings on a server."""
    with serve(name) as url, tempfile.TemporaryDirectory() as folder:
        har = Path(folder) / "traffic.har"
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(DOCUMENT), "--url", url]
        command += ["-H", f"Authorization: Bearer {KEY}", "--seed", "7", "--no-color"]
        command += ["--report", "har", "--report-har-path", str(har)]
        began = time.perf_counter()
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if run.returncode not in (0, 1):
            raise SystemExit(f"schemathesis failed: {run.stdout[-2000:]}{run.stderr[-2000:]}")
        creates = sum(map(_is_accepted_create, orjson.loads(har.read_bytes())["log"]["entries"]))
    findings = ("failures",) if run.returncode else ()
    return CheckOutcome(name or "no fault", family, findings, creates, seconds)


def _is_accepted_create(entry: dict[str, dict[str, object]]) -> bool:
    request, path = entry["request"], str(entry["request"]["url"]).partition("?")[0]
    is_create = path.endswith(("/videos", "/remix")) and request["method"] == "POST"
    return is_create and entry["response"]["status"] in (200, 201)


def main() -> None:
    """Check all selected servers and print the tables."""
    arguments = _arguments()
    servers: list[Fault | Variant] = [*FAULTS, *VARIANTS]
    selected = [s for s in servers if not arguments.names or s.name in arguments.names]
    unknown = set(arguments.names) - {server.name for server in selected}
    if unknown:
        raise SystemExit(f"there are no servers {', '.join(sorted(unknown))}")
    document = load_document()
    faulty, conforming = list[CheckOutcome](), list[CheckOutcome]()
    for number, server in enumerate(selected, start=1):
        print(f"\r{number} of {len(selected)}", end="", file=sys.stderr, flush=True)
        outcome = run_check(document, over_socket, server)
        (faulty if isinstance(server, Fault) else conforming).append(outcome)
        if arguments.names or bool(outcome.findings) != isinstance(server, Fault):
            print(f"\r{server.name:30} {'; '.join(outcome.findings) or 'nothing found'}")
    print(file=sys.stderr)
    _print_families(faulty)
    _print_summary("aisa-testkit check", faulty)
    false_alarms = sum(bool(outcome.findings) for outcome in conforming)
    print(f"false alarms: {false_alarms} of {len(conforming)} conforming servers")
    if arguments.stock and faulty:
        _compare_with_schemathesis(faulty, arguments.stock)


def _compare_with_schemathesis(faulty: Sequence[CheckOutcome], count: int) -> None:
    """Print the summaries of both tools on a sample across all families."""
    sample = faulty[:: max(1, len(faulty) // count)]
    outcomes = []
    for number, outcome in enumerate(sample, start=1):
        print(f"\rschemathesis, {number} of {len(sample)}", end="", file=sys.stderr, flush=True)
        outcomes.append(run_schemathesis(outcome.name, outcome.family))
    control = run_schemathesis(None, "")
    print(f"\n\nOn {len(sample)} of these servers:")
    _print_summary("aisa-testkit check", sample)
    _print_summary("schemathesis run", outcomes)
    print(f"schemathesis on the server without a fault: {control.findings or 'nothing found'}")


def _print_families(outcomes: Sequence[CheckOutcome]) -> None:
    print(f"\n| {'family':22} | found | of |\n|---|---:|---:|")
    for family in dict.fromkeys(outcome.family for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.family == family]
        print(f"| {family:22} | {sum(bool(o.findings) for o in own):5} | {len(own):2} |")


def _print_summary(tool: str, outcomes: Sequence[CheckOutcome]) -> None:
    if not outcomes:
        return
    found = sum(bool(outcome.findings) for outcome in outcomes)
    creates, seconds = [o.creates for o in outcomes], [o.seconds for o in outcomes]
    print(
        f"{tool}: {found} of {len(outcomes)} faults ({found / len(outcomes):.1%});"
        f" {statistics.median(creates):g} creates, at most {max(creates)},"
        f" {found / max(1, sum(creates)):.2f} faults per create;"
        f" {statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="faults and variants; all by default")
    parser.add_argument("--stock", type=int, default=28, help="servers to run Schemathesis on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
