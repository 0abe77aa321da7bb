"""Video jobs, whose state follows from the moment of a look, and the shelf they stand on."""

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
class Fields:
    """What a job is made from."""

    prompt: str
    model: str = "sora-2"
    size: str = "720x1280"
    seconds: str = "4"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that a job waits, is worked on, and keeps its files for after its creation."""

    waits: float = 0.1
    works: float = 0.4
    expires: float = 86400


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a job stands: its state and its progress in per cent."""

    state: str
    progress: int

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self.state in ("completed", "failed")


@dataclass(slots=True)
class Job:
    """One job, made at `created` Unix seconds, that ends as `end` says."""

    id: str
    fields: Fields
    created: float
    timing: Timing
    end: str = "completed"
    source: str | None = None
    retrieved: int = 0
    retrieved_final: int = 0
    deleted: bool = False

    @property
    def ended(self) -> float:
        """When the job is over, in Unix seconds."""
        return self.created + self.timing.waits + self.timing.works

    @property
    def expires(self) -> int:
        """When its files go, in Unix seconds."""
        return int(self.created + self.timing.expires)

    def stage(self, now: float) -> Stage:
        """Where the job stands at `now`."""
        worked = now - self.created - self.timing.waits
        if now >= self.ended:
            return Stage(self.end, 100 if self.end == "completed" else 99)
        if worked < 0:
            return Stage("queued", 0)
        return Stage("in_progress", 1 + int(98 * worked / self.timing.works))

    def view(self, stage: Stage) -> Json:
        """The job as the API shows it at a stage."""
        done = stage.state == "completed"
        return {
            "id": self.id,
            "object": "video",
            "model": self.fields.model,
            "status": stage.state,
            "progress": stage.progress,
            "created_at": int(self.created),
            "completed_at": int(self.ended) if done else None,
            "expires_at": self.expires if done else None,
            "prompt": self.fields.prompt,
            "size": self.fields.size,
            "seconds": self.fields.seconds,
            "remixed_from_video_id": self.source,
            "error": dict(FAILURE) if stage.state == "failed" else None,
        }


class Shelf:
    """All jobs of one server, oldest first."""

    def __init__(self, make_id: Callable[[int], str]) -> None:
        self._make_id = make_id
        self._made = 0
        self._jobs: dict[str, Job] = {}

    def next_id(self) -> str:
        """An id for a new job."""
        self._made += 1
        return self._make_id(self._made)

    def add(self, job: Job) -> None:
        """Keep a job."""
        self._jobs[job.id] = job

    def get(self, job_id: str) -> Job | None:
        """The job of that id."""
        return self._jobs.get(job_id)

    def all(self) -> list[Job]:
        """Every job, oldest first."""
        return sorted(self._jobs.values(), key=lambda job: job.created)


def video_id(number: int) -> str:
    """The id of the job of that number, the same in every run and not to be guessed."""
    return f"video_{uuid.uuid5(uuid.NAMESPACE_URL, str(number)).hex}"
