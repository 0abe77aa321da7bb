"""`aisa-testkit demo` in a process: a job from its creation to a file on disk."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aisa_testkit.mock_server.media_library import MediaLibrary
from tests.support.media import file_of_job
from tests.support.signals import STOPPING, ignoring


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aisa_testkit", "demo", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A missing folder whose name has special characters for shells and for Rich."""
    return tmp_path_factory.mktemp("demo") / "missing" / "films [new]"


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    """One run for all tests, because it takes about seven seconds."""
    return demo("--output", str(folder))


def test_demo_ignores_signals_that_were_ignored_at_its_start(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aisa_testkit", "demo", "--output", str(tmp_path)]
    with subprocess.Popen(
        ignoring(STOPPING, command),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            for number in STOPPING:
                process.send_signal(number)
            printed, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, printed


def test_demo_prints_every_state_of_the_job(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    states = [line for line in lines if line in ("queued", "in_progress", "completed", "failed")]
    assert states == ["queued", "in_progress", "completed"]
    assert "0.40 USD" in " ".join(lines)


def test_demo_saves_only_the_video(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    (saved,) = folder.iterdir()
    file, exact = MediaLibrary().nearest("video/mp4", size="720x1280", seconds="4")
    assert exact
    assert saved.read_bytes() == file_of_job(file.name, saved.stem)
    assert saved.suffix == ".mp4"
    assert saved.stem in done.stdout


def test_demo_checks_its_own_mock(
    done: subprocess.CompletedProcess[str],
) -> None:
    line = r"^Checked the mock with [1-9][0-9]+ requests: no violation$"
    assert re.search(line, done.stdout, re.MULTILINE)


def test_demo_prints_the_path_of_the_video_in_one_line(
    done: subprocess.CompletedProcess[str], folder: Path
) -> None:
    (saved,) = folder.iterdir()
    size = saved.stat().st_size
    expected = f"Saved {saved}, {size:,} bytes: open it in any player"
    assert expected in done.stdout.splitlines()


def test_output_folder_that_cannot_be_created_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    failed = demo("--output", str(file / "below"))
    expected = f"Error: --output {file / 'below'}: Not a directory\n"
    assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", expected)


def test_output_that_is_a_file_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"unchanged")
    failed = demo("--output", str(file))
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.splitlines()[-1].endswith(f"Directory '{file}' is a file.")
    assert file.read_bytes() == b"unchanged"
