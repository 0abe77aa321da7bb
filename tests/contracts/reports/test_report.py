"""What a report says of a check in a few words, and how to see a violation again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import orjson
import pytest

from aisa_testkit.contracts.reports import FORMATS, Report, write_github_commands
from aisa_testkit.openapi import Call, Reply

KEY = 'sk-L1ve/+"&<3cr3t>='
SPELT: Mapping[str, str] = {
    "as it is": KEY,
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded but for slashes": quote(KEY),
    "percent-encoded in small letters": quote(KEY, safe="").replace("%2F", "%2f"),
    "escaped for HTML": KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "escaped for an attribute": KEY.replace("&", "&amp;").replace('"', "&quot;"),
}
IN_JSON: Mapping[str, str] = {
    "escaped quotation marks": KEY.replace('"', '\\"'),
    "escaped slashes": KEY.replace('"', '\\"').replace("/", "\\/"),
    "escaped for HTML": "".join(f"\\u{ord(c):04x}" if c in '&<>"' else c for c in KEY),
    "escaped in capitals": "".join(f"\\u{ord(c):04X}" if c in '&<>"' else c for c in KEY),
    "escaped as a whole": "".join(f"\\u{ord(c):04x}" for c in KEY),
}


def artefacts(report: Report) -> dict[str, str]:
    """Everything that is made of a report, as text."""
    texts = {kind: write(report).decode() for kind, write in FORMATS.items()}
    terminal = "\n".join(f"{v}{report.curl_command(v)}" for v in report.result.violations)
    return {**texts, "github": "\n".join(write_github_commands(report)), "terminal": terminal}


def readings(text: str) -> list[str]:
    """A text, and what is read in it by who undoes the escapes of JSON, HTML and URLs."""
    undone = text.replace("\\/", "/").replace('\\"', '"')
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#34;", '"')):
        undone = undone.replace(entity, sign)
    return [text, undone, undone.replace("&amp;", "&")]


def quoting(text: str, *, status: int | None = None) -> Callable[[Call, Reply], Reply]:
    """Answers every refusal with a message that holds this JSON text, and in headers."""

    def change(call: Call, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        body = b'{"error":{"message":"bad key ' + text.encode() + b'","type":5}}'
        plain = {"content-type": "application/json", "x-key": KEY}
        return Reply(reply.status, {**reply.headers, **plain}, body)

    return change


@pytest.mark.parametrize("text", IN_JSON.values(), ids=IN_JSON)
def test_a_key_that_a_server_quotes_in_json_stands_in_no_artefact(
    run_and_report: Callable[..., Report], text: str
) -> None:
    report = run_and_report(quoting(text), key=KEY)
    assert report.result.violations
    for kind, made in artefacts(report).items():
        assert not any(KEY in reading for reading in readings(made)), kind
        assert text not in made, kind
        assert orjson.dumps(text).decode()[1:-1] not in made, kind


@pytest.mark.parametrize("text", SPELT.values(), ids=SPELT)
def test_a_key_that_a_server_quotes_in_html_and_headers_stands_in_no_artefact(
    run_and_report: Callable[..., Report], text: str
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        headers = {"content-type": "text/html", "www-authenticate": text, "location": f"/?{text}"}
        return Reply(reply.status, headers, f"<p>not {text}</p>".encode())

    report = run_and_report(change, key=KEY)
    assert report.result.violations
    for kind, made in artefacts(report).items():
        assert not any(KEY in reading for reading in readings(made)), kind
        assert text not in made, kind
        assert orjson.dumps(text).decode()[1:-1] not in made, kind


def test_a_key_in_fields_of_a_job_stands_in_no_artefact(
    run_and_report: Callable[..., Report],
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if reply.status >= 300 or not reply.body.startswith(b"{"):
            return reply
        told = {**orjson.loads(reply.body), "status": KEY, "model": KEY, KEY: KEY}
        return replace(reply, body=orjson.dumps(told))

    report = run_and_report(change, key=KEY)
    assert "AV104" in {violation.code for violation in report.result.violations}
    for kind, made in artefacts(report).items():
        assert not any(KEY in reading for reading in readings(made)), kind


@pytest.mark.parametrize("key", ["test", "video", "error", "mock"])
def test_a_key_that_is_a_plain_word_makes_no_violation(
    run_and_report: Callable[..., Report], key: str
) -> None:
    report = run_and_report(key=key)
    assert (report.result.violations, report.result.jobs) == ((), ())
    assert f"Bearer {key}" not in artefacts(report)["har"]


def test_a_report_counts_violations_and_warnings_in_words(
    passed_report: Report, hostile_report: Report, interrupted_report: Report
) -> None:
    assert (passed_report.summary, passed_report.headline, passed_report.passed) == (
        "no violation",
        "no violation",
        True,
    )
    assert hostile_report.summary.startswith(f"{len(hostile_report.violation_groups)} violations")
    assert (hostile_report.headline, hostile_report.passed) == (hostile_report.summary, False)
    assert (interrupted_report.headline, interrupted_report.passed) == (
        "no violation so far; interrupted",
        False,
    )


def test_a_single_violation_is_no_plural(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    one = replace(hostile_report.result, violations=hostile_report.result.errors[:1])
    assert make_report(result=one).summary == "1 violation"


def test_a_line_to_see_it_again_names_the_variable_of_the_key(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    report = make_report(result=hostile_report.result, key_variable="OTHER_KEY")
    for violation in report.result.violations:
        line = report.curl_command(violation)
        assert line.startswith("curl -X ")
        assert "sk-live-3cr3t" not in line
        keyed = "authorization" in report.exchange_of(violation).headers
        assert ("$OTHER_KEY" in line) is keyed


def test_a_line_of_a_recording_without_an_address_goes_to_the_server_of_the_document(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    report = make_report(result=hostile_report.result, base_url="")
    assert all(
        report.document.server_url in report.curl_command(violation)
        for violation in report.result.violations
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_a_report_of_nothing_can_be_written(
    make_report: Callable[..., Report], kind: str, tmp_path: Path
) -> None:
    report = make_report(error="https://api.invalid/v1 does not answer", exit_code=3)
    written = tmp_path / "report"
    written.write_bytes(FORMATS[kind](report))
    assert written.read_bytes().endswith(b"\n") or kind == "html"


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"har"}))
def test_every_report_tells_why_a_check_did_not_come_to_its_end(
    interrupted_report: Report, kind: str
) -> None:
    assert b"interrupted" in FORMATS[kind](interrupted_report)
