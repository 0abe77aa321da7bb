"""The count of a cause that shows in many responses, in every report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as Xml

import orjson
import pytest

from aisa_testkit.contracts.reports import (
    Report,
    write_github_commands,
    write_html,
    write_json,
    write_junit,
    write_markdown,
)
from aisa_testkit.contracts.rules.grouping import ViolationGroup
from aisa_testkit.openapi import Call, Reply
from aisa_testkit.openapi.json import Json

ChangeJob = Callable[[dict[str, Json]], object]


@pytest.fixture(scope="session")
def report_of(run_and_report: Callable[..., Report]) -> Callable[[ChangeJob], Report]:
    """Makes the report of a server that changes each job in each response."""

    def make(change_job: ChangeJob) -> Report:
        def change(call: Call, reply: Reply) -> Reply:
            if reply.status >= 300 or not reply.body.startswith(b"{"):
                return reply
            body = orjson.loads(reply.body)
            for job in body.get("data", [body]):
                if "status" in job:
                    change_job(job)
            return replace(reply, body=orjson.dumps(body))

        return run_and_report(change)

    return make


@pytest.fixture(scope="session")
def wrong_object(report_of: Callable[[ChangeJob], Report]) -> Report:
    """The report of a server whose jobs have a wrong object type in each response."""
    return report_of(lambda job: job.update(object="film"))


def test_wrong_field_of_every_job_is_one_violation(wrong_object: Report) -> None:
    (group,) = wrong_object.violation_groups
    assert (group.first.code, group.first.place) == ("AV104", "/object")
    assert wrong_object.summary == "1 violation"
    assert {v.operation_id for v in group.violations} == {"createVideo", "getVideo", "listVideos"}


def test_count_names_the_share_of_polls_responses_and_items(wrong_object: Report) -> None:
    (group,) = wrong_object.violation_groups
    history = wrong_object.result.history
    polls = sum(e.operation_id == "getVideo" and e.accepted for e in history)
    pages = [e for e in history if e.operation_id == "listVideos" and e.accepted and e.reply]
    counts = [len(orjson.loads(page.reply.body)["data"]) for page in pages if page.reply]
    assert wrong_object.occurrences(group) == (
        f"in each of 2 responses of createVideo, each of {polls} polls, "
        f"{sum(map(bool, counts))} of {len(pages)} responses of listVideos "
        f"(each of {sum(counts)} items)"
    )


def test_violation_in_some_polls_is_counted_among_all(
    report_of: Callable[[ChangeJob], Report],
) -> None:
    jobs: list[str] = []

    def lower_progress(job: dict[str, Json]) -> None:
        jobs.append(job["id"])
        if job["status"] == "in_progress" and len(jobs) % 2:
            job["progress"] = 1

    report = report_of(lower_progress)
    (group,) = (g for g in report.violation_groups if g.first.code == "AV203")
    polls = sum(e.operation_id == "getVideo" and e.accepted for e in report.result.history)
    assert group.times > 1
    assert report.occurrences(group).startswith(f"in {group.times} of {polls} polls")


def test_error_responses_of_many_operations_are_one_violation(
    run_and_report: Callable[..., Report],
) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        return replace(reply, body=reply.body.replace(b"invalid_request_error", b"bad_request"))

    report = run_and_report(change)
    (group,) = report.violation_groups
    operations = {violation.operation_id for violation in group.violations}
    assert len(operations) > 3
    text = f"in {len(group.numbers)} responses of {len(operations)} operations"
    assert report.occurrences(group) == text


def test_single_violation_has_no_count(wrong_object: Report) -> None:
    first = wrong_object.violation_groups[0].first
    single = ViolationGroup(replace(first, found_in=first.found_in[:1]))
    assert (single.times, wrong_object.occurrences(single)) == (1, "")


def test_every_report_shows_one_cause_once_with_its_count(wrong_object: Report) -> None:
    (group,) = wrong_object.violation_groups
    count = wrong_object.occurrences(group)
    (facts,) = orjson.loads(write_json(wrong_object))["violations"]
    assert (facts["times"], facts["found"], facts["place"]) == (group.times, count, "/object")
    assert [other["place"] for other in facts["more"]] == [v.place for v in group.more]
    (command,) = write_github_commands(wrong_object)
    assert f"%0A  found     {count}" in command
    html = write_html(wrong_object).decode()
    links = ", ".join(f'<a href="#request-{n}">no. {n}</a>' for n in group.numbers[:8])
    more = f" and {len(group.numbers) - 8} more"
    assert html.count(f"<dt>Found</dt><dd>{count}: {links}{more}</dd>") == 1
    assert write_markdown(wrong_object).decode().count("| Found | ") == 1


def test_junit_has_one_text_for_each_operation(wrong_object: Report) -> None:
    failures = Xml.fromstring(write_junit(wrong_object)).findall(".//failure")
    assert [(failure.text or "").count("AV104") for failure in failures] == [2, 2, 2]
    assert [" (and " in failure.attrib["message"] for failure in failures] == [False] * 3
    page = next(f.text or "" for f in failures if "listVideos" in (f.text or ""))
    assert " items)" in page
