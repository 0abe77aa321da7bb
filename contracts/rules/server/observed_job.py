"""A job as one response of a history shows it, and violations that it breaks rules with."""

from __future__ import annotations

from dataclasses import dataclass

from ....openapi import State
from ....openapi.json import Json
from ....openapi.pointer import Path, format_pointer
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView
from ..rule import Rule
from ..violation import Violation, violation_of


@dataclass(frozen=True, slots=True)
class ObservedJob:
    """A job as one response shows it, with the exchange and its number in the history."""

    view: JobView
    exchange: Exchange
    number: int

    def value_at(self, path: Path) -> Json:
        """Return the value at a place of the job, None if there is none."""
        return self.view.value_at(path)

    @property
    def state(self) -> State:
        """The state of the job."""
        return self.view.state

    def violation(
        self, rule: Rule, path: Path, expected: str, earlier: ObservedJob | None = None
    ) -> Violation:
        """Return the violation of a rule by the value at a place of the job.

        Args:
            rule: The rule.
            path: The place in the job.
            expected: What the rule expects there.
            earlier: The view that the job is compared with; None if it is with none.
        """
        numbers = (earlier.number, self.number) if earlier else (self.number,)
        return violation_of(
            rule,
            self.exchange,
            *numbers,
            place=format_pointer(path),
            received=f"{quote(self.value_at(path))} ({self.view.job_id})",
            expected=expected,
        )
