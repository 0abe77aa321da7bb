"""The programs in the documentation run, and its tables are complete."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib.resources import files as files_of
from pathlib import Path

import pytest

from aisa_testkit.contracts import CLIENT_RULES, Severity
from aisa_testkit.mock_server import JobService
from aisa_testkit.mock_server.http.admin.admin_document import admin_document
from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import MockOptions
from aisa_testkit.pytest_plugin.explore_options import ExploreOptions

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "pytest.md").read_text(encoding="utf-8")
FAILURES = (DOCS / "failures.md").read_text(encoding="utf-8")
MANY_LINES = re.MULTILINE | re.DOTALL


# A test whose fault is never applied proves nothing.
EVERY_FAULT_IS_APPLIED = """
import pytest
from hypothesis import settings

# On a busy machine the duration of an example means nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

@pytest.fixture(autouse=True)
def _every_fault_is_applied(request):
    mock = None
    if "video_mock" in request.fixturenames:
        mock = request.getfixturevalue("video_mock")
    yield
    if mock:
        assert [fault for fault in mock.service.faults.to_json() if not fault["struck"]] == []
"""


def programs(name: str) -> dict[str, str]:
    """Return the programs of a page by module name: from their first line, or `test_N`."""
    page = (DOCS / name).read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(?:# ([a-z_]+)\.py\n)?(.*?)^```$", page, flags=MANY_LINES)
    return {named or f"test_{number}": text for number, (named, text) in enumerate(found)}


def files(name: str) -> dict[str, str]:
    """Return the YAML files of a page by the name in their first line."""
    page = (DOCS / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^```yaml\n# ([a-z]+\.yaml)\n(.*?)^```$", page, flags=MANY_LINES))


@pytest.mark.parametrize(
    ("name", "tests"), [("pytest.md", 9), ("judge.md", 2), ("cookbook.md", 43), ("failures.md", 1)]
)
def test_examples_pass_with_warnings_as_errors(
    pytester: pytest.Pytester, name: str, tests: int
) -> None:
    pytester.makepyfile(**programs(name))
    for path, text in files(name).items():
        (pytester.path / path).write_text(text, encoding="utf-8")
    pytester.makepyfile(every_fault_is_applied=EVERY_FAULT_IS_APPLIED)
    result = pytester.runpytest_subprocess("-W", "error", "-p", "every_fault_is_applied")
    result.assert_outcomes(passed=tests)


def test_property_test_examples_pass_with_warnings_as_errors(
    pytester: pytest.Pytester, document: Document
) -> None:
    pytester.makepyfile(**programs("property-tests.md"))
    result = pytester.runpytest_subprocess("-W", "error")
    # Three with strategies, the state machine, and one Schemathesis test per operation.
    result.assert_outcomes(passed=3 + 1 + len(document.operations))


def test_exploration_on_its_page_shows_what_the_page_shows(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(**programs("explore.md"))
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(failed=1)
    page = (DOCS / "explore.md").read_text(encoding="utf-8")
    shown = page.partition("```\n1 of")[2].partition("```")[0].replace("…", "*")
    lines = [line.replace("[", "[[]") for line in f"1 of{shown}".splitlines() if line]
    result.stdout.fnmatch_lines(lines)
    done = pytester.runpython(Path("explore_clips.py"))
    done.stdout.fnmatch_lines(["* runs, all tried: True", "2 jobs are paid (*), * when jobs *"])


def test_exploration_page_lists_every_option() -> None:
    page = (DOCS / "explore.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*`) \|", page.partition("## Options")[2], flags=re.MULTILINE)
    named = [name for row in rows[1:] for name in re.findall(r"`(\w+)`", row)]
    assert named == [field.name for field in dataclasses.fields(ExploreOptions)]


KINDS = {Severity.WARNING: " (a warning)", Severity.ADVICE: " (advice)"}


def test_pytest_manual_lists_every_client_rule() -> None:
    rows = dict(re.findall(r"^\| (AV\d+) \| (.*) \|$", PAGE, flags=re.MULTILINE))
    assert rows == {
        code: rule.title + KINDS.get(rule.severity, "") for code, rule in CLIENT_RULES.items()
    }


def test_pytest_manual_lists_every_marker_argument() -> None:
    settings = PAGE.partition("## Settings")[2]
    named = re.findall(r"^\| `([a-z_]+)` \|", settings, flags=re.MULTILINE)
    assert named == [field.name for field in dataclasses.fields(MockOptions)]


def test_failures_manual_lists_every_fault_option() -> None:
    text = files_of("aisa_testkit.mock_server").joinpath("config.schema.json")
    options = json.loads(text.read_text("utf-8"))["components"]["schemas"]["Fault"]["properties"]
    section = FAILURES.partition("## Faults\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", section, flags=re.MULTILINE) == list(options)


def test_failures_manual_lists_every_scenario() -> None:
    section = FAILURES.partition("## Scenarios\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", section, flags=re.MULTILINE)
    listed = [{"name": name, "about": about} for name, about in rows]
    assert listed == JobService().scenarios.to_json()


def test_server_manual_lists_every_control_call() -> None:
    section = (DOCS / "serve.md").read_text(encoding="utf-8").partition("## The control API\n")[2]
    rows = re.findall(r"^\| `([A-Z]+) (/\S*)` \| (.*) \|$", section, flags=re.MULTILINE)
    assert rows == [tuple(call.values()) for call in admin_document().index()]
