"""The benchmark scripts run. Their figures are in benchmarks/README.md, not in tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.documents import RENDERINGS

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_server_benchmark_compares_with_a_bare_app_and_another_checkout(
    tool: Callable[[str], str],
) -> None:
    tool("wrk")
    checkout = str(BENCHMARKS.parent)
    printed = run("server.py", "--rounds", "1", "--seconds", "1", "--before", checkout)
    for row in ("GET one video", "POST multipart", "Cold start"):
        tables = re.findall(rf"^\| {row}.*\|(?: +[0-9.,]+ \|){{3}}", printed, flags=re.MULTILINE)
        assert len(tables) == 2, row


def test_soak_leaves_no_sockets_and_no_memory_behind() -> None:
    printed = run("soak.py", "--clients", "40", "--seconds", "4", "--growth", "1000")
    assert printed.endswith("\nsound: nothing grew that should not\n")
    rows = re.findall(r"^\| [0-9]+ \| [0-9.]+ \|(?: [0-9]+ \|){5}$", printed, re.MULTILINE)
    assert len(rows) >= 3
    keys = re.findall(r"^sk-aisa-soak-\S+: ([0-9]+) jobs; 200: [0-9]+(.*)", printed, re.MULTILINE)
    (jobs, other_statuses), *faulty = keys
    assert int(jobs) > 0
    assert other_statuses == "; broken: 0"
    assert all(statuses != "; broken: 0" for _, statuses in faulty)


def test_store_benchmark_reports_times_and_memory() -> None:
    printed = run("store.py", "--jobs", "2000", "--rounds", "2")
    assert len(re.findall(r"^\| [a-z ]+ \|( +[0-9.]+ \|){3}$", printed, flags=re.MULTILINE)) == 3
    memory = re.search(r"memory of a job beyond its prompt: ([0-9]+) bytes", printed)
    assert memory
    assert int(memory[1]) < 1024


def test_plugin_benchmark_compares_with_bare_routes() -> None:
    printed = run("plugin.py", "--runs", "1", "--rounds", "1")
    rows = re.findall(r"^\| ([a-z][a-zA-Z ,0-9-]+) \|( +-?[0-9.]+ \|){4}", printed, re.MULTILINE)
    assert [title for title, _ in rows] == [
        "pytest on an empty test, ms",
        "set-up and tear-down, ms",
        "retrieve through the SDK, ms",
        "create through the SDK, ms",
        "a whole job in 7 calls, ms",
    ]


def test_judge_reports_findings_and_false_alarms() -> None:
    printed = run("judge.py", "--stock", "0", "progress-falls", "other-key-order")
    assert re.search(r"^progress-falls +AV203$", printed, flags=re.MULTILINE)
    assert re.search(r"^other-key-order +nothing found$", printed, flags=re.MULTILINE)
    assert "1 of 1 faults (100.0%); 2 creates, at most 2" in printed
    assert "false alarms: 0 of 1" in printed


def test_vendors_benchmark_leads_every_job_through_its_life(tmp_path: Path) -> None:
    text = RENDERINGS.read_text("utf-8")
    (tmp_path / "renderings.yaml").write_text(text, "utf-8")
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    overlay = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions: [{target: $, update: {}}]\n"
    (overlays / "renderings.yaml").write_text(overlay, "utf-8")
    printed = run("vendors.py", str(tmp_path), "--overlays", str(overlays))
    assert re.search(
        r"^\| renderings \| 3 \| [0-9]+ \| 0 \|.*\| 2 of 2 \|.*\| 0 \|$", printed, re.M
    )
    assert printed.endswith("sound: every response is as documented\n")
