"""What is to be said of the clients of a server, by the rules for clients."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from ...openapi.json import Json
from ...openapi.text import count_of, escape_controls
from ..budget import format_amount
from ..rules.client_catalogue import DUPLICATE_JOB
from ..rules.grouping import ViolationGroup, group_by_rule
from ..rules.rule import Severity
from ..rules.violation import Violation, list_numbers
from .findings import read_count, read_violation, write_violation


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientVerdict:
    """What was found in the requests of clients, advice included.

    `seen` is how many requests have come, `judged` how many of them, the last ones, were still
    there to be judged. `jobs` were made; `duplicates` of them by requests that asked once more for
    the same, at `cost` in `currency`, None and empty where nobody knows.
    """

    violations: tuple[Violation, ...] = ()
    seen: int = 0
    judged: int = 0
    jobs: int = 0
    duplicates: int = 0
    cost: Decimal | None = None
    currency: str = ""

    @property
    def clean(self) -> bool:
        """Whether there is nothing to object to."""
        return not self.violations

    @property
    def only_advice(self) -> bool:
        """Whether good clients do it otherwise, and no rule was broken."""
        return all(violation.severity is Severity.ADVICE for violation in self.violations)

    @property
    def forgotten(self) -> bool:
        """Whether the first requests were no longer there to be judged."""
        return self.judged < self.seen

    @property
    def findings(self) -> tuple[ViolationGroup, ...]:
        """The violations, those of one kind together: first errors, then warnings, then advice."""
        kinds = group_by_rule(self.violations)
        return tuple(sorted(kinds, key=lambda kind: _ORDER.index(kind.first.severity)))

    @property
    def headline(self) -> str:
        """What came of it, in a few words."""
        if not self.seen:
            return "nothing to judge: no request has come"
        if self.clean:
            made = count_of(self.jobs, "job")
            return f"clean: {self._requests}, {made}, nothing to object to"
        found = f"{count_of(len(self.findings), 'finding')} in {self._requests}"
        return f"{found}; {self._waste}" if self.duplicates else found

    def __repr__(self) -> str:
        """Short, for a failed assertion says it beside the words that matter."""
        return f"<{type(self).__name__}: {self.headline}>"

    def __str__(self) -> str:
        return "\n\n".join([self.headline, *map(finding_text, self.findings)])

    def without(self, codes: Collection[str]) -> ClientVerdict:
        """The verdict where the rules with these codes may be broken."""
        kept = tuple(v for v in self.violations if v.code not in codes)
        if DUPLICATE_JOB.code not in codes:
            return replace(self, violations=kept)
        return replace(self, violations=kept, duplicates=0, cost=None, currency="")

    def to_json(self) -> dict[str, Json]:
        """All of it as data; the cost is text, so that it is not rounded."""
        return {
            "clean": self.clean,
            "headline": self.headline,
            "requests": {"seen": self.seen, "judged": self.judged, "forgotten": self.forgotten},
            "jobs": {
                "made": self.jobs,
                "duplicates": self.duplicates,
                "cost": None if self.cost is None else format_amount(self.cost),
                "currency": self.currency or None,
            },
            "findings": [
                {**write_violation(kind.first), "more": [write_violation(v) for v in kind.more]}
                for kind in self.findings
            ],
        }

    @classmethod
    def from_json(cls, data: Json) -> ClientVerdict:
        """What `to_json` wrote; raises ValueError for anything else."""
        try:
            return _read(data)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"this is no verdict on a client: {error!r}") from error

    @property
    def _requests(self) -> str:
        if self.forgotten:
            return f"the last {self.judged} of {count_of(self.seen, 'request')}"
        return count_of(self.seen, "request")

    @property
    def _waste(self) -> str:
        made = f"{count_of(self.duplicates, 'job')} too many"
        return (
            made if self.cost is None else f"{made}, for {format_amount(self.cost)} {self.currency}"
        )


def finding_text(kind: ViolationGroup) -> str:
    """A finding as people read it: the first time that it was seen, and how often in all."""
    if not kind.more:
        return str(kind.first)
    return f"{kind.first}\n  seen      {len(kind.more) + 1} times, in {list_numbers(kind.numbers)}"


def _read(data: Json) -> ClientVerdict:
    requests, jobs = data["requests"], data["jobs"]
    cost, currency = jobs["cost"], jobs["currency"]
    return ClientVerdict(
        violations=tuple(
            read_violation(violation)
            for finding in data["findings"]
            for violation in [finding, *finding["more"]]
        ),
        seen=read_count(requests["seen"]),
        judged=read_count(requests["judged"]),
        jobs=read_count(jobs["made"]),
        duplicates=read_count(jobs["duplicates"]),
        cost=None if cost is None else Decimal(cost),
        currency=escape_controls(str(currency or "")),
    )


# The worst first, as they are declared.
_ORDER = tuple(Severity)
