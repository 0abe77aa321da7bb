"""`aisa-testkit explain`: the meaning of a rule, with an example of a violation."""

from __future__ import annotations

from difflib import get_close_matches

import click
from rich.console import Console
from rich.markdown import Markdown

from ..contracts import RULES, Rule, Severity
from ..contracts.rules.rule_page import explain_rule
from ..openapi.text import one_line
from .command_help import command
from .options import fail


@command(
    "Explain a rule, such as AV705.",
    examples=[("AV705", "one rule"), ("", "all rules")],
)
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain the rule with this code, such as AV705: its meaning, its reasons, what to do, and an
    example.

    Without CODE, list all rules.
    """
    if code is None:
        for rule in RULES.values():
            click.echo(f"{rule.code}  {rule.title}{_SEVERITIES.get(rule.severity, '')}")
        return
    console, text = Console(), explain_rule(_find_rule(code))
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)


def _find_rule(code: str) -> Rule:
    wanted = code.strip().upper()
    if wanted in RULES:
        return RULES[wanted]
    guess = wanted[:_MAX_SHOWN_LENGTH].translate(_MISREAD_DIGITS)
    near = ", ".join(sorted(get_close_matches(guess, RULES, n=3)))
    hint = f"the nearest are {near}" if near else "`aisa-testkit explain` lists all rules"
    fail(f"unknown rule {one_line(code[:_MAX_SHOWN_LENGTH]) or repr(code)}; {hint}")


_MAX_SHOWN_LENGTH = 60
_SEVERITIES = {Severity.WARNING: " (a warning)", Severity.ADVICE: " (advice)"}
# Letters that are easily confused with digits.
_MISREAD_DIGITS = str.maketrans("LIO", "110")
