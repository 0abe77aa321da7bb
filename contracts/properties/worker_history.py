"""What one of several clients was answered, and what that tells of the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from ...openapi import Call, Document, JobRole, Reply
from ...openapi.json import Json
from ...openapi.operation import CREATE_ROLES
from ...openapi.text import one_line
from ..rules import server_catalogue as catalogue
from ..rules.rule import Severity
from ..rules.server.check_history import HistoryRules
from ..rules.violation import Violation
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.job_views import get_or_none, is_number, jobs_in


class WorkerHistory:
    """A client that sends one request after the other, so that its answers have an order. What
    others do meanwhile is unknown to it.

    With `timeout`, in seconds, a job that was watched for longer and has not ended is a violation.
    `exclude` are the codes of rules that are not held, `now` tells the moment, in Unix seconds.
    """

    def __init__(
        self,
        document: Document,
        *,
        timeout: float | None,
        exclude: frozenset[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._document, self._exclude, self._now = document, exclude | _UNKNOWABLE, now
        self._history = HistoryRules(document, timeout=timeout)
        self._log: list[str] = []
        self._doubtful: list[tuple[Violation, Exchange]] = []
        self._first: tuple[float, float] | None = None
        self._drift = 0.0
        self.made: set[str] = set()
        self.deleted: set[str] = set()

    def check(self, call: Call, reply: Reply | None) -> list[Violation]:
        """What an answer breaks for sure; None if there was no answer."""
        exchange = read_exchange(self._document, call, reply, at=self._now())
        self._log.append(_line(self._document.base_path, exchange))
        self._remember(exchange)
        violations = list(errors(self._history.check(exchange, len(self._log)), self._exclude))
        self._doubtful += [(v, exchange) for v in violations if v.rule in _ABSENCE]
        return [v for v in violations if v.rule not in _ABSENCE and self._is_sure(v)]

    def end(self, witnesses: Iterable[WorkerHistory]) -> list[Violation]:
        """What the end tells. A job may be missing because another witness has deleted it, or the
        client that had made it.
        """
        made = {job_id for witness in witnesses for job_id in witness.made}
        gone = {job_id for other in witnesses if other is not self for job_id in other.deleted}
        violations = list(errors(self._history.finish(), self._exclude))
        for violation, exchange in self._doubtful:
            ours = exchange.job_id is None or exchange.job_id in made
            if ours and not any(one_line(job_id) in violation.received for job_id in gone):
                violations.append(violation)
        return violations

    def requests(self, violation: Violation) -> list[str]:
        """The requests that have shown a violation, each in a line."""
        numbers = dict.fromkeys(violation.numbers[:_SHOWN])
        return [f"no. {number} was {self._log[number - 1]}" for number in numbers]

    def _remember(self, exchange: Exchange) -> None:
        role, status = exchange.operation.role, exchange.status
        refused = status is not None and 400 <= status < 500
        if role is JobRole.DELETE and exchange.job_id and not refused:
            self.deleted.add(exchange.job_id)
        if role in CREATE_ROLES:
            for sighting in jobs_in(self._document, exchange):
                self.made.add(sighting.job_id)
                self._compare_clocks(exchange.at, sighting.job)

    def _compare_clocks(self, at: float, job: dict[str, Json]) -> None:
        lifecycle = self._document.lifecycle
        for stamp in lifecycle.timestamps:
            created = get_or_none(job, stamp.at) if stamp.set_on == lifecycle.initial else None
            if is_number(created):
                self._first = self._first or (at, created)
                self._drift = abs((created - self._first[1]) - (at - self._first[0]))

    def _is_sure(self, violation: Violation) -> bool:
        """A mock may have a clock that runs faster than ours; when its files expire, who knows."""
        return violation.rule not in _EXPIRY or self._drift < _DRIFT_SECONDS


def _line(base_path: str, exchange: Exchange) -> str:
    template, values = exchange.operation.template, exchange.call.path_parameters
    path = base_path + template.expand(values, encode=one_line)
    return f"{exchange.operation.method} {path}: {exchange.status or 'no answer'}"


def errors(violations: Iterable[Violation], exclude: frozenset[str]) -> Iterator[Violation]:
    """The violations that break the contract, but for those of some rules."""
    for violation in violations:
        if violation.severity is Severity.ERROR and violation.code not in exclude:
            yield violation


_SHOWN = 5
_DRIFT_SECONDS = 60
_ABSENCE = (catalogue.JOB_DISAPPEARED, catalogue.PAGE_OMITS)
# Which requests made a job, a witness is not told: others may send the same. And that a connection
# broke may be the client's doing.
_UNKNOWABLE = frozenset({catalogue.PAGE_UNREQUESTED_JOB.code, catalogue.BROKEN_OFF.code})
_EXPIRY = (catalogue.CONTENT_REFUSED, catalogue.CONTENT_EXPIRED)
