"""A Hypothesis state machine that sends the requests of a client to a server in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from .field_strategies import valid_fields
from .inputs import RANGES, CreateRequest, PageRequest, create_requests, query_parameters
from .strategies import create_calls, invalid_calls

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
    """Return a state machine that creates, polls, downloads, lists, deletes and remixes jobs.

    It also sends invalid creates, requests unknown jobs, and waits. A response that breaks a rule
    fails at once with the text of the violation. Use it for mocks and for servers that bill
    nothing: each of many examples creates several jobs.

    document: the API that the server should implement
    connect: returns a server without jobs for each example, or a context manager of one
    key: the API key to send
    max_creates: the number of jobs that one example may create
    max_wait: the longest wait in seconds of the server's time
    timeout: the seconds after which an unfinished job fails, None for no limit
    grade: operations and responses that are less certain than this are left out
    """
    settings = MachineSettings(
        document=document,
        connect=connect,
        key=key,
        max_creates=max_creates,
        max_wait=max_wait,
        timeout=timeout,
        grade=grade,
    )
    covered = {r: o for r, o in document.by_role.items() if grade.covers(o.provenance)}
    rules = [_wait_rule(settings), *_unknown_job_rules(document, covered)]
    for role, operation in covered.items():
        rules += _RULES[role](settings, operation)
    named = {function.__name__: function for function in rules}
    return type("JobMachine", (_JobMachine,), {"machine_settings": settings, **named})


class _JobMachine(RuleBasedStateMachine):
    """The session with the server of one example, which all rules share."""

    machine_settings: ClassVar[MachineSettings]

    def __init__(self) -> None:
        super().__init__()
        self.session = CheckedSession(self.machine_settings)

    def teardown(self) -> None:
        self.session.close()

    def send(self, operation: Operation, job: str | None = None, **options: Any) -> Exchange:
        """Send a call with the key, about a job if the operation needs one."""
        __tracebackhide__ = True
        path_parameters = {} if job is None else {operation.job_id_parameter: job}
        call = build_call(
            self.machine_settings.document,
            operation,
            key=self.machine_settings.key,
            path_parameters=path_parameters,
            **options,
        )
        creates = operation.role is JobRole.REMIX
        return _count((self.session.create if creates else self.session.request)(call, note))

    def create(self, request: CreateRequest) -> MultipleResults[str]:
        """Send a request that may create a job, and return the id of that job."""
        __tracebackhide__ = True
        call = self.session.with_key(request.call)
        return self.job_ids(_count(self.session.create(call, note)))

    def job_ids(self, exchange: Exchange) -> MultipleResults[str]:
        """Return the ids of the jobs in a response."""
        return multiple(
            *(view.job_id for view in jobs_in(self.machine_settings.document, exchange))
        )


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


def _unknown_job_rules(document: Document, covered: Mapping[JobRole, Operation]) -> Iterator[_Rule]:
    roles = (JobRole.RETRIEVE, JobRole.CONTENT, JobRole.DELETE)
    operations = {covered[role].id: covered[role] for role in roles if role in covered}

    def request_unknown_job(self: _JobMachine, operation_id: str) -> None:
        self.send(operations[operation_id], unknown_job_id(document))

    if operations:
        yield rule(operation_id=st.sampled_from([*operations]))(request_unknown_job)


def _create_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def create_first_job(self: _JobMachine, request: CreateRequest) -> MultipleResults[str]:
        return self.create(request)

    def create_job(self: _JobMachine, request: CreateRequest) -> MultipleResults[str]:
        return self.create(request)

    def create_invalid_job(self: _JobMachine, request: CreateRequest) -> None:
        self.create(request)

    valid = create_requests(operation, create_calls(settings.document))
    invalid = create_requests(operation, invalid_calls(settings.document))
    # Every example starts with a job, because Hypothesis leaves out some rules in each example.
    if settings.max_creates > 0:
        yield initialize(target=_JOBS, request=valid)(create_first_job)
    yield _if_may_create(rule(target=_JOBS, request=valid)(create_job))
    yield _if_may_create(rule(request=invalid)(create_invalid_job))


def _retrieve_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def retrieve_job(self: _JobMachine, job: str) -> None:
        self.send(operation, job)

    def wait_for_job(self: _JobMachine, job: str) -> None:
        self.session.wait(settings.job_seconds)
        self.send(operation, job)

    yield rule(job=_JOBS)(retrieve_job)
    yield rule(job=_JOBS)(wait_for_job)


def _content_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def download_file(
        self: _JobMachine, job: str, query: Mapping[str, str], byte_range: str | None
    ) -> None:
        headers = {} if byte_range is None else {"range": byte_range}
        self.send(operation, job, query=tuple(query.items()), headers=headers)

    ranges = st.sampled_from(RANGES) if _PARTIAL_CONTENT in operation.responses else st.nothing()
    query = query_parameters(operation)
    yield rule(job=_JOBS, query=query, byte_range=st.none() | ranges)(download_file)


def _delete_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def delete_job(self: _JobMachine, job: str) -> None:
        self.send(operation, job)

    # The id stays in the bundle, so that later requests find the job deleted.
    yield rule(job=_JOBS)(delete_job)


def _remix_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def remix_job(
        self: _JobMachine, job: str, media_type: str, fields: Mapping[str, Json] | None
    ) -> MultipleResults[str]:
        return self.job_ids(self.send(operation, job, media_type=media_type, fields=fields))

    # Fields that are valid in one media type are valid in the others.
    media_types = sorted(operation.bodies) or [""]
    bodies = [valid_fields(operation.bodies[name]) for name in media_types[:1] if name]
    fields, chosen = st.one_of(*bodies) if bodies else st.none(), st.sampled_from(media_types)
    yield _if_may_create(rule(target=_JOBS, job=_JOBS, media_type=chosen, fields=fields)(remix_job))


def _list_rules(settings: MachineSettings, operation: Operation) -> Iterator[_Rule]:
    def list_jobs(
        self: _JobMachine, query: Mapping[str, str], count: int
    ) -> MultipleResults[PageRequest]:
        return _read_pages(self, operation, PageRequest(query), count)

    def list_more_jobs(
        self: _JobMachine, page: PageRequest, count: int
    ) -> MultipleResults[PageRequest]:
        return _read_pages(self, operation, page, count)

    count = st.integers(1, 3)
    yield rule(target=_PAGES, query=query_parameters(operation), count=count)(list_jobs)
    yield rule(target=_PAGES, page=_PAGES, count=count)(list_more_jobs)


def _read_pages(
    machine: _JobMachine, operation: Operation, request: PageRequest, count: int
) -> MultipleResults[PageRequest]:
    """Read a number of pages, and return the request for the page after them, if there is one."""
    page = operation.page
    if page is None:
        return multiple(request)
    for _ in range(count):
        after = {} if request.cursor is None else {page.after: request.cursor}
        exchange = machine.send(operation, query=(*request.query.items(), *after.items()))
        views = jobs_in(machine.machine_settings.document, exchange)
        cursor: Json = views[-1].job_id if views else None
        if exchange.reply and "next" in page.places:
            cursor = get_or_none(json_body(exchange.reply), page.places["next"])
        if not isinstance(cursor, str):
            return multiple()
        request = PageRequest(request.query, cursor)
    return multiple(request)


def _if_may_create(function: _Rule) -> _Rule:
    """Disable a rule once the session has created all the jobs that it may create."""
    return precondition(lambda machine: machine.session.may_create)(function)


def _count(exchange: Exchange) -> Exchange:
    """Add the status to the statistics of Hypothesis."""
    event(f"{exchange.operation_id}: status {exchange.status}")
    return exchange


_PARTIAL_CONTENT = 206
_RULES: Mapping[JobRole, Callable[[MachineSettings, Operation], Iterator[_Rule]]] = {
    JobRole.CREATE: _create_rules,
    JobRole.RETRIEVE: _retrieve_rules,
    JobRole.CONTENT: _content_rules,
    JobRole.LIST: _list_rules,
    JobRole.DELETE: _delete_rules,
    JobRole.REMIX: _remix_rules,
}
