"""Compiled responses about a job in one state: the fields that they have, and their functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ...openapi import ErrorEnvelope, Schema
from ...openapi.generator import ValueMaker
from ...openapi.jobs import (
    JobKind,
    JobOperation,
    JobRole,
    ListOperation,
)
from ...openapi.jobs.answer import answer_of
from ...openapi.json import Json
from ...openapi.pointer import Path
from .field_values import FieldValues
from .job import Job
from .returned_places import returned_places
from .shown_fields import ShownFields, is_other_resource
from .view import FieldValue

Copier: TypeAlias = Callable[[], Json]


@dataclass(slots=True)
class KeptBody:
    """The body of a job in one state, as clients of one URL see it, without moving fields."""

    job: Job
    base_url: str
    copy: Copier


class BodyForm(NamedTuple):
    """What the bodies in one state have in common whose settled fields have values at some paths.

    Args:
        copy: Copies the body without these values; None if each job needs a body of its own.
        paths: The paths of the values.
        names: The names of the values if all are at the top of the body; otherwise ().
    """

    copy: Copier | None
    paths: tuple[Path, ...]
    names: tuple[str, ...]


@dataclass(slots=True)
class StateAnswer:
    """A response while its job is in one state.

    Args:
        schema: The schema of its body; None if it has no JSON body.
        settled: The paths and functions of the fields that do not change while the job is in the
            state.
        moving: The paths and functions of the fields that change with time.
        constants: The values that are the same for all jobs, by path.
        headers: The functions for the values of headers, by name.
        included: The paths of fields that are made from their schema.
        empty: The paths of declared fields that hold nothing in this state.
        sparse: The path of the job, below which optional fields are left out.
        state: The path and the value of the state.
        is_repeated: True if clients ask for it again and again.
        forms: What bodies have in common, by the indexes of the settled fields that are absent.
        bodies: What copies the body of a job without moving fields, by the id of the job.
    """

    schema: Schema | None
    settled: tuple[tuple[Path, FieldValue], ...]
    moving: tuple[tuple[Path, FieldValue], ...]
    constants: Mapping[Path, Json]
    headers: tuple[tuple[str, FieldValue], ...]
    included: frozenset[Path]
    empty: frozenset[Path]
    sparse: Path | None
    state: tuple[Path, Json]
    is_repeated: bool
    forms: dict[tuple[int, ...], BodyForm] = field(default_factory=dict)
    bodies: dict[str, KeptBody] = field(default_factory=dict)


class StateAnswerCompiler:
    """Compiles the responses about jobs of one kind in each state.

    Args:
        kind: The kind of job.
        values: Makes the functions for its fields.
        maker: Makes what objects of requests lack where they come back.
        envelope: The values of good responses.
    """

    def __init__(
        self, kind: JobKind, *, values: FieldValues, maker: ValueMaker, envelope: ErrorEnvelope
    ) -> None:
        self._kind, self._values, self._maker = kind, values, maker
        self._envelope = envelope
        self._creates = {create.operation.id: create for create in kind.creates}
        self._returned = {
            create.operation.id: returned_places(kind, create) for create in kind.creates
        }
        self._declared = tuple(
            answer_of(each) for each in kind.operations() if each.role in _SHOWING_A_JOB
        )

    def compile(self, operation: JobOperation, create: str, state: str) -> StateAnswer:
        """Compile the response of an operation about a job in a state."""
        fields = ShownFields(
            self._kind,
            operation,
            self._creates.get(create),
            state,
            values=self._values,
            maker=self._maker,
        )
        if not is_other_resource(operation):
            fields.add_job(returned=self._returned.get(create, ()), declared=self._declared)
        if operation.role is JobRole.RESULT:
            fields.keep_fitting()
        fields.add_own()
        answer, constants = fields.answer, fields.constants
        if not isinstance(operation, ListOperation):
            good = self._envelope.good_values(answer.schema)
            constants = {p: v for p, v in good.items() if p not in fields.settled} | constants
        return StateAnswer(
            schema=answer.schema,
            settled=tuple(fields.settled.items()),
            moving=tuple(fields.moving.items()),
            constants=constants,
            headers=tuple(fields.headers.items()),
            included=frozenset(fields.included),
            empty=frozenset(fields.empty),
            sparse=answer.job_at if operation.role in _SHOWING_A_JOB else None,
            state=((*answer.job_at, *fields.state[0]), fields.state[1]),
            is_repeated=operation.role in (JobRole.POLL, JobRole.LIST),
        )


_SHOWING_A_JOB = (JobRole.CREATE, JobRole.POLL, JobRole.LIST, JobRole.CANCEL)
