"""The public names of each package."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

# Imported on first use, so that a program without a socket does not wait for Starlette.
LAZY = {
    "aisa_testkit.contracts": {
        *("CLIENT_RULES", "RULES", "SERVER_RULES", "BudgetExceeded", "ClientVerdict"),
        *("ContractBreach", "Coverage", "CoverageGroup", "CoverageItem"),
        *("CredentialsRejected", "Exchange", "ExchangeConformance", "HistoryConformance"),
        *("HttpTarget", "Journal", "NotThisApi", "Party", "Recording", "RecordingError"),
        *("Rule", "ServerUnreachable", "Severity", "UnmatchedKind", "UnmatchedRequest"),
        *("Violation", "check_client", "check_exchange", "check_history", "check_server"),
        *("job_machine", "read_exchange", "read_recording", "strategies"),
        "write_recording",
    },
    "aisa_testkit.mock_server": {"HttpReceiver", "VideoServer", "create_app", "serve_in_thread"},
    "aisa_testkit.pytest_plugin": {
        *("Contract", "ContractError", "ContractWarning"),
        *(
            "Exploration",
            "InfiniteLoop",
            "JobFile",
            "MockOptions",
            "NothingToExplore",
            "VideoMock",
            "ObservedMock",
            "ProgramClock",
            "RealTimeError",
            "UnreadMarkerWarning",
            "UnusedMockError",
            "UnusedPlanError",
            "UnusedPlanWarning",
            "explore",
            "mock_videos",
            "serve_videos",
        ),
    },
}
# Names of Python itself.
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
def test_all_is_sorted_and_complete(name: str) -> None:
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
def test_lazy_name_is_imported_on_first_use(package: str, name: str) -> None:
    found = getattr(import_module(package), name)
    assert found if name.isupper() else found.__name__.rpartition(".")[2] == name


def test_unknown_name_is_an_attribute_error() -> None:
    module, misspelled = import_module("aisa_testkit.mock_server"), "VideoSever"
    with pytest.raises(AttributeError, match=r"'aisa_testkit\.mock_server' .* 'VideoSever'"):
        getattr(module, misspelled)


def test_root_package_has_no_public_names() -> None:
    root = import_module("aisa_testkit")
    public = {key for key, value in vars(root).items() if not isinstance(value, ModuleType)}
    assert {key for key in public if not key.startswith("_")} <= {"annotations"}
