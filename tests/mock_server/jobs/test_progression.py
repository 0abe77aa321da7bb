"""Progressions of jobs: durations, outcomes and invalid outcomes."""

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
)
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.json import Json
from tests.support.planned_jobs import plan, planned_job

CREATED = 1_780_000_000.0
DAY = 86_400
STAMPS = ("created_at", "completed_at", "expires_at")

DURATIONS = {
    ("sora-2", "4"): 2 + 8,
    ("sora-2", "8"): 2 + 14,
    ("sora-2", "12"): 2 + 20,
    ("sora-2-pro", "4"): 2 + 16,
    ("sora-2-pro", "8"): 2 + 28,
    ("sora-2-pro", "12"): 2 + 40,
}


@pytest.mark.parametrize(
    ("model", "seconds", "duration"),
    [(*key, duration) for key, duration in DURATIONS.items()],
    ids=[" ".join(key) + " s" for key in DURATIONS],
)
def test_duration_depends_on_model_and_video_length(
    document: Document, model: str, seconds: str, duration: int
) -> None:
    job = job_of(document, model=model, seconds=seconds)
    assert job.progression.pending_seconds == duration
    assert observe(job, CREATED + duration - 0.001).state == "in_progress"
    assert observe(job, CREATED + duration).state == "completed"


@pytest.mark.parametrize(
    ("elapsed", "state", "progress", "remaining"),
    [
        pytest.param(-5, "queued", 0, 10, id="before creation"),
        pytest.param(0, "queued", 0, 10, id="at creation"),
        pytest.param(1.75, "queued", 0, 8.25, id="in the queue"),
        pytest.param(2, "in_progress", 1, 8, id="at the start of the work"),
        pytest.param(4, "in_progress", 25, 6, id="after a quarter of the work"),
        pytest.param(6, "in_progress", 50, 4, id="after half of the work"),
        pytest.param(9.9375, "in_progress", 98, 0.0625, id="shortly before the end"),
        pytest.param(10, "completed", 100, 0, id="at the end"),
        pytest.param(1e9, "completed", 100, 0, id="long after"),
    ],
)
def test_default_outcome_is_queued_in_progress_completed(
    service: JobService,
    clock: ManualClock,
    document: Document,
    elapsed: float,
    state: str,
    progress: int,
    remaining: float,
) -> None:
    job = job_of(document)
    snapshot = observe(job, CREATED + elapsed)
    assert (snapshot.state, snapshot.progress, snapshot.remaining_seconds) == (
        state,
        progress,
        remaining,
    )
    if elapsed >= 0:
        clock.advance(elapsed)
        moments = [int(CREATED), int(CREATED) + 10, int(CREATED) + DAY]
        known = 3 if state == "completed" else 1
        assert stamps_of(service, job) == [*moments[:known], *[None] * (3 - known)]


@pytest.mark.parametrize("code", ["moderation_blocked", "generation_failed", "odd"])
def test_failing_job_ends_at_half_of_the_work(
    service: JobService, clock: ManualClock, document: Document, code: str
) -> None:
    job = job_of(document, outcome="failed", code=code)
    before, after = observe(job, CREATED + 5.999), observe(job, CREATED + 6)
    assert (before.state, before.progress, before.reason) == ("in_progress", 49, None)
    assert (after.state, after.progress, after.remaining_seconds) == ("failed", 50, 0)
    clock.advance(6)
    assert stamps_of(service, job) == [int(CREATED), None, None]
    messages = {
        "moderation_blocked": "The request was blocked by the moderation system.",
        "generation_failed": "The video could not be generated.",
        "odd": "The job failed: odd.",
    }
    assert after.reason == (code, messages[code])


def test_default_failure_code_is_the_first_of_the_document(other_document: Document) -> None:
    for outcome in ("spoilt", "withdrawn"):
        progression = plan(other_document, outcome=JobOutcome(outcome=outcome))
        assert progression.reason == ("no_light", "There was no light.")


@pytest.mark.parametrize(
    ("request_values", "outcome", "ends"),
    [
        pytest.param({"/quality": "draft"}, None, [1, 4, 10], id="draft"),
        pytest.param({"/quality": "final"}, None, [1, 4, 64], id="final"),
        pytest.param({"/quality": "odd"}, None, [1, 4, 10], id="a value without a factor"),
        pytest.param({}, "spoilt", [1, 4, 7], id="spoilt"),
        pytest.param({}, "withdrawn", [0.5], id="withdrawn"),
    ],
)
def test_another_document_has_other_states_and_durations(
    other_document: Document,
    request_values: dict[str, Json],
    outcome: str | None,
    ends: list[float],
) -> None:
    progression = plan(other_document, request_values, JobOutcome(outcome=outcome))
    assert [phase.ends_after for phase in progression.phases] == [*ends, inf]


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_seconds_are_divided_among_phases_like_the_default(
    document: Document, outcome: str
) -> None:
    default, custom = (
        job_of(document, outcome=outcome, duration=n).progression for n in (None, 600)
    )
    assert custom.pending_seconds == 600
    assert custom.phases[0].ends_after / 600 == pytest.approx(
        default.phases[0].ends_after / default.pending_seconds
    )


def test_zero_seconds_completes_the_job_at_creation(
    service: JobService, document: Document
) -> None:
    job = job_of(document, duration=0)
    snapshot = observe(job, CREATED)
    assert (snapshot.state, snapshot.progress, snapshot.remaining_seconds) == ("completed", 100, 0)
    assert stamps_of(service, job)[1] == int(CREATED)


def test_invalid_outcomes_are_value_errors(document: Document) -> None:
    with pytest.raises(ValueError, match="'completed' has no failure code 'odd'"):
        job_of(document, code="odd")
    with pytest.raises(ValueError, match="ends as 'lost'; the final states are completed, failed"):
        job_of(document, outcome="lost")
    for duration in (-1.0, nan, inf):
        with pytest.raises(ValueError, match=f"seconds must be 0 or more, not {duration!r}"):
            job_of(document, duration=duration)


@pytest.mark.parametrize("duration", [1e10, 1e300, 1e306, 1.7e308], ids="{:g} seconds".format)
def test_huge_seconds_are_rejected_or_work(document: Document, duration: float) -> None:
    service = JobService(document, clock=SystemClock(), strict=True)
    try:
        MockControls(service).next_job(seconds=duration)
    except ValueError:
        return
    headers = {"authorization": "Bearer key", "content-type": "application/json"}
    reply = service.answer(Call("createVideo", headers=headers, body=b'{"prompt": "A teapot"}'))
    job = service.store.get(orjson.loads(reply.body)["id"])
    assert job is not None
    assert job.progression.pending_seconds == pytest.approx(duration)
    assert observe(job, inf).state == "completed"


@pytest.mark.parametrize("created", [1.0, 1.25, 1.75, -0.25, -1.0], ids="{:g}".format)
def test_timestamps_are_rounded_down_to_whole_seconds(document: Document, created: float) -> None:
    job = job_of(document, duration=0.5)._replace(created=created)
    created_at, completed_at, expires_at = stamps_of(JobService(document), job)
    assert 0 <= created - created_at < 1
    assert 0 <= created + 0.5 - completed_at < 1
    assert 0 <= created + DAY - expires_at < 1


def test_describe_returns_the_current_job(
    service: JobService, clock: ManualClock, document: Document
) -> None:
    job = job_of(document)
    assert service.describe(job)["status"] == "queued"
    clock.advance(10)
    described = service.describe(job)
    assert (described["status"], described["completed_at"]) == ("completed", int(CREATED) + 10)
    poll = document.operations["getVideo"].success.content["application/json"]
    assert poll is not None
    assert poll.accepts(described)


def stamps_of(service: JobService, job: Job) -> list[Json]:
    """The times that a poll reports now; None for those that are not known yet."""
    described = service.describe(job)
    return [described[name] for name in STAMPS]


def job_of(
    document: Document,
    *,
    model: str = "sora-2",
    seconds: str = "4",
    outcome: str | None = None,
    code: str | None = None,
    duration: float | None = None,
) -> Job:
    """A job of the bundled document."""
    request = {"prompt": "A lighthouse", "model": model, "size": "720x1280", "seconds": seconds}
    return planned_job(
        document,
        created=CREATED,
        request={f"/{name}": value for name, value in request.items()},
        outcome=JobOutcome(outcome=outcome, code=code, seconds=duration),
    )
