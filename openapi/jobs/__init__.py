"""The life of jobs, `x-jobs`: kinds of jobs, their operations, their states and their values."""

from __future__ import annotations

from .kind import JobKind, Webhook
from .operations import (
    CancelOperation,
    CreateOperation,
    FailureReason,
    JobOperation,
    JobRole,
    ListOperation,
    MediaPlaces,
    ResultOperation,
)
from .place import Part, Place, parse_place
from .sources import Condition, JobField
from .states import Lifecycle, Meaning, State

__all__ = [
    "CancelOperation",
    "Condition",
    "CreateOperation",
    "FailureReason",
    "JobField",
    "JobKind",
    "JobOperation",
    "JobRole",
    "Lifecycle",
    "ListOperation",
    "Meaning",
    "MediaPlaces",
    "Part",
    "Place",
    "ResultOperation",
    "State",
    "Webhook",
    "parse_place",
]
