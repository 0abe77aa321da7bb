"""Hypothesis strategies for a document: valid and invalid creates, and histories of jobs."""

from __future__ import annotations

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'", name="hypothesis"
    ) from None

from ...openapi import Call, Document, Meaning, State
from ...openapi.credentials import DUMMY_KEY
from ...openapi.jobs.job_ids import job_id_form
from ..check.plan import find_kind, first_create
from ..check.request_maker import RequestMaker
from ..traffic.exchange import Exchange, read_exchange
from .create_strategies import CreateStrategies
from .job_writer import JobWriter
from .mutations import MUTATIONS

__all__ = ["broken_histories", "create_calls", "histories", "invalid_calls"]


def create_calls(document: Document, kind: str | None = None) -> SearchStrategy[Call]:
    """Return valid creates of a kind of job, in every media type, some with files.

    Args:
        document: The API.
        kind: The name of the kind of job; None for the first one of the document.

    Raises ValueError if there is no such kind.
    """
    creates = _create_strategies(document, kind)
    return creates.valid().map(creates.call)


def invalid_calls(document: Document, kind: str | None = None) -> SearchStrategy[Call]:
    """Return creates that are invalid for one reason: a missing required field, a value that is
    not in an enum, or no API key. The arguments are those of `create_calls`.
    """
    creates = _create_strategies(document, kind)
    return creates.invalid().map(creates.call)


@st.composite
def histories(draw: DrawFn, document: Document, kind: str | None = None) -> list[Exchange]:
    """Draw the history of one job: its create, and polls until its end. A state may be polled
    several times or not at all. The arguments are those of `create_calls`.
    """
    create = first_create(find_kind(document, kind))
    requests = RequestMaker(document, create, key=DUMMY_KEY)
    call = draw(create_calls(document, kind))
    now = float(draw(st.integers(1_700_000_000, 1_900_000_000)))
    job = JobWriter(
        document,
        read_exchange(document, call, None, at=now),
        create,
        requests,
        job_id=job_id_form(document.kinds[create.kind])(draw(st.uuids()).hex),
        created=now,
    )
    history = [read_exchange(document, call, job.respond(create, progress=0), at=now)]
    poll = requests.about_job(create.poll, job.id)
    lifecycle, progress = document.kinds[create.kind].lifecycle, 0
    while True:
        ends = job.state.meaning.is_terminal
        for _ in range(draw(st.integers(1 if ends else 0, 3))):
            now += draw(st.integers(0, 60))
            progress = draw(_progress_values(job.state, lifecycle.initial, progress))
            reply = job.respond(create.poll, progress=progress)
            history.append(read_exchange(document, poll, reply, at=now))
        if ends:
            return history
        state = lifecycle.states[draw(st.sampled_from(job.state.next))]
        now += draw(st.integers(0, 60))
        failed = state.meaning is Meaning.FAILURE and bool(create.failures)
        job.enter(state, now, draw(st.sampled_from(create.failures)) if failed else None)


@st.composite
def broken_histories(
    draw: DrawFn, document: Document, kind: str | None = None
) -> tuple[str, list[Exchange]]:
    """Draw the code of a rule, and the history of a job with one response that breaks this rule.
    The arguments are those of `create_calls`.
    """
    history = draw(histories(document, kind))
    possible = [(code, mutate) for code, mutate in MUTATIONS if mutate(document, history)]
    code, mutate = draw(st.sampled_from(possible))
    return code, mutate(document, history)


def _create_strategies(document: Document, kind: str | None) -> CreateStrategies:
    create = first_create(find_kind(document, kind))
    return CreateStrategies(create, RequestMaker(document, create, key=DUMMY_KEY))


def _progress_values(state: State, initial: State, progress: int) -> SearchStrategy[int]:
    """Return what the progress can be in a state after it was `progress`, in percent."""
    if state.meaning is Meaning.SUCCESS:
        return st.just(100)
    if state.meaning.is_terminal or state is initial:
        return st.just(progress)
    return st.integers(progress, 99)
