"""The exploration of a program in this process: every behaviour of the API towards it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeAlias

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.run import Run
from ..contracts.explorer.search import Exploration, NothingToExplore
from ..contracts.explorer.space import space_of
from .explore_options import ExploreOptions
from .explored_run import ExploredRun
from .mock import VideoMock
from .option_checks import require_names
from .options import MockOptions
from .program_time import ProgramClock, open_program_time

__all__ = ["Exploration", "NothingToExplore", "Program", "explore"]

Program: TypeAlias = Callable[[VideoMock, Path], object]
"""A program that uses the API of a mock, and leaves its files in a folder."""


def explore(
    program: Program,
    *,
    on_run: Callable[[Exploration], None] = lambda exploration: None,
    **options: object,
) -> Exploration:
    """Try every behaviour of the API towards a program, and return what goes wrong.

    Args:
        program: The program; it is called with the mock and an empty folder, again after a kill.
        on_run: Is called after each run.
        options: The options of ExploreOptions, such as `faults=2`, and of MockOptions.

    Raises NothingToExplore for a program that makes no request, does not end without faults, or
    does something else in a second run; TypeError and ValueError for invalid options.
    """
    explore_names, mock_names = _names_of(ExploreOptions), _names_of(MockOptions)
    require_names([*explore_names, *mock_names], (), options)
    explore_options = ExploreOptions.read(**_chosen(options, explore_names))
    mock_options = MockOptions.read(**_chosen(options, mock_names))
    document = mock_options.load_document()
    mock_options = replace(mock_options, document=document, overlays=(), unused_plans="pass")
    start = ProgramClock().now()
    with tempfile.TemporaryDirectory() as parent, open_program_time() as time:
        folder = Path(parent, "work")

        def run(behaviour: Behaviour) -> Run:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            explored = ExploredRun(behaviour, explore_options, time=time, start=start)
            with explored.start_mock(mock_options, mock_options.create_contract()) as mock:
                return explored.perform(lambda: program(mock, folder), folder=folder)

        return explore_options.perform(run, lambda: space_of(document), on_run=on_run)


def _names_of(options: type[ExploreOptions] | type[MockOptions]) -> list[str]:
    return [each.name for each in fields(options)]


def _chosen(options: dict[str, object], names: list[str]) -> dict[str, object]:
    return {name: value for name, value in options.items() if name in names}
