"""Documents of APIs of jobs: read, served through whole lives, and checked.

Each trait has a document of its own, and a property test combines them.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.rules.server.evidence import has_completed_job
from aisa_testkit.openapi import Document, DocumentError, load_document, parse_document
from tests.support.job_lives import JobLives
from tests.support.local_server import LocalServer
from tests.support.trait_documents import GROUPS, TRAITS, trait_document, trait_text

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
    JobLives(document).call_all()


def test_document_has_each_of_its_kinds() -> None:
    assert [*read("two kinds of jobs").kinds] == ["work", "print"]


def test_price_follows_a_nested_field_of_the_request() -> None:
    (create,) = read("nested request field has a price").kinds["work"].creates
    assert create.price is not None
    assert create.price.per == "/parameters/seconds"
    assert [rate.when for rate in create.price.rates] == [{"/parameters/style": ("round",)}, {}]


@each_trait
def test_check_follows_a_job_to_its_end_and_finds_nothing(trait: str) -> None:
    document = read(trait)
    for name in document.kinds:
        server = LocalServer(document)
        result = server.run_check(kind=name, creates=2, budget=Budget(max_creates=3), files=server)
        assert result.violations == ()
        assert has_completed_job(document, result.history)


def test_jobs_of_a_document_in_several_files_are_led_through_whole_lives(tmp_path: Path) -> None:
    document = trait_document()
    schemas = document["components"].pop("schemas")
    text = json.dumps(document).replace("#/components/schemas", "parts/schemas.yaml#")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "schemas.yaml").write_text(json.dumps(schemas), encoding="utf-8")
    (tmp_path / "api.yaml").write_text(text, encoding="utf-8")
    loaded = load_document(tmp_path / "api.yaml")
    assert loaded.warnings == ()
    JobLives(loaded).lead(loaded.kinds["work"])


CONTRADICTING = (
    {"states", "operations"},  # both say which states there are
    {"ids", "creates"},  # both say where the id is
)

ALONE = (
    "errors with status 200",  # other responses have no place that tells an error
    "state is a boolean",  # two of its states differ in the field of the failure alone
    "job is a union of its states",  # its schemas have ids of their own, which are texts
    "job schema is inline",  # no other operation can refer to it
)


TAKEN_AWAY = re.compile(
    "is not an operation of the document"  # one trait takes away a path of another
    "|no request of .* has a place"  # or a field of the request
    "|^needs id, the place of the id in a job"
    "|^needs state, .* are none$"
    "|^the schema of the state does not allow it"  # both list the states
)
"""What is wrong with a document in which one trait takes away what another needs."""


@st.composite
def compatible_traits(draw: st.DrawFn) -> list[str]:
    """Draw traits that may stand in one document, at most one of each group."""
    groups = draw(st.lists(st.sampled_from([*GROUPS]), min_size=2, max_size=8, unique=True))
    assume(not any(pair <= {*groups} for pair in CONTRADICTING))
    return [
        draw(st.sampled_from([trait for trait in GROUPS[name] if trait not in ALONE]))
        for name in groups
    ]


def read_any(*traits: str) -> Document:
    """Return a document with some traits; those that contradict each other are left out."""
    try:
        openapi_spec_validator.validate(trait_document(*traits))
        return parse_document(trait_text(*traits))
    except OpenAPIValidationError:
        assume(False)
        raise
    except DocumentError as error:
        assume(not all(re.search(TAKEN_AWAY, problem.reason) for problem in error.problems))
        raise


@settings(max_examples=40)
@given(compatible_traits())
def test_strict_mock_of_any_traits_never_contradicts_its_document(traits: list[str]) -> None:
    document = read_any(*traits)
    lives = JobLives(document)
    for kind in document.kinds.values():
        lives.lead(kind)
    lives.call_all()


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below),
    max_leaves=5,
)


@settings(max_examples=60)
@given(st.data())
def test_document_with_any_change_is_read_or_has_a_document_error(data: st.DataObject) -> None:
    document = trait_document(data.draw(st.sampled_from([*TRAITS])))
    at = document
    while isinstance(at, dict | list) and at:
        steps = [*at] if isinstance(at, dict) else [*range(len(at))]
        step = data.draw(st.sampled_from(steps))
        if not isinstance(at[step], dict | list) or data.draw(st.integers(0, 4)) == 0:
            at[step] = data.draw(JSON)
            break
        at = at[step]
    with suppress(DocumentError):
        assert parse_document(json.dumps(document)).kinds is not None
