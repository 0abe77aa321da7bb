"""The plans of new jobs."""

from __future__ import annotations

from collections.abc import Mapping

from ...openapi import Lifecycle
from ...openapi.json import Json
from .progression import DEFAULT_OUTCOME, JobOutcome, Progression, plan_progression


class Planner:
    """Makes the plans of jobs by the lifecycle of a document.

    A plan depends on few values, so that jobs share it and a store of a million stays small.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle
        self._plans: dict[tuple[Json, ...], Progression] = {}
        self._scaled = sorted({name for state in lifecycle.states.values() for name in state.scale})

    def plan(self, fields: Mapping[str, Json], fate: JobOutcome = DEFAULT_OUTCOME) -> Progression:
        """The plan of a job with these request fields; raises ValueError for a fate that cannot
        be.
        """
        key = (fate, *map(fields.get, self._scaled))
        plan = self._plans.get(key)
        if plan is None:
            plan = plan_progression(self._lifecycle, fields, fate)
            if len(self._plans) > _KEPT:
                self._plans.clear()
            self._plans[key] = plan
        return plan


_KEPT = 1000
