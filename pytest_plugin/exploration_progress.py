"""The progress of an exploration, as a line on the terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Any

import pytest

from ..contracts.explorer.search import Exploration
from ..openapi.text import count_of

INTERVAL = 0.2
"""The shortest time between two lines, in seconds."""


class ExplorationProgress:
    """Shows how many behaviours were tried, if the output is a terminal.

    Args:
        config: The config of the run.
        name: The name of the test.
    """

    def __init__(self, config: pytest.Config, name: str) -> None:
        self._reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._capture = config.pluginmanager.get_plugin("capturemanager")
        self._name, self._shown_at = name, monotonic()
        self._visible = self._reporter is not None and self._reporter.isatty

    def show(self, exploration: Exploration) -> None:
        """Show the present state, unless it was shown just now."""
        if self._visible and monotonic() - self._shown_at >= INTERVAL:
            self._shown_at = monotonic()
            known = exploration.runs + exploration.waiting
            found = count_of(len(exploration.findings), "finding")
            self._write(f"{self._name}: {exploration.runs:,} of {known:,} behaviours, {found}")

    def close(self) -> None:
        """Remove the line."""
        if self._visible:
            self._write("")

    def print(self, *texts: str) -> None:
        """Print texts that stay, whether or not the output is a terminal."""
        if self._reporter is not None and texts:
            with self._without_capture():
                self._reporter.write_line("\n" + "\n\n".join(texts))

    def _write(self, text: str) -> None:
        with self._without_capture():
            self._reporter.rewrite(text, erase=True)

    def _without_capture(self) -> AbstractContextManager[object]:
        return (
            nullcontext() if self._capture is None else self._capture.global_and_fixture_disabled()
        )
