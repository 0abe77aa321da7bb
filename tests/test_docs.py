"""Every program in the documentation runs, and its tables say what is so."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from aisa_testkit.contracts import CLIENT_RULES, Severity
from aisa_testkit.pytest_plugin import MockOptions

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "pytest.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "tests"), [("pytest.md", 6), ("judge.md", 6)])
def test_every_test_of_the_manual_passes_with_warnings_as_errors(
    pytester: pytest.Pytester, name: str, tests: int
) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    for number, program in enumerate(programs):
        pytester.makepyfile(**{f"test_{number}": program})
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio")
    result.assert_outcomes(passed=tests)
    assert page.count("def test_") == tests


def test_the_manual_lists_every_rule() -> None:
    rows = dict(re.findall(r"^\| (AV\d+) \| (.*) \|$", PAGE, flags=re.MULTILINE))
    assert rows == {
        code: rule.title + (" (a warning)" if rule.severity is Severity.WARNING else "")
        for code, rule in CLIENT_RULES.items()
    }


def test_the_manual_lists_every_argument_of_the_marker() -> None:
    settings = PAGE.partition("## Settings")[2]
    named = re.findall(r"^\| `([a-z_]+)` \|", settings, flags=re.MULTILINE)
    assert named == [field.name for field in dataclasses.fields(MockOptions)]
