"""Hypothesis strategies for a document: valid and invalid creates, and histories of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

import orjson

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'", name="hypothesis"
    ) from None

from ...openapi import Call, Document, JobRole, Operation, Reply, State
from ...openapi.credentials import DUMMY_KEY
from ...openapi.json import Json
from ...openapi.operation import JSON
from ...openapi.pointer import set_at
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.request_builder import build_call
from .field_strategies import other_texts, valid_fields
from .mutations import MUTATIONS

__all__ = ["broken_histories", "create_calls", "histories", "invalid_calls"]


def create_calls(document: Document) -> SearchStrategy[Call]:
    """Return valid creates, as forms and as JSON, some with files."""
    operation = document.by_role[JobRole.CREATE]
    return st.sampled_from(sorted(operation.bodies)).flatmap(
        lambda media_type: valid_fields(operation.bodies[media_type]).map(
            lambda fields: build_call(
                document, operation, fields, media_type=media_type, key=DUMMY_KEY
            )
        )
    )


@st.composite
def invalid_calls(draw: DrawFn, document: Document) -> Call:
    """Draw creates that are invalid for one reason: a missing required field, a value that is not
    in an enum, or no API key.
    """
    operation = document.by_role[JobRole.CREATE]
    media_type = draw(st.sampled_from(sorted(operation.bodies)))
    body = operation.bodies[media_type]
    fields = dict(draw(valid_fields(body)))
    listed = [name for name, schema in body.properties.items() if "enum" in schema]
    reason = draw(st.sampled_from([*body.schema.raw.get("required", ()), *listed, None]))
    if reason is None:
        return build_call(document, operation, fields, media_type=media_type, key=None)
    if reason in listed:
        fields[reason] = draw(other_texts(body.properties[reason]["enum"]))
    else:
        fields.pop(reason, None)
    return build_call(document, operation, fields, media_type=media_type, key=DUMMY_KEY)


@st.composite
def histories(draw: DrawFn, document: Document) -> list[Exchange]:
    """Draw the history of one job: its create, and polls until its end. A state may be polled
    several times or not at all.
    """
    create, retrieve = (document.by_role[r] for r in (JobRole.CREATE, JobRole.RETRIEVE))
    call = draw(create_calls(document))
    fields = read_exchange(document, call, None, at=0.0).fields
    job_id = document.lifecycle.id_prefix + draw(st.uuids()).hex
    now = float(draw(st.integers(1_700_000_000, 1_900_000_000)))
    job = _new_job(document, create, fields, job_id, now)
    history = [_job_exchange(document, call, create, job, now)]
    poll = build_call(
        document, retrieve, key=DUMMY_KEY, path_parameters={retrieve.job_id_parameter: job_id}
    )
    state, progress = document.lifecycle.states[document.lifecycle.initial], 0
    while True:
        polls = draw(st.integers(1 if state.ends else 0, 3))
        for _ in range(polls):
            now += draw(st.integers(0, 60))
            progress = draw(_progress_values(state, progress))
            if document.lifecycle.progress_at:
                set_at(job, document.lifecycle.progress_at, progress)
            history.append(_job_exchange(document, poll, retrieve, job, now))
        if state.ends:
            return history
        state = document.lifecycle.states[draw(st.sampled_from(state.next))]
        now += draw(st.integers(0, 60))
        _enter_state(document, job, state, now, draw)


@st.composite
def broken_histories(draw: DrawFn, document: Document) -> tuple[str, list[Exchange]]:
    """Draw the code of a rule, and the history of a job with one response that breaks this rule."""
    history = draw(histories(document))
    possible = [(code, mutate) for code, mutate in MUTATIONS if mutate(document, history)]
    code, mutate = draw(st.sampled_from(possible))
    return code, mutate(document, history)


def _new_job(
    document: Document, create: Operation, fields: Mapping[str, Json], job_id: str, now: float
) -> dict[str, Json]:
    lifecycle, job = document.lifecycle, document.template_of(document.job)
    for echo in lifecycle.echoes:
        set_at(job, echo.at, fields.get(echo.field, create.default(echo.field)))
    set_at(job, lifecycle.id_at, job_id)
    state = lifecycle.states[lifecycle.initial]
    if lifecycle.progress_at:
        set_at(job, lifecycle.progress_at, state.progress[0] if state.progress else 0)
    _enter_state(document, job, state, now, None)
    return job


def _enter_state(
    document: Document, job: dict[str, Json], state: State, now: float, draw: DrawFn | None
) -> None:
    """Set the state of a job, its timestamps, and the reason of a failure."""
    lifecycle = document.lifecycle
    set_at(job, lifecycle.state_at, state.name)
    for stamp in lifecycle.timestamps:
        if stamp.set_on == state.name:
            set_at(job, stamp.at, floor(now + stamp.plus_seconds))
    if draw and lifecycle.failure and state.ends == "failure":
        code = draw(st.sampled_from(sorted(lifecycle.failure.reasons)))
        set_at(job, lifecycle.failure.code, code)
        set_at(job, lifecycle.failure.message, lifecycle.failure.reasons[code])


def _progress_values(state: State, progress: int) -> SearchStrategy[int]:
    if state.progress is None:
        return st.just(progress)
    low, high = state.progress
    return st.integers(max(low, min(progress, high)), high)


def _job_exchange(
    document: Document, call: Call, operation: Operation, job: dict[str, Json], now: float
) -> Exchange:
    reply = Reply(operation.success.status, {"content-type": JSON}, orjson.dumps(job))
    return read_exchange(document, call, reply, at=now)
