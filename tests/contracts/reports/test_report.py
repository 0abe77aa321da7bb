"""The headline of a report, its curl commands, and API keys, which no report contains."""

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
ENCODED_KEYS: Mapping[str, str] = {
    "plain": KEY,
    "percent-encoded": quote(KEY, safe=""),
    "percent-encoded except slashes": quote(KEY),
    "percent-encoded in lower case": quote(KEY, safe="").replace("%2F", "%2f"),
    "escaped for HTML": KEY.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    "escaped for an attribute": KEY.replace("&", "&amp;").replace('"', "&quot;"),
}
KEYS_IN_JSON: Mapping[str, str] = {
    "escaped quotation marks": KEY.replace('"', '\\"'),
    "escaped slashes": KEY.replace('"', '\\"').replace("/", "\\/"),
    "escaped for HTML": "".join(f"\\u{ord(c):04x}" if c in '&<>"' else c for c in KEY),
    "escaped in upper case": "".join(f"\\u{ord(c):04X}" if c in '&<>"' else c for c in KEY),
    "escaped completely": "".join(f"\\u{ord(c):04x}" for c in KEY),
}


def all_outputs(report: Report) -> dict[str, str]:
    """Every output for a report, as text."""
    texts = {kind: write(report).decode() for kind, write in FORMATS.items()}
    terminal = "\n".join(f"{v}{report.curl_command(v)}" for v in report.result.violations)
    return {**texts, "github": "\n".join(write_github_commands(report)), "terminal": terminal}


def decoded_variants(text: str) -> list[str]:
    """A text, and the text with the escapes of JSON and HTML decoded."""
    decoded = text.replace("\\/", "/").replace('\\"', '"')
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#34;", '"')):
        decoded = decoded.replace(entity, sign)
    return [text, decoded, decoded.replace("&amp;", "&")]


def quoting_in_json(text: str, *, status: int | None = None) -> Callable[[Call, Reply], Reply]:
    """Put this JSON text into the message of every error, and the key into a header."""

    def change(call: Call, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        body = b'{"error":{"message":"bad key ' + text.encode() + b'","type":5}}'
        plain = {"content-type": "application/json", "x-key": KEY}
        return Reply(reply.status, {**reply.headers, **plain}, body)

    return change


@pytest.mark.parametrize("text", KEYS_IN_JSON.values(), ids=KEYS_IN_JSON)
def test_api_key_that_a_server_returns_in_json_is_in_no_report(
    run_and_report: Callable[..., Report], text: str
) -> None:
    report = run_and_report(quoting_in_json(text), key=KEY)
    assert report.result.violations
    for kind, output in all_outputs(report).items():
        assert not any(KEY in variant for variant in decoded_variants(output)), kind
        assert text not in output, kind
        assert orjson.dumps(text).decode()[1:-1] not in output, kind


@pytest.mark.parametrize("text", ENCODED_KEYS.values(), ids=ENCODED_KEYS)
def test_api_key_that_a_server_returns_in_html_and_headers_is_in_no_report(
    run_and_report: Callable[..., Report], text: str
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if reply.status < 400:
            return reply
        headers = {"content-type": "text/html", "www-authenticate": text, "location": f"/?{text}"}
        return Reply(reply.status, headers, f"<p>not {text}</p>".encode())

    report = run_and_report(change, key=KEY)
    assert report.result.violations
    for kind, output in all_outputs(report).items():
        assert not any(KEY in variant for variant in decoded_variants(output)), kind
        assert text not in output, kind
        assert orjson.dumps(text).decode()[1:-1] not in output, kind


def test_api_key_in_fields_of_a_job_is_in_no_report(
    run_and_report: Callable[..., Report],
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if reply.status >= 300 or not reply.body.startswith(b"{"):
            return reply
        job = {**orjson.loads(reply.body), "status": KEY, "model": KEY, KEY: KEY}
        return replace(reply, body=orjson.dumps(job))

    report = run_and_report(change, key=KEY)
    assert "AV104" in {violation.code for violation in report.result.violations}
    for kind, output in all_outputs(report).items():
        assert not any(KEY in variant for variant in decoded_variants(output)), kind


@pytest.mark.parametrize("key", ["test", "video", "error", "mock"])
def test_api_key_that_is_a_word_of_the_document_makes_no_violation(
    run_and_report: Callable[..., Report], key: str
) -> None:
    report = run_and_report(key=key)
    assert (report.result.violations, report.result.jobs) == ((), ())
    assert f"Bearer {key}" not in all_outputs(report)["har"]


def test_headline_states_the_number_of_violations(
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


def test_headline_with_one_violation_is_singular(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    one = replace(hostile_report.result, violations=hostile_report.result.errors[:1])
    assert make_report(result=one).summary == "1 violation"


def test_curl_command_names_the_variable_of_the_api_key(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    report = make_report(result=hostile_report.result, key_variable="OTHER_KEY")
    for violation in report.result.violations:
        command = report.curl_command(violation)
        assert command.startswith("curl -X ")
        assert "sk-live-3cr3t" not in command
        has_key = "authorization" in report.exchange_of(violation).headers
        assert ("$OTHER_KEY" in command) is has_key


def test_curl_command_without_base_url_uses_the_server_of_the_document(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    report = make_report(result=hostile_report.result, base_url="")
    assert all(
        report.document.server_url in report.curl_command(violation)
        for violation in report.result.violations
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_report_without_requests_can_be_written(
    make_report: Callable[..., Report], kind: str, tmp_path: Path
) -> None:
    report = make_report(error="https://api.invalid/v1 does not respond", exit_code=3)
    written = tmp_path / "report"
    written.write_bytes(FORMATS[kind](report))
    assert written.read_bytes().endswith(b"\n") or kind == "html"


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"har"}))
def test_every_report_contains_the_error_of_an_incomplete_check(
    interrupted_report: Report, kind: str
) -> None:
    assert b"interrupted" in FORMATS[kind](interrupted_report)
