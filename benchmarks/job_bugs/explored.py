"""The corpus under exploration: every behaviour of the API towards a program."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aisa_testkit.pytest_plugin import Exploration, VideoMock, explore

from .bug import JobBug, Program


def explore_program(
    bug: JobBug, program: Program, *, faults: int, restarts: bool, prunes: bool = True
) -> Exploration:
    """Explore a program of a bug, with its webhooks if it receives them."""
    folders: list[Path] = []

    def run(mock: VideoMock, folder: Path) -> None:
        folders[:] = [folder]
        program.run(folder)

    def receive(headers: Mapping[str, str], body: bytes) -> int:
        return 200 if program.receive is None else program.receive(folders[0], headers, body)

    return explore(
        run,
        faults=faults,
        restarts=restarts,
        prunes=prunes,
        raises=bug.raises,
        webhook=receive if program.receive is not None else None,
    )
