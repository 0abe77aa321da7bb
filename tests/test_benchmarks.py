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


def test_the_store_is_asked_for_its_time_and_its_memory() -> None:
    printed = run("store.py", "--jobs", "2000", "--rounds", "2")
    assert len(re.findall(r"^\| [a-z ]+ \|( +[0-9.]+ \|){3}$", printed, flags=re.MULTILINE)) == 3
    memory = re.search(r"memory of a job beyond its prompt: ([0-9]+) bytes", printed)
    assert memory
    assert int(memory[1]) < 1024
