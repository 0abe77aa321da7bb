"""The time line of a run: its requests, faults and kill in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .run import Run


class Row(NamedTuple):
    """One or more equal requests, or the kill.

    Args:
        at: The time of the first response, in seconds of the program's time since its start.
        text: What happens.
        until: The time of the last response, which is `at` for one.
        times: The number of requests; 0 for a kill.
        fault: The fault of the request in words; "" for none.
    """

    at: float
    text: str
    until: float
    times: int
    fault: str


KILLED = "the program is killed, and restarted"


def time_line(run: Run) -> list[Row]:
    """Return the time line of a run, in which equal requests that follow each other are one row."""
    rows: list[Row] = []
    for row in _single_rows(run):
        last = rows[-1] if rows else None
        if last and row.times and (last.text, last.fault) == (row.text, row.fault):
            rows[-1] = last._replace(until=row.until, times=last.times + 1)
        else:
            rows.append(row)
    return rows


def _single_rows(run: Run) -> Iterator[Row]:
    faults = {(i.operation_id, i.nth): i.fault.name for i in run.behaviour.injections}
    killed_after = _requests_before_kill(run)
    at = 0.0
    if killed_after == 0:
        yield Row(at, KILLED, at, 0, "")
    for number, step in enumerate(run.steps, start=1):
        at, fault = step.at, faults.get((step.operation_id, step.nth), "")
        yield Row(at, step.text, at, 1, fault)
        if number == killed_after:
            yield Row(at, KILLED, at, 0, "")


def _requests_before_kill(run: Run) -> int | None:
    kill = run.behaviour.kill
    return None if kill is None else kill.request - (not kill.performed)
