"""The server rules as checks of Schemathesis. Importing this module registers them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

import orjson

try:
    import schemathesis
    from hypothesis import strategies as st
    from requests import PreparedRequest
    from schemathesis import BaseSchema, Case, CheckContext, HookContext, Response
    from schemathesis.core.failures import Failure
    from schemathesis.errors import FailureGroup
    from schemathesis.openapi.checks import RejectedPositiveData
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "the hooks need schemathesis: pip install 'aisa-testkit[contracts]'", name="schemathesis"
    ) from None

from ...openapi import Call, Document, DocumentError, OperationMatch, Reply
from ...openapi.image import signature_of
from ...openapi.json import Json
from ...openapi.source import Source
from ..rules.grouping import ViolationGroup, group_by_cause
from ..rules.server.check_exchange import check_exchange
from ..traffic.exchange import read_exchange
from .worker_history import WorkerHistory, select_errors

__all__ = ["ContractBreach", "ExchangeConformance", "HistoryConformance"]


class ContractBreach(Failure):
    """A broken rule.

    title: the code and the title of the rule
    message: the received and the expected value
    """

    @property
    def _unique_key(self) -> str:
        # Schemathesis reports only one failure per key and operation.
        return self.title


@schemathesis.check
class ExchangeConformance:
    """The check that each response conforms to the document.

    exclude: the codes of rules that are not applied
    """

    def __init__(self, exclude: Iterable[str] = ()) -> None:
        self._exclude = frozenset(exclude)
        self._document: Document | None = None

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> None:
        """Check one response. Raises FailureGroup with a ContractBreach for each broken rule."""
        document = self._document = self._document or _document_of(case.operation.schema)
        call = _read_call(document, response.request, case)
        violations = check_exchange(document, call, _reply(response)) if call else ()
        errors = group_by_cause(select_errors(violations, self._exclude))
        _raise_failures(_breach(document, cause) for cause in errors)


@schemathesis.check
class HistoryConformance:
    """The check that the responses of a run agree with each other and with the lifecycle.

    timeout: the seconds that a job may take, None for no limit
    exclude: the codes of rules that are not applied
    """

    def __init__(self, timeout: float | None = None, exclude: Iterable[str] = ()) -> None:
        self._timeout, self._exclude = timeout, frozenset(exclude)
        self._document: Document | None = None
        self._lock = threading.Lock()
        self._workers: dict[int, WorkerHistory] = {}
        self._breaches = WeakKeyDictionary[PreparedRequest, list[ContractBreach]]()

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> None:
        """Check one response against the earlier ones. A response that Schemathesis passes in twice
        is checked once.

        Raises FailureGroup with a ContractBreach for each broken rule.
        """
        with self._lock:
            document = self._begin(case.operation.schema)
            worker = self._worker(document)
            if response.request not in self._breaches:
                call = _read_call(document, response.request, case)
                violations = worker.check(call, _reply(response)) if call else []
                self._breaches[response.request] = [
                    _worker_breach(document, worker, cause) for cause in group_by_cause(violations)
                ]
            breaches = self._breaches[response.request]
        _raise_failures(breaches)

    def after_run(self, ctx: CheckContext) -> None:
        """Check the rules about the end of a run. Raises FailureGroup like `after_response`."""
        with self._lock:
            workers = list(self._workers.values())
            breaches = [
                _worker_breach(self._document, worker, cause)
                for worker in workers
                for cause in group_by_cause(worker.finish(workers))
                if self._document is not None
            ]
        _raise_failures(breaches)

    def _worker(self, document: Document) -> WorkerHistory:
        key = threading.get_ident()
        if key not in self._workers:
            self._workers[key] = WorkerHistory(
                document, timeout=self._timeout, exclude=self._exclude
            )
        return self._workers[key]

    def _begin(self, schema: BaseSchema) -> Document:
        if self._document is None:
            self._document = _document_of(schema)
            self._record_network_errors(self._document, schema)
        return self._document

    def _record_network_errors(self, document: Document, schema: BaseSchema) -> None:
        """Record requests without a response, which may have deleted a job. Schemathesis does not
        call checks for them.
        """

        def after_network_error(_: HookContext, case: Case[Any], request: PreparedRequest) -> None:
            call = _read_call(document, request, case)
            with self._lock:
                if call is not None:
                    self._worker(document).check(call, None)

        schema.hook(after_network_error)


@schemathesis.hook
def after_load_schema(context: HookContext, schema: BaseSchema) -> None:
    """Register a strategy for each media type of files. Raises DocumentError for an unsupported
    document before the first request is sent.
    """
    try:
        document = _document_of(schema)
    except DocumentError as error:
        raise error.with_traceback(None) from None  # Schemathesis prints each line of the message
    for media_type in sorted(set(_file_types(document))):
        schemathesis.openapi.media_type(media_type, st.binary(min_size=1))


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Drop the failure that a valid request was rejected, if the document forbids the request.

    Schemathesis sends such requests: a form with a file has empty required fields. AV109 reports
    valid requests that were rejected.
    """
    if not isinstance(failure, RejectedPositiveData):
        return True
    document = _document_of(case.operation.schema)
    call = _read_call(document, response.request, case)
    return not (call and read_exchange(document, call, None, at=0.0).arguments.problems)


def _file_types(document: Document) -> Iterator[str]:
    """Yield the media types of files, except images: Schemathesis generates real images."""
    for operation in document.operations.values():
        for body in operation.bodies.values():
            for name in (name for names in body.files.values() for name in names):
                if "*" not in name and not signature_of(name):
                    yield name


def _document_of(schema: BaseSchema) -> Document:
    # Schemathesis adds links to the document while it runs.
    paths = {
        path: {key: _without_links(value) for key, value in item.items()}
        for path, item in schema.raw_schema.get("paths", {}).items()
    }
    data = orjson.dumps({**schema.raw_schema, "paths": paths}, option=orjson.OPT_NON_STR_KEYS)
    return _compiled(data)


def _without_links(operation: Json) -> Json:
    if not isinstance(operation, dict) or "responses" not in operation:
        return operation
    responses = {
        status: {key: value for key, value in response.items() if key != "links"}
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


# Each check and hook receives the same document.
@lru_cache(maxsize=8)
def _compiled(data: bytes) -> Document:
    # Without the text, errors name no lines. The lines would not match the user's file.
    return Document(Source("the document", "", orjson.loads(data)))


def _read_call(document: Document, request: PreparedRequest, case: Case[Any]) -> Call | None:
    """Return the sent request as a call, None if it matches no operation.

    The base path of the server may differ from the one in the document.
    """
    url = urlsplit(request.url or "")
    steps = url.path.split("/")[-case.operation.path.count("/") :]
    match = document.match(request.method or "", "/" + "/".join(steps))
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    if not isinstance(match, OperationMatch) or not isinstance(body, bytes):
        return None
    headers = {name.lower(): _decode(value) for name, value in request.headers.items()}
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    call = Call(match.operation.id, match.path_parameters, query, headers, body)
    return document.received(call)


def _decode(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _reply(response: Response) -> Reply:
    headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


def _breach(document: Document, cause: ViolationGroup, *details: str) -> ContractBreach:
    operation = document.operations[cause.first.operation_id or ""]
    title, _, facts = str(cause).partition("\n")
    return ContractBreach(
        operation=f"{operation.method} {operation.path}",
        title=title,
        message="\n".join([facts, *(f"  {'':<9} {line}" for line in details)]),
    )


def _worker_breach(
    document: Document, worker: WorkerHistory, cause: ViolationGroup
) -> ContractBreach:
    return _breach(document, cause, *worker.requests(cause.first))


def _raise_failures(breaches: Iterable[ContractBreach]) -> None:
    failures = list(breaches)
    if failures:
        raise FailureGroup(failures)
