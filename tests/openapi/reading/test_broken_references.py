"""References that lead nowhere: a warning, or an error where an operation of a job needs them."""

from __future__ import annotations

import json

import pytest

from aisa_testkit.openapi import DocumentError, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer, set_at
from tests.support.trait_documents import trait_document

JOB = "/components/responses/Job/content/application~1json/schema"


def error_of(document: Json) -> DocumentError:
    """Return the error of a document, whose text has one value per line."""
    with pytest.raises(DocumentError) as caught:
        parse_document(json.dumps(document, indent=1))
    return caught.value


def test_reference_that_no_job_uses_is_a_warning() -> None:
    document = trait_document()
    document["components"]["schemas"]["Unused"] = {"$ref": "#/components/schemas/Jb"}
    (warning,) = parse_document(json.dumps(document, indent=1)).warnings
    assert warning.pointer == "/components/schemas/Unused/$ref"
    reason = "is left out: #/components/schemas/Jb does not exist; did you mean Job?"
    assert warning.reason == reason
    assert warning.line == 153


@pytest.mark.parametrize(
    ("pointer", "target", "at", "reason"),
    [
        (JOB, "#/components/schemas/Jb", "poll", "does not exist; did you mean Job?"),
        ("/components/schemas/Job/properties/id", "#/a", "poll", "does not exist"),
        (
            "/paths/~1jobs/post/requestBody",
            "#/components/requestBodies/Order",
            "create",
            "does not exist",
        ),
        ("/paths/~1jobs/post/responses/200", "jobs.yaml", "create", "is another document"),
        ("/paths/~1jobs~1{id}/parameters/0", "#/paths/a", "poll", "does not exist"),
        ("/components/schemas/Job", "#/components/schemas/Job", "poll", "refers to itself"),
        (JOB, "https://jobs.test/job.yaml", "poll", "is another document"),
    ],
)
def test_reference_that_a_job_needs_is_an_error_with_both_places(
    pointer: str, target: str, at: str, reason: str
) -> None:
    document = trait_document()
    set_at_place(document, pointer, {"$ref": target})
    error = error_of(document)
    problem = error.problems[0]
    operation = {"poll": "getJob", "create": "createJob"}[at]
    assert problem.pointer == f"/x-jobs/work/{at}"
    assert f"{operation} needs the reference at line " in problem.reason
    assert problem.reason.endswith(reason)
    assert f"/$ref: {target} {reason}" in problem.reason
    assert problem.line is not None
    assert all(f"{warning.pointer}: " not in problem.reason for warning in error.warnings)


def test_reference_is_one_error_however_many_operations_need_it() -> None:
    document = trait_document()
    document["components"]["schemas"]["Problem"] = {"$ref": "#/none"}
    (problem,) = error_of(document).problems
    assert problem.pointer == "/x-jobs/work/create"


def test_reference_of_a_poll_of_one_create_is_an_error_there() -> None:
    document = trait_document("creates with polls of their own and addresses")
    responses = document["paths"]["/drawings/{id}"]["get"]["responses"]
    responses["200"] = {"$ref": "#/none"}
    (problem,) = error_of(document).problems
    assert problem.pointer == "/x-jobs/work/create/1/poll"


@pytest.mark.parametrize("word", ["links", "callbacks"])
def test_reference_that_no_response_depends_on_is_a_warning(word: str) -> None:
    document = trait_document()
    where = (
        ("paths", "/jobs", "post") if word == "callbacks" else ("components", "responses", "Job")
    )
    get(document, where)[word] = {"other": {"$ref": "#/none"}}
    (warning,) = parse_document(json.dumps(document)).warnings
    assert warning.reason == "is left out: #/none does not exist"


def test_links_may_be_the_name_of_a_field() -> None:
    document = trait_document()
    document["components"]["schemas"]["Job"]["properties"]["links"] = {"$ref": "#/none"}
    assert "#/none does not exist" in error_of(document).problems[0].reason


def set_at_place(document: Json, pointer: str, value: Json) -> None:
    """Set the value at a pointer of a document, also in a list."""
    *above, last = parse_pointer(pointer)
    holder = get(document, above)
    if isinstance(holder, list):
        holder[int(last)] = value
    else:
        set_at(holder, (last,), value)
