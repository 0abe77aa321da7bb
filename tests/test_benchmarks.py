"""The benchmarks run; what they measure is written down elsewhere and judged by people."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_server_is_loaded_beside_a_bare_one_without_an_error(
    tool: Callable[[str], str],
) -> None:
    tool("wrk")
    printed = run("server.py", "--rounds", "1", "--seconds", "1")
    for row in ("GET one video", "POST multipart", "Cold start"):
        assert re.search(rf"^\| {row}.*\|( +[0-9.,]+ \|){{3}}", printed, flags=re.MULTILINE)


def test_the_server_is_compared_with_another_checkout(tool: Callable[[str], str]) -> None:
    tool("wrk")
    here = str(BENCHMARKS.parent)
    printed = run("server.py", "--rounds", "1", "--seconds", "1", "--before", here)
    assert re.search(r"^\| Median of 1 rounds \| ours \| before \|", printed, flags=re.MULTILINE)


def test_clients_soak_a_server_and_leave_nothing_behind() -> None:
    printed = run("soak.py", "--clients", "40", "--seconds", "6", "--growth", "1000")
    assert printed.endswith("\nsound: nothing grew that should not\n")
    rows = re.findall(r"^\| [0-9]+ \| [0-9.]+ \|(?: [0-9]+ \|){5}$", printed, re.MULTILINE)
    assert len(rows) >= 3
    told = re.findall(
        r"^sk-aisa-soak-\S+: [1-9][0-9]* jobs; 200: [0-9]+(.*)", printed, re.MULTILINE
    )
    calm, *struck = told
    assert calm == "; broken: 0"
    assert all(each != calm for each in struck)


def test_the_store_is_asked_for_its_time_and_its_memory() -> None:
    printed = run("store.py", "--jobs", "2000", "--rounds", "2")
    assert len(re.findall(r"^\| [a-z ]+ \|( +[0-9.]+ \|){3}$", printed, flags=re.MULTILINE)) == 3
    memory = re.search(r"memory of a job beyond its prompt: ([0-9]+) bytes", printed)
    assert memory
    assert int(memory[1]) < 1024


def test_the_plugin_is_compared_with_what_there_is_without_it() -> None:
    printed = run("plugin.py", "--runs", "1", "--rounds", "5")
    rows = re.findall(r"^\| ([a-z][a-zA-Z ,0-9-]+) \|( +-?[0-9.]+ \|){4}", printed, re.MULTILINE)
    assert [title for title, _ in rows] == [
        "pytest on an empty test, ms",
        "set-up and tear-down, ms",
        "retrieve through the SDK, ms",
        "create through the SDK, ms",
        "a whole job in 7 calls, ms",
    ]


def test_the_judge_is_asked_about_single_servers() -> None:
    printed = run("judge.py", "--stock", "0", "progress-falls", "other-key-order")
    assert re.search(r"^progress-falls +AV203$", printed, flags=re.MULTILINE)
    assert re.search(r"^other-key-order +nothing told$", printed, flags=re.MULTILINE)
    assert "1 of 1 faults (100.0%); 2 creates, at most 2" in printed
    assert "unusual servers blamed: 0 of 1" in printed
