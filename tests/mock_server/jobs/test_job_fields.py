"""JobFields: the fields of a job as attributes."""

from __future__ import annotations

from copy import deepcopy

import pytest

from aisa_testkit.mock_server import JobFields

JOB = JobFields({"id": "job_1", "error": {"code": "too_dark"}, "tags": [1, 2], "size": None})


def test_fields_are_attributes() -> None:
    assert (JOB.id, JOB.tags, JOB.size) == ("job_1", [1, 2], None)


def test_nested_objects_have_attributes() -> None:
    assert JOB.error == JobFields({"code": "too_dark"})
    assert JOB.error.code == "too_dark"


@pytest.mark.parametrize(
    ("job", "name", "known"),
    [
        (JOB, "state", "'state'; the fields are: id, error, tags, size"),
        (JOB.error, "cod", "'cod'; the fields are: code"),
        (JobFields({}), "id", "'id'; the fields are: none"),
    ],
    ids=["field", "nested field", "no fields"],
)
def test_an_unknown_field_is_an_attribute_error_that_lists_the_fields(
    job: JobFields, name: str, known: str
) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(job, name)
    assert str(caught.value) == f"there is no field {known}"
    assert not hasattr(job, name)


def test_fields_are_listed_for_completion() -> None:
    assert {"id", "error", "tags", "size"} <= set(dir(JOB))


def test_jobs_are_equal_if_all_fields_are() -> None:
    assert deepcopy(JOB) == JOB
    assert JobFields({"id": "job_1"}) != JOB
    assert JOB != {"id": "job_1"}


def test_repr_shows_all_fields() -> None:
    assert repr(JOB) == (
        "JobFields(id='job_1', error=JobFields(code='too_dark'), tags=[1, 2], size=None)"
    )
