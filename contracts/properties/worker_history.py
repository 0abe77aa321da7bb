"""The history of one of several clients that use a server at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator

from ...openapi import Call, Document, JobRole, Reply
from ...openapi.jobs import Part
from ...openapi.jobs.sources import Moment
from ...openapi.text import one_line
from ..rules import server_catalogue as catalogue
from ..rules.rule import Severity
from ..rules.server.history_rules import HistoryRules
from ..rules.violation import Violation
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.job_views import JobView, created_job_id, jobs_in


class WorkerHistory:
    """The exchanges of one worker, which sends its requests one after the other.

    The requests of the other workers are unknown, so some rules cannot be applied.

    timeout: the seconds that a job may take, None for no limit
    exclude: the codes of rules that are not applied
    now: returns the Unix time in seconds; None for `time.time` when the history begins
    """

    def __init__(
        self,
        document: Document,
        *,
        timeout: float | None,
        exclude: frozenset[str],
        now: Callable[[], float] | None = None,
    ) -> None:
        self._document, self._exclude = document, exclude | _UNDECIDABLE
        self._now = now or time.time
        self._history = HistoryRules(document, timeout=timeout)
        self._log: list[str] = []
        self._unconfirmed: list[tuple[Violation, Exchange]] = []
        self._first_times: tuple[float, float] | None = None
        self._drift = 0.0
        self.created: set[str] = set()
        self.deleted: set[str] = set()

    def check(self, call: Call, reply: Reply | None) -> list[Violation]:
        """Return the violations that are certain after this reply; None if there was no reply."""
        exchange = read_exchange(self._document, call, reply, at=self._now())
        self._log.append(_line(self._document.base_path, exchange))
        self._record(exchange)
        violations = list(
            select_errors(self._history.check(exchange, len(self._log)), self._exclude)
        )
        self._unconfirmed += [(v, exchange) for v in violations if v.rule in _MISSING_JOB_RULES]
        return [v for v in violations if v.rule not in _MISSING_JOB_RULES and self._is_certain(v)]

    def finish(self, workers: Collection[WorkerHistory]) -> list[Violation]:
        """Return the violations that are certain at the end of a run.

        A missing job is not a violation if another worker, or the client that created the job, may
        have deleted it.
        """
        created = {job_id for worker in workers for job_id in worker.created}
        deleted = {job_id for other in workers if other is not self for job_id in other.deleted}
        violations = list(select_errors(self._history.finish(), self._exclude))
        for violation, exchange in self._unconfirmed:
            is_ours = exchange.job_id is None or exchange.job_id in created
            if is_ours and not any(one_line(job_id) in violation.received for job_id in deleted):
                violations.append(violation)
        return violations

    def requests(self, violation: Violation) -> list[str]:
        """Return the requests that show a violation, one line each."""
        numbers = dict.fromkeys(violation.numbers[:_MAX_SHOWN_REQUESTS])
        return [f"no. {number} was {self._log[number - 1]}" for number in numbers]

    def _record(self, exchange: Exchange) -> None:
        role, status = exchange.role, exchange.status
        rejected = status is not None and 400 <= status < 500
        if role is JobRole.DELETE and exchange.job_id and not rejected:
            self.deleted.add(exchange.job_id)
        if exchange.create is None:
            return
        job_id = created_job_id(self._document, exchange) if exchange.accepted else None
        if job_id is not None:
            self.created.add(job_id)
        for view in jobs_in(self._document, exchange):
            self._compare_clocks(exchange.at, view)

    def _compare_clocks(self, at: float, view: JobView) -> None:
        for field in view.kind.fields:
            source = field.source
            if field.place.part is not Part.BODY or not isinstance(source, Moment):
                continue
            if source.event != "created" or source.plus_seconds:
                continue
            created = source.form.read(view.value_at(field.place.path))
            if created is not None:
                self._first_times = self._first_times or (at, created)
                self._drift = abs((created - self._first_times[1]) - (at - self._first_times[0]))

    def _is_certain(self, violation: Violation) -> bool:
        """Return False for an expired file if the server's clock runs faster than ours."""
        return violation.rule not in _EXPIRY_RULES or self._drift < _MAX_CLOCK_DRIFT


def _line(base_path: str, exchange: Exchange) -> str:
    template, values = exchange.operation.template, exchange.call.path_parameters
    path = base_path + template.expand(values, encode=one_line)
    return f"{exchange.operation.method} {path}: {exchange.status or 'no response'}"


def select_errors(violations: Iterable[Violation], exclude: frozenset[str]) -> Iterator[Violation]:
    """Yield the violations that are errors and not excluded."""
    for violation in violations:
        if violation.severity is Severity.ERROR and violation.code not in exclude:
            yield violation


_MAX_SHOWN_REQUESTS = 5
_MAX_CLOCK_DRIFT = 60  # seconds
_MISSING_JOB_RULES = (catalogue.JOB_DISAPPEARED, catalogue.MISSING_FROM_LIST)
# Another worker may have created the job, and the client may have closed the connection.
_UNDECIDABLE = frozenset({catalogue.UNREQUESTED_JOB.code, catalogue.INCOMPLETE_RESPONSE.code})
_EXPIRY_RULES = (catalogue.CONTENT_UNAVAILABLE, catalogue.CONTENT_AFTER_EXPIRY)
