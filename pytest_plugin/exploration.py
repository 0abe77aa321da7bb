"""The exploration of a program in this process: every behaviour of the API towards it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import fields, replace
from inspect import Parameter, signature
from pathlib import Path
from typing import Final, TypeAlias

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.run import Run
from ..contracts.explorer.search import Exploration, NothingToExplore
from .explore_options import ExploreOptions
from .explored_run import ExploredRun
from .explored_service import ExploredService
from .mock import VideoMock
from .option_checks import require_names
from .options import MockOptions
from .program_time import ProgramClock, open_program_time

__all__ = ["Exploration", "NothingToExplore", "Program", "explore"]

Program: TypeAlias = Callable[..., object]
"""A program that uses the API of a mock, and leaves its files in a folder.

It takes the arguments that it needs: `mock` or `video_mock`, `folder` or `tmp_path`. Arguments with
other names are the mock and the folder, in this order. It may be a coroutine function.
"""


def explore(
    program: Program,
    *,
    on_run: Callable[[Exploration], None] = lambda exploration: None,
    **options: object,
) -> Exploration:
    """Try every behaviour of the API towards a program, and return what goes wrong.

    Args:
        program: The program; it is called with the mock and an empty folder, again after a kill.
            It may take one of them alone, or neither, and it may be a coroutine function.
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
    service = ExploredService(ProgramClock().now())
    with tempfile.TemporaryDirectory() as parent, open_program_time() as time:
        folder = Path(parent, "work")

        def run(behaviour: Behaviour) -> Run:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            explored = ExploredRun(behaviour, explore_options, time=time, service=service)
            with explored.start_mock(mock_options, mock_options.create_contract()) as mock:
                return explored.perform(lambda: _call(program, mock, folder), folder=folder)

        return explore_options.perform(run, lambda: service.service, on_run=on_run)


def _call(program: Program, mock: VideoMock, folder: Path) -> object:
    """Run a program with the arguments that it takes."""
    named: dict[str, object] = dict.fromkeys(("mock", "video_mock"), mock)
    named |= dict.fromkeys(("folder", "tmp_path"), folder)
    required = [
        parameter.name
        for parameter in signature(program).parameters.values()
        if parameter.default is Parameter.empty and parameter.kind in _POSITIONAL
    ]
    in_order = iter((mock, folder))
    result = program(*(named.get(name) or next(in_order) for name in required))
    return asyncio.run(result) if isinstance(result, Coroutine) else result


def _names_of(options: type[ExploreOptions] | type[MockOptions]) -> list[str]:
    return [each.name for each in fields(options)]


def _chosen(options: dict[str, object], names: list[str]) -> dict[str, object]:
    return {name: value for name, value in options.items() if name in names}


_POSITIONAL: Final = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
