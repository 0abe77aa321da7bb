"""`aisa-testkit serve --recording`."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.command_line import run_command
from tests.support.serve_process import KEY, serve_process

KEY_TEXT = KEY["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_recording_is_written_at_the_stop_and_can_be_checked(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "new" / "traffic.har"
    with serve_process("--recording", str(path), "--scenario", "instant") as mock:
        job = mock.create()["id"]
        for request in (f"/videos/{job}", f"/videos/{KEY_TEXT}", "/videos", "/nowhere"):
            mock.request("GET", request)
        assert not path.exists()
        mock.stop(number)
        assert mock.process.returncode == 0
        assert mock.errors.empty()
    text = path.read_text(encoding="utf-8")
    log = json.loads(text)["log"]
    statuses = [entry["response"]["status"] for entry in log["entries"]]
    assert statuses == [200, 200, 404, 200]
    assert log["entries"][0]["request"]["url"] == f"{mock.url}/videos"
    assert log["comment"] == "requests left out, because no operation matches: 1"
    assert KEY_TEXT not in text
    result = run_command("check", "--replay", str(path))
    assert "in 4 requests" in result.output


def test_recording_replaces_an_old_one_only_at_the_stop(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    path.write_text("old")
    with serve_process("--recording", str(path)) as mock:
        mock.create()
        assert path.read_text() == "old"
        mock.stop()
    assert len(json.loads(path.read_text())["log"]["entries"]) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["traffic.har"]


def test_recording_that_cannot_be_written_at_the_stop_is_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "traffic.har"
    with serve_process("--recording", str(path)) as mock:
        path.parent.rmdir()
        assert mock.stop() == []
        assert mock.process.returncode == 2
        expected = f"Error: --recording {path} cannot be written: No such file or directory"
        assert mock.next_error() == expected


def test_recording_that_cannot_be_written_is_a_usage_error_before_the_start(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("{}")
    for path, reason in (
        (tmp_path, f"--recording {tmp_path} cannot be written: Is a directory"),
        (config, f"--recording {config}: the mock reads this file"),
    ):
        result = run_command("serve", "--config", str(config), "--recording", str(path))
        assert (result.exit_code, result.output) == (2, f"Error: {reason}\n")
    assert config.read_text() == "{}"
