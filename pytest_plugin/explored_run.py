"""One run of a program against one behaviour of the API: its mock, its folder, its restarts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from traceback import walk_tb
from typing import Any, Required, TypedDict

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.record import ProgramKilled, ProgramRecord, ProgramStuck
from ..contracts.explorer.run import End, Job, Run, SavedFile
from ..contracts.explorer.search import NothingToExplore
from ..contracts.rules.client_catalogue import UNKNOWN_STATUS_ACCEPTED, USED_TOO_EARLY
from ..contracts.rules.violation import Violation
from ..mock_server import Endpoint, JobService, MovableClock
from ..mock_server.known_jobs import KnownJobs
from ..mock_server.program_folder import ProgramFolder
from .call_site import owner_of, place_at
from .contract import Contract
from .errors import InfiniteLoop
from .explore_options import ExploreOptions
from .explored_endpoint import ExploredEndpoint
from .explored_service import ExploredService
from .mock import VideoMock, start_mock
from .mock_journal import MockJournal
from .options import MockOptions
from .program_time import ProgramTime, RealTimeError
from .program_time.run import ProgramRun

MAX_REAL_SECONDS = 5.0
"""So long the threads of a program have for their end."""

NO_FAILURE = (KeyboardInterrupt,)
"""The exceptions that end the exploration, not the program."""


class ExploredRun:
    """One run of a program.

    Args:
        behaviour: The behaviour of the API.
        options: What the program may do.
        time: The time of the program, which is virtual as long as it runs.
        service: The service, which is the same in each run.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        options: ExploreOptions,
        *,
        time: ProgramTime,
        service: ExploredService,
    ) -> None:
        self._behaviour, self._time, self._raises = behaviour, time, options.declared
        self._service, self._clock = service, service.clock
        self._clock.restart()
        self._limit = self._clock.now() + options.max_seconds
        self._folder: ProgramFolder | None = None
        self._jobs = KnownJobs()
        self._clock.stop_at(lambda: self._limit)
        self._clock.on_move(self._stop_at_limit)
        self._program: ProgramRun | None = None
        self._record = ProgramRecord(
            behaviour,
            now=self._clock.now,
            state=self._state,
            require_life=self._require_life,
            on_kill=self._kill,
        )

    @contextmanager
    def start_mock(self, options: MockOptions, contract: Contract) -> Iterator[VideoMock]:
        """Mock the API with the behaviour, and with these options."""
        __tracebackhide__ = True
        with start_mock(
            options,
            contract,
            open_service=partial(self._service.open, life=self._behaviour.life),
            open_endpoint=self._open_endpoint,
            replace_time=lambda _: nullcontext(),  # each start of the program has its own time
        ) as mock:
            for operation_id, nth, fault in self._behaviour.injections:
                once = {"operation": operation_id, "nth": nth, "times": 1}
                mock.service.faults.add({**fault.options, **once})
            self._mock, self._contract = mock, contract
            yield mock

    def perform(self, program: Callable[[], object], *, folder: Path | None) -> Run:
        """Run the program to its end, again after a kill, and return what happened.

        Args:
            program: The program; it uses the mock, which has been started.
            folder: The folder of its files, which a restart keeps; None for none.

        Raises NothingToExplore if threads of the program do not end.
        """
        self._folder = None if folder is None else ProgramFolder(folder)
        ending = self._run_once(program)
        if self._record.killed:
            if self._folder is not None:
                self._folder.restore()
            self._record.restart()
            self._mock.note_restart()
            ending = self._run_once(program)
        errors, _ = self._contract.unreported()
        files = () if self._folder is None else self._folder.job_files()
        self._state()  # keeps the jobs of a request that was not answered, too
        return Run(
            self._behaviour,
            tuple(self._record.steps),
            jobs=tuple(Job(*job) for job in self._jobs.outcomes(self._clock.now())),
            files=tuple(SavedFile(*file) for file in files),
            errors=tuple(error.summary for error in errors if not self._is_excused(error)),
            struck=self._record.struck,
            **ending,
        )

    def _is_excused(self, error: Violation) -> bool:
        """Return True for a rule that knows no webhooks, which notify a program of the end."""
        return self._mock.service.webhooks is not None and error.code in _BLIND_TO_WEBHOOKS

    def _run_once(self, program: Callable[[], object]) -> _Ending:
        """Run the program from its start to its end, or to its kill."""
        trace = sys.gettrace()
        with self._time.run(self._clock, seed=0) as self._program:
            ending = self._ending_of(lambda: self._run_to_last_event(program))
            self._program.stop(ProgramKilled)  # what it has left behind ends with it
            sys.settrace(trace)
            if self._program.was_ignored:
                reason = f"the program catches the error that ends it at {ending.get('place')}"
                raise NothingToExplore(f"{reason}: let it catch Exception, not BaseException")
            if places := self._program.join_threads(MAX_REAL_SECONDS):
                reason = "threads of the program do not end, and do not wait by its clock"
                raise NothingToExplore(f"{reason}: {'; '.join(places)}")
        return ending

    def _run_to_last_event(self, program: Callable[[], object]) -> None:
        """Run a program, and let it receive the events of its jobs, for which it has not waited."""
        program()
        webhooks = self._mock.service.webhooks
        while webhooks is not None and (due := webhooks.next_due()) is not None:
            if due > self._limit:
                break
            self._clock.advance(max(0.0, due - self._clock.now()))

    def _ending_of(self, program: Callable[[], object]) -> _Ending:
        try:
            program()
        except NO_FAILURE:
            raise
        except RealTimeError as error:
            raise NothingToExplore(str(error)) from None
        except BaseException as error:  # also SystemExit, with which programs end
            return self._raised(error)
        return _Ending(end=End.RETURNED)

    def _raised(self, error: BaseException) -> _Ending:
        """Return the end of a program that has raised an error, or a group of errors."""
        leaves = [*_leaves(error)]
        for leaf in leaves:
            if isinstance(leaf, ProgramStuck | InfiniteLoop):
                return _Ending(end=End.STUCK, exception=str(leaf), place=_place_of(leaf))
        if all(isinstance(leaf, SystemExit) and not leaf.code for leaf in leaves):
            return _Ending(end=End.RETURNED)
        asserted = [leaf for leaf in leaves if _is_of_assertion(leaf)]
        undeclared = [leaf for leaf in leaves if not isinstance(leaf, self._raises)]
        shown = next(iter([*asserted, *undeclared, *leaves]))
        return _Ending(
            end=End.RAISED,
            exception=f"{type(shown).__name__}: {shown}".partition("\n")[0],
            declared=not undeclared or isinstance(error, self._raises),
            assertion=bool(asserted),
            place=_place_of(shown) or _place_of(error),
        )

    def _open_endpoint(self, service: JobService[MovableClock], journal: MockJournal) -> Endpoint:
        return ExploredEndpoint(service, observers=[journal], record=self._record)

    def _require_life(self) -> None:
        if self._program is not None:
            self._program.require_life()
            self._program.take_turn()

    def _state(self) -> Hashable:
        """Return what a restart would find: the files of the program, and the jobs."""
        states = self._jobs.look(self._mock.service)
        return states, None if self._folder is None else self._folder.state()

    def _kill(self) -> None:
        """End the program, and keep what it has written: what it writes from now on is lost."""
        if self._folder is not None:
            self._folder.keep()
        if self._program is not None:
            self._program.stop(ProgramKilled)

    def _stop_at_limit(self) -> None:
        if self._program is not None and self._clock.now() >= self._limit:
            seconds = self._clock.client_time()
            reason = f"after {seconds:.0f} seconds of its time it still runs"
            self._program.stop(lambda: ProgramStuck(reason))


_BLIND_TO_WEBHOOKS = (USED_TOO_EARLY.code, UNKNOWN_STATUS_ACCEPTED.code)


class _Ending(TypedDict, total=False):
    """How a run ended: fields of `Run`."""

    end: Required[End]
    exception: str
    declared: bool
    assertion: bool
    place: str


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group and of the groups in it, or the error alone."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _is_of_assertion(error: BaseException) -> bool:
    """Return True for a failed assertion, and for `pytest.fail()`; pytest may not be imported."""
    outcomes: Any = sys.modules.get("_pytest.outcomes")
    return isinstance(error, AssertionError) or (
        outcomes is not None and isinstance(error, outcomes.fail.Exception)
    )


def _place_of(error: BaseException) -> str:
    """Return the last place in the program of a traceback."""
    places = [
        place_at(frame, line)
        for frame, line in walk_tb(error.__traceback__)
        if owner_of(frame.f_code.co_filename) == "program"
    ]
    return places[-1] if places else ""
