"""A report as one web page that needs nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path as FilePath

from jinja2 import Environment, StrictUndefined, Template

from ..budget import format_amount
from . import chart
from .report import Report, occurrences
from .timeline import job_timelines


def write_html(report: Report) -> bytes:
    """The report as HTML: the verdict, each violation, the life of each job, every request."""
    broken: dict[int, list[str]] = {}
    for violation in report.result.violations:
        for number in violation.numbers:
            codes = broken.setdefault(number, [])
            if violation.code not in codes:
                codes.append(violation.code)
    lines = job_timelines(report.document, report.result.history)
    text = _template().render(
        report=report,
        result=report.result,
        plan=report.plan,
        charts=[chart.draw_chart(report.document, line) for line in lines],
        size=(chart.WIDTH, chart.HEIGHT),
        broken=broken,
        began=datetime.fromtimestamp(report.began, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        format_amount=format_amount,
        times=occurrences,
    )
    return text.encode()


def _template() -> Template:
    text = FilePath(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    # Whatever a server says is text, and never markup.
    options = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    return options.from_string(text)
