"""The values of fields in responses about a job, at one moment of its life."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from random import Random

from ...openapi import Operation
from ...openapi.generator.pattern_text import text_for_pattern
from ...openapi.jobs import JobField, JobKind, JobOperation, Part, ResultOperation
from ...openapi.jobs.file_addresses import FILES_PREFIX
from ...openapi.jobs.sources import (
    Constant,
    FailureDetail,
    FileAddress,
    FromJob,
    FromRequest,
    FromSource,
    Made,
    Moment,
    NewId,
    OperationAddress,
    Progress,
    RetryHint,
)
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.path_template import percent_encode
from ...openapi.pointer import Path, format_pointer
from ..clock import Clock
from .moments import Moments
from .request_values import holds
from .view import ABSENT, FieldValue, View


class FieldValues:
    """Makes functions that return the values of the fields of one kind of job.

    Args:
        kind: The kind of job.
        operations: The operations of the document by id.
        clock: The clock that decides how long a client should wait.

    moments: the times of its jobs
    """

    def __init__(self, kind: JobKind, operations: Mapping[str, Operation], *, clock: Clock) -> None:
        self._kind, self._operations, self._clock = kind, operations, clock
        self.moments = Moments(kind)
        self._roles = {each.operation.id: each for each in kind.operations()}

    def value_of(self, field: JobField, schemas: list[dict[str, Json]]) -> FieldValue | None:
        """Return the function for a field; None for a field that is made from its schema.

        Args:
            field: The field.
            schemas: The schemas of its place in the response.
        """
        plain = self._plain_value(field, schemas)
        if plain is None or not field.when.values:
            return plain
        return lambda view: plain(view) if holds(field.when, view.job.request) else ABSENT

    def _plain_value(self, field: JobField, schemas: list[dict[str, Json]]) -> FieldValue | None:
        source = field.source
        match source:
            case Constant(value=value):
                return lambda _: value
            case FromRequest():
                return _from_request(source)
            case Moment():
                return self.moments.value_of(source, field.place.path)
            case FileAddress():
                place = "" if field.place.part is Part.HEADER else format_pointer(field.place.path)
                return self._file_address(place)
            case OperationAddress(operation_id=operation_id):
                return self._operation_address(operation_id)
            case NewId(pattern=pattern):
                return _new_id(pattern, str(field.place))
            case FailureDetail(detail=detail):
                return _failure(detail, schemas)
            case Progress(form=form):
                return _PROGRESS[form]
            case FromSource(path=path):
                pointer = format_pointer(path)
                return lambda view: view.job.source_fields.get(pointer, ABSENT)
            case FromJob(path=path):
                return self._from_job(path)
            case RetryHint() as hint:
                return self._retry_hint(hint, field.place.part)
            case Made():
                return None

    def state(self) -> FieldValue:
        """Return the function for the state of the job, as responses write it."""
        written = {name: s.value for name, s in self._kind.lifecycle.states.items()}
        return lambda view: written[view.snapshot.state]

    @staticmethod
    def job_id(schemas: list[dict[str, Json]]) -> FieldValue:
        """Return the function for the id of the job."""
        if any(types_of(schema) in (("integer",), ("number",)) for schema in schemas):
            return lambda view: int(view.job.id) if view.job.id.isdecimal() else view.job.id
        return lambda view: view.job.id

    def job_field(self, path: Path) -> FieldValue:
        """Return the function for the field of a job at a path."""
        return self._from_job(path)

    def _file_address(self, place: str) -> FieldValue:
        def address(view: View) -> Json:
            return file_url(view.base_url, view.job.id, place)

        return address

    def _operation_address(self, operation_id: str) -> FieldValue:
        operation, role = self._operations[operation_id], self._roles.get(operation_id)
        if not isinstance(role, ResultOperation) or role.key is None:
            return lambda view: operation_url(operation, role, view, view.job.id)
        key = self._from_job(role.key)
        return lambda view: operation_url(operation, role, view, str(key(view) or view.job.id))

    def _from_job(self, path: Path) -> FieldValue:
        if path == self._kind.id_at:
            return lambda view: view.job.id
        if path == self._kind.state_at:
            return self.state()
        functions: dict[str, FieldValue] = {}
        for create in self._kind.creates:
            for field in create.fields:
                if field.place.part is Part.BODY and field.place.path == path:
                    function = self.value_of(field, [])
                    if function is not None:
                        functions[create.operation.id] = function

        def value(view: View) -> Json:
            function = functions.get(view.job.create)
            return ABSENT if function is None else function(view)

        return value

    def _retry_hint(self, source: RetryHint, part: Part) -> FieldValue:
        units = 1000 if source.unit == "milliseconds" else 1

        def hint(view: View) -> Json:
            wait = self._clock.wait_for(min(view.snapshot.remaining_seconds, source.most))
            value = max(1, ceil(wait * units))
            return str(value) if part is Part.HEADER else value

        return hint


def file_url(base_url: str, job_id: str, place: str) -> str:
    """Return the URL at which the mock serves the file of a field of a job."""
    return f"{base_url}{FILES_PREFIX}{percent_encode(job_id)}{place}"


def operation_url(operation: Operation, role: JobOperation | None, view: View, named: str) -> str:
    """Return the URL of an operation for a job.

    Args:
        operation: The operation.
        role: What it does to jobs; None if it is not about them.
        view: The job.
        named: The id in the URL: that of the job, or of its result.
    """
    names, request = operation.template.parameters, view.job.request
    values = {name: str(request.get(f"path.{name}", "")) for name in names}
    query = ""
    if role is not None and role.id is not None:
        if role.id.part is Part.QUERY:
            query = f"?{role.id.name}={percent_encode(named)}"
        else:
            values[role.id.name] = named
    elif values:
        values[operation.template.parameters[-1]] = named
    return f"{view.base_url}{operation.template.expand(values)}{query}"


def _from_request(source: FromRequest) -> FieldValue:
    key = str(source.place)
    if not source.translation:
        return lambda view: view.job.request.get(key, ABSENT)

    def value(view: View) -> Json:
        return source.translated(view.job.request.get(key, ABSENT))

    return value


def _new_id(pattern: str, place: str) -> FieldValue:
    def new_id(view: View) -> Json:
        return text_for_pattern(pattern, random=Random(f"{view.job.id} {place}"))

    return new_id


def _failure(detail: str, schemas: list[dict[str, Json]]) -> FieldValue:
    index = 0 if detail == "code" else 1
    whole = any({*types_of(schema)} in _WHOLE for schema in schemas)

    def value(view: View) -> Json:
        reason = view.snapshot.reason
        if reason is None:
            return ABSENT
        text = reason[index]
        return int(text) if whole and text.lstrip("-").isdecimal() else text

    return value


_WHOLE = ({"integer"}, {"integer", "null"})
_PROGRESS: dict[str, FieldValue] = {
    "percent": lambda view: view.snapshot.progress,
    "fraction": lambda view: view.snapshot.progress / 100,
    "text": lambda view: f"{view.snapshot.progress}%",
}
