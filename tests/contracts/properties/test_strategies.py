"""What the strategies make is as they say: the judge, the mock and they were written apart."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis.strategies import DataObject, data

from aisa_testkit.contracts import check_client, check_server, read_exchange
from aisa_testkit.contracts.properties import strategies
from aisa_testkit.contracts.properties.mutations import MUTATIONS
from aisa_testkit.mock_server import JobService
from aisa_testkit.openapi import Document

DOCUMENTS = pytest.mark.parametrize("name", ["document", "other_document"])


@pytest.fixture
def named(request: pytest.FixtureRequest, name: str) -> Document:
    """One of the two documents."""
    found = request.getfixturevalue(name)
    assert isinstance(found, Document)
    return found


@DOCUMENTS
def test_a_call_that_is_allowed_is_accepted_by_the_mock_and_by_the_judge(named: Document) -> None:
    service = JobService(named, strict=True)

    @settings(max_examples=60)
    @given(data())
    def accepted(drawn: DataObject) -> None:
        call = drawn.draw(strategies.create_calls(named))
        reply = service.answer(call)
        exchange = read_exchange(named, call, reply, at=0.0)
        assert exchange.accepted, reply.body
        assert check_client(named, [exchange], whole=False) == ()

    accepted()


@DOCUMENTS
def test_a_call_that_is_forbidden_is_refused_by_the_mock_and_told_by_the_judge(
    named: Document,
) -> None:
    service = JobService(named, strict=True)

    @settings(max_examples=60)
    @given(data())
    def refused(drawn: DataObject) -> None:
        call = drawn.draw(strategies.refused_calls(named))
        reply = service.answer(call)
        assert 400 <= reply.status < 500
        assert len(check_client(named, [read_exchange(named, call, reply, at=0.0)])) == 1

    refused()


@DOCUMENTS
def test_a_legal_life_of_a_job_breaks_nothing(named: Document) -> None:
    @settings(max_examples=100)
    @given(data())
    def legal(drawn: DataObject) -> None:
        history = drawn.draw(strategies.histories(named))
        assert check_server(named, history) == ()
        assert history[-1].reply

    legal()


@DOCUMENTS
def test_a_broken_life_of_a_job_breaks_the_rule_that_it_names(named: Document) -> None:
    told = set()

    @settings(max_examples=200)
    @given(data())
    def broken(drawn: DataObject) -> None:
        code, history = drawn.draw(strategies.broken_histories(named))
        assert code in {violation.code for violation in check_server(named, history)}
        told.add(code)

    broken()
    assert told <= {code for code, _ in MUTATIONS}
    assert len(told) > len(MUTATIONS) // 2


def test_the_judge_itself_does_without_hypothesis() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None; import aisa_testkit.contracts\n"
        "try: from aisa_testkit.contracts import strategies\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'\n"
