"""The mock in a test: in process, on a socket, with or without pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..contracts.explorer.search import Exploration, NothingToExplore
    from ..mock_server import JobFile
    from .contract import Contract
    from .errors import (
        ContractError,
        ContractWarning,
        InfiniteLoop,
        UnreadMarkerWarning,
        UnusedMockError,
        UnusedPlanError,
        UnusedPlanWarning,
    )
    from .exploration import explore
    from .mock import VideoMock, mock_videos
    from .observed_mock import ObservedMock
    from .options import MockOptions
    from .program_time import ProgramClock, RealTimeError
    from .shared_server import serve_videos

__all__ = [
    "Contract",
    "ContractError",
    "ContractWarning",
    "Exploration",
    "InfiniteLoop",
    "JobFile",
    "MockOptions",
    "NothingToExplore",
    "ObservedMock",
    "ProgramClock",
    "RealTimeError",
    "UnreadMarkerWarning",
    "UnusedMockError",
    "UnusedPlanError",
    "UnusedPlanWarning",
    "VideoMock",
    "explore",
    "mock_videos",
    "serve_videos",
]

# pytest imports this package at its start, wherever the toolkit is installed: only the hooks are
# loaded then, and all other modules when they are used.
_MODULES = {
    "Contract": "contract",
    "ContractError": "errors",
    "ContractWarning": "errors",
    "Exploration": "exploration",
    "MockOptions": "options",
    "NothingToExplore": "exploration",
    "explore": "exploration",
    "InfiniteLoop": "errors",
    "JobFile": ".mock_server",
    "ProgramClock": "program_time",
    "RealTimeError": "program_time",
    "UnreadMarkerWarning": "errors",
    "UnusedMockError": "errors",
    "UnusedPlanError": "errors",
    "UnusedPlanWarning": "errors",
    "VideoMock": "mock",
    "ObservedMock": "observed_mock",
    "mock_videos": "mock",
    "serve_videos": "shared_server",
}


def __getattr__(name: str) -> object:
    """Load a public name from its module."""
    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
