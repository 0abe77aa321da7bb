"""Responses about one job, as a server writes them that follows the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random
from typing import Final

import orjson

from ...openapi import CreateOperation, Document, JobOperation, Reply, State
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.generator.pattern_text import text_for_pattern
from ...openapi.jobs import FailureReason, JobField, Part, Place, ResultOperation
from ...openapi.jobs.answer import answer_of
from ...openapi.jobs.sources import (
    Constant,
    FailureDetail,
    FileAddress,
    FromRequest,
    Moment,
    NewId,
    OperationAddress,
    Progress,
    RetryHint,
)
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.operation import JSON
from ...openapi.pointer import Path, format_pointer
from ..check.request_maker import RequestMaker
from ..traffic.exchange import Exchange
from ..traffic.request_builder import url_of

_ABSENT: Final = object()


class JobWriter:
    """Writes the responses about one job.

    Args:
        document: The document of the API.
        request: The request that created the job.
        create: Its operation.
        requests: Makes the URLs about the job.
        job_id: The id of the job.
        created: The time of its creation (Unix seconds).
    """

    def __init__(
        self,
        document: Document,
        request: Exchange,
        create: CreateOperation,
        requests: RequestMaker,
        *,
        job_id: str,
        created: float,
    ) -> None:
        self._document, self._request, self._create = document, request, create
        self._requests, self.id, self._created = requests, job_id, created
        self._kind = document.kinds[create.kind]
        self._maker = ValueMaker(document.source.data)
        self._entered: dict[str, float] = {}
        self.state = self._kind.lifecycle.initial
        self.enter(self.state, created, None)

    def enter(self, state: State, now: float, reason: FailureReason | None) -> None:
        """Move the job to a state, with the reason of a failure."""
        self.state, self._reason = state, reason
        self._changed = now
        self._entered.setdefault(state.name, now)

    def respond(self, each: JobOperation, *, progress: int) -> Reply:
        """Return the response of an operation that reports the job, with a progress in percent."""
        answer = answer_of(each)
        state = (self._kind.state_at, self.state.value)
        values: dict[Path, Json] = {}
        headers, included, empty = {"content-type": JSON}, set[Path](), set[Path]()
        for field in self._create.fields:
            schemas = answer.schemas_at(field.place, state=state)
            if field.place.part is Part.BODY and not schemas:
                continue
            value = self._value(field, schemas, progress)
            path = (*answer.job_at, *field.place.path)
            if value is _ABSENT:
                empty.add(path)
            elif field.place.part is Part.HEADER:
                headers[field.place.name] = str(value)
            elif value is _MADE:
                included.add(path)
            else:
                values[path] = value
        for field in each.answer:
            value = self._value(field, [], progress)
            if field.place.part is Part.HEADER and value not in (_ABSENT, _MADE):
                headers[field.place.name] = str(value)
        for own_path, own_value in self._identity():
            schemas = answer.schemas_at(Place(Part.BODY, own_path), state=state)
            if schemas:
                whole = any(types_of(schema) == ("integer",) for schema in schemas)
                is_number = whole and isinstance(own_value, str)
                values[(*answer.job_at, *own_path)] = int(own_value) if is_number else own_value
        layout = Layout(
            values=values,
            included=frozenset(included),
            empty=_with_parents(empty, [*values, *included]),
            sparse=answer.job_at,
            state=((*answer.job_at, *self._kind.state_at), self.state.value),
        )
        if answer.schema is None:
            return Reply(each.status, headers, b"")
        try:
            body = self._maker.make(answer.schema, key=self.id, layout=layout)
        except NoValueError as error:
            body = error.nearest
        return Reply(each.status, headers, orjson.dumps(body))

    def _identity(self) -> Iterable[tuple[Path, Json]]:
        if self._kind.id_at is not None:
            yield self._kind.id_at, self.id
        yield self._kind.state_at, self.state.value

    def _value(self, field: JobField, schemas: list[dict[str, Json]], progress: int) -> Json:
        """Return the value of a field; _ABSENT or _MADE for one without a value of its own."""
        if self.state.name not in field.possible or not self._request.meets(field.when):
            return _ABSENT
        match field.source:
            case Constant(value=value):
                return value
            case FromRequest():
                return self._from_request(field.source)
            case Moment():
                return self._moment(field.source)
            case FileAddress():
                place = "" if field.place.part is Part.HEADER else format_pointer(field.place.path)
                return f"{self._document.server_url}/files/{self.id}{place}"
            case OperationAddress(operation_id=operation_id):
                return self._address(operation_id)
            case NewId(pattern=pattern):
                return text_for_pattern(pattern, random=Random(f"{self.id} {field.place}"))
            case FailureDetail(detail=detail):
                return self._failure(detail, schemas)
            case Progress(form=form):
                forms = {"percent": progress, "fraction": progress / 100, "text": f"{progress}%"}
                return forms[form]
            case RetryHint():
                return 1
        return _MADE if self.state.name in field.due else _ABSENT

    def _from_request(self, source: FromRequest) -> Json:
        value = self._request.requested_value(source.place)
        value = source.default if value is None else value
        return _ABSENT if value is None else source.translated(value)

    def _moment(self, source: Moment) -> Json:
        entered = [at for name, at in self._entered.items() if name in source.entered]
        at = {"created": self._created, "changed": self._changed}.get(source.event)
        at = min(entered, default=None) if at is None else at
        return _ABSENT if at is None else source.form.write(at + source.plus_seconds)

    def _failure(self, detail: str, schemas: list[dict[str, Json]]) -> Json:
        if self._reason is None:
            return _ABSENT
        text = self._reason.code if detail == "code" else self._reason.message
        whole = any(types_of(schema) == ("integer",) for schema in schemas)
        return int(text) if whole and text.isdecimal() else text

    def _address(self, operation_id: str) -> str:
        roles: Mapping[str, JobOperation] = {o.operation.id: o for o in self._kind.operations()}
        role, operation = roles.get(operation_id), self._document.operations[operation_id]
        if role is None:
            call = self._requests.request(operation)
        else:
            call = self._requests.about_job(role, self._id_for(role))
        return url_of(self._document, call, self._document.server_url)

    def _id_for(self, role: JobOperation) -> str:
        """Return the id in a request about the job, which may be that of its result."""
        if isinstance(role, ResultOperation) and role.key is not None:
            for field in self._create.fields:
                if field.place == Place(Part.BODY, role.key):
                    value = self._value(field, [], 0)
                    return str(value) if isinstance(value, str | int) else self.id
        return self.id


def _with_parents(empty: Iterable[Path], held: Iterable[Path]) -> frozenset[Path]:
    """Return paths that hold nothing, with the objects around them that hold nothing either."""
    full = {path[:length] for path in held for length in range(len(path) + 1)}
    parents = {path[:length] for path in empty for length in range(1, len(path) + 1)}
    return frozenset(parents - full)


_MADE: Final = object()
