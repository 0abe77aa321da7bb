"""The times in responses about a job: of its creation, of its states, and of its expiry."""

from __future__ import annotations

from collections.abc import Callable
from math import floor

from ...openapi.jobs import JobKind
from ...openapi.jobs.sources import Moment
from ...openapi.json import Json
from ...openapi.moment import SECONDS, MomentForm
from ...openapi.pointer import Path
from .view import ABSENT, FieldValue, View


class Moments:
    """The times of the jobs of one kind.

    Args:
        kind: The kind of job.
    """

    def __init__(self, kind: JobKind) -> None:
        self._kind = kind

    def value_of(self, source: Moment, path: Path) -> FieldValue:
        """Return the function for the value of a field of a job.

        Args:
            source: The time.
            path: The path of the field.
        """
        form, plus, entered = source.form, source.plus_seconds, source.entered
        if path == self._kind.expires_at:
            return _expiry(form, _start_of(source))
        if source.event == "created":
            if form is SECONDS:
                return lambda view: floor(view.job.created + plus)
            return lambda view: form.write(view.job.created + plus)
        if source.event == "changed":
            return lambda view: form.write(view.job.created + _last_change(view) + plus)

        def when_entered(view: View) -> Json:
            start = _first_start(view, entered)
            return ABSENT if start is None else form.write(view.job.created + start + plus)

        return when_entered

    def at(self, path: Path, view: View) -> float | None:
        """Return the time of a field of a job in Unix seconds; None if it has none."""
        for create in self._kind.creates:
            for field in create.fields:
                if create.operation.id != view.job.create or field.place.path != path:
                    continue
                if isinstance(field.source, Moment) and view.snapshot.state in field.possible:
                    after = _start_of(field.source)(view)
                    return None if after is None else view.job.created + after
        return None


def _last_change(view: View) -> float:
    """Return the seconds after creation at which the job entered its state."""
    return _first_start(view, frozenset({view.snapshot.state})) or 0.0


def _first_start(view: View, states: frozenset[str]) -> float | None:
    """Return the seconds after creation at which the job entered one of these states first."""
    for phase in view.job.progression.phases[: view.snapshot.phase + 1]:
        if phase.state in states:
            return phase.starts_after
    return None


def _start_of(source: Moment) -> Callable[[View], float | None]:
    """Return the function for the seconds after creation that an expiry is counted to."""
    plus = source.plus_seconds
    if source.event == "created":
        return lambda _: plus

    def start(view: View) -> float | None:
        entered = _first_start(view, source.entered)
        return None if entered is None else entered + plus

    return start


def _expiry(form: MomentForm, start: Callable[[View], float | None]) -> FieldValue:
    def expiry(view: View) -> Json:
        after = view.job.progression.expires_after
        after = start(view) if after is None else after
        return ABSENT if after is None else form.write(view.job.created + after)

    return expiry
