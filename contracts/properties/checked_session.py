"""A dialogue with a server, each of whose answers is judged as soon as it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import TypeAlias

from ...openapi import Call, Document, Provenance
from ..check.result import CheckPolicy
from ..check.target import Target
from ..rules.grouping import deduplicate
from ..rules.rule import Severity
from ..rules.server.check_exchange import exchange_violations
from ..rules.server.check_history import HistoryRules
from ..rules.violation import Violation
from ..traffic.exchange import Exchange
from ..traffic.job_views import jobs_in
from ..traffic.request_builder import url_of

Connect: TypeAlias = Callable[[], Target | AbstractContextManager[Target]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSettings:
    """What dialogues have in common: the document, how to get a server for each, the key to send.

    `max_creates` is how many jobs one dialogue may make, `max_wait` the longest wait and `timeout`
    how long a job may take, both in seconds. What is known less well than `grade` is not judged.
    """

    document: Document
    connect: Connect
    key: str
    max_creates: int
    max_wait: int
    timeout: float | None
    grade: Provenance


class CheckedSession:
    """One dialogue, with a server of its own. AssertionError tells what breaks the contract."""

    def __init__(self, terms: MachineSettings) -> None:
        self._terms, self._document = terms, terms.document
        self._standard = CheckPolicy(terms.grade)
        self._history = HistoryRules(terms.document, timeout=terms.timeout)
        self._number, self._creates, self._sound = 0, 0, True
        self._open = ExitStack()
        server = terms.connect()
        if isinstance(server, AbstractContextManager):
            server = self._open.enter_context(server)
        self._server: Target = server

    @property
    def may_create(self) -> bool:
        """Whether another request may make a job."""
        return self._creates < self._terms.max_creates

    def request(self, call: Call, tell: Callable[[str], object]) -> Exchange:
        """Sends a call, tells in one line how it went, and judges the answer."""
        __tracebackhide__ = True
        self._number, self._sound = self._number + 1, False
        exchange = self._server.send(call)
        tell(f"# no. {self._number}: {self._line(exchange)}")
        alone = [*exchange_violations(self._document, exchange, self._number)]
        over_time = [*self._history.check(exchange, self._number)]
        if self._standard.covers(exchange):
            _judge([*alone, *over_time])
        self._sound = True
        return exchange

    def create(self, call: Call, tell: Callable[[str], object]) -> Exchange:
        """The same for a call that may make a job."""
        __tracebackhide__ = True
        exchange = self.request(call, tell)
        self._creates += exchange.status is None or not 400 <= exchange.status < 500
        return exchange

    def wait(self, seconds: float) -> None:
        """Lets so many seconds of the server's time pass."""
        self._server.wait(seconds)

    def end(self) -> None:
        """Judges what only the end tells, unless it was broken off, and lets the server go."""
        with self._open:
            if self._sound:
                _judge(self._history.finish())

    def keyed(self, call: Call) -> Call:
        """The call with the key in the place of the one that it has, if it has any."""
        credentials = self._document.credentials
        if credentials is None or credentials.header not in call.headers:
            return call
        header = f"{credentials.scheme} {self._terms.key}".strip()
        return replace(call, headers={**call.headers, credentials.header: header})

    def _line(self, exchange: Exchange) -> str:
        states = ", ".join(seen.state.name for seen in jobs_in(self._document, exchange))
        answer = f"{exchange.status or 'no answer'} {states}".strip()
        url = url_of(self._document, exchange.call, self._document.base_path)
        return f"{exchange.operation.method} {url}: {answer}"


def _judge(violations: Iterable[Violation]) -> None:
    """Raises what breaks the contract, in its own words."""
    __tracebackhide__ = True
    errors = [v for v in deduplicate(violations) if v.severity is Severity.ERROR]
    if errors:
        raise AssertionError("\n".join(map(str, errors)))
