"""The base classes of the plugin's exceptions, which decide who catches them."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.errors import ToolkitError
from aisa_testkit.pytest_plugin import ContractError, ContractWarning, InfiniteLoop
from aisa_testkit.pytest_plugin.errors import NotSent


@pytest.mark.parametrize("error", [ContractError, NotSent])
def test_errors_are_toolkit_errors(error: type[Exception]) -> None:
    assert issubclass(error, ToolkitError)


def test_contract_error_is_a_failed_assertion() -> None:
    assert issubclass(ContractError, AssertionError)


def test_contract_warning_is_a_user_warning() -> None:
    assert issubclass(ContractWarning, UserWarning)


def test_infinite_loop_is_not_caught_by_except_exception() -> None:
    assert not issubclass(InfiniteLoop, Exception)
