"""The space of behaviours of an API: the lives of its jobs, and the faults of its operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...openapi import Document, Operation
from ...openapi.jobs import JobKind, JobRole, Meaning
from ...openapi.json import Json
from ...openapi.media_types import is_json
from .behaviour import Behaviour, FaultKind, Injection, Kill, Life

LATE_SECONDS = 3600.0
"""The delay of a late response: longer than clients wait."""

LATE_WEBHOOK_SECONDS = 60
"""The delay of a late webhook: so that a poll, or an earlier start, may come before it."""

WAIT_STATUS = 429
"""The status of too many requests (RFC 6585)."""

RETRY_SECONDS = 7
"""The wait that a response asks for: unlike the usual waits of clients."""


USUAL_LIFE = Life("jobs complete", "completes")


@dataclass(frozen=True, slots=True)
class Space:
    """What an API may do to a program.

    Args:
        lives: The lives of jobs, the usual one first.
        faults: The kinds of faults of each operation, by its id.
    """

    lives: Sequence[Life]
    faults: Mapping[str, Sequence[FaultKind]]

    def behaviour(self, data: Json) -> Behaviour:
        """Return the behaviour that `Behaviour.to_json` has written; ValueError for other data."""
        require_keys("a behaviour", data, known=_WORDS, needed=("life",))
        kill = data.get("kill")
        if kill is not None:
            require_keys("a kill", kill, known=Kill._fields, needed=Kill._fields)
        return Behaviour(
            self._life(data["life"], data.get("first_job", "")),
            tuple(map(self._injection, data.get("faults", ()))),
            None if kill is None else Kill(**kill),
        )

    def _life(self, scenario: str, first_job: str) -> Life:
        for life in self.lives:
            if (life.scenario, life.first_job) == (scenario, first_job):
                return life
        known = ", ".join(dict.fromkeys(life.scenario for life in self.lives))
        name = f"{scenario!r} with {first_job!r} for the first job" if first_job else repr(scenario)
        raise ValueError(f"jobs live by no scenario {name} here, only {known}")

    def _injection(self, data: Json) -> Injection:
        if not isinstance(data, Mapping) or not {"operation", "nth"} <= {*data}:
            raise ValueError(f"a fault has an operation and an nth, not {data!r}")
        options = dict(data)
        operation_id, nth = options.pop("operation"), options.pop("nth")
        for fault in self.faults.get(operation_id, ()):
            if fault.options == options:
                return Injection(operation_id, nth, fault)
        known = "; ".join(str(dict(fault.options)) for fault in self.faults.get(operation_id, ()))
        raise ValueError(f"{operation_id} has no fault {options}, only {known or 'none'}")


def require_keys(what: str, data: Json, *, known: Sequence[str], needed: Sequence[str]) -> None:
    """Raise ValueError unless a value is an object with these keys."""
    if not isinstance(data, Mapping) or not {*needed} <= {*data} <= {*known}:
        raise ValueError(f"{what} is an object with {', '.join(known)}, not {data!r}")


def space_of(
    document: Document,
    *,
    jobs: int = 1,
    lives: Sequence[str] | None = None,
    delays: bool = True,
    webhooks: bool = False,
) -> Space:
    """Return the space of the behaviours that a document allows, and of broken connections.

    Args:
        document: The document.
        jobs: The number of jobs that the program makes without faults.
        lives: The scenarios in which jobs live besides the usual one; None for the usual ones.
        delays: False for no late responses, for programs that wait in real time.
        webhooks: True if the program receives the events of its jobs.
    """
    faults = {
        operation.id: tuple(
            fault
            for fault in (
                *_faults_of(document, operation),
                *(_faults_of_webhooks(document, operation) if webhooks else ()),
            )
            if delays or "latency" not in fault.options
        )
        for operation in document.operations.values()
    }
    known = {life.scenario: life for life in _lives_of(document.kinds.values())}
    if lives is None:
        mixed = _mixed_lives(known) if jobs > 1 else ()
        return Space((*known.values(), *mixed), faults)
    chosen = [known.get(name) or Life(f"jobs live as in {name}", name) for name in lives]
    return Space((USUAL_LIFE, *(life for life in chosen if life != USUAL_LIFE)), faults)


def _lives_of(kinds: Collection[JobKind]) -> Iterator[Life]:
    """Yield the lives that the jobs of the kinds may have."""
    yield USUAL_LIFE
    meanings = {s.meaning for kind in kinds for s in kind.lifecycle.states.values()}
    if Meaning.FAILURE in meanings:
        yield Life("jobs fail", "fails")
    yield Life("jobs never end", "stalls")
    yield Life("jobs end at once", "instant")
    yield Life("jobs skip states", "jumps")
    if any(kind.expires_at or kind.expires_after for kind in kinds):
        yield Life("files expire a minute after the end", "expires")


def _mixed_lives(known: Collection[str]) -> Iterator[Life]:
    """Yield the lives in which the first of several jobs is not as the others."""
    if "fails" in known:
        yield Life("the first job fails, others complete", USUAL_LIFE.scenario, "fails")
    yield Life("the first job never ends, others complete", USUAL_LIFE.scenario, "stalls")


def _faults_of(document: Document, operation: Operation) -> Iterator[FaultKind]:
    """Yield the faults that a call of an operation may have."""
    free = operation.method in _SAFE_METHODS
    for name, options in (*_broken_connections(operation), *_passing_errors(document, operation)):
        yield FaultKind(name, options, passes=free)
    if not free:
        yield FaultKind("it is performed, but its response is lost", {"lost": True}, passes=False)
    for status in _statuses(operation, 500, 599)[:1] if not free else ():
        options = {"status": status, "commit": True}
        yield FaultKind(f"it is performed, but answered {status}", options, passes=False)
    roles = {role.role for role in document.roles.get(operation.id, ())}
    if JobRole.LIST not in roles:  # a list that a program may ask for is not refused
        for status in [each for each in _statuses(operation, 400, 499) if each != WAIT_STATUS][:1]:
            yield FaultKind(f"it is answered {status}", {"status": status}, passes=False)
    if JobRole.POLL in roles:
        options = {"state": _unknown_state(document)}
        yield FaultKind("it shows an unknown state", options, passes=True)


def _faults_of_webhooks(document: Document, operation: Operation) -> Iterator[FaultKind]:
    """Yield what may happen to the events of the job that a call creates."""
    if JobRole.CREATE in {role.role for role in document.roles.get(operation.id, ())}:
        yield FaultKind("its webhooks are lost", {"webhook": "lost"}, passes=True)
        yield FaultKind("its webhooks come twice", {"webhook": "twice"}, passes=True)
        late = {"webhook": {"late": LATE_WEBHOOK_SECONDS}}
        yield FaultKind("its webhooks are late", late, passes=True)


def _broken_connections(operation: Operation) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the faults of a connection."""
    yield "the connection is reset before it arrives", {"reset": "before"}
    content = operation.success.content
    if content and not any(map(is_json, content)):
        yield "its response ends in the middle", {"cut": 0.5}
    elif content:
        yield "its response is not complete JSON", {"body": "truncated"}
    yield "its response is late", {"latency": LATE_SECONDS}


def _passing_errors(
    document: Document, operation: Operation
) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield the documented errors that pass: too many requests, and one of the server."""
    if WAIT_STATUS in operation.responses:
        yield f"it is answered {WAIT_STATUS}", {"status": WAIT_STATUS}
        if document.envelope.retry_seconds is not None or document.envelope.retry_places:
            options = {"status": WAIT_STATUS, "retry_after": RETRY_SECONDS}
            yield f"it is answered {WAIT_STATUS} with a wait of {RETRY_SECONDS} s", options
    for status in _statuses(operation, 500, 599)[:1]:
        yield f"it is answered {status}", {"status": status}


def _statuses(operation: Operation, first: int, last: int) -> list[int]:
    """Return the documented statuses in a range."""
    return sorted(status for status in operation.responses if first <= status <= last)


def _unknown_state(document: Document) -> str:
    """Return a word that is not a state of any kind."""
    known = {name for kind in document.kinds.values() for name in kind.lifecycle.states}
    return next(word for word in ("on_hold", "on_hold_2", "on_hold_3") if word not in known)


_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "QUERY")

_WORDS = ("life", "first_job", "faults", "kill")
