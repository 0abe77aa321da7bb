"""References that lead nowhere: a warning, and beside it the error of a job that needs them."""

from __future__ import annotations

import json

import pytest

from aisa_testkit.openapi import DocumentError, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.trait_documents import trait_document

MISSING: Json = {"$ref": "#/components/schemas/Jb"}
REASON = "is left out: #/components/schemas/Jb does not exist"


def test_reference_that_no_job_uses_is_a_warning() -> None:
    document = trait_document()
    document["components"]["schemas"]["Unused"] = MISSING
    (warning,) = parse_document(json.dumps(document, indent=1)).warnings
    assert (warning.pointer, warning.reason) == ("/components/schemas/Unused/$ref", REASON)
    assert warning.line is not None


def test_reference_that_a_job_needs_is_an_error_with_both_places() -> None:
    document = trait_document()
    content = document["components"]["responses"]["Job"]["content"]
    content["application/json"]["schema"] = MISSING
    with pytest.raises(DocumentError) as caught:
        parse_document(json.dumps(document, indent=1))
    (problem,), (warning,) = caught.value.problems, caught.value.warnings
    assert problem.pointer == "/x-jobs/work"
    assert "needs state, the place of the state" in problem.reason
    place = "/components/responses/Job/content/application~1json/schema/$ref"
    assert (warning.pointer, warning.reason) == (place, REASON)
    assert None not in (problem.line, warning.line)
