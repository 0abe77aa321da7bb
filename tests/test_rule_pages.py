"""Each rule of the judge has a page, and its example is what the judge says today."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from aisa_testkit.contracts import RULES, Rule

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "contracts" / "rules" / "pages"
INDEX = ROOT / "docs" / "rules.md"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """The names of the script that writes the pages; it writes nothing unless it is run."""
    return runpy.run_path(str(ROOT / "scripts" / "write_rule_pages.py"))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: f"{rule.code} {rule.title}")
def test_a_page_is_what_the_script_writes(script: dict[str, Any], rule: Rule) -> None:
    assert (FOLDER / f"{rule.code}.md").read_text("utf-8") == script["page"](rule)


def test_the_index_is_what_the_script_writes(script: dict[str, Any]) -> None:
    assert INDEX.read_text("utf-8") == script["index"]()


def test_there_is_a_page_for_every_rule_and_no_other() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{code}.md" for code in RULES}


def test_every_rule_is_a_row_of_the_index_that_leads_to_its_page() -> None:
    row = re.compile(
        r"^\| \[(AV\d+)\]\((.+?)\) \| (.+) \| (error|warning|advice) \|$", re.MULTILINE
    )
    rows = row.findall(INDEX.read_text("utf-8"))
    assert [(code, title, severity) for code, _, title, severity in rows] == [
        (rule.code, rule.title, rule.severity) for rule in RULES.values()
    ]
    for code, target, *_ in rows:
        assert (INDEX.parent / target).resolve() == FOLDER.resolve() / f"{code}.md"


def test_every_link_of_the_index_leads_to_a_file() -> None:
    links = re.findall(r"\]\((.+?)\)", INDEX.read_text("utf-8"))
    assert len(links) >= len(RULES)
    assert [link for link in links if not (INDEX.parent / link).is_file()] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: f"{rule.code} {rule.title}")
def test_a_page_says_what_where_from_what_to_do_and_shows_it(rule: Rule) -> None:
    heading, whose, prose, advice, lead, shown = (
        (FOLDER / f"{rule.code}.md").read_text("utf-8").rstrip("\n").split("\n\n")
    )
    assert heading == f"# {rule.code} {rule.title}"
    assert rule.party in whose.lower()
    assert whose.endswith(f" {rule.severity}.")
    assert 2 <= len(re.findall(r"[.?!](?:\s|$)", prose)) <= 4
    assert " ".join(advice.split()) == f"**Advice:** {rule.advice}"
    assert lead.endswith(":")
    assert shown.startswith(f"```text\n{rule.code} {rule.title}\n  request ")
    assert shown.endswith(f"\n  advice    {rule.advice}\n```")


def test_pages_fit_a_terminal_but_for_what_the_judge_says() -> None:
    for path in FOLDER.iterdir():
        prose = path.read_text("utf-8").partition("```")[0]
        assert [line for line in prose.splitlines() if len(line) > 100] == []


@pytest.mark.parametrize(
    ("code", "stand_in", "complaint"),
    [
        ("AV203", "AV204", r"the example of AV203 gives\nAV204 progress out of range"),
        ("AV702", "AV715", r"the example of AV702 gives\nAV715 duplicate job"),
    ],
    ids=["of a server", "of a client"],
)
def test_an_example_that_shows_another_rule_is_refused(
    script: dict[str, Any], code: str, stand_in: str, complaint: str
) -> None:
    explanations = dict(script["EXPLANATIONS"])
    script["EXPLANATIONS"][code] = explanations[stand_in]
    try:
        with pytest.raises(script["ExampleError"], match=complaint):
            script["page"](RULES[code])
    finally:
        script["EXPLANATIONS"].update(explanations)


def test_a_rule_without_an_explanation_and_one_without_a_rule_are_refused(
    script: dict[str, Any],
) -> None:
    explanations = script["EXPLANATIONS"]
    taken = explanations.pop("AV701")
    try:
        with pytest.raises(script["ExampleError"], match="AV701 has no explanation"):
            script["page"](RULES["AV701"])
        explanations["AV799"] = taken
        with pytest.raises(script["ExampleError"], match="there are no rules AV799"):
            script["files"]()
    finally:
        explanations.pop("AV799", None)
        explanations["AV701"] = taken
