"""The rules for servers as checks of Schemathesis, which learns them when this is imported."""

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
from ..rules.server.check_exchange import check_exchange
from ..rules.violation import Violation
from ..traffic.exchange import read_exchange
from .worker_history import WorkerHistory, errors

__all__ = ["ContractBreach", "ExchangeConformance", "HistoryConformance"]


class ContractBreach(Failure):
    """A rule that was broken: `title` is its code and what breaking it is called, `message` tells
    what came and what was expected.
    """

    @property
    def _unique_key(self) -> str:
        # Of failures with the same key, Schemathesis reports one for each operation.
        return self.title


@schemathesis.check
class ExchangeConformance:
    """Whether each answer, by itself, is one that the document declares for its request. `exclude`
    are the codes of rules that are not held.
    """

    def __init__(self, exclude: Iterable[str] = ()) -> None:
        self._exclude = frozenset(exclude)
        self._document: Document | None = None

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> None:
        """Raises a FailureGroup with a ContractBreach for each way in which the answer is not."""
        document = self._document = self._document or _document_of(case.operation.schema)
        call = _sent(document, response.request, case)
        violations = check_exchange(document, call, _reply(response)) if call else ()
        _raise(_breach(document, found) for found in errors(violations, self._exclude))


@schemathesis.check
class HistoryConformance:
    """Whether the answers of a run agree with each other and with the declared life of a job.

    With `timeout`, in seconds, a job that was watched for longer and has not ended is a failure.
    `exclude` are the codes of rules that are not held.
    """

    def __init__(self, timeout: float | None = None, exclude: Iterable[str] = ()) -> None:
        self._timeout, self._exclude = timeout, frozenset(exclude)
        self._document: Document | None = None
        self._lock = threading.Lock()
        self._witnesses: dict[int, WorkerHistory] = {}
        self._judged = WeakKeyDictionary[PreparedRequest, list[ContractBreach]]()

    def after_response(self, ctx: CheckContext, response: Response, case: Case[Any]) -> None:
        """Raises a FailureGroup with a ContractBreach for each law that the answer breaks in the
        light of those before. An answer that was judged already is not taken for another one.
        """
        with self._lock:
            document = self._begin(case.operation.schema)
            witness = self._witness(document)
            if response.request not in self._judged:
                call = _sent(document, response.request, case)
                told = witness.check(call, _reply(response)) if call else []
                self._judged[response.request] = [_told(document, witness, v) for v in told]
            breaches = self._judged[response.request]
        _raise(breaches)

    def after_run(self, ctx: CheckContext) -> None:
        """The same for the laws of which only the end of a run tells whether they were broken."""
        with self._lock:
            witnesses = list(self._witnesses.values())
            breaches = [
                _told(self._document, witness, violation)
                for witness in witnesses
                for violation in witness.end(witnesses)
                if self._document is not None
            ]
        _raise(breaches)

    def _witness(self, document: Document) -> WorkerHistory:
        key = threading.get_ident()
        if key not in self._witnesses:
            self._witnesses[key] = WorkerHistory(
                document, timeout=self._timeout, exclude=self._exclude
            )
        return self._witnesses[key]

    def _begin(self, schema: BaseSchema) -> Document:
        if self._document is None:
            self._document = _document_of(schema)
            self._hear_of_lost_answers(self._document, schema)
        return self._document

    def _hear_of_lost_answers(self, document: Document, schema: BaseSchema) -> None:
        """Checks are not told of a request without an answer, and it may have deleted a job."""

        def after_network_error(_: HookContext, case: Case[Any], request: PreparedRequest) -> None:
            call = _sent(document, request, case)
            with self._lock:
                if call is not None:
                    self._witness(document).check(call, None)

        schema.hook(after_network_error)


@schemathesis.hook
def after_load_schema(context: HookContext, schema: BaseSchema) -> None:
    """Has bytes made for the files that the document takes, so that none fails to be sent. Raises
    DocumentError for a document that is not one of ours, before any request.
    """
    try:
        document = _document_of(schema)
    except DocumentError as error:
        raise error.with_traceback(None) from None  # which is told line by line
    for media_type in sorted(set(_file_types(document))):
        schemathesis.openapi.media_type(media_type, st.binary(min_size=1))


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Drops what Schemathesis alone takes for a valid request: one with a file has an empty text in
    each required field, for instance. Whether valid requests are refused is a rule of ours, too.
    """
    if not isinstance(failure, RejectedPositiveData):
        return True
    document = _document_of(case.operation.schema)
    call = _sent(document, response.request, case)
    return not (call and read_exchange(document, call, None, at=0.0).arguments.problems)


def _file_types(document: Document) -> Iterator[str]:
    """Of images, Schemathesis has files of its own, which are better than any bytes."""
    for operation in document.operations.values():
        for body in operation.bodies.values():
            for name in (name for names in body.files.values() for name in names):
                if "*" not in name and not signature_of(name):
                    yield name


def _document_of(schema: BaseSchema) -> Document:
    # Schemathesis adds links of its own to the document while it runs; the judge needs none.
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


# Each check and hook is told of the same document, and by itself.
@lru_cache(maxsize=8)
def _compiled(data: bytes) -> Document:
    # Without a text there are no lines, which would be those of no file that anyone has.
    return Document(Source("the document", "", orjson.loads(data)))


def _sent(document: Document, request: PreparedRequest, case: Case[Any]) -> Call | None:
    """What was sent, whatever was meant to be; None if it is no operation. The server may stand
    below another path than the one in the document.
    """
    url = urlsplit(request.url or "")
    steps = url.path.split("/")[-case.operation.path.count("/") :]
    match = document.match(request.method or "", "/" + "/".join(steps))
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    if not isinstance(match, OperationMatch) or not isinstance(body, bytes):
        return None
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    return Call(match.operation.id, match.path_parameters, query, headers, body)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _reply(response: Response) -> Reply:
    headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


def _breach(document: Document, violation: Violation, *more: str) -> ContractBreach:
    operation = document.operations[violation.operation_id or ""]
    title, _, facts = str(violation).partition("\n")
    return ContractBreach(
        operation=f"{operation.method} {operation.path}",
        title=title,
        message="\n".join([facts, *(f"  {'':<9} {line}" for line in more)]),
    )


def _told(document: Document, witness: WorkerHistory, violation: Violation) -> ContractBreach:
    return _breach(document, violation, *witness.requests(violation))


def _raise(breaches: Iterable[ContractBreach]) -> None:
    failures = list(breaches)
    if failures:
        raise FailureGroup(failures)
