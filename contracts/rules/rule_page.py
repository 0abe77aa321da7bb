"""The explanation of a rule: its catalogue entry, and the prose and the example of its page."""

from __future__ import annotations

from importlib.resources import files
from textwrap import fill, indent

from .rule import Rule, Severity

_FENCE = "```text\n"


def explain_rule(rule: Rule) -> str:
    """Return the explanation of a rule as Markdown, lines of 100 characters except in the example.

    It has a heading, the party and the severity, the prose, the advice, and an example that reads
    as a violation does, without the command that prints this explanation.
    """
    prose, _, example = page_text(rule).partition(_FENCE)
    heading = f"{rule.code} {rule.title}"
    facts = indent(example.removesuffix("```\n"), "  ")
    return "\n\n".join(
        [
            f"# {heading}",
            f"Applies to: {rule.party}s. {_severity(rule)}",
            prose.strip(),
            fill(f"**Advice:** {rule.advice}", 100, break_long_words=False, break_on_hyphens=False),
            "An example:",
            f"{_FENCE}{heading}\n{facts}  advice    {rule.advice}\n```\n",
        ]
    )


def page_text(rule: Rule) -> str:
    """Return the page of a rule: its prose and, in a block, the facts of its example."""
    page = files(__name__.rpartition(".")[0]) / "pages" / f"{rule.code}.md"
    return page.read_text(encoding="utf-8")


def _severity(rule: Rule) -> str:
    if rule.severity is Severity.ADVICE:
        return "Reported as advice; never fails a test."
    return f"Severity: {rule.severity}."
