"""A rule counts as checked only if an exchange was evidence for it."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.rules.server.evidence import (
    Evidence,
    evidence_by_operation,
    has_completed_job,
    unchecked_rules,
)
from aisa_testkit.contracts.rules.server_catalogue import SERVER_RULES
from aisa_testkit.contracts.traffic.file_read import FileReply
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Provenance, Reply
from tests.support.job_api import TEXT, JobApi, job_schema, operation
from tests.support.local_server import LocalServer
from tests.support.operations import find_operation

covers = CheckPolicy().covers


def test_complete_check_leaves_only_what_did_not_happen(document: Document) -> None:
    history = LocalServer(document).run_check(creates=2).history
    assert dict(unchecked_rules(document, history, SERVER_RULES, covers)) == {
        Evidence.FAILED_JOB: ("AV211",),
        Evidence.REMIX: ("AV218",),
        Evidence.EXPIRED_CONTENT: ("AV223",),
    }
    assert has_completed_job(document, history)


def test_failed_jobs_are_no_evidence_for_downloads(document: Document) -> None:
    server = LocalServer(document)
    for _ in range(2):
        MockControls(server.service).next_job(outcome="failed")
    history = server.run_check(creates=2).history
    unchecked = unchecked_rules(document, history, SERVER_RULES, covers)
    assert unchecked[Evidence.DOWNLOAD] == ("AV224", "AV225", "AV226")
    assert unchecked[Evidence.CONTENT] == ("AV222",)
    assert Evidence.FAILED_JOB not in unchecked
    assert not has_completed_job(document, history)


@pytest.mark.parametrize("status", [401, 429, 404])
def test_jobs_that_cannot_be_retrieved_have_not_completed(document: Document, status: int) -> None:
    """The list shows completed jobs, but any of them may be the job of another client."""

    def blind(server: LocalServer, call: Call, reply: Reply) -> Reply:
        if call.operation_id != find_operation(document, JobRole.POLL).id:
            return reply
        return Reply(status, {}, b"")

    history = LocalServer(document, blind).run_check().history
    assert not has_completed_job(document, history)


def test_evidence_belongs_to_its_operation(document: Document) -> None:
    found = evidence_by_operation(document, LocalServer(document).run_check().history, covers)
    assert Evidence.JOB not in found["getVideoContent"]
    assert Evidence.LIST not in found["getVideo"]
    assert Evidence.DOWNLOAD in found["getVideoContent"]


def test_empty_history_checks_no_rule(document: Document) -> None:
    unchecked = unchecked_rules(document, (), SERVER_RULES, covers)
    assert sorted(code for codes in unchecked.values() for code in codes) == sorted(
        SERVER_RULES.keys() - {"AV244"}  # the document has no cancel
    )


def test_exchanges_below_the_grade_are_no_evidence(document: Document) -> None:
    """The documented grade covers the creation of jobs alone."""
    history = LocalServer(document).run_check().history
    policy = CheckPolicy(grade=Provenance.DOCUMENTED)
    assert set(evidence_by_operation(document, history, policy.covers)) == {"createVideo"}
    unchecked = unchecked_rules(document, history, SERVER_RULES, policy.covers)
    assert "AV231" in unchecked[Evidence.LIST]
    assert unchecked[Evidence.EARLY_CONTENT] == ("AV221",)


@pytest.mark.parametrize("reply", [Reply(200, {"content-type": "video/webm"}, b"film"), None])
def test_file_at_an_address_is_evidence_for_the_operation_that_shows_it(
    reply: Reply | None,
) -> None:
    api = JobApi(job=job_schema(url=TEXT), kind={"fields": {"/url": {"file": "video/mp4"}}})
    server = LocalServer(api.document)
    result = server.run_check(files=_Files(FileReply(reply)))
    found = evidence_by_operation(api.document, result.history, covers, files=result.files)
    assert Evidence.CONTENT in found["getJob"]
    assert (Evidence.DOWNLOAD in found["getJob"]) is (reply is not None)
    assert ("AV222" in {v.code for v in result.violations}) is (reply is None)
    unchecked = unchecked_rules(
        api.document, result.history, SERVER_RULES, covers, files=result.files
    )
    assert Evidence.CONTENT not in unchecked


def test_errors_with_a_good_status_are_evidence_for_rules_about_errors() -> None:
    causes = {"none": {"code": "ok"}, "default": {"status": 200, "code": "bad"}}
    answer = {"/code": {"error": "code"}, "/message": {"error": "message"}}
    api = JobApi(
        job=job_schema(code=TEXT, message=TEXT),
        root={"x-errors": {"answer": answer, "causes": causes}},
    )
    history = LocalServer(api.document).run_check().history
    assert {e.status for e in history} == {200}
    found = evidence_by_operation(api.document, history, covers)
    assert Evidence.ERROR in found["getJob"]


def test_file_that_is_found_by_a_key_is_evidence_for_downloads() -> None:
    file = operation("getFile", content={"application/pdf": {"schema": TEXT}})
    api = JobApi(
        job=job_schema(file_id=TEXT),
        paths={"/files/{file_id}": {"get": file}},
        kind={
            "result": {"operation": "getFile", "key": "/file_id"},
            "fields": {"/file_id": {"new_id": "^file-[0-9]{8}$", "in": "success"}},
        },
    )
    history = LocalServer(api.document).run_check().history
    found = evidence_by_operation(api.document, history, covers)["getFile"]
    assert Evidence.DOWNLOAD in found


class _Files:
    """Reads files; every address has the same response."""

    def __init__(self, reply: FileReply) -> None:
        self.reply = reply

    def read_file(self, url: str, headers: dict[str, str]) -> FileReply:
        return self.reply

    def owns(self, url: str) -> bool:
        return True
