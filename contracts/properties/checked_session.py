"""A session with a server that checks each response as soon as it arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from ...openapi import Call, Document, JobKind, Provenance
from ..check.request_maker import RequestMaker
from ..check.result import CheckPolicy
from ..check.target import Target
from ..rules.grouping import deduplicate, group_by_cause
from ..rules.rule import Severity
from ..rules.server.check_exchange import exchange_violations
from ..rules.server.history_rules import HistoryRules
from ..rules.violation import Violation
from ..traffic.exchange import Exchange
from ..traffic.job_views import jobs_in
from ..traffic.request_builder import url_of

Connect: TypeAlias = Callable[[], Target | AbstractContextManager[Target]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """The settings of a state machine, which all its sessions share.

    document: the API that the server should implement
    kind: the kind of jobs to create
    connect: returns a server without jobs, or a context manager of one
    requests: makes the requests
    max_creates: the number of jobs that one session may create
    max_wait: the longest wait in seconds of the server's time
    timeout: the seconds that a job may take, None for no limit
    grade: responses that are less certain than this are not checked
    """

    document: Document
    kind: JobKind
    connect: Connect
    requests: RequestMaker
    max_creates: int
    max_wait: int
    timeout: float | None
    grade: Provenance

    @property
    def job_seconds(self) -> int:
        """The seconds until the slowest job has ended, at most `max_wait`."""
        seconds = 0.0
        for state in self.kind.lifecycle.of_job():
            slowest = 1.0
            for factors in state.scale.values():
                slowest *= max(factors.values())
            seconds += state.seconds * slowest
        return max(1, min(self.max_wait, ceil(seconds)))


class CheckedSession:
    """A session with a server of its own. It raises AssertionError for a broken rule."""

    def __init__(self, settings: MachineSettings) -> None:
        self._settings, self._document = settings, settings.document
        self._policy = CheckPolicy(settings.grade)
        self._history = HistoryRules(settings.document, timeout=settings.timeout)
        self._number, self._creates, self._failed = 0, 0, False
        self._resources = ExitStack()
        server = settings.connect()
        if isinstance(server, AbstractContextManager):
            server = self._resources.enter_context(server)
        self._server: Target = server

    @property
    def may_create(self) -> bool:
        """True if another create may be sent."""
        return self._creates < self._settings.max_creates

    def request(self, call: Call, log: Callable[[str], object]) -> Exchange:
        """Send a call, log one line about it, and check the response."""
        __tracebackhide__ = True
        self._number, self._failed = self._number + 1, True
        exchange = self._server.send(call)
        log(f"# no. {self._number}: {self._log_line(exchange)}")
        violations = [
            *exchange_violations(self._document, exchange, self._number),
            *self._history.check(exchange, self._number),
        ]
        if self._policy.covers(exchange):
            _raise_errors(violations)
        self._failed = False
        return exchange

    def create(self, call: Call, log: Callable[[str], object]) -> Exchange:
        """Send a call that may create a job, and count it unless it was rejected."""
        __tracebackhide__ = True
        exchange = self.request(call, log)
        self._creates += exchange.status is None or not 400 <= exchange.status < 500
        return exchange

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds of the server's time."""
        self._server.wait(seconds)

    def close(self) -> None:
        """Check the rules about the end of a history, unless a request failed, and close the
        connection.
        """
        with self._resources:
            if not self._failed:
                _raise_errors(self._history.finish())

    def _log_line(self, exchange: Exchange) -> str:
        states = ", ".join(view.state.name for view in jobs_in(self._document, exchange))
        result = f"{exchange.status or 'no response'} {states}".strip()
        url = url_of(self._document, exchange.call, self._document.base_path)
        return f"{exchange.operation.method} {url}: {result}"


def _raise_errors(violations: Iterable[Violation]) -> None:
    """Raise AssertionError with the text of all errors, one for each cause."""
    __tracebackhide__ = True
    errors = [v for v in deduplicate(violations) if v.severity is Severity.ERROR]
    if errors:
        raise AssertionError("\n".join(map(str, group_by_cause(errors))))
