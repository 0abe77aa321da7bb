"""`aisa-testkit demo` as its users run it: one job from its creation to a file on disk."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aisa_testkit.mock_server.media_library import MediaLibrary


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aisa_testkit", "demo", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the demo has to make, with a name that a shell and a terminal could misread."""
    return tmp_path_factory.mktemp("demo") / "not there yet" / "films [new]"


@pytest.fixture(scope="module")
def done(folder: Path) -> subprocess.CompletedProcess[str]:
    """One run for all: it takes about seven seconds."""
    return demo("--output", str(folder))


def test_the_demo_shows_every_state_of_the_job(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    states = [line for line in lines if line in ("queued", "in_progress", "completed", "failed")]
    assert states == ["queued", "in_progress", "completed"]
    assert "0.40 USD" in " ".join(lines)


def test_the_demo_saves_the_video_and_nothing_else(
    done: subprocess.CompletedProcess[str], folder: Path
) -> None:
    (saved,) = folder.iterdir()
    file, exact = MediaLibrary().nearest("video/mp4", size="720x1280", seconds="4")
    assert exact
    content = saved.read_bytes()
    assert (content[4:8], len(content)) == (b"ftyp", len(file.content))
    assert saved.suffix == ".mp4"
    assert saved.stem in done.stdout


def test_the_demo_ends_with_the_verdict_on_its_own_server(
    done: subprocess.CompletedProcess[str],
) -> None:
    verdict = r"^Checked the mock with [1-9][0-9]+ requests: no violation$"
    assert re.search(verdict, done.stdout, re.MULTILINE)


def test_the_path_of_the_video_can_be_copied_from_one_line(
    done: subprocess.CompletedProcess[str], folder: Path
) -> None:
    (saved,) = folder.iterdir()
    size = saved.stat().st_size
    expected = f"Saved {saved}, {size:,} bytes: open it in any player"
    assert expected in done.stdout.splitlines()


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    failed = demo("--output", str(file / "below"))
    expected = f"Error: --output {file / 'below'}: Not a directory\n"
    assert (failed.returncode, failed.stdout, failed.stderr) == (2, "", expected)


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"as before")
    failed = demo("--output", str(file))
    assert (failed.returncode, failed.stdout) == (2, "")
    assert failed.stderr.splitlines()[-1].endswith(f"Directory '{file}' is a file.")
    assert file.read_bytes() == b"as before"
