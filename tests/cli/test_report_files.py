"""The report files of `aisa-testkit check`, which are opened before the first request."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import run_command
from tests.support.full_disk import full_disk
from tests.support.stub_server import unused_server


def usage_error(*arguments: str) -> str:
    """The error of a check that ends with exit code 2 before the first request."""
    with unused_server() as url:
        result = run_command("check", url, *arguments)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
    return result.output


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param("har", "folder", id="folder"),
        pytest.param("html", "file/a", id="file as folder"),
        pytest.param("json", "/proc/none/a", id="folder that cannot be created"),
        pytest.param("junit", "/proc/version", id="read-only file"),
        pytest.param("markdown", "x" * 300, id="name too long"),
        pytest.param("record", "folder", id="folder for a recording"),
    ],
)
def test_unwritable_report_path_is_reported_with_its_option(
    tmp_path: Path, kind: str, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    at = tmp_path / path
    option = ["--record", str(at)] if kind == "record" else ["--report", f"{kind}={at}"]
    error = usage_error(*option)
    assert error.startswith(f"Error: {option[0]} {option[1]} cannot be written: ")
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("text", ["pdf=a", "html", "html=", "=a", "HTML=a", " html=a"])
def test_unknown_report_format_is_reported_with_all_formats(text: str) -> None:
    error = usage_error("--report", text)
    formats = "har or html or json or junit or markdown"
    error = error.rstrip().removesuffix("; did you mean html?")
    assert error == f"Error: --report must be FORMAT=PATH with {formats}, not {text!r}"


@pytest.mark.parametrize("same", ["a.json", "./a.json", "b/../a.json"])
def test_two_reports_cannot_use_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    for second in (["--report", f"html={same}"], ["--record", same]):
        error = usage_error("--report", "json=a.json", *second)
        assert "another report uses this file" in error
        assert second[0] in error


def test_testing_a_report_path_neither_creates_nor_changes_a_file(tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    old.write_text("kept")
    new = tmp_path / "deep" / "new.html"
    usage_error("--report", f"json={old}", "--report", f"html={new}", "--report", "pdf=a")
    assert (old.read_text(), new.exists()) == ("kept", False)


def test_report_path_may_contain_an_equals_sign(tmp_path: Path) -> None:
    path = tmp_path / "a=b.json"
    arguments = ["check", "http://127.0.0.1:1/v1", "--report", f"json={path}"]
    assert run_command(*arguments, "--max-spend", "0").exit_code == 5
    assert path.exists()


def test_report_that_does_not_fit_on_the_disk_leaves_the_old_one(tmp_path: Path) -> None:
    path, small = tmp_path / "check.html", tmp_path / "check.md"
    path.write_text("old")
    files = ["--report", f"html={path}", "--report", f"markdown={small}"]
    with full_disk(2000):
        result = run_command("check", "http://127.0.0.1:1/v1", "--max-spend", "0", *files)
    errors = [line for line in result.stderr.splitlines() if "cannot be written" in line]
    assert errors == [f"Error: {path} cannot be written: File too large"]
    assert path.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == [path, small]
