"""The corpus of programs with bugs: each bug shows, and no mended twin is reported."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from job_bugs import BUGS, JobBug, Kind, Scenario, try_program

ROOT = Path(__file__).parents[2]

ONE_OF_EACH_STYLE = [*{bug.style: bug for bug in BUGS}.values()]

every_bug = pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])


@every_bug
def test_both_programs_make_their_clips_without_faults(bug: JobBug) -> None:
    for program in (bug.buggy, bug.mended):
        trial = try_program(bug, program, Scenario())
        assert trial.error is None
        assert trial.symptoms == set()


@every_bug
def test_bug_shows_in_its_scenario(bug: JobBug) -> None:
    assert bug.symptom in try_program(bug, bug.buggy, bug.scenario).symptoms


@every_bug
def test_mended_twin_is_not_reported_in_the_scenario_of_the_bug(bug: JobBug) -> None:
    assert try_program(bug, bug.mended, bug.scenario).symptoms == set()


@pytest.mark.parametrize("bug", ONE_OF_EACH_STYLE, ids=[bug.style for bug in ONE_OF_EACH_STYLE])
def test_mended_twin_survives_a_kill_at_every_request(bug: JobBug) -> None:
    requests = try_program(bug, bug.mended, Scenario()).requests
    for number in range(1, requests + 1):
        for kill in (Scenario(kill_before=number), Scenario(kill_after=number)):
            trial = try_program(bug, bug.mended, kill)
            assert trial.symptoms == set(), kill


def test_every_program_belongs_to_one_bug_with_a_report() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks/job_bugs/programs").glob("[a-z]*.py")}
    assert Counter(bug.name for bug in BUGS) == Counter(modules)
    for bug in BUGS:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#[0-9]+", bug.report)


def test_corpus_has_at_least_30_bugs_of_every_kind_and_style() -> None:
    assert len(BUGS) >= 30
    assert {bug.kind for bug in BUGS} == {*Kind}
    styles = {"httpx", "httpx asyncio", "httpx anyio, trio", "httpx threads", "openai", "requests"}
    assert styles <= {bug.style for bug in BUGS}


def test_script_prints_the_table() -> None:
    command = [sys.executable, "-m", "benchmarks.job_bugs", "create_repeated", "no_deadline"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(
        r"^\| create_repeated \| double payment \| httpx \| - \| - \| yes \| - \| [0-9]+ \|$",
        done.stdout,
        re.MULTILINE,
    )
    assert "found of 2: 0 by default, 1 by the scenarios, 2 by the named one" in done.stdout


def test_script_rejects_a_name_that_it_does_not_know() -> None:
    command = [sys.executable, "-m", "benchmarks.job_bugs", "no_such_bug"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "no bug of the corpus: no_such_bug\n"
