"""The verdict on the clients of one server, by the rules for clients."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ...openapi import Document, JobRole
from ...openapi.json import Json
from ...openapi.text import count_of, escape_controls
from ..budget import format_amount
from ..rules.allowance import is_allowed
from ..rules.client.automatic_requests import is_automatic
from ..rules.client.check_client import check_client
from ..rules.client.duplicates import Duplicate, all_duplicates
from ..rules.client.request_parser import RequestParser
from ..rules.client_catalogue import DUPLICATE_JOB
from ..rules.grouping import ViolationGroup, group_by_cause
from ..rules.rule import Severity
from ..rules.violation import Violation, read_count
from ..traffic.billing import create_price
from ..traffic.exchange import Exchange
from .entry import LoggedRequest, jobs_in_response


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientVerdict:
    """The result of a check of clients; its text lists all findings.

    Args:
        violations: everything that was found, warnings and advice included.
        seen: the number of requests that were received.
        judged: the number of requests that were checked: the last ones, which were still kept.
        automatic: the number of checked requests that browsers, health checks and gateways sent
            automatically to paths that the document lacks; they break no rule.
        jobs: the number of jobs that were created.
        duplicates: the number of jobs that were created again by the same request.
        cost: the price of the duplicates, None if unknown.
        currency: the currency of the cost, such as USD; empty if unknown.
    """

    violations: tuple[Violation, ...] = ()
    seen: int = 0
    judged: int = 0
    automatic: int = 0
    jobs: int = 0
    duplicates: int = 0
    cost: Decimal | None = None
    currency: str = ""

    @property
    def clean(self) -> bool:
        """True without violations, warnings and advice."""
        return not self.violations

    @property
    def only_advice(self) -> bool:
        """True if there is nothing but advice."""
        return all(violation.severity is Severity.ADVICE for violation in self.violations)

    @property
    def forgotten(self) -> bool:
        """True if the first requests were no longer kept, and so not checked."""
        return self.judged < self.seen

    @property
    def only_automatic(self) -> bool:
        """True if no client of the API has sent a request, only browsers or health checks."""
        return self.seen == self.automatic

    @property
    def findings(self) -> tuple[ViolationGroup, ...]:
        """The violations in groups of the same kind: errors, then warnings, then advice."""
        groups = group_by_cause(self.violations)
        return tuple(sorted(groups, key=lambda group: _SEVERITIES.index(group.first.severity)))

    @property
    def headline(self) -> str:
        """The result in one line: "3 findings in 6 requests"."""
        if not self.seen:
            return "no requests to check"
        if self.only_automatic:
            return f"no requests to check but {count_of(self.automatic, 'automatic request')}"
        if self.clean:
            return f"clean: {self._request_count}, {count_of(self.jobs, 'job')}, no findings"
        found = f"{count_of(len(self.findings), 'finding')} in {self._request_count}"
        return f"{found}; {self._duplicate_cost}" if self.duplicates else found

    def __repr__(self) -> str:
        """Return a short text, which a failed assertion shows."""
        return f"<{type(self).__name__}: {self.headline}>"

    def __str__(self) -> str:
        return "\n\n".join([self.headline, *map(str, self.findings)])

    def without(self, allowed: Collection[str]) -> ClientVerdict:
        """Return the verdict without the findings of these rules.

        Args:
            allowed: codes of rules, and paths of unknown endpoints, such as "/health" or
                "/internal/*".
        """
        kept = tuple(v for v in self.violations if not is_allowed(v, allowed))
        if DUPLICATE_JOB.code not in allowed:
            return replace(self, violations=kept)
        return replace(self, violations=kept, duplicates=0, cost=None, currency="")

    def to_json(self) -> dict[str, Json]:
        """Return the verdict as JSON; the cost is text, so that it is not rounded."""
        return {
            "clean": self.clean,
            "headline": self.headline,
            "requests": {
                "seen": self.seen,
                "judged": self.judged,
                "automatic": self.automatic,
                "forgotten": self.forgotten,
            },
            "jobs": {
                "made": self.jobs,
                "duplicates": self.duplicates,
                "cost": None if self.cost is None else format_amount(self.cost),
                "currency": self.currency or None,
            },
            "findings": [
                {**group.first.to_json(), "more": [v.to_json() for v in group.more]}
                for group in self.findings
            ],
        }

    @classmethod
    def from_json(cls, data: Json) -> ClientVerdict:
        """Return the verdict that `to_json` wrote. Raises ValueError for any other data."""
        try:
            return _read_verdict(data)
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"not a verdict on clients: {error!r}") from error

    @property
    def _request_count(self) -> str:
        automatic = f" ({self.automatic} automatic)" if self.automatic else ""
        last = f"the last {self.judged} of " if self.forgotten else ""
        return f"{last}{count_of(self.seen, 'request')}{automatic}"

    @property
    def _duplicate_cost(self) -> str:
        duplicates = count_of(self.duplicates, "duplicate job")
        if self.cost is None:
            return duplicates
        return f"{duplicates} for {format_amount(self.cost)} {self.currency}"


def judge_clients(
    document: Document,
    history: Sequence[LoggedRequest],
    *,
    first: int = 1,
    forgotten: int = 0,
    restarts: Sequence[int] = (),
) -> ClientVerdict:
    """Return the verdict on the clients of one server.

    Args:
        document: the document of the API.
        history: the latest requests to the server, in their order.
        first: the number of the first of them.
        forgotten: the number of requests before them.
        restarts: the numbers of the last requests before each restart of the clients.
    """
    violations = check_client(
        document, history, whole=not forgotten, first=first, restarts=restarts
    )
    has_duplicates = any(violation.code == DUPLICATE_JOB.code for violation in violations)
    duplicates = [*_duplicates(document, history)] if has_duplicates else []
    prices = [create_price(each.create.exchange) for each in duplicates]
    known = [price for price in prices if price is not None]
    return ClientVerdict(
        violations=violations,
        seen=len(history) + forgotten,
        judged=len(history),
        automatic=sum(is_automatic(document, request) for request in history),
        jobs=len(set(_created_jobs(document, history))),
        duplicates=len(duplicates),
        # A total without the jobs whose price is unknown would be too low.
        cost=sum((value for value, _ in known), Decimal(0)) if known == prices != [] else None,
        currency=known[0][1] if known == prices != [] else "",
    )


def _duplicates(document: Document, history: Iterable[LoggedRequest]) -> Iterator[Duplicate]:
    parser = RequestParser(document)
    records = [
        parser.parse(request, number)
        for number, request in enumerate(history, start=1)
        if isinstance(request, Exchange)
    ]
    return all_duplicates(records)


def _created_jobs(
    document: Document, history: Iterable[LoggedRequest]
) -> Iterator[tuple[str, str]]:
    """Yield kind and id of the created jobs, also from responses that were not delivered."""
    for request in history:
        if isinstance(request, Exchange) and request.role is JobRole.CREATE:
            yield from ((request.roles[0].kind, j) for j in jobs_in_response(document, request))


def _read_verdict(data: Json) -> ClientVerdict:
    requests, jobs = data["requests"], data["jobs"]
    cost, currency = jobs["cost"], jobs["currency"]
    return ClientVerdict(
        violations=tuple(
            Violation.from_json(violation)
            for finding in data["findings"]
            for violation in [finding, *finding["more"]]
        ),
        seen=read_count(requests["seen"]),
        judged=read_count(requests["judged"]),
        automatic=read_count(requests.get("automatic", 0)),
        jobs=read_count(jobs["made"]),
        duplicates=read_count(jobs["duplicates"]),
        cost=None if cost is None else Decimal(cost),
        currency=escape_controls(str(currency or "")),
    )


# In the order of their declaration: the worst first.
_SEVERITIES = tuple(Severity)
