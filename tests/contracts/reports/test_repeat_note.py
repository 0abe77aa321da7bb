"""What a report says before a request is repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson

from aisa_testkit.contracts.reports import (
    Report,
    write_html,
    write_json,
    write_junit,
    write_markdown,
)
from aisa_testkit.contracts.reports.repeat_note import number_to_repeat, repeat_note
from aisa_testkit.openapi import Call, CreateOperation, JobOperation, JobRole, Reply

CREATE = "creates a job at 0.40 USD"


def notes(report: Report, role: JobRole) -> list[str]:
    """The notes of the accepted requests of an operation."""
    document, history = report.document, report.result.history
    return [
        repeat_note(document, history, number)
        for number, exchange in enumerate(history, start=1)
        if exchange.role is role and exchange.accepted
    ]


def test_note_of_a_create_is_its_price(passed_report: Report) -> None:
    assert notes(passed_report, JobRole.CREATE) == [CREATE, CREATE]


def test_note_of_a_rejected_create_is_its_price_if_it_is_accepted(passed_report: Report) -> None:
    document, history = passed_report.document, passed_report.result.history
    rejected = {
        repeat_note(document, history, number)
        for number, exchange in enumerate(history, start=1)
        if exchange.role is JobRole.CREATE and not exchange.accepted
    }
    unknown = "creates a job at an unknown price, if the server accepts it"
    assert rejected == {f"{CREATE}, if the server accepts it", unknown}


def _without_price(role: JobOperation) -> JobOperation:
    return replace(role, price=None) if isinstance(role, CreateOperation) else role


def test_note_of_a_create_without_a_price_says_that_it_is_unknown(
    passed_report: Report,
) -> None:
    history = [
        replace(exchange, roles=tuple(map(_without_price, exchange.roles)))
        for exchange in passed_report.result.history
    ]
    create = next(
        number
        for number, exchange in enumerate(history, start=1)
        if exchange.role is JobRole.CREATE and exchange.accepted
    )
    note = repeat_note(passed_report.document, history, create)
    assert note == "creates a job at an unknown price"


def test_note_of_a_request_about_a_deleted_job_names_the_deletion(passed_report: Report) -> None:
    history = passed_report.result.history
    deletions = {
        exchange.job_id: number
        for number, exchange in enumerate(history, start=1)
        if exchange.role is JobRole.DELETE and exchange.accepted
    }
    for role in (JobRole.POLL, JobRole.RESULT):
        found = set(notes(passed_report, role))
        assert found <= {f"the job is gone: no. {n} deleted it" for n in deletions.values()}
        assert found
    assert set(notes(passed_report, JobRole.DELETE)) == {"the job is gone: this request deleted it"}


def test_request_after_the_deletion_has_no_note(passed_report: Report) -> None:
    document, history = passed_report.document, passed_report.result.history
    last = {e.job_id: n for n, e in enumerate(history, 1) if e.role is JobRole.POLL}
    rejected = [number for number in last.values() if not history[number - 1].accepted]
    assert rejected
    assert {repeat_note(document, history, number) for number in rejected} == {""}


def test_list_of_deleted_jobs_has_a_note(passed_report: Report) -> None:
    assert set(notes(passed_report, JobRole.LIST)) == {"", "the jobs of this list are gone"}


def test_job_that_exists_has_no_note(interrupted_report: Report) -> None:
    assert set(notes(interrupted_report, JobRole.LIST)) == {""}


def test_valid_create_is_repeated_only_if_no_other_request_shows_the_violation(
    run_and_report: Callable[..., Report],
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        is_json = call.headers.get("content-type") == "application/json"
        if call.operation_id != "createVideo" or (reply.status < 300 and not is_json):
            return reply
        error = orjson.dumps({"error": "no"})
        return Reply(400, {"content-type": "application/json"}, error)

    report = run_and_report(change)
    document, history = report.document, report.result.history
    (group,) = (g for g in report.violation_groups if g.first.code == "AV106")
    *invalid, valid = group.first.found_in
    assert (len(invalid) > 5, history[valid - 1].arguments.problems) == (True, ())
    reordered = replace(group.first, found_in=(valid, *invalid))
    assert number_to_repeat(document, history, reordered) == invalid[0]
    only_valid = replace(group.first, found_in=(valid,))
    assert number_to_repeat(document, history, only_valid) == valid


def test_request_about_an_existing_job_is_repeated_first(
    run_and_report: Callable[..., Report],
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if call.operation_id != "getVideo" or reply.status >= 300:
            return reply
        return replace(reply, body=reply.body.replace(b'"video"', b'"film"'))

    report = run_and_report(change)
    (group,) = (g for g in report.violation_groups if g.first.code == "AV104")
    left = [n for n in group.first.found_in if n > group.first.found_in[0]][-1]
    job_id = report.result.history[left - 1].job_id
    kept = tuple(
        replace(exchange, reply=Reply(500))
        if exchange.role is JobRole.DELETE and exchange.job_id == job_id
        else exchange
        for exchange in report.result.history
    )
    number = number_to_repeat(report.document, kept, group.first)
    assert kept[number - 1].job_id == job_id
    assert repeat_note(report.document, kept, number) == ""


def test_every_report_shows_the_note(run_and_report: Callable[..., Report]) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if call.operation_id != "createVideo" or reply.status >= 300:
            return reply
        return replace(reply, body=reply.body.replace(b'"video"', b'"film"'))

    report = run_and_report(change)
    (first,) = (g for g in report.violation_groups if g.first.operation_id == "createVideo")
    assert report.repeat_note(first.first) == CREATE
    assert CREATE in {v["again_note"] for v in orjson.loads(write_json(report))["violations"]}
    assert f"Repeat the request ({CREATE}):" in write_markdown(report).decode()
    assert f"Repeat the request ({CREATE}):" in write_html(report).decode()
    assert f"\n            # {CREATE}" in write_junit(report).decode()
    assert report.repeat_lines(first.first).endswith(f"\n            # {CREATE}")
