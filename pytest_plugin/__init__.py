"""The mock in a test: in process, on a socket, with or without pytest."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contract import Contract, ContractError, ContractWarning
    from .journal import InfiniteLoop
    from .mock import VideoMock, mock_videos
    from .observed_mock import ObservedMock
    from .options import MockOptions
    from .server import serve_videos

__all__ = [
    "Contract",
    "ContractError",
    "ContractWarning",
    "InfiniteLoop",
    "MockOptions",
    "ObservedMock",
    "VideoMock",
    "mock_videos",
    "serve_videos",
]

# pytest imports this package at its start, wherever the toolkit is installed: everything but the
# hooks is loaded when it is asked for.
_HOMES = {
    "Contract": "contract",
    "ContractError": "contract",
    "ContractWarning": "contract",
    "MockOptions": "options",
    "InfiniteLoop": "journal",
    "VideoMock": "mock",
    "ObservedMock": "observed_mock",
    "mock_videos": "mock",
    "serve_videos": "server",
}


def __getattr__(name: str) -> object:
    """Loads what is asked for."""
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
