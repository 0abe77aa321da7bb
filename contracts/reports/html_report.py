"""Reports as a single HTML file without external resources or scripts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path as FilePath

from jinja2 import Environment, StrictUndefined, Template

from ...openapi.text import escape_controls
from ..budget import format_price
from . import chart
from .report import Report
from .rule_results import count_outcomes
from .timeline import job_timelines


def write_html(report: Report) -> bytes:
    """Return the report as HTML: summary, violations, timelines of jobs, and all requests."""
    codes_by_number: dict[int, list[str]] = {}
    for violation in report.result.violations:
        for number in violation.numbers:
            codes = codes_by_number.setdefault(number, [])
            if violation.code not in codes:
                codes.append(violation.code)
    rules, traffic = report.rule_results, report.traffic
    timelines = job_timelines(report.document, report.result.history)
    text = _template().render(
        report=report,
        result=report.result,
        plan=report.plan,
        charts=[chart.draw_chart(report.document, timeline) for timeline in timelines],
        size=(chart.WIDTH, chart.HEIGHT),
        codes_by_number=codes_by_number,
        rules=rules,
        rule_counts=count_outcomes(rules),
        traffic=traffic,
        began=datetime.fromtimestamp(report.began, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        format_price=format_price,
    )
    return text.encode()


def _template() -> Template:
    text = FilePath(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    # Text of a server must never become markup.
    environment = Environment(
        autoescape=True,
        finalize=_without_controls,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.from_string(text)


def _without_controls(value: object) -> object:
    # The filter `e` makes markup of a text that may have several lines.
    return value if hasattr(value, "__html__") else escape_controls(str(value))
