"""What each package shows is what it lists."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

# Loaded when they are asked for, so that whoever wants no socket does not wait for Starlette.
LAZY = {
    "aisa_testkit.contracts": {
        *("CLIENT_RULES", "RULES", "SERVER_RULES", "ClientVerdict", "Coverage", "CoverageGroup"),
        *("CoverageItem", "Exchange", "Journal", "Party", "Rule", "Severity", "UnmatchedRequest"),
        *("UnmatchedKind", "Violation", "check_client", "check_exchange", "check_history"),
        *("check_server", "read_exchange", "strategies"),
    },
    "aisa_testkit.mock_server": {"HttpReceiver", "VideoServer", "create_app", "serve_in_thread"},
    "aisa_testkit.pytest_plugin": {
        *("Contract", "ContractError", "ContractWarning"),
        *(
            "MockOptions",
            "InfiniteLoop",
            "VideoMock",
            "ObservedMock",
            "mock_videos",
            "serve_videos",
        ),
    },
}
# What a module shows of Python itself.
PYTHON = {"TYPE_CHECKING", "annotations", "import_module"}


@pytest.mark.parametrize(
    "name",
    [
        "aisa_testkit.openapi",
        "aisa_testkit.mock_server",
        "aisa_testkit.contracts",
        "aisa_testkit.pytest_plugin",
        "aisa_testkit.cli",
    ],
)
def test_what_is_listed_is_sorted_and_all_that_is_visible(name: str) -> None:
    module = import_module(name)
    visible = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and not isinstance(value, ModuleType)
    }
    # Constants first, as the linter sorts.
    assert module.__all__ == sorted(
        module.__all__, key=lambda name: (not name.replace("_", "").isupper(), name)
    )
    assert set(module.__all__) == (visible - PYTHON) | LAZY.get(name, set())


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in LAZY for name in sorted(LAZY[package])]
)
def test_what_is_loaded_late_is_there_when_it_is_asked_for(package: str, name: str) -> None:
    found = getattr(import_module(package), name)
    assert found if name.isupper() else found.__name__.rpartition(".")[2] == name


def test_a_name_that_no_package_has_is_an_attribute_error() -> None:
    module, misspelt = import_module("aisa_testkit.mock_server"), "VideoSever"
    with pytest.raises(AttributeError, match=r"'aisa_testkit\.mock_server' .* 'VideoSever'"):
        getattr(module, misspelt)


def test_the_root_package_shows_nothing() -> None:
    root = import_module("aisa_testkit")
    public = {key for key, value in vars(root).items() if not isinstance(value, ModuleType)}
    assert {key for key in public if not key.startswith("_")} <= {"annotations"}
