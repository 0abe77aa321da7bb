"""Plans of jobs: how long they last, how they end, and what cannot be planned."""

from __future__ import annotations

from math import inf, nan

import orjson
import pytest

from aisa_testkit.mock_server import (
    Job,
    JobOutcome,
    JobService,
    ManualClock,
    MockControls,
    SystemClock,
    observe,
    plan_progression,
)
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.json import Json

CREATED = 1_780_000_000.0
DAY = 86_400
STAMPS = [("created_at",), ("completed_at",), ("expires_at",)]

LENGTHS = {
    ("sora-2", "4"): 2 + 8,
    ("sora-2", "8"): 2 + 14,
    ("sora-2", "12"): 2 + 20,
    ("sora-2-pro", "4"): 2 + 16,
    ("sora-2-pro", "8"): 2 + 28,
    ("sora-2-pro", "12"): 2 + 40,
}


@pytest.mark.parametrize(
    ("model", "seconds", "length"),
    [(*key, length) for key, length in LENGTHS.items()],
    ids=[" ".join(key) + " s" for key in LENGTHS],
)
def test_a_job_lasts_as_long_as_its_model_and_its_video_demand(
    document: Document, model: str, seconds: str, length: int
) -> None:
    job = job_of(document, model=model, seconds=seconds)
    assert job.progression.pending_seconds == length
    assert observe(job, CREATED + length - 0.001).state == "in_progress"
    assert observe(job, CREATED + length).state == "completed"


@pytest.mark.parametrize(
    ("elapsed", "state", "progress", "remaining"),
    [
        pytest.param(-5, "queued", 0, 10, id="before it is made"),
        pytest.param(0, "queued", 0, 10, id="as it is made"),
        pytest.param(1.75, "queued", 0, 8.25, id="in the queue"),
        pytest.param(2, "in_progress", 1, 8, id="at the start of the work"),
        pytest.param(4, "in_progress", 25, 6, id="after a quarter of the work"),
        pytest.param(6, "in_progress", 50, 4, id="after half of the work"),
        pytest.param(9.9375, "in_progress", 98, 0.0625, id="shortly before the end"),
        pytest.param(10, "completed", 100, 0, id="at the end"),
        pytest.param(1e9, "completed", 100, 0, id="long after"),
    ],
)
def test_a_usual_job_waits_works_and_is_completed(
    document: Document, elapsed: float, state: str, progress: int, remaining: float
) -> None:
    seen = observe(job_of(document), CREATED + elapsed)
    assert (seen.state, seen.progress, seen.remaining_seconds) == (state, progress, remaining)
    moments = [int(CREATED), int(CREATED) + 10, int(CREATED) + DAY]
    known = 3 if state == "completed" else 1
    assert list(seen.stamps) == list(zip(STAMPS, moments, strict=True))[:known]


@pytest.mark.parametrize("code", ["moderation_blocked", "generation_failed", "odd"])
def test_a_failing_job_works_half_as_long_and_keeps_the_progress_of_half_of_the_work(
    document: Document, code: str
) -> None:
    job = job_of(document, outcome="failed", code=code)
    before, after = observe(job, CREATED + 5.999), observe(job, CREATED + 6)
    assert (before.state, before.progress, before.reason) == ("in_progress", 49, None)
    assert (after.state, after.progress, after.remaining_seconds) == ("failed", 50, 0)
    assert after.stamps == ((STAMPS[0], int(CREATED)),)
    words = {
        "moderation_blocked": "The request was blocked by the moderation system.",
        "generation_failed": "The video could not be generated.",
        "odd": "The job failed: odd.",
    }
    assert after.reason == (code, words[code])


def test_the_first_reason_of_the_document_is_the_usual_one(other_document: Document) -> None:
    for outcome in ("spoilt", "withdrawn"):
        plan = plan_progression(other_document.lifecycle, {}, JobOutcome(outcome=outcome))
        assert plan.reason == ("no_light", "There was no light.")


@pytest.mark.parametrize(
    ("fields", "outcome", "ends"),
    [
        pytest.param({"quality": "draft"}, None, [1, 4, 10], id="draft"),
        pytest.param({"quality": "final"}, None, [1, 4, 64], id="final"),
        pytest.param({"quality": "odd"}, None, [1, 4, 10], id="a value without a factor"),
        pytest.param({}, "spoilt", [1, 4, 7], id="spoilt"),
        pytest.param({}, "withdrawn", [0.5], id="withdrawn"),
    ],
)
def test_another_document_has_other_states_and_lengths(
    other_document: Document, fields: dict[str, Json], outcome: str | None, ends: list[float]
) -> None:
    plan = plan_progression(other_document.lifecycle, fields, JobOutcome(outcome=outcome))
    assert [stage.ends_after for stage in plan.phases] == [*ends, inf]


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_a_length_of_ones_own_is_shared_out_as_the_usual_one_is(
    document: Document, outcome: str
) -> None:
    usual, own = (job_of(document, outcome=outcome, length=n).progression for n in (None, 600))
    assert own.pending_seconds == 600
    assert own.phases[0].ends_after / 600 == pytest.approx(
        usual.phases[0].ends_after / usual.pending_seconds
    )


def test_a_job_of_no_length_has_ended_as_it_is_made(document: Document) -> None:
    seen = observe(job_of(document, length=0), CREATED)
    assert (seen.state, seen.progress, seen.remaining_seconds) == ("completed", 100, 0)
    assert dict(seen.stamps)[STAMPS[1]] == int(CREATED)


def test_what_cannot_be_is_refused(document: Document) -> None:
    with pytest.raises(ValueError, match="'completed' has no failure code 'odd'"):
        job_of(document, code="odd")
    with pytest.raises(ValueError, match="ends as 'lost'; the final states are completed, failed"):
        job_of(document, outcome="lost")
    for length in (-1.0, nan, inf):
        with pytest.raises(ValueError, match=f"seconds must be 0 or more, not {length!r}"):
            job_of(document, length=length)


@pytest.mark.parametrize("length", [1e10, 1e300, 1e306, 1.7e308], ids="{:g} seconds".format)
def test_a_length_beyond_all_bounds_is_refused_or_lived_through(
    document: Document, length: float
) -> None:
    service = JobService(document, clock=SystemClock(), strict=True)
    try:
        MockControls(service).next_job(seconds=length)
    except ValueError:
        return
    headers = {"authorization": "Bearer key", "content-type": "application/json"}
    reply = service.answer(Call("createVideo", headers=headers, body=b'{"prompt": "A teapot"}'))
    job = service.store.get(orjson.loads(reply.body)["id"])
    assert job is not None
    assert job.progression.pending_seconds == pytest.approx(length)
    assert observe(job, inf).state == "completed"


@pytest.mark.parametrize("created", [1.0, 1.25, 1.75, -0.25, -1.0], ids="{:g}".format)
def test_stamps_are_rounded_down_to_whole_seconds(document: Document, created: float) -> None:
    usual = job_of(document, length=0.5)
    job = Job(usual.id, usual.sequence, created, usual.fields, usual.progression)
    for at, moment in observe(job, created + 0.5).stamps[:2]:
        after = 0.5 if at == STAMPS[1] else 0
        assert 0 <= created + after - moment < 1


def test_a_service_describes_a_job_as_it_stands_now(
    service: JobService, clock: ManualClock, document: Document
) -> None:
    job = job_of(document)
    assert service.describe(job)["status"] == "queued"
    clock.advance(10)
    described = service.describe(job)
    assert (described["status"], described["completed_at"]) == ("completed", int(CREATED) + 10)
    assert document.job.accepts(described)


def job_of(
    document: Document,
    *,
    model: str = "sora-2",
    seconds: str = "4",
    outcome: str | None = None,
    code: str | None = None,
    length: float | None = None,
) -> Job:
    """A job of the bundled document."""
    fields = {"prompt": "A lighthouse", "model": model, "size": "720x1280", "seconds": seconds}
    plan = plan_progression(
        document.lifecycle, fields, JobOutcome(outcome=outcome, code=code, seconds=length)
    )
    return Job("video_1", 0, CREATED, fields, plan)
