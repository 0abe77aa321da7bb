"""One run of a program in a process of its own, against its own mock on a socket."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Lock, Timer
from typing import IO

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.record import ProgramKilled, ProgramRecord, ProgramStuck, StepObserver
from ..contracts.explorer.run import End, Job, Run, SavedFile
from ..contracts.journal.journal import Journal
from ..contracts.rules.rule import Severity
from ..mock_server import Endpoint, JobService
from ..mock_server.client_variables import client_variables
from ..mock_server.http.admin import AdminApp
from ..mock_server.http.app import MockApp
from ..mock_server.known_jobs import KnownJobs
from ..mock_server.manual_clocks import TickingClock
from ..mock_server.program_folder import ProgramFolder
from ..openapi import Document, Reply
from ..openapi.messages import Delivery
from .process_server import ProcessServer

LINKED = ("node_modules", ".venv", "venv")
"""Folders that are not copied for each run, but shared by all."""

LEFT_OUT = shutil.ignore_patterns(".git", "__pycache__", *LINKED)

NO_RESPONSE = Reply(503, delivery=Delivery(bytes_delivered=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredCommand:
    """A program, as it is explored.

    Args:
        command: The command and its arguments.
        folder: The folder of which each run has a copy.
        document: The document of the API.
        start: The time of the mock at the start of each run (Unix seconds).
        max_seconds: A program that runs for longer, in real seconds, does not end.
        fails_with: The exit codes with which the program may end; None for all but that of a crash.
    """

    command: Sequence[str]
    folder: Path
    document: Document
    start: float
    max_seconds: float
    fails_with: Collection[int] | None

    def run(self, behaviour: Behaviour, server: ProcessServer) -> Run:
        """Run the program to its end, again after a kill, and return what happened."""
        with TemporaryDirectory(prefix="aisa-testkit-") as parent:
            folder = Path(parent, "work")
            shutil.copytree(self.folder, folder, symlinks=True, ignore=LEFT_OUT)
            for name in LINKED:
                if (self.folder / name).is_dir():
                    (folder / name).symlink_to(self.folder / name, target_is_directory=True)
            return _ProcessRun(self, behaviour, server, ProgramFolder(folder)).perform()


class _ProcessRun:
    """One run of a program."""

    def __init__(
        self,
        program: ExploredCommand,
        behaviour: Behaviour,
        server: ProcessServer,
        folder: ProgramFolder,
    ) -> None:
        self._program, self._behaviour = program, behaviour
        self._server, self._folder = server, folder
        self._jobs, self._lock, self._stuck = KnownJobs(), Lock(), ""
        self._process: subprocess.Popen[bytes] | None = None
        clock = TickingClock(program.start)
        self._service = JobService(
            program.document, clock=clock, seed=0, scenario=behaviour.life.scenario, strict=True
        )
        for operation_id, nth, fault in behaviour.injections:
            once = {"operation": operation_id, "nth": nth, "times": 1}
            self._service.faults.add({**fault.options, **once})
        self._journal = Journal(program.document, now=clock.now)
        self._record = ProgramRecord(
            behaviour,
            now=clock.now,
            state=lambda: (self._jobs.look(self._service), self._folder.state()),
            require_life=self._require_life,
            on_kill=self._kill,
        )

    def perform(self) -> Run:
        self._server.stop = self._end_processes
        app = MockApp(_CountedEndpoint(self), admin=AdminApp(self._service))
        with self._server.serve(app) as origin:
            variables = client_variables(f"{origin}{self._service.document.base_path}")
            ending = self._run_once(variables)
            if self._record.killed:
                self._record.restart()
                self._journal.note_restart()
                ending = self._run_once(variables)
        self._jobs.look(self._service)
        errors = [
            group.first.summary
            for group in self._journal.client_verdict().findings
            if group.first.severity is Severity.ERROR
        ]
        return Run(
            self._behaviour,
            tuple(self._record.steps),
            *ending,
            jobs=tuple(Job(*job) for job in self._jobs.outcomes(self._service.clock.now())),
            files=tuple(SavedFile(*file) for file in self._folder.job_files()),
            errors=tuple(errors),
            struck=self._record.struck,
        )

    def _run_once(self, variables: Mapping[str, str]) -> tuple[End, str, bool]:
        """Run the program from its start to its end, or to its kill.

        Returns the end, what it said last, and whether it may end so.
        """
        with TemporaryFile() as errors:
            with self._lock:
                self._process = subprocess.Popen(
                    self._program.command,
                    cwd=self._folder.path,
                    env={**os.environ, **variables},
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    start_new_session=True,
                )
            # To wait with a timeout would be to look again and again.
            seconds = self._program.max_seconds
            reason = f"after {seconds:g} seconds it still runs"
            timer = Timer(seconds, self.end_stuck, [reason])
            timer.start()
            try:
                code = self._process.wait()
            finally:
                timer.cancel()
                self._end_processes()
            return self._ending(code, _last_lines(errors))

    def _ending(self, code: int, output: Sequence[str]) -> tuple[End, str, bool]:
        if self._stuck:
            return End.STUCK, self._stuck, False
        if code == 0:
            return End.RETURNED, "", False
        reason = f"exit code {code}" if code > 0 else f"signal {-code}"
        said = f"{reason}: {output[-1]}" if output else reason
        allowed = self._program.fails_with
        declared = code in allowed if allowed is not None else code > 0 and not _is_crash(output)
        return End.RAISED, said, declared

    def _require_life(self) -> None:
        if self._record.killed:
            raise ProgramKilled

    def _kill(self) -> None:
        self._end_processes()

    def _end_processes(self) -> None:
        """End the program and all processes that it has started."""
        with self._lock:
            if self._process is not None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def end_stuck(self, reason: str) -> None:
        """End a program that does not end."""
        self._stuck = reason
        self._end_processes()

    @property
    def parts(self) -> tuple[JobService[TickingClock], Journal, ProgramRecord]:
        """The service, the journal of its requests, and the record of the run."""
        return self._service, self._journal, self._record


class _CountedEndpoint(Endpoint):
    """An endpoint that reports each request to the record of a run."""

    def __init__(self, run: _ProcessRun) -> None:
        service, journal, self._record = run.parts
        steps = StepObserver(service.document, self._record)
        super().__init__(service, observers=(journal, steps))
        self._run = run

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        try:
            self._record.begin_request()
            return super().respond(method, path, query=query, headers=headers, body=body)
        except ProgramStuck as stuck:
            self._run.end_stuck(str(stuck))
        except ProgramKilled:
            pass
        return NO_RESPONSE


def _last_lines(output: IO[bytes]) -> list[str]:
    """Return the last lines that a program has printed, without blank ones."""
    output.seek(max(0, output.seek(0, os.SEEK_END) - 10_000))
    text = output.read().decode(errors="replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _is_crash(output: Sequence[str]) -> bool:
    """Return True if a program has ended by an error that it does not catch."""
    return any(map(_TRACEBACK.match, output))


# The first line of a traceback of Python, Go, Java and Rust, and a frame of one of Node.
_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):|panic: |Exception in thread |thread '.*' panicked"
    r"|at .*\(?\S+:\d+:\d+\)?$"
)
