"""What a program does in one run: its requests, counted, until it is killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Final

from ...openapi import Call, Document, Reply
from ...openapi.json import parse_json
from ...openapi.media_types import is_json
from ...openapi.pointer import get_or_none
from ...openapi.request import read_call
from .behaviour import Behaviour
from .run import Step

MAX_REQUESTS: Final = 1000
"""A program that has sent so many requests does not end."""


class ProgramKilled(BaseException):
    """The program is killed: it ends at once, and what it writes from now on is lost."""


class ProgramStuck(BaseException):
    """The program does not end; the text says why."""


class ProgramRecord:
    """What a program does in one run, across its restarts.

    Args:
        behaviour: The behaviour of the API.
        now: The clock of the mock, in Unix seconds.
        state: Returns the files of the program and the jobs of the API.
        require_life: Raises an error if the program was ended.
        on_kill: Is called when the program is killed, before the error is raised.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        now: Callable[[], float],
        state: Callable[[], Hashable],
        require_life: Callable[[], None],
        on_kill: Callable[[], None],
    ) -> None:
        self.steps: list[Step] = []
        self.struck = 0
        self.killed = False
        self._behaviour, self._now = behaviour, now
        self._state, self._require_life, self._on_kill = state, require_life, on_kill
        self._start, self._requests = now(), 0
        self._calls: Counter[str] = Counter()
        self._before: Hashable = None
        self._faults = {(i.operation_id, i.nth) for i in behaviour.injections}

    def begin_request(self) -> None:
        """Count one more request; raises ProgramKilled or ProgramStuck at the last one."""
        self._require_life()
        self._requests += 1
        if self._is_kill(performed=False):
            self._kill()
        if self._requests > MAX_REQUESTS:
            raise ProgramStuck(f"it has sent {MAX_REQUESTS} requests")
        self._before = self._state()

    def end_request(
        self, call: Call, request: str, reply: Reply, *, state: str | None = ""
    ) -> None:
        """Record a request and its response; raises ProgramKilled before its delivery.

        Args:
            call: The request.
            request: What the request says, without what differs between runs.
            reply: The response.
            state: The state of the job in the response; "" for none, None if it is unreadable.
        """
        operation_id = call.operation_id
        self._calls[operation_id] += 1
        nth = self._calls[operation_id]
        at = round(self._now() - self._start, 3)
        text = f"{operation_id}: {_described(reply)}{f', {state}' if state else ''}"
        # To a program, all errors are the same until its next requests show that they are not.
        failed = reply.status >= 400 or reply.delivery is not None or state is None
        meaning = "error" if failed else (reply.status, state)
        step = Step(
            operation_id, nth, text, at, request, meaning, self._before, after=self._state()
        )
        self.steps.append(step)
        if (operation_id, nth) in self._faults:
            self.struck = len(self.steps)
        if self._is_kill(performed=True):
            self._kill()

    def restart(self) -> None:
        """Let the program send requests again, after a kill."""
        self.killed = False

    def _is_kill(self, *, performed: bool) -> bool:
        kill = self._behaviour.kill
        return kill is not None and (kill.request, kill.performed) == (self._requests, performed)

    def _kill(self) -> None:
        self.killed, self.struck = True, len(self.steps)
        self._on_kill()
        raise ProgramKilled


class StepObserver:
    """Records the requests that are answered.

    Args:
        document: The document of the API.
        record: The record of the run.
    """

    def __init__(self, document: Document, record: ProgramRecord) -> None:
        self._document, self._record = document, record

    def answered(self, call: Call, reply: Reply) -> None:
        arguments = read_call(self._document.operation(call.operation_id), call)
        parts = (call.path_parameters, dict(call.query), arguments.fields, [*arguments.files])
        request = ", ".join(str(part) for part in parts if part)
        self._record.end_request(call, request, reply, state=self._state_in(call, reply))

    def _state_in(self, call: Call, reply: Reply) -> str | None:
        """Return the state of the job in a response; "" for none, None if it is unreadable."""
        for role in self._document.roles.get(call.operation_id, ()):
            if not is_json(reply.headers.get("content-type", "")):
                return ""
            try:
                body = parse_json(reply.body)
            except ValueError:
                return None
            kind = self._document.kinds[role.kind]
            return str(get_or_none(body, (*role.job_at, *kind.state_at)) or "")
        return ""

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._record.end_request(Call(f"{method} {path}"), "", Reply(404))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._record.end_request(Call(f"{method} {path}"), reason, Reply(status or 400))

    def undelivered(self, reply: Reply) -> None:
        """Nothing more is known of the request."""


def _described(reply: Reply) -> str:
    """Return a response in words, as the program receives it."""
    delivery = reply.delivery
    if delivery is None or not delivery.is_incomplete:
        late = f" after {delivery.delay:g} s" if delivery and delivery.delay else ""
        return f"{reply.status}{late}"
    if delivery.bytes_delivered == -1:
        return "no response"
    return f"{reply.status}, but only {delivery.bytes_delivered} of {len(reply.body)} bytes"
