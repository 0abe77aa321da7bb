"""Where reports go: a path that cannot be written is told before the first request."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisa_testkit.cli import main


@pytest.fixture
def url() -> str:
    """The address of nobody: a check that asks there ends with another exit code."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


def refusal(url: str, *arguments: str) -> str:
    """The one line by which a check is refused with exit code 2."""
    result = CliRunner().invoke(main, ["check", url, *arguments])
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
    return result.output


@pytest.mark.parametrize("kind", ["har", "html", "json", "junit", "markdown", "record"])
@pytest.mark.parametrize("path", ["folder", "file/a", "/proc/none/a", "/proc/version", "x" * 300])
def test_a_path_that_cannot_be_written_is_told_by_its_option(
    url: str, tmp_path: Path, kind: str, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    at = tmp_path / path
    option = ["--record", str(at)] if kind == "record" else ["--report", f"{kind}={at}"]
    told = refusal(url, *option)
    assert told.startswith(f"Error: {option[0]} {option[1]} cannot be written: ")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize(
    "text", ["pdf=a", "html", "html=", "=a", "", "HTML=a", " html=a"], ids=lambda text: text or "-"
)
def test_a_report_of_no_known_format_is_told_with_all_formats(url: str, text: str) -> None:
    told = refusal(url, "--report", text)
    formats = "har or html or json or junit or markdown"
    assert told == f"Error: --report must be FORMAT=PATH with {formats}, not {text!r}\n"


@pytest.mark.parametrize("again", ["a.json", "./a.json", "b/../a.json"])
def test_two_reports_do_not_go_to_one_file(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    for second in (["--report", f"html={again}"], ["--record", again]):
        told = refusal(url, "--report", "json=a.json", *second)
        assert "another report uses this file" in told
        assert second[0] in told


def test_a_path_is_tried_without_leaving_or_changing_a_file(url: str, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("kept")
    new = tmp_path / "deep" / "new.html"
    refusal(url, "--report", f"json={old}", "--report", f"html={new}", "--report", "pdf=a")
    assert (old.read_text(), new.exists()) == ("kept", False)


def test_an_equals_sign_may_stand_in_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a=b.json"
    arguments = ["check", "http://127.0.0.1:1/v1", "--report", f"json={path}"]
    assert CliRunner().invoke(main, [*arguments, "--max-spend", "0"]).exit_code == 5
    assert path.exists()
