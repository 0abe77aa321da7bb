"""The progress of a check, as it is shown while the check runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ...openapi.jobs import JobField
from ...openapi.jobs.sources import Progress
from ...openapi.json import is_number
from ..traffic.job_views import JobView


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a check.

    action: what the check is about to do
    job_ids: the jobs that were created so far
    job_id: the followed job, None if there is none yet
    state: the state of that job
    progress: the progress of that job in per cent
    spent: the amount that is reserved so far, None if a price is unknown
    """

    action: str
    job_ids: tuple[str, ...]
    job_id: str | None
    state: str | None
    progress: float | None
    spent: Decimal | None


def percent_of(view: JobView, field: JobField) -> float | None:
    """Return the progress of a job in per cent; None if it does not show it."""
    value, source = view.value_at(field.place.path), field.source
    if isinstance(value, str):
        return float(value[:-1]) if _PERCENT.fullmatch(value) else None
    if not is_number(value):
        return None
    return value * 100 if isinstance(source, Progress) and source.form == "fraction" else value


_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?%")
