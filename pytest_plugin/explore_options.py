"""The options of an exploration, as the marker and `explore()` take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from time import monotonic
from typing import Any

from ..contracts.explorer.extensions import Bounds
from ..contracts.explorer.run import Run
from ..contracts.explorer.search import (
    Exploration,
    Runner,
    explore_behaviours,
    try_behaviour,
)
from ..contracts.explorer.space import Space, space_of
from ..mock_server import JobService
from ..openapi.json import Json
from .option_checks import require_names


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreOptions:
    """What is explored, and for how long.

    Args:
        faults: The largest number of faults in a behaviour.
        restarts: True to kill the program at each request, and to restart it with its files.
        raises: The exceptions with which the program may end.
        lives: The scenarios of the mock in which jobs live, besides that in which they complete;
            None for those in which they fail, never end, end at once, or expire early.
        max_seconds: A program that runs for longer, by its own time, does not end.
        max_runs: The largest number of runs; None for no limit.
        max_minutes: The longest time of the exploration, in real minutes; None for no limit.
        prunes: False to try also behaviours that are equivalent to others that were tried.
        behaviour: The only behaviour to try, as a finding names it; None for all.
    """

    faults: int = 2
    restarts: bool = True
    raises: type[BaseException] | tuple[type[BaseException], ...] = ()
    lives: tuple[str, ...] | list[str] | None = None
    max_seconds: float = 900.0
    max_runs: int | None = None
    max_minutes: float | None = None
    prunes: bool = True
    behaviour: Mapping[str, Json] | None = None

    @classmethod
    def read(cls, *args: object, **options: object) -> ExploreOptions:
        """Return the options with these names; TypeError for others, ValueError for bad values."""
        __tracebackhide__ = True
        require_names([each.name for each in fields(cls)], args, options)
        for name, value in options.items():
            accepts, expected = _KINDS[name]
            if not accepts(value):
                raise ValueError(f"{name} must be {expected}, not {value!r}")
        return cls(**options)  # type: ignore[arg-type]  # checked above

    @property
    def declared(self) -> tuple[type[BaseException], ...]:
        """The exceptions with which the program may end."""
        return self.raises if isinstance(self.raises, tuple) else (self.raises,)

    def perform(
        self,
        run: Runner,
        service: Callable[[], JobService[Any]],
        *,
        part: tuple[int, int] = (0, 1),
        on_run: Callable[[Exploration], None] = lambda exploration: None,
    ) -> Exploration:
        """Explore a program; see `explore_behaviours`.

        Args:
            run: Runs the program against a behaviour.
            service: Returns the service, after the first runs.
            part: The part of the behaviours that is explored here, from 0, and their number.
            on_run: Is called after each run.
        """

        def space(usual: Run) -> Space:
            document, webhooks = service().document, service().webhooks is not None
            return space_of(document, jobs=len(usual.jobs), lives=self.lives, webhooks=webhooks)

        if self.behaviour is not None:
            return try_behaviour(run, space, self.behaviour)
        end = None if self.max_minutes is None else monotonic() + 60 * self.max_minutes
        bounds = Bounds(
            faults=self.faults,
            restarts=self.restarts,
            max_runs=self.max_runs,
            is_over=lambda: end is not None and monotonic() >= end,
            part=part,
            prunes=self.prunes,
        )
        return explore_behaviours(run, space, bounds, on_run=on_run)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(each, str) for each in value)


def _is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _is_exception_or_several(value: object) -> bool:
    return all(map(_is_exception, value)) if isinstance(value, tuple) else _is_exception(value)


_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "faults": (_is_count, "a whole number from 0"),
    "restarts": (lambda v: isinstance(v, bool), "True or False"),
    "raises": (_is_exception_or_several, "an exception class or a tuple of them"),
    "lives": (lambda v: v is None or _are_texts(v), "a tuple of names of scenarios or None"),
    "max_seconds": (_is_positive, "a positive number"),
    "max_runs": (lambda v: v is None or _is_count(v), "a whole number or None"),
    "max_minutes": (
        lambda value: value is None or _is_positive(value),
        "a positive number or None",
    ),
    "prunes": (lambda v: isinstance(v, bool), "True or False"),
    "behaviour": (lambda v: v is None or isinstance(v, Mapping), "a dict or None"),
}
