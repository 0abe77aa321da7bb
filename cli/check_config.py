"""What a check is told to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..contracts.budget import Budget, format_amount
from ..contracts.check.plan import CheckPlan
from ..contracts.check.result import CheckPolicy
from ..openapi import Document

VIOLATED, UNREACHABLE, REFUSED, OVER_BUDGET, INTERRUPTED = 1, 3, 4, 5, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConfig:
    """What is to be checked, and how. `resume` is a job to follow instead of making one, `replay` a
    recording to judge instead of a server.
    """

    document: Document
    base_url: str
    key: str
    policy: CheckPolicy
    budget: Budget
    plan: CheckPlan
    resume: str | None
    replay: Path | None
    keep: bool
    poll_interval: float | None
    key_variable: str

    @property
    def makes_jobs(self) -> bool:
        """Whether there is anything to pay for."""
        return self.resume is None and self.replay is None

    def over_budget(self) -> str | None:
        """Why the plan is more than is allowed, None if it is not."""
        plan, budget = self.plan, self.budget
        if not self.makes_jobs:
            return None
        if budget.max_creates is not None and len(plan.creates) > budget.max_creates:
            return f"the plan makes a job, and --max-creates allows {budget.max_creates}"
        if budget.max_spend is None:
            return None
        if not plan.currency:
            return "the document has no x-price, so nothing can be said of a budget"
        if plan.total > budget.max_spend:
            costs, limit = (
                f"{format_amount(plan.total)} {plan.currency}",
                format_amount(budget.max_spend),
            )
            return f"the plan costs {costs}, and --max-spend allows {limit}"
        return None
