"""A Hypothesis state machine that sends the requests of a client to a server in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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

from ...openapi import (
    Call,
    CreateOperation,
    Document,
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
    Provenance,
)
from ...openapi.jobs import ResultOperation
from ..check.list_steps import next_query
from ..check.plan import find_kind, first_create
from ..check.request_maker import RequestMaker
from ..traffic.exchange import Exchange
from ..traffic.job_views import created_job_id, jobs_in
from ..traffic.request_builder import unknown_job_id
from .checked_session import CheckedSession, Connect, MachineSettings
from .create_strategies import CreateStrategies, DrawnCreate
from .inputs import RANGES, PageRequest, query_parameters

__all__ = ["Connect", "job_machine"]


def job_machine(
    document: Document,
    connect: Connect,
    *,
    key: str,
    kind: str | None = None,
    max_creates: int = 10,
    max_wait: int = 60,
    timeout: float | None = None,
    grade: Provenance = Provenance.INFERRED,
) -> type[RuleBasedStateMachine]:
    """Return a state machine that creates, polls, downloads, lists, deletes and remixes jobs.

    It also sends invalid creates, requests unknown jobs, and waits. A response that breaks a rule
    fails at once with the text of the violation. Use it for mocks and for servers that bill
    nothing: each of many examples creates several jobs.

    document: the API that the server should implement
    connect: returns a server without jobs for each example, or a context manager of one
    key: the API key to send
    kind: the name of the kind of jobs; None for the first one of the document
    max_creates: the number of jobs that one example may create
    max_wait: the longest wait in seconds of the server's time
    timeout: the seconds after which an unfinished job fails, None for no limit
    grade: operations and responses that are less certain than this are left out
    """
    chosen = find_kind(document, kind)
    requests = RequestMaker(document, first_create(chosen), key=key)
    settings = MachineSettings(
        document=document,
        kind=chosen,
        connect=connect,
        requests=requests,
        max_creates=max_creates,
        max_wait=max_wait,
        timeout=timeout,
        grade=grade,
    )
    covered = [each for each in _operations(chosen) if grade.covers(each.operation.provenance)]
    rules = [_wait_rule(settings), *_unknown_job_rules(settings, covered)]
    for each in covered:
        rules += _RULES[each.role](settings, each)
    named: dict[str, _Rule] = {}
    for function in rules:
        name = function.__name__
        named[f"{name}_{len(named)}" if name in named else name] = function
    return type("JobMachine", (_JobMachine,), {"machine_settings": settings, **named})


def _operations(kind: JobKind) -> Iterator[JobOperation]:
    """Yield the operations of a kind that can be sent for any of its jobs.

    The jobs of another poll, and results with ids of their own, are left out.
    """
    poll = first_create(kind).poll.operation
    for each in kind.operations():
        if isinstance(each, CreateOperation) and each.poll.operation is not poll:
            continue
        if each.role is JobRole.POLL and each.operation is not poll:
            continue
        if not (isinstance(each, ResultOperation) and each.key is not None):
            yield each


class _JobMachine(RuleBasedStateMachine):
    """The session with the server of one example, which all rules share."""

    machine_settings: ClassVar[MachineSettings]

    def __init__(self) -> None:
        super().__init__()
        self.session = CheckedSession(self.machine_settings)

    def teardown(self) -> None:
        self.session.close()

    def send(self, each: JobOperation, job: str | None = None, **options: Any) -> Exchange:
        """Send a request with the key, about a job if the operation needs one."""
        __tracebackhide__ = True
        requests = self.machine_settings.requests
        if job is None:
            call = requests.request(each.operation, **options)
        else:
            call = requests.about_job(each, job, **options)
        return _count(self.session.request(call, note))

    def create(self, call: Call) -> MultipleResults[str]:
        """Send a request that may create a job, and return the id of that job."""
        __tracebackhide__ = True
        exchange = _count(self.session.create(call, note))
        job_id = created_job_id(self.machine_settings.document, exchange)
        return multiple(*([job_id] if exchange.accepted and job_id else ()))


_Rule: TypeAlias = Callable[..., Any]
_JOBS: Bundle[str] = Bundle("jobs")
_PAGES: Bundle[PageRequest] = Bundle("pages")


def _wait_rule(settings: MachineSettings) -> _Rule:
    # Hypothesis shrinks towards the rule with the first name. A wait is the easiest step to drop.
    def advance_time(self: _JobMachine, seconds: int) -> None:
        self.session.wait(seconds)

    whole = settings.job_seconds
    seconds = st.just(whole) | st.integers(1, whole) | st.integers(1, settings.max_wait)
    return rule(seconds=seconds)(advance_time)


def _unknown_job_rules(
    settings: MachineSettings, covered: Iterable[JobOperation]
) -> Iterator[_Rule]:
    operations = {each.operation.id: each for each in covered if each.id is not None}

    def request_unknown_job(self: _JobMachine, operation_id: str) -> None:
        self.send(operations[operation_id], unknown_job_id(settings.kind))

    if operations:
        yield rule(operation_id=st.sampled_from([*operations]))(request_unknown_job)


def _create_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    assert isinstance(each, CreateOperation)
    creates = CreateStrategies(each, settings.requests)
    if each.source is not None:
        yield from _remix_rules(creates)
        return

    def create_first_job(self: _JobMachine, request: DrawnCreate) -> MultipleResults[str]:
        return self.create(creates.call(request))

    def create_job(self: _JobMachine, request: DrawnCreate) -> MultipleResults[str]:
        return self.create(creates.call(request))

    def create_invalid_job(self: _JobMachine, request: DrawnCreate) -> None:
        self.create(creates.call(request))

    valid, invalid = creates.valid(), creates.invalid()
    # Every example starts with a job, because Hypothesis leaves out some rules in each example.
    if settings.max_creates > 0:
        yield initialize(target=_JOBS, request=valid)(create_first_job)
    yield _if_may_create(rule(target=_JOBS, request=valid)(create_job))
    if not invalid.is_empty:
        yield _if_may_create(rule(request=invalid)(create_invalid_job))


def _remix_rules(creates: CreateStrategies) -> Iterator[_Rule]:
    def remix_job(self: _JobMachine, job: str, request: DrawnCreate) -> MultipleResults[str]:
        return self.create(creates.call(request, job))

    yield _if_may_create(rule(target=_JOBS, job=_JOBS, request=creates.valid())(remix_job))


def _poll_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    def retrieve_job(self: _JobMachine, job: str) -> None:
        self.send(each, job)

    def wait_for_job(self: _JobMachine, job: str) -> None:
        self.session.wait(settings.job_seconds)
        self.send(each, job)

    yield rule(job=_JOBS)(retrieve_job)
    yield rule(job=_JOBS)(wait_for_job)


def _result_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    def download_file(
        self: _JobMachine, job: str, query: Mapping[str, str], byte_range: str | None
    ) -> None:
        headers = {} if byte_range is None else {"range": byte_range}
        self.send(each, job, query=tuple(query.items()), headers=headers)

    has_ranges = _PARTIAL_CONTENT in each.operation.responses
    ranges = st.sampled_from(RANGES) if has_ranges else st.nothing()
    query = query_parameters(each.operation)
    yield rule(job=_JOBS, query=query, byte_range=st.none() | ranges)(download_file)


def _cancel_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    def cancel_job(self: _JobMachine, job: str) -> None:
        self.send(each, job)

    yield rule(job=_JOBS)(cancel_job)


def _delete_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    def delete_job(self: _JobMachine, job: str) -> None:
        self.send(each, job)

    # The id stays in the bundle, so that later requests find the job deleted.
    yield rule(job=_JOBS)(delete_job)


def _list_rules(settings: MachineSettings, each: JobOperation) -> Iterator[_Rule]:
    assert isinstance(each, ListOperation)
    listing = each

    def list_jobs(
        self: _JobMachine, query: Mapping[str, str], count: int
    ) -> MultipleResults[PageRequest]:
        return _read_pages(self, listing, PageRequest(query), count)

    def list_more_jobs(
        self: _JobMachine, page: PageRequest, count: int
    ) -> MultipleResults[PageRequest]:
        return _read_pages(self, listing, page, count)

    count = st.integers(1, 3)
    query = query_parameters(each.operation, fixed=_page_parameters(each))
    yield rule(target=_PAGES, query=query, count=count)(list_jobs)
    yield rule(target=_PAGES, page=_PAGES, count=count)(list_more_jobs)


def _page_parameters(listing: ListOperation) -> set[str]:
    """Return the names of the parameters that choose a page."""
    places = (listing.after, listing.before, listing.cursor, listing.offset, listing.page)
    return {place.name for place in places if place is not None}


def _read_pages(
    machine: _JobMachine, listing: ListOperation, request: PageRequest, count: int
) -> MultipleResults[PageRequest]:
    """Read a number of pages, and return the request for the page after them, if there is one."""
    for _ in range(count):
        exchange = machine.send(listing, query=request.parameters)
        views = jobs_in(machine.machine_settings.document, exchange)
        page, seen = request.page + 1, request.seen + len(views)
        last_id = views[-1].job_id if views else ""
        following = next_query(listing, exchange, last_id, seen=seen, page=page) if views else None
        if not following:
            return multiple()
        request = PageRequest(request.query, following, page, seen)
    return multiple(request)


def _if_may_create(function: _Rule) -> _Rule:
    """Disable a rule once the session has created all the jobs that it may create."""
    return precondition(lambda machine: machine.session.may_create)(function)


def _count(exchange: Exchange) -> Exchange:
    """Add the status to the statistics of Hypothesis."""
    event(f"{exchange.operation_id}: status {exchange.status}")
    return exchange


_PARTIAL_CONTENT = 206
_RULES: Mapping[JobRole, Callable[[MachineSettings, JobOperation], Iterator[_Rule]]] = {
    JobRole.CREATE: _create_rules,
    JobRole.POLL: _poll_rules,
    JobRole.RESULT: _result_rules,
    JobRole.LIST: _list_rules,
    JobRole.CANCEL: _cancel_rules,
    JobRole.DELETE: _delete_rules,
}
