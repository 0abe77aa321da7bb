"""`aisa-testkit explain`: what a rule of the judge means, with an example of what breaks it."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files

import click
from rich.console import Console
from rich.markdown import Markdown

from .. import contracts
from ..contracts import RULES, Rule, Severity
from ..openapi.text import one_line
from .options import fail


@click.command(short_help="Explain a rule that was broken, such as AV705.")
@click.argument("code", required=False)
def explain(code: str | None) -> None:
    """Explain the rule with this code, such as AV705: what it means, where it comes from, what to
    do instead, and an example.

    Without CODE, list all rules.
    """
    if code is None:
        for rule in RULES.values():
            click.echo(f"{rule.code}  {_title(rule)}")
        return
    console, text = Console(), _page(code)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)


def _title(rule: Rule) -> str:
    return rule.title + _KINDS.get(rule.severity, "")


def _page(code: str) -> str:
    wanted = code.strip().upper()
    rule = RULES.get(wanted)
    if rule is None:
        near = ", ".join(sorted(get_close_matches(wanted[:_SHOWN].translate(_DIGITS), RULES, n=3)))
        hint = f"the nearest are {near}" if near else "aisa-testkit explain lists all there are"
        fail(f"there is no rule {one_line(code[:_SHOWN]) or repr(code)}; {hint}")
    page = files(contracts) / "rules" / "pages" / f"{rule.code}.md"
    return page.read_text(encoding="utf-8")


_SHOWN = 60
_KINDS = {Severity.WARNING: " (a warning)", Severity.ADVICE: " (advice)"}
# Letters that are read as digits.
_DIGITS = str.maketrans("LIO", "110")
