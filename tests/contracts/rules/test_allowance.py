"""Violations that are allowed by the code of their rule or by their path."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import UnmatchedKind, UnmatchedRequest, Violation, check_client
from aisa_testkit.contracts.rules.allowance import allowing_word, is_allowable, is_allowed
from aisa_testkit.openapi import Document


def violation(document: Document, path: str, kind: UnmatchedKind) -> Violation:
    (found,) = check_client(document, [UnmatchedRequest("GET", path, kind=kind)])
    return found


@pytest.mark.parametrize(
    ("word", "allowable"),
    [("AV701", True), ("/health", True), ("AV799", False), ("av701", False), ("health", False)],
)
def test_codes_and_paths_can_be_allowed(word: str, *, allowable: bool) -> None:
    assert is_allowable(word) is allowable


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("AV701", True),
        ("AV708", False),
        ("/internal/state", True),
        ("/internal/*", True),
        ("/internal", False),
        ("/INTERNAL/STATE", False),
    ],
)
def test_unknown_endpoint_is_allowed_by_code_or_path(
    document: Document, word: str, *, allowed: bool
) -> None:
    found = violation(document, "/internal/state", UnmatchedKind.NO_OPERATION)
    assert is_allowed(found, {word}) is allowed
    assert not is_allowed(found, ())
    assert allowing_word(found) == "/internal/state"


def test_path_allows_no_other_violation(document: Document) -> None:
    found = violation(document, "/v1/videos", UnmatchedKind.NOT_RECORDED)
    assert not is_allowed(found, {"/v1/videos", "/*"})
    assert is_allowed(found, {"AV709"})
    assert allowing_word(found) == "AV709"
