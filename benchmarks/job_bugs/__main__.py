"""Print which bugs are found, by which means. Run as `python -m benchmarks.job_bugs [NAME…]`.

- default: the mock as it is, without any option,
- scenarios: the ten scenarios of the mock, each for all jobs,
- named: the behaviour that the corpus names for the bug.

A bug is found if the user would see it, or if the verdict has an error. A false alarm is the same
for the mended twin, in any of these behaviours.

With `--explore`, all behaviours are tried instead: with one fault, and with a kill. Programs that
need a socket are left out.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from . import BUGS, JobBug, Program, Scenario, try_program
from .explored import explore_program

SCENARIOS: Final = {
    name: Scenario(life=name, passes=name not in ("fails", "moderated", "stalls"))
    for name in (
        "completes",
        "fails",
        "moderated",
        "slow",
        "stalls",
        "jumps",
        "instant",
        "expires",
        "flaky-polls",
        "rate-limited",
    )
}


@dataclass(frozen=True, slots=True)
class Row:
    """What was found of a bug, and how often its twin was reported.

    Args:
        default: True if the bug is found without any option.
        scenarios: the scenarios that find it.
        named: True if it is found by the behaviour that the corpus names.
        alarms: where the twin was reported, and for what.
        seconds: the time of all runs of the bug and its twin.
    """

    default: bool
    scenarios: tuple[str, ...]
    named: bool
    alarms: tuple[str, ...]
    seconds: float


def main() -> None:
    """Print the table; exit with 1 if a bug is not found or a twin is reported."""
    names = [name for name in sys.argv[1:] if name != "--explore"]
    if unknown := set(names) - {bug.name for bug in BUGS}:
        sys.exit(f"no bug of the corpus: {', '.join(sorted(unknown))}")
    bugs = [bug for bug in BUGS if not names or bug.name in names]
    if "--explore" in sys.argv[1:]:
        sys.exit(_explore_all([bug for bug in bugs if not bug.socket]))
    print("| bug | kind | style | default | scenarios | named | false alarms | ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | ---: |")
    rows = []
    for bug in bugs:
        rows.append(row := measure(bug))
        print(
            f"| {bug.name} | {bug.kind} | {bug.style} | {_mark(row.default)} | "
            f"{', '.join(row.scenarios) or '-'} | {_mark(row.named)} | "
            f"{', '.join(row.alarms) or '-'} | {row.seconds * 1000:.0f} |"
        )
    found = (
        sum(row.default for row in rows),
        sum(bool(row.scenarios) for row in rows),
        sum(row.named for row in rows),
    )
    alarms = sum(len(row.alarms) for row in rows)
    print(f"\nfound of {len(rows)}: {found[0]} by default, ", end="")
    print(f"{found[1]} by the scenarios, {found[2]} by the named one; false alarms: {alarms}")
    sys.exit(found[2] < len(rows) or alarms > 0)


def _explore_all(bugs: Sequence[JobBug]) -> int:
    """Print what exploring finds; return 1 if a bug is not found or a twin is reported."""
    print("| bug | kind | one fault | a kill | false alarms | runs | s |")
    print("| --- | --- | --- | --- | --- | ---: | ---: |")
    found, alarms = [0, 0, 0], 0
    for bug in bugs:
        start = time.perf_counter()
        buggy, mended = (
            [explore_program(bug, program, faults=faults, restarts=not faults) for faults in (1, 0)]
            for program in (bug.buggy, bug.mended)
        )
        marks = [bool(exploration.findings) for exploration in buggy]
        kinds = sorted({each.kind for exploration in mended for each in exploration.findings})
        found = [a + b for a, b in zip(found, (*marks, any(marks)), strict=True)]
        alarms += len(kinds)
        runs = sum(exploration.runs for exploration in (*buggy, *mended))
        print(
            f"| {bug.name} | {bug.kind} | {_mark(marks[0])} | {_mark(marks[1])} | "
            f"{', '.join(kinds) or '-'} | {runs} | {time.perf_counter() - start:.1f} |",
            flush=True,
        )
    print(f"\nfound of {len(bugs)}: {found[0]} with one fault, {found[1]} with a kill, ", end="")
    print(f"{found[2]} with either; false alarms: {alarms}")
    return int(found[2] < len(bugs) or alarms > 0)


def measure(bug: JobBug) -> Row:
    """Run the bug and its twin in every behaviour."""
    start = time.perf_counter()
    behaviours = {"default": Scenario(), **SCENARIOS, "named": bug.scenario}
    found = [name for name, scenario in behaviours.items() if _findings(bug, bug.buggy, scenario)]
    alarms = [
        f"{name}: {findings}"
        for name, scenario in behaviours.items()
        if (findings := _findings(bug, bug.mended, scenario))
    ]
    return Row(
        default="default" in found,
        scenarios=tuple(name for name in found if name in SCENARIOS),
        named="named" in found,
        alarms=tuple(alarms),
        seconds=time.perf_counter() - start,
    )


def _findings(bug: JobBug, program: Program, scenario: Scenario) -> str:
    """Return what is found of the program, "" if nothing."""
    trial = try_program(bug, program, scenario)
    return " and ".join(sorted([*trial.symptoms, *trial.rules]))


def _mark(found: bool) -> str:
    return "yes" if found else "-"


if __name__ == "__main__":
    main()
