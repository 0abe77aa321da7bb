"""Every program in the documentation runs, and its tables say what is so."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from aisa_testkit.contracts import CLIENT_RULES, Severity
from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import MockOptions

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "pytest.md").read_text(encoding="utf-8")


def programs(name: str) -> dict[str, str]:
    """The programs of a page, as modules of tests."""
    page = (DOCS / name).read_text(encoding="utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return {f"test_{number}": program for number, program in enumerate(found)}


@pytest.mark.parametrize(("name", "tests"), [("pytest.md", 7), ("judge.md", 2)])
def test_every_test_of_the_manual_passes_with_warnings_as_errors(
    pytester: pytest.Pytester, name: str, tests: int
) -> None:
    pytester.makepyfile(**programs(name))
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio")
    result.assert_outcomes(passed=tests)
    assert sum(program.count("def test_") for program in programs(name).values()) == tests


def test_every_property_test_of_the_manual_passes_with_warnings_as_errors(
    pytester: pytest.Pytester, document: Document
) -> None:
    pytester.makepyfile(**programs("property-tests.md"))
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio")
    # Three with strategies, the state machine, and one of Schemathesis for each operation.
    result.assert_outcomes(passed=3 + 1 + len(document.operations))


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
