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
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Call, Document, JobRole, Provenance, Reply
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
