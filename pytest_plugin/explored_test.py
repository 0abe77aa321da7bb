"""Tests with the marker `video_explore`: each is run once for every behaviour of the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.oracle import Finding
from ..contracts.explorer.run import Run
from ..contracts.explorer.search import Exploration, NothingToExplore
from ..contracts.reports.exploration_report import (
    by_behaviour,
    describe_findings,
    exploration_summary,
)
from ..openapi.files import replace_file
from .counterexample_test import (
    MARKER,
    counterexample_module,
    counterexample_name,
    counterexample_test,
)
from .exploration_progress import ExplorationProgress
from .explore_options import ExploreOptions
from .explored_run import NO_FAILURE, ExploredRun
from .explored_service import ExploredService
from .program_time import ProgramClock, ProgramTime, open_program_time
from .stash import EXPLORATION_PART as PART
from .stash import EXPLORATION_SECTION, EXPLORED

FIXTURE = "video_mock"
QUICK: Final[dict[str, Any]] = {"faults": 1, "restarts": False}


def explore_test(item: pytest.Function, nextitem: pytest.Item | None, *, quick: bool) -> None:
    """Explore a marked test, and report the result as that of the test.

    Args:
        item: The test.
        nextitem: The test after it; None if it is the last one.
        quick: True for one fault in a behaviour, and no kill.
    """
    hooks = item.ihook
    hooks.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    explorer = TestExplorer(item, quick=quick)
    phases = [
        pytest.CallInfo.from_call(lambda: None, when="setup"),
        pytest.CallInfo.from_call(explorer.explore, when="call", reraise=NO_FAILURE),
        # The fixtures of the module, unless the next test has them, too.
        pytest.CallInfo.from_call(
            lambda: item.session._setupstate.teardown_exact(nextitem),  # pyright: ignore[reportPrivateUsage]
            when="teardown",
        ),
    ]
    for call in phases:
        report = hooks.pytest_runtest_makereport(item=item, call=call)
        if call.when == "call" and report.passed:
            report.sections.append((EXPLORATION_SECTION, explorer.summary))
        hooks.pytest_runtest_logreport(report=report)
    hooks.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


class TestExplorer:
    """Runs a test again and again, each time with fresh fixtures.

    Args:
        item: The test.
        quick: True for one fault in a behaviour, and no kill.
    """

    __test__ = False  # pytest would take it for a class of tests

    def __init__(self, item: pytest.Function, *, quick: bool) -> None:
        self._item, self._quick = item, quick
        self._service = ExploredService(ProgramClock().now())
        self.summary = ""

    def explore(self) -> None:
        """Explore the test; fails with what goes wrong."""
        if FIXTURE not in self._item.fixturenames:
            reason = f"the marker {MARKER} needs the fixture {FIXTURE}"
            pytest.fail(f"{reason}: add it to the arguments of {self._item.name}", pytrace=False)
        options = self._read_options()
        try:
            exploration = self._perform(options)
        except NothingToExplore as error:
            pytest.fail(str(error), pytrace=False)
        self.summary = exploration_summary(exploration)
        if exploration.findings:
            pytest.fail(self._describe(exploration, options), pytrace=False)

    def _read_options(self) -> ExploreOptions:
        marker = self._item.get_closest_marker(MARKER)
        assert marker is not None
        try:
            options = ExploreOptions.read(*marker.args, **marker.kwargs)
        except (TypeError, ValueError) as error:
            pytest.fail(f"marker {MARKER}: {error}", pytrace=False)
        return replace(options, **QUICK) if self._quick else options

    def _perform(self, options: ExploreOptions) -> Exploration:
        progress = ExplorationProgress(self._item.config, self._item.name)
        known: list[Exploration] = []

        def on_run(exploration: Exploration) -> None:
            known[:] = [exploration]
            progress.show(exploration)

        try:
            with open_program_time() as time:
                return options.perform(
                    lambda behaviour: self._run(behaviour, options, time),
                    lambda: self._service.service,
                    part=self._part(),
                    on_run=on_run,
                )
        except KeyboardInterrupt:
            progress.print(*(self._describe(exploration, options) for exploration in known))
            raise
        finally:
            progress.close()

    def _part(self) -> tuple[int, int]:
        """Return which part of the behaviours this worker of pytest-xdist explores, from 0."""
        parameters = self._item.callspec.params if hasattr(self._item, "callspec") else {}
        part: Any = parameters.get(PART, (0, 1))
        number, count = part
        return number, count

    def _describe(self, exploration: Exploration, options: ExploreOptions) -> str:
        """Return what goes wrong, and for each behaviour a test that shows it."""
        return "\n\n".join([exploration_summary(exploration), *self._texts(exploration, options)])

    def _texts(self, exploration: Exploration, options: ExploreOptions) -> Iterator[str]:
        names, groups = set[str](), by_behaviour(exploration)
        for number, findings in enumerate(groups, start=1):
            name = counterexample_name(self._item, findings[0], taken=names)
            names.add(name)
            yield f"{number} of {len(groups)}: {describe_findings(findings)}"
            if options.behaviour is None:
                yield counterexample_test(self._item, findings[0], name)
            if folder := self._item.config.getoption("video_explore_save"):
                yield f"saved as {self._save(findings[0], name, Path(folder))}"

    def _save(self, finding: Finding, name: str, folder: Path) -> Path:
        """Save a test that shows a finding; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.py"
        text = counterexample_module(self._item, finding, name, folder.absolute())
        replace_file(path, text.encode())
        return path

    def _run(self, behaviour: Behaviour, options: ExploreOptions, time: ProgramTime) -> Run:
        """Run the test with fresh fixtures, in which the API behaves so."""
        item, hooks = self._item, self._item.ihook
        explored = ExploredRun(behaviour, options, time=time, service=self._service)
        item.stash[EXPLORED] = explored
        item._initrequest()  # pyright: ignore[reportPrivateUsage]  # as plugins that repeat tests do
        try:
            self._set_up()
            return explored.perform(
                lambda: hooks.pytest_runtest_call(item=item), folder=self._folder()
            )
        finally:
            # Fixtures of other scopes stay for the next run.
            hooks.pytest_runtest_teardown(item=item, nextitem=item.parent)
            del item.stash[EXPLORED]

    def _set_up(self) -> None:
        """Set the fixtures up; raises what they raise."""
        item, hooks = self._item, self._item.ihook
        call = pytest.CallInfo.from_call(
            lambda: hooks.pytest_runtest_setup(item=item), when="setup", reraise=NO_FAILURE
        )
        hooks.pytest_runtest_makereport(item=item, call=call)  # the fixture tmp_path needs it
        if call.excinfo is not None:
            raise call.excinfo.value

    def _folder(self) -> Path | None:
        folder = self._item.funcargs.get("tmp_path")
        return folder if isinstance(folder, Path) else None
