"""Each rule has a page with prose and a current example, and docs/rules.md is up to date."""

from __future__ import annotations

import re

import pytest

from aisa_testkit.contracts import RULES, Party, Rule, Severity
from aisa_testkit.contracts.rules.rule_page import explain_rule
from scripts.rule_examples.examples import EXAMPLES, ExampleError, example_violation
from scripts.rule_examples.pages import MANUAL, PAGES, manual, updated_page

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)


def test_every_rule_has_one_page_and_one_example() -> None:
    assert sorted(path.name for path in PAGES.iterdir()) == sorted(f"{c}.md" for c in RULES)
    assert EXAMPLES.keys() == RULES.keys()


@every_rule
def test_example_of_a_page_is_current(rule: Rule) -> None:
    page = (PAGES / f"{rule.code}.md").read_text("utf-8")
    assert page == updated_page(rule), "run scripts/write_rule_pages.py"


def test_manual_of_the_rules_is_current() -> None:
    assert MANUAL.read_text("utf-8") == manual(), "run scripts/write_rule_pages.py"


def test_manual_links_every_rule_to_its_heading() -> None:
    text = MANUAL.read_text("utf-8")
    anchors = [
        re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))
        for heading in re.findall(r"^### (.+)$", text, re.MULTILINE)
    ]
    assert re.findall(r"^\| \[AV\d+\]\(#(.+?)\) \|", text, re.MULTILINE) == anchors
    assert len(anchors) == len(RULES)


@every_rule
def test_page_holds_nothing_that_the_catalogue_says(rule: Rule) -> None:
    prose, example = (PAGES / f"{rule.code}.md").read_text("utf-8").split("```text\n")
    assert 2 <= len(re.findall(r"[.?!](?:\s|$)", prose)) <= 5
    assert max(map(len, prose.splitlines())) <= 100
    assert example.startswith("request ")
    assert rule.advice not in prose + example
    assert "advice " not in example


@every_rule
def test_explanation_has_heading_party_prose_advice_and_example(rule: Rule) -> None:
    heading, applies_to, *_, advice, lead, example = explain_rule(rule).split("\n\n")
    assert heading == f"# {rule.code} {rule.title}"
    assert applies_to.startswith(f"Applies to: {rule.party}s. ")
    assert " ".join(advice.split()) == f"**Advice:** {rule.advice}"
    assert lead == "An example:"
    facts, _, command = str(example_violation(rule, EXAMPLES[rule.code])).rpartition("\n")
    assert command == f"  explain   aisa-testkit explain {rule.code}"
    assert example == f"```text\n{facts}\n```\n"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("AV203", "Applies to: servers. Severity: error."),
        ("AV707", "Applies to: clients. Severity: warning."),
        ("AV736", "Applies to: clients. Reported as advice; never fails a test."),
    ],
)
def test_explanation_states_party_and_severity(code: str, line: str) -> None:
    assert f"\n\n{line}\n\n" in explain_rule(RULES[code])


@pytest.mark.parametrize(
    ("code", "other", "reported"),
    [
        ("AV203", "AV204", "AV204 progress out of range"),
        ("AV702", "AV715", "AV715 duplicate job"),
        ("AV104", "AV101", "AV101 undocumented status code"),
    ],
    ids=["of a job", "of a client", "of a response"],
)
def test_example_of_another_rule_is_rejected(code: str, other: str, reported: str) -> None:
    with pytest.raises(ExampleError, match=rf"the example of {code} reports\n{reported}"):
        example_violation(RULES[code], EXAMPLES[other])


def test_example_without_a_violation_is_rejected() -> None:
    with pytest.raises(ExampleError, match="the example of AV701 reports\nno violation"):
        example_violation(RULES["AV701"], lambda session: session.list_jobs())


def test_titles_name_a_problem_in_lower_case_and_advice_is_one_sentence() -> None:
    titles = [rule.title for rule in RULES.values()]
    assert len(set(titles)) == len(titles)
    for rule in RULES.values():
        assert not rule.title.startswith(("a ", "an ", "the "))
        assert rule.title[0].islower() or rule.title.startswith(("API key", "Content-Length"))
        assert re.fullmatch(r"[A-Z][^.]*\.", rule.advice)
        assert (rule.party is Party.CLIENT) == rule.code.startswith("AV7")
        assert rule.severity in Severity
