"""The files about the rules: a page for each, and the manual of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from aisa_testkit.contracts import RULES, Party, Rule
from aisa_testkit.contracts.rules.rule_page import explain_rule, page_text

from .examples import EXAMPLES, example_violation

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "contracts" / "rules" / "pages"
MANUAL = ROOT / "docs" / "rules.md"


def write_pages() -> None:
    """Update the example of every page, then the manual."""
    for rule in RULES.values():
        (PAGES / f"{rule.code}.md").write_text(updated_page(rule), encoding="utf-8")
    MANUAL.write_text(manual(), encoding="utf-8")


def updated_page(rule: Rule) -> str:
    """Return the page of a rule with the current facts of its example. Raises ExampleError."""
    prose, _, _ = page_text(rule).partition("```")
    _, *facts, _, _ = str(example_violation(rule, EXAMPLES[rule.code])).splitlines()
    return "\n".join([f"{prose}```text", *(fact.strip() for fact in facts), "```\n"])


def manual() -> str:
    """Return the manual of all rules as Markdown: a table and the explanations for each party."""
    introduction = (
        "# The rules\n\n"
        "What servers and clients must do. `aisa-testkit explain CODE` prints the same"
        " explanations. `scripts/write_rule_pages.py` writes this page.\n"
    )
    return "\n".join([introduction, *_chapter(Party.SERVER), *_chapter(Party.CLIENT)])


def _chapter(party: Party) -> Iterator[str]:
    rules = [rule for rule in RULES.values() if rule.party is party]
    yield f"## For {party}s\n\n| code | title | severity |\n|---|---|---|"
    for rule in rules:
        yield f"| [{rule.code}](#{_anchor(rule)}) | {rule.title} | {rule.severity} |"
    for rule in rules:
        yield f"\n##{explain_rule(rule)}".removesuffix("\n")
    yield ""


def _anchor(rule: Rule) -> str:
    """Return the anchor that GitHub gives to the heading of a rule."""
    words = f"{rule.code} {rule.title}".lower().replace(" ", "-")
    return re.sub(r"[^\w-]", "", words)
