"""Checks of the mock of each bundled document: no violation, and everything that it can show."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Document, load_document
from tests.support.local_server import LocalServer


@pytest.fixture(params=["aisa-videos", "aisa-wan", "openai-videos"])
def bundled(request: pytest.FixtureRequest) -> Document:
    return load_document(request.param, strict=True)


def test_mock_of_a_bundled_document_has_no_violation(bundled: Document) -> None:
    server = LocalServer(bundled)
    result = server.run_check(creates=2, files=server)
    assert result.violations == ()
    assert [note for note in result.notes if "not sent" in note] == []
    assert result.unknown_jobs == ()


def test_refusal_with_a_documented_5xx_is_neither_a_server_error_nor_a_job() -> None:
    """The vendor answers 500 to a model that it does not know."""
    result = LocalServer(load_document("aisa-wan")).run_check(creates=2)
    refused = [e for e in result.history if e.status == 500]
    assert len(refused) >= 1
    assert result.violations == ()
