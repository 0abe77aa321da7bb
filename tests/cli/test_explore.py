"""`aisa-testkit explore`: programs in processes, killed and restarted, each with its own mock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result

from tests.support.command_line import run_command

CAREFUL = """
import http.client, json, os, sys, urllib.error, urllib.request
from pathlib import Path

def send(method, path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["AISA_API_KEY"]}
    data = None if body is None else json.dumps(body).encode()
    if data:
        headers["Content-Type"] = "application/json"
    url = os.environ["OPENAI_BASE_URL"] + path
    request = urllib.request.Request(url, data, headers, method=method)
    for attempt in range(3):
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                content = response.read()
                if len(content) == int(response.headers["Content-Length"]):
                    return content if path.endswith("content") else json.loads(content)
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                sys.exit(f"refused: {error.code}")
        except (OSError, ValueError, http.client.HTTPException):
            pass
        if method == "POST":
            break
    sys.exit("gave up")

def create():
    note = Path("job.json")
    if not note.exists():
        note.write_text("null")
        note.write_text(json.dumps(send("POST", "/videos", {"prompt": "x"})["id"]))
    job_id = json.loads(note.read_text())
    if job_id is None:
        jobs = send("GET", "/videos")["data"]
        job_id = jobs[0]["id"] if jobs else send("POST", "/videos", {"prompt": "x"})["id"]
    return job_id

job_id = create()
while True:
    status = send("GET", f"/videos/{job_id}")["status"]
    if status == "failed":
        sys.exit("failed")
    if status == "completed":
        break
content = send("GET", f"/videos/{job_id}/content")
Path("clip.mp4").write_bytes(content)
"""
FORGETFUL = CAREFUL.replace("if not note.exists():", "if True:")
ENDLESS = CAREFUL.replace('    if status == "failed":', '    if status == "never":')
NODE = """
const headers = {Authorization: `Bearer ${process.env.AISA_API_KEY}`};
const response = await fetch(`${process.env.OPENAI_BASE_URL}/videos`, {headers});
process.exitCode = response.ok ? 0 : 3;
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command in a folder with programs."""
    programs = {
        "careful.py": CAREFUL,
        "forgetful.py": FORGETFUL,
        "endless.py": ENDLESS,
        "fetch.mjs": NODE,
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def explore(*arguments: str) -> Result:
    return run_command("explore", "--jobs", "2", *arguments)


def test_careful_program_is_right_in_all_behaviours() -> None:
    result = explore("--faults", "1", "--", sys.executable, "careful.py")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("none of ")
    assert "with up to 1 fault and a kill makes it pay twice, hang, or report wrongly" in (
        result.output
    )


def test_forgotten_job_is_shown_with_its_time_line_and_reported(tmp_path: Path) -> None:
    result = explore(
        *("--faults", "0", "--report", "json=report.json", "--report", "html=report.html"),
        *("--", sys.executable, "forgetful.py"),
    )
    assert result.exit_code == 1, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("1 of 1: 2 jobs are paid (video_")
    assert (
        "when jobs complete; the program is killed after its 1st request, and restarted:" in lines
    )
    assert lines[-1] == "3 findings in 19 behaviours with up to 0 faults and a kill"
    report = json.loads((tmp_path / "report.json").read_bytes())
    assert report["findings"][-1]["behaviour"] == {
        "life": "completes",
        "kill": {"request": 1, "performed": True},
    }
    assert b"2 jobs are paid" in (tmp_path / "report.html").read_bytes()


def test_one_behaviour_is_tried_alone() -> None:
    behaviour = '{"life": "completes", "kill": {"request": 1, "performed": true}}'
    command = ("--behaviour", behaviour, "--", sys.executable)
    assert explore(*command, "forgetful.py").exit_code == 1
    assert explore(*command, "careful.py").exit_code == 0


def test_program_without_an_end_is_ended() -> None:
    result = explore("--faults", "0", "--no-restarts", "--", sys.executable, "endless.py")
    assert result.exit_code == 1
    assert "the program does not end: it has sent 1000 requests" in result.output


def test_program_that_waits_too_long_is_ended() -> None:
    program = "import time; time.sleep(600)"
    result = explore("--max-seconds", "0.2", "--", sys.executable, "-c", program)
    assert result.exit_code == 2
    assert "without faults, it did not end: after 0.2 seconds it still runs" in result.output


def test_folder_of_a_run_is_a_copy(tmp_path: Path) -> None:
    (tmp_path / "node_modules").mkdir()
    explore("--faults", "0", "--", sys.executable, "careful.py")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("careful.py", "endless.py", "fetch.mjs", "forgetful.py", "node_modules")
    ]


def test_programs_in_other_languages_are_explored() -> None:
    result = explore("--faults", "1", "--no-restarts", "--", "node", "fetch.mjs")
    assert result.exit_code == 1  # it catches no error of a connection
    assert "the program fails: exit code 1: " in result.output
    assert "the program fails: exit code 3" not in result.output
    result = explore(
        *("--faults", "1", "--no-restarts", "--fails-with", "1", "--", "node", "fetch.mjs")
    )
    assert "the program fails: exit code 3" in result.output


def test_bounds_are_said() -> None:
    result = explore("--max-runs", "5", "--", sys.executable, "careful.py")
    assert result.exit_code == 6
    assert "not exhausted" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a COMMAND is missing, such as: aisa-testkit explore -- python make_clip.py"),
        (("--", "no-such-program"), "no-such-program is not a program that can be run"),
        (("--", sys.executable, "-c", ""), "the program makes no request to the mock"),
        (
            ("--", sys.executable, "-c", "raise SystemExit('broken')"),
            "without faults, it failed: exit code 1: broken",
        ),
        (("--report", "pdf=x", "--", "node"), "--report must be FORMAT=PATH with html or json"),
        (("--life", "fail", "--", sys.executable, "careful.py"), "unknown scenario 'fail'"),
        (
            ("--behaviour", "life: x", "--", sys.executable, "careful.py"),
            "jobs live by no scenario 'x' here",
        ),
    ],
)
def test_mistake_is_named(arguments: tuple[str, ...], message: str) -> None:
    result = explore(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_interrupt_shows_what_is_known_and_leaves_no_process(tmp_path: Path) -> None:
    program = "import os, time; open(os.environ['PIDS'], 'a').write(f'{os.getpid()}\\n');"
    program += " exec(open('careful.py').read()); time.sleep(0 if N < 6 else 600)"
    program = program.replace("N <", "len(open(os.environ['PIDS']).read().split()) <")
    pids = tmp_path.parent / f"{tmp_path.name}-pids"
    with subprocess.Popen(
        [sys.executable, "-m", "aisa_testkit", "explore", "--", sys.executable, "-c", program],
        env={**os.environ, "PIDS": str(pids)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        while not pids.exists() or len(pids.read_text().split()) < 7:
            assert command.poll() is None
            time.sleep(0.01)
        command.send_signal(signal.SIGINT)
        output, _ = command.communicate(timeout=20)
    assert command.returncode == 130
    assert "not exhausted" in output
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)
