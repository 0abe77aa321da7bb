"""Mocks in processes, and their config files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.serve_process import ServeProcess, serve_process


@pytest.fixture
def serve() -> Iterator[Callable[..., ServeProcess]]:
    """Starts mocks that stop at the end of the test."""
    with ExitStack() as processes:
        yield lambda *arguments: processes.enter_context(serve_process(*arguments))


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a config file, and replaces the previous one of the same name."""

    def write(text: str, *, name: str = "config.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
