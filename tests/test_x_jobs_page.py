"""docs/x-jobs.md has every word of the language, and its examples are valid."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from aisa_testkit.openapi import Meaning, parse_document
from scripts.write_x_jobs_page import PAGE, SCHEMA, SECTIONS, updated_page
from tests.support.documents import ROOT

EXAMPLE = ROOT / "tests" / "documents" / "kites.yaml"


def test_tables_of_words_are_current() -> None:
    assert PAGE.read_text("utf-8") == updated_page(), "run scripts/write_x_jobs_page.py"


def test_every_definition_with_words_has_a_table() -> None:
    definitions = json.loads(SCHEMA.read_text("utf-8"))["$defs"]
    with_words = {
        name
        for name, entry in definitions.items()
        if "properties" in entry or "properties" in entry.get("then", {})
    }
    assert with_words <= SECTIONS.keys()


def test_every_example_of_the_page_is_a_valid_life_of_the_kites() -> None:
    examples = re.findall(r"```yaml\n(x-jobs:.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        document = parse_document(EXAMPLE.read_text("utf-8") + example)
        assert document.warnings == ()
        assert document.kinds["kite"].lifecycle.named(Meaning.SUCCESS) == ("ready",)


def test_program_of_the_page_about_your_api_passes(pytester: pytest.Pytester) -> None:
    page = (ROOT / "docs" / "your-api.md").read_text("utf-8")
    for name, text in re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", page, re.DOTALL):
        file = name if "." in name else f"{name}.py"
        (pytester.path / file).write_text(text, "utf-8")
    shutil.copy(EXAMPLE, pytester.path / "kites.yaml")
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)
