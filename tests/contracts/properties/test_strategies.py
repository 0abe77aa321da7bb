"""The strategies agree with the mock and with the rules, which are separate code."""

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
def chosen(request: pytest.FixtureRequest, name: str) -> Document:
    """One of the two documents."""
    found = request.getfixturevalue(name)
    assert isinstance(found, Document)
    return found


@DOCUMENTS
def test_valid_creates_are_accepted_by_the_mock_and_the_rules(chosen: Document) -> None:
    service = JobService(chosen, strict=True)

    @settings(max_examples=30)
    @given(data())
    def accepted(source: DataObject) -> None:
        call = source.draw(strategies.create_calls(chosen))
        reply = service.answer(call)
        exchange = read_exchange(chosen, call, reply, at=0.0)
        assert exchange.accepted, reply.body
        assert check_client(chosen, [exchange], whole=False) == ()

    accepted()


@DOCUMENTS
def test_invalid_creates_are_rejected_by_the_mock_and_reported(
    chosen: Document,
) -> None:
    service = JobService(chosen, strict=True)

    @settings(max_examples=30)
    @given(data())
    def refused(source: DataObject) -> None:
        call = source.draw(strategies.invalid_calls(chosen))
        reply = service.answer(call)
        assert 400 <= reply.status < 500
        assert len(check_client(chosen, [read_exchange(chosen, call, reply, at=0.0)])) == 1

    refused()


@DOCUMENTS
def test_histories_break_no_rule(chosen: Document) -> None:
    @settings(max_examples=40)
    @given(data())
    def legal(source: DataObject) -> None:
        history = source.draw(strategies.histories(chosen))
        assert check_server(chosen, history) == ()
        assert history[-1].reply

    legal()


@DOCUMENTS
def test_broken_histories_break_the_named_rule(chosen: Document) -> None:
    codes = set()

    @settings(max_examples=80)
    @given(data())
    def broken(source: DataObject) -> None:
        code, history = source.draw(strategies.broken_histories(chosen))
        assert code in {violation.code for violation in check_server(chosen, history)}
        codes.add(code)

    broken()
    assert codes <= {code for code, _ in MUTATIONS}
    assert len(codes) > len(MUTATIONS) // 2


def test_missing_hypothesis_does_not_break_the_rules() -> None:
    code = (
        "import sys; sys.modules['hypothesis'] = None; import aisa_testkit.contracts\n"
        "try: from aisa_testkit.contracts import strategies\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "the strategies need hypothesis: pip install 'aisa-testkit[contracts]'\n"
