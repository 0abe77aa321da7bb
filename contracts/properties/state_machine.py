"""A Hypothesis state machine that does with a server, in any order, what clients do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any, ClassVar, TypeAlias

try:
    from hypothesis import event, note
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        Bundle,
        MultipleResults,
        RuleBasedStateMachine,
        initialize,
        multiple,
        precondition,
        rule,
    )
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'", name="hypothesis"
    ) from None

from ...openapi import Document, JobRole, Operation, Provenance
from ...openapi.json import Json
from ..traffic.exchange import Exchange
from ..traffic.job_views import get_or_none, jobs_in, json_body
from ..traffic.request_builder import build_call, unknown_job_id
from .checked_session import CheckedSession, Connect, MachineSettings
from .field_strategies import allowed_fields
from .inputs import PARTS, Place, Request, queries, requests
from .strategies import create_calls, refused_calls

__all__ = ["Connect", "job_machine"]


def job_machine(
    document: Document,
    connect: Connect,
    *,
    key: str,
    max_creates: int = 10,
    max_wait: int = 60,
    timeout: float | None = None,
    grade: Provenance = Provenance.INFERRED,
) -> type[RuleBasedStateMachine]:
    """A state machine that makes jobs and asks for what must be refused, polls, downloads, lists,
    deletes, remixes, asks for jobs that nobody made, and waits. An answer that breaks a rule fails
    at once, with the text of the violation.

    It makes up to `max_creates` jobs in each of many examples: it is for mocks, and for servers
    that bill nothing. `connect` gives a server without jobs for each example, or a context manager
    of one. `key` is the key to send. A wait takes up to `max_wait` seconds of the server's time;
    with `timeout`, in seconds, a job that was watched for longer and has not ended fails, too. What
    is known less well than `grade` is neither asked for nor judged.
    """
    terms = MachineSettings(
        document=document,
        connect=connect,
        key=key,
        max_creates=max_creates,
        max_wait=max_wait,
        timeout=timeout,
        grade=grade,
    )
    known = {r: o for r, o in document.by_role.items() if grade.covers(o.provenance)}
    rules = [_waiting(terms), *_asking_in_vain(document, known)]
    rules += [made for role, operation in known.items() for made in _RULES[role](terms, operation)]
    named = {function.__name__: function for function in rules}
    return type("JobMachine", (_JobMachine,), {"terms": terms, **named})


class _JobMachine(RuleBasedStateMachine):
    """What the rules share: a dialogue with the server of one example."""

    terms: ClassVar[MachineSettings]

    def __init__(self) -> None:
        super().__init__()
        self.dialogue = CheckedSession(self.terms)

    def teardown(self) -> None:
        self.dialogue.end()

    def ask(self, operation: Operation, job: str | None = None, **more: Any) -> Exchange:
        """Sends a call with the key, about a job if the operation is about one."""
        __tracebackhide__ = True
        named = {} if job is None else {operation.job_id_parameter: job}
        document, key = self.terms.document, self.terms.key
        call = build_call(document, operation, key=key, path_parameters=named, **more)
        making = operation.role is JobRole.REMIX
        return self._told((self.dialogue.create if making else self.dialogue.request)(call, note))

    def create(self, request: Request) -> MultipleResults[str]:
        """Sends a request that may make a job; the id of the job, if it has made one."""
        __tracebackhide__ = True
        call = self.dialogue.keyed(request.call)
        return self.made(self._told(self.dialogue.create(call, note)))

    def made(self, exchange: Exchange) -> MultipleResults[str]:
        """The ids of the jobs that an answer shows."""
        return multiple(*(seen.job_id for seen in jobs_in(self.terms.document, exchange)))

    def _told(self, exchange: Exchange) -> Exchange:
        event(f"{exchange.operation_id} answered {exchange.status}")
        return exchange


_Rule: TypeAlias = Callable[..., Any]
_JOBS: Bundle[str] = Bundle("jobs")
_PLACES: Bundle[Place] = Bundle("places")


def _waiting(terms: MachineSettings) -> _Rule:
    # Hypothesis shrinks to the rule that comes first by its name, and this one is the easiest to
    # drop.
    def advance_time(self: _JobMachine, seconds: int) -> None:
        self.dialogue.wait(seconds)

    whole = _whole_life(terms)
    seconds = st.just(whole) | st.integers(1, whole) | st.integers(1, terms.max_wait)
    return rule(seconds=seconds)(advance_time)


def _whole_life(terms: MachineSettings) -> int:
    """The seconds in which a job of the slowest kind ends, or the longest wait."""
    states = terms.document.lifecycle.states.values()
    times = [state.seconds * _slowest(state.scale) for state in states]
    return max(1, min(terms.max_wait, ceil(sum(times))))


def _slowest(scale: Mapping[str, Mapping[str, float]]) -> float:
    slowest = 1.0
    for factors in scale.values():
        slowest *= max(factors.values())
    return slowest


def _asking_in_vain(document: Document, known: Mapping[JobRole, Operation]) -> Iterator[_Rule]:
    roles = (JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE)
    able = {known[role].id: known[role] for role in roles if role in known}

    def ask_for_unknown_job(self: _JobMachine, operation_id: str) -> None:
        self.ask(able[operation_id], unknown_job_id(document))

    if able:
        yield rule(operation_id=st.sampled_from([*able]))(ask_for_unknown_job)


def _creating(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def create_first_job(self: _JobMachine, request: Request) -> MultipleResults[str]:
        return self.create(request)

    def create_job(self: _JobMachine, request: Request) -> MultipleResults[str]:
        return self.create(request)

    def create_refused_job(self: _JobMachine, request: Request) -> None:
        self.create(request)

    allowed = requests(operation, create_calls(terms.document))
    refused = requests(operation, refused_calls(terms.document))
    # Without a job there is little to do, and Hypothesis leaves out some rules in each example.
    if terms.max_creates > 0:
        yield initialize(target=_JOBS, request=allowed)(create_first_job)
    yield _billed(rule(target=_JOBS, request=allowed)(create_job))
    yield _billed(rule(request=refused)(create_refused_job))


def _retrieving(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def retrieve_job(self: _JobMachine, job: str) -> None:
        self.ask(operation, job)

    def wait_for_job(self: _JobMachine, job: str) -> None:
        self.dialogue.wait(whole)
        self.ask(operation, job)

    whole = _whole_life(terms)
    yield rule(job=_JOBS)(retrieve_job)
    yield rule(job=_JOBS)(wait_for_job)


def _downloading(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def download_file(
        self: _JobMachine, job: str, query: Mapping[str, str], part: str | None
    ) -> None:
        headers = {} if part is None else {"range": part}
        self.ask(operation, job, query=tuple(query.items()), headers=headers)

    parts = st.sampled_from(PARTS) if _PARTIAL in operation.responses else st.nothing()
    yield rule(job=_JOBS, query=queries(operation), part=st.none() | parts)(download_file)


def _deleting(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def delete_job(self: _JobMachine, job: str) -> None:
        self.ask(operation, job)

    yield rule(job=_JOBS)(delete_job)  # which keeps the id, to see that the job is gone


def _remixing(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def remix_job(
        self: _JobMachine, job: str, media_type: str, fields: Mapping[str, Json] | None
    ) -> MultipleResults[str]:
        return self.made(self.ask(operation, job, media_type=media_type, fields=fields))

    # The first body stands for all: what is allowed in one of them is so in the others.
    media_types = sorted(operation.bodies) or [""]
    bodies = [allowed_fields(operation.bodies[name]) for name in media_types[:1] if name]
    fields, chosen = st.one_of(*bodies) if bodies else st.none(), st.sampled_from(media_types)
    yield _billed(rule(target=_JOBS, job=_JOBS, media_type=chosen, fields=fields)(remix_job))


def _listing(terms: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def list_jobs(
        self: _JobMachine, query: Mapping[str, str], pages: int
    ) -> MultipleResults[Place]:
        return _read_pages(self, operation, Place(query), pages)

    def list_more_jobs(self: _JobMachine, place: Place, pages: int) -> MultipleResults[Place]:
        return _read_pages(self, operation, place, pages)

    few = st.integers(1, 3)
    yield rule(target=_PLACES, query=queries(operation), pages=few)(list_jobs)
    yield rule(target=_PLACES, place=_PLACES, pages=few)(list_more_jobs)


def _read_pages(
    machine: _JobMachine, operation: Operation, place: Place, pages: int
) -> MultipleResults[Place]:
    """Reads pages one after the other; where the list goes on, if it may."""
    page = operation.page
    while page is not None and pages:
        pages -= 1
        behind = {} if place.cursor is None else {page.after: place.cursor}
        exchange = machine.ask(operation, query=(*place.query.items(), *behind.items()))
        seen = jobs_in(machine.terms.document, exchange)
        following: Json = seen[-1].job_id if seen else None
        if exchange.reply and "next" in page.places:
            following = get_or_none(json_body(exchange.reply), page.places["next"])
        if not isinstance(following, str):
            return multiple()
        place = Place(place.query, following)
    return multiple(place)


def _billed(function: _Rule) -> _Rule:
    """The rule, as long as its request may make a job."""
    return precondition(lambda machine: machine.dialogue.may_create)(function)


_PARTIAL = 206
_RULES: Mapping[JobRole, Callable[[MachineSettings, Operation], Iterator[_Rule]]] = {
    JobRole.CREATE: _creating,
    JobRole.RETRIEVE: _retrieving,
    JobRole.CONTENT: _downloading,
    JobRole.LIST: _listing,
    JobRole.DELETE: _deleting,
    JobRole.REMIX: _remixing,
}
