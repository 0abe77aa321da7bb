"""Reports of an exploration as files: JSON, JUnit, Markdown, HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree as Xml

from jinja2 import Environment, StrictUndefined

from ...openapi.json import Json
from ...openapi.text import count_of, escape_controls
from ..explorer.oracle import Finding
from ..explorer.search import Exploration
from ..explorer.time_line import time_line
from .exploration_report import by_behaviour, describe_findings, exploration_summary


def write_json(exploration: Exploration, name: str) -> bytes:
    """Return the exploration of a program as JSON."""
    data = {
        "name": name,
        "summary": exploration_summary(exploration),
        "runs": exploration.runs,
        "waiting": exploration.waiting,
        "pruned": exploration.pruned,
        "exhausted": exploration.exhausted,
        "faults": exploration.faults,
        "restarts": exploration.restarts,
        "findings": [_finding_as_json(finding) for finding in exploration.findings],
        "coverage": exploration.coverage.to_json(),
    }
    return json.dumps(data, indent=2, ensure_ascii=False).encode() + b"\n"


def _finding_as_json(finding: Finding) -> Json:
    run = finding.run
    return {
        "kind": finding.kind,
        "reason": finding.reason,
        "when": str(run.behaviour),
        "behaviour": run.behaviour.to_json(),
        "time_line": [row._asdict() for row in time_line(run)],
        "end": str(run.end),
        "exception": run.exception,
        "place": run.place,
    }


def write_junit(exploration: Exploration, name: str) -> bytes:
    """Return the exploration as JUnit XML: a test case for each behaviour that goes wrong.

    One more case is for all others. It is skipped if not all were tried.
    """
    groups = by_behaviour(exploration)
    suite = Xml.Element("testsuite", name=_xml_text(name), failures=str(len(groups)), errors="0")
    for findings in groups:
        case = Xml.SubElement(suite, "testcase", classname=_xml_text(name))
        case.set("name", _xml_text(str(findings[0].run.behaviour)))
        failure = Xml.SubElement(case, "failure", type=_xml_text(findings[0].kind))
        failure.set("message", _xml_text(findings[0].reason))
        failure.text = _xml_text(describe_findings(findings))
    others = Xml.SubElement(suite, "testcase", classname=_xml_text(name), name="all behaviours")
    if not exploration.exhausted:
        Xml.SubElement(others, "skipped", message=_xml_text(exploration_summary(exploration)))
    Xml.SubElement(others, "system-out").text = _xml_text(exploration_summary(exploration))
    suite.set("tests", str(len(groups) + 1))
    suite.set("skipped", "0" if exploration.exhausted else "1")
    suites = Xml.Element("testsuites")
    suites.append(suite)
    Xml.indent(suites)
    text: bytes = Xml.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _xml_text(text: str) -> str:
    return escape_controls(text, keep="\n")


def write_markdown(exploration: Exploration, name: str) -> bytes:
    """Return the exploration as Markdown, for the summaries of CI jobs."""
    return ("\n".join(_markdown_lines(exploration, name)) + "\n").encode()


def _markdown_lines(exploration: Exploration, name: str) -> Iterator[str]:
    sign = "❌" if exploration.findings else "✅" if exploration.exhausted else "⚠️"
    yield f"## {sign} {_inline(name)}: {_inline(exploration_summary(exploration))}"
    for findings in by_behaviour(exploration):
        yield ""
        yield f"### {_inline(findings[0].reason)}"
        yield ""
        yield "```text"
        yield describe_findings(findings)
        yield "```"


def _inline(text: str) -> str:
    return escape_controls(text).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def write_html(exploration: Exploration, name: str) -> bytes:
    """Return the exploration as one HTML file: what goes wrong, drawn as time lines."""
    path = Path(__file__).with_name("exploration.html.jinja")
    # Text of a program or of a server must never become markup.
    environment = Environment(
        autoescape=True,
        finalize=lambda value: escape_controls(str(value), keep="\n"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    groups = [(findings, time_line(findings[0].run)) for findings in by_behaviour(exploration)]
    text = environment.from_string(path.read_text(encoding="utf-8")).render(
        name=name,
        exploration=exploration,
        summary=exploration_summary(exploration),
        groups=groups,
        lives=exploration.coverage.lives,
        rows=exploration.coverage.rows(),
        count_of=count_of,
        dumps=lambda data: json.dumps(data, ensure_ascii=False),
    )
    return text.encode()


FORMATS: Mapping[str, Callable[[Exploration, str], bytes]] = {
    "html": write_html,
    "json": write_json,
    "junit": write_junit,
    "markdown": write_markdown,
}
"""What makes a report of an exploration and the name of its program, by the name of the format."""
