"""The base classes of the plugin's exceptions, which decide who catches them."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import CLIENT_RULES, Violation
from aisa_testkit.openapi.errors import ToolkitError
from aisa_testkit.pytest_plugin import ContractError, ContractWarning, InfiniteLoop
from aisa_testkit.pytest_plugin.errors import NotSent


@pytest.mark.parametrize("error", [ContractError, NotSent])
def test_errors_are_toolkit_errors(error: type[Exception]) -> None:
    assert issubclass(error, ToolkitError)


def test_contract_error_shows_one_cause_once_with_its_count() -> None:
    rules = [CLIENT_RULES["AV705"], CLIENT_RULES["AV705"], CLIENT_RULES["AV706"]]
    violations = [
        Violation(rule, "createVideo", "POST /v1/videos", (number,), "seconds", str(number), "4")
        for number, rule in enumerate(rules, start=1)
    ]
    error = ContractError("AIsa Videos 1.0.0", violations)
    title, first, second, advice = str(error).split("\n\n")
    assert title == "AV705, AV706: the code under test broke the contract of AIsa Videos 1.0.0"
    assert first == f"{violations[0]}\n  seen      2 times, in nos. 1 and 2"
    assert second == str(violations[2])
    assert advice.startswith("To allow this on purpose: ")
    assert error.violations == tuple(violations)


def test_contract_error_is_a_failed_assertion() -> None:
    assert issubclass(ContractError, AssertionError)


def test_contract_warning_is_a_user_warning() -> None:
    assert issubclass(ContractWarning, UserWarning)


def test_infinite_loop_is_not_caught_by_except_exception() -> None:
    assert not issubclass(InfiniteLoop, Exception)
