"""Video jobs, whose state is computed from the time, and their store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

FAILURE = {
    "code": "moderation_blocked",
    "message": "The request was blocked by the moderation system.",
}


@dataclass(frozen=True, slots=True)
class JobFields:
    """The fields of a create."""

    prompt: str
    model: str = "sora-2"
    size: str = "720x1280"
    seconds: str = "4"


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds that a job is queued and in progress, and after which its files expire."""

    queued_seconds: float = 0.1
    running_seconds: float = 0.4
    file_seconds: float = 86400


@dataclass(frozen=True, slots=True)
class Phase:
    """The state of a job, and its progress in per cent."""

    state: str
    progress: int

    @property
    def final(self) -> bool:
        """True for a final state."""
        return self.state in ("completed", "failed")


@dataclass(slots=True)
class Job:
    """A job that was created at `created` (Unix seconds) and ends in `final_state`."""

    id: str
    fields: JobFields
    created: float
    timing: Timing
    final_state: str = "completed"
    source: str | None = None
    retrieved: int = 0
    retrieved_final: int = 0
    deleted: bool = False

    @property
    def ends_at(self) -> float:
        """The Unix time at which the job finishes."""
        return self.created + self.timing.queued_seconds + self.timing.running_seconds

    @property
    def expires_at(self) -> int:
        """The Unix time at which its files expire."""
        return int(self.created + self.timing.file_seconds)

    def phase(self, now: float) -> Phase:
        """Return the phase at a Unix time."""
        worked = now - self.created - self.timing.queued_seconds
        if now >= self.ends_at:
            return Phase(self.final_state, 100 if self.final_state == "completed" else 99)
        if worked < 0:
            return Phase("queued", 0)
        return Phase("in_progress", 1 + int(98 * worked / self.timing.running_seconds))

    def view(self, stage: Phase) -> Json:
        """Return the JSON view of the job in a phase."""
        done = stage.state == "completed"
        return {
            "id": self.id,
            "object": "video",
            "model": self.fields.model,
            "status": stage.state,
            "progress": stage.progress,
            "created_at": int(self.created),
            "completed_at": int(self.ends_at) if done else None,
            "expires_at": self.expires_at if done else None,
            "prompt": self.fields.prompt,
            "size": self.fields.size,
            "seconds": self.fields.seconds,
            "remixed_from_video_id": self.source,
            "error": dict(FAILURE) if stage.state == "failed" else None,
        }


class JobStore:
    """All jobs of a server."""

    def __init__(self, make_id: Callable[[int], str]) -> None:
        self._make_id = make_id
        self._made = 0
        self._jobs: dict[str, Job] = {}

    def next_id(self) -> str:
        """Return an id for a new job."""
        self._made += 1
        return self._make_id(self._made)

    def add(self, job: Job) -> None:
        """Add a job."""
        self._jobs[job.id] = job

    def get(self, job_id: str) -> Job | None:
        """Return the job with this id."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Return all jobs, oldest first."""
        return sorted(self._jobs.values(), key=lambda job: job.created)


def video_id(number: int) -> str:
    """Return an id that is the same in every run and looks random."""
    return f"video_{uuid.uuid5(uuid.NAMESPACE_URL, str(number)).hex}"
