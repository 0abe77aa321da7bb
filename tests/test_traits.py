"""Documents of APIs of jobs with one trait each: read, served through whole lives, and checked."""

from __future__ import annotations

import openapi_spec_validator
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.rules.server.evidence import has_completed_job
from aisa_testkit.openapi import Document, parse_document
from tests.support.job_lives import JobLives
from tests.support.local_server import LocalServer
from tests.support.trait_documents import TRAITS, trait_document, trait_text

each_trait = pytest.mark.parametrize("trait", TRAITS)


def read(*traits: str) -> Document:
    """Return a document with some traits, which is read without any warning."""
    document = parse_document(trait_text(*traits))
    assert document.warnings == ()
    return document


@each_trait
def test_document_is_valid(trait: str) -> None:
    openapi_spec_validator.validate(trait_document(trait))


@each_trait
def test_jobs_are_led_through_whole_lives(trait: str) -> None:
    document = read(trait)
    for kind in document.kinds.values():
        JobLives(document).lead(kind)


@each_trait
def test_check_follows_a_job_to_its_end_and_finds_nothing(trait: str) -> None:
    document = read(trait)
    for name in document.kinds:
        server = LocalServer(document)
        result = server.run_check(kind=name, creates=2, budget=Budget(max_creates=3), files=server)
        assert result.violations == ()
        assert has_completed_job(document, result.history)
