"""`aisa-testkit document`, and the help of every command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import orjson
import pytest
import yaml
from click.testing import CliRunner, Result

from aisa_testkit.cli import main
from aisa_testkit.cli.command_help import Option
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.command_line import run_command
from tests.support.documents import RENDERINGS, renderings_text
from tests.support.film_api import SCHEMA, changed_api

BAD = """\
openapi: 3.1.0
info:
  title: Bad
  version: '1'
  titel: Bad
paths:
  /jobs:
    post:
      operationId: make
      summry: Make one.
      responses:
        '200': {description: Made.}
"""


def run(*arguments: str) -> Result:
    return run_command("document", *arguments)


def test_bundled_document_is_printed_unchanged(document: Document) -> None:
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == document.source.text


def test_format_json_prints_the_same_data(document: Document) -> None:
    result = run("--format", "json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == document.source.data
    assert result.stdout.endswith("}\n")


def test_unknown_document_format_is_a_usage_error() -> None:
    result = run("--format", "xml")
    assert result.exit_code == 2
    assert "'xml' is not one of 'yaml', 'json'" in result.stderr


def test_validate_summarizes_a_valid_document() -> None:
    result = run("--validate", str(RENDERINGS))
    states = "waiting warming drawing ready spoilt withdrawn"
    assert (result.exit_code, result.stderr) == (0, "")
    summary = f"Renderings 2: 5 operations; jobs: rendering: {states}."
    assert result.stdout == f"{RENDERINGS}: valid. {summary}\n"


def test_strict_validation_prints_each_problem_with_file_line_and_pointer(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD, "utf-8")
    result = run(str(path), "--validate", "--strict")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f"{path}:5: /info/titel: is not a supported keyword; did you mean title?",
        f"{path}:10: /paths/~1jobs/post/summry: is not a supported keyword; did you mean summary?",
        "2 problems.",
    ]


def test_validation_warns_of_what_is_left_out_our_own_words_first(tmp_path: Path) -> None:
    path = tmp_path / "vendor.json"
    state = f"{SCHEMA}/properties/phase/enum"
    extra = ["waiting", "drawing", "ready", "spoilt", "lost"]
    broken = {"/info/title": 7, state: extra}
    path.write_bytes(orjson.dumps(changed_api(broken), option=orjson.OPT_INDENT_2))
    result = run(str(path), "--validate")
    assert result.exit_code == 0
    *warnings, count = result.stderr.splitlines()
    assert [re.sub(r"^.*:[0-9]+: ", "", line).split(": ")[:2] for line in warnings] == [
        ["warning", "/x-jobs/film/states"],
        ["warning", "/info/title"],
    ]
    assert count == "2 warnings."
    assert result.stdout.startswith(f"{path}: valid. ")


def test_validation_prints_errors_in_our_own_words_first(tmp_path: Path) -> None:
    path, overlay = tmp_path / "api.json", tmp_path / "jobs.yaml"
    path.write_bytes(orjson.dumps(changed_api({})))
    overlay.write_text(
        """\
overlay: 1.1.0
info: {title: Jobs, version: '1'}
actions:
  - target: $
    update:
      x-jobs: {film: {poll: lok}}
""",
        "utf-8",
    )
    result = run(str(path), "--overlay", str(overlay), "--validate")
    assert (result.exit_code, result.stdout) == (2, "")
    first, *_, count = result.stderr.splitlines()
    assert first.startswith(f"{overlay}:6: /x-jobs/film/poll: ")
    assert count == "1 problem."


@pytest.mark.parametrize(
    "states",
    [
        {"waiting": "pending", "ready": "unclear"},
        {"waiting": {"next": ["lost"]}, "ready": "success"},
    ],
)
def test_validation_prints_warnings_after_errors(states: Json, tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    broken = {"/info/title": 7, "/x-jobs/film/states": states}
    path.write_bytes(orjson.dumps(changed_api(broken), option=orjson.OPT_INDENT_2))
    result = run(str(path), "--validate")
    assert (result.exit_code, result.stdout) == (2, "")
    error, *warnings, count = result.stderr.splitlines()
    assert re.match(r".*:[0-9]+: /x-jobs/film", error)
    assert "warning: /info/title: is left out" in warnings[-1]
    counted = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
    assert count == f"1 problem and {counted}."


OVERLAY = """\
overlay: 1.1.0
info: {title: Title, version: '1'}
actions:
  - {target: $.info, update: {title: Movies}}
  - {target: $.nothing, update: {a: 1}}
"""


def test_overlays_change_what_is_printed(tmp_path: Path) -> None:
    path, overlay = tmp_path / "api.json", tmp_path / "title.yaml"
    path.write_bytes(orjson.dumps(changed_api({})))
    overlay.write_text(OVERLAY, "utf-8")
    for form, parse in (("json", json.loads), ("yaml", yaml.safe_load)):
        result = run(str(path), "--overlay", str(overlay), "--format", form)
        assert result.exit_code == 0
        assert parse(result.stdout) == changed_api({"/info/title": "Movies"})
        warning = "has no effect: $.nothing selects nothing in the document"
        assert result.stderr == f"{overlay}:5: warning: /actions/1/target: {warning}\n"


def test_json_document_is_printed_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_bytes(orjson.dumps(changed_api({})))
    assert yaml.safe_load(run(str(path)).stdout) == changed_api({})
    assert run(str(path)).stdout.startswith("openapi: 3.1.0\n")


def test_document_in_several_files_is_printed_as_one(tmp_path: Path) -> None:
    text = orjson.dumps(changed_api({"/components/schemas/Extra": {"$ref": "more.yaml"}}))
    (tmp_path / "api.json").write_bytes(text)
    (tmp_path / "more.yaml").write_text("type: object\nproperties: {a: {$ref: none.yaml}}", "utf-8")
    printed = run_command("document", str(tmp_path / "api.json"))
    schemas = yaml.safe_load(printed.stdout)["components"]["schemas"]
    assert schemas["Extra"]["properties"] == {"a": {"$ref": "none.yaml"}}
    result = run_command("document", str(tmp_path / "api.json"), "--validate")
    more, missing = tmp_path / "more.yaml", tmp_path / "none.yaml"
    assert result.stderr.splitlines()[0] == (
        f"{more}:2: warning: /components/schemas/Extra/properties/a/$ref: is left out: "
        f"{missing} cannot be read: No such file or directory; did you mean more.yaml?"
    )
    assert result.exit_code == 0


def test_bundled_document_has_a_name(document: Document) -> None:
    assert run("aisa-videos").stdout == document.source.text
    result = run("aisa-video")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith("No such file or directory; did you mean aisa-videos?\n")


def test_strict_without_validate_is_an_error() -> None:
    result = run("--strict")
    assert (result.exit_code, result.stderr) == (2, "Error: --strict is an option of --validate\n")


def test_validate_counts_a_single_problem(tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_text('{"openapi": "3.1.0",\n "openapi": "3.1.0"}', "utf-8")
    result = run("--validate", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{path}:2: /openapi: is a duplicate key\n1 problem.\n"


def test_validate_reports_a_missing_file_without_a_line(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    result = run("--validate", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (f"{path}: cannot be read: No such file or directory\n1 problem.\n")


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        (
            "    Problem:\n",
            "    Problem: {$ref: '#/components/responses/Problem'}\n    Other:\n",
            "/components/responses/Problem",
        ),
        (
            "schema: {$ref: '#/components/schemas/Order'}\n",
            "schema: {$ref: '#/components/schemas/Loop'}\n",
            "/components/schemas/Loop",
        ),
    ],
    ids=["responses", "schemas"],
)
def test_validate_reports_circular_references(
    tmp_path: Path, old: str, new: str, pointer: str
) -> None:
    text = RENDERINGS.read_text("utf-8").replace(old, new)
    loop = "  schemas:\n    Loop: {$ref: '#/components/schemas/Loop'}\n"
    path = tmp_path / "circle.yaml"
    path.write_text(text.replace("  schemas:\n", loop), "utf-8")
    # In a process, because following the cycle would never end.
    done = subprocess.run(
        [sys.executable, "-m", "aisa_testkit", "document", str(path), "--validate"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 2
    assert pointer in done.stderr


def command(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


COMMANDS = ["check", "demo", "document", "draft", "explain", "explore", "serve", "verdict"]


def test_help_lists_every_command_with_its_purpose() -> None:
    result = run_command("--help")
    assert result.exit_code == 0
    assert main.list_commands(click.Context(main)) == COMMANDS
    for name in COMMANDS:
        start = command(name).get_short_help_str(40).removesuffix("...")
        assert re.search(rf"^  {name} +{re.escape(start)}", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_lists_every_option_with_its_environment_variable(name: str) -> None:
    result = run_command(name, "--help", *(["--env"] if name != "explain" else []))
    assert result.exit_code == 0
    options = [p for p in command(name).params if isinstance(p, Option)]
    assert options or name == "explain"
    for option in options:
        long = next(name for name in option.opts if name.startswith("--"))
        assert option.help
        assert re.search(rf"^  .*{long}\b", result.stdout, re.MULTILINE)
        assert f"[env var: {option.envvar}" in " ".join(result.stdout.split())
        assert " ".join(option.help.split()) in " ".join(result.stdout.split())


def test_environment_variable_sets_an_option() -> None:
    result = run_command("document", env={"AISA_TESTKIT_DOCUMENT_FORMAT": "json"})
    assert json.loads(result.stdout)["openapi"] == "3.1.0"


def test_version_is_printed() -> None:
    result = run_command("--version")
    assert result.stdout.startswith("aisa-testkit, version ")


def test_document_can_come_from_standard_input() -> None:
    arguments = ["document", "-", "--validate"]
    result = CliRunner().invoke(main, arguments, input=renderings_text())
    assert (result.exit_code, "valid. Renderings 2" in result.output) == (0, True)
    assert CliRunner().invoke(main, arguments, input="").exit_code == 2
