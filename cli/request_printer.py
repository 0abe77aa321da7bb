"""The lines that `serve` prints about requests, written by a thread of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import Full, Queue
from threading import Lock, Thread

from ..contracts.journal.entry import Entry
from ..contracts.journal.journal import Journal
from ..contracts.traffic.exchange import UnmatchedKind, UnmatchedRequest
from ..openapi import Call, Reply
from ..openapi.text import count_of
from .request_line import request_line


class RequestPrinter:
    """Prints a line about each unusual request, or about each request, for the length of a block.

    No request waits for its line. If the lines cannot be written as fast as requests arrive, some
    are left out, and their number is printed.

    Args:
        write: Writes a line. After an OSError, no more lines are written.
        verbose: True for a line about each request.
    """

    def __init__(self, write: Callable[[str], None], *, verbose: bool = False) -> None:
        self._write, self.verbose = write, verbose
        self._waiting = Queue[tuple[Journal, Entry] | None](_MAX_WAITING)
        # The bytes of the bodies that wait, and the number of lines that are left out.
        self._lock, self._size, self._left_out = Lock(), 0, 0
        self._thread = Thread(target=self._run, name="request lines", daemon=True)

    def __enter__(self) -> RequestPrinter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Print the remaining lines; a blocked terminal does not delay the end for long."""
        try:
            self._waiting.put(None, timeout=_STOP_SECONDS)
        except Full:
            return
        self._thread.join(_STOP_SECONDS)

    def observe(self, journal: Journal) -> RequestObserver:
        """Return an observer of the requests to a mock with this journal."""
        return RequestObserver(self, journal)

    def add(self, journal: Journal, entry: Entry) -> None:
        """Print a line about a request soon, if it is unusual."""
        with self._lock:
            if self._size <= _MAX_WAITING_BYTES:
                with suppress(Full):
                    self._waiting.put_nowait((journal, entry))
                    self._size += entry.size
                    return
            self._left_out += 1

    def _run(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                self._print(*item)
                with self._lock:
                    self._size -= item[1].size
                if self._waiting.empty():
                    self._print_left_out()
            self._print_left_out()
        except OSError:  # stdout is closed
            self._discard()

    def _print_left_out(self) -> None:
        with self._lock:
            left_out, self._left_out = self._left_out, 0
        if left_out:
            self._write(f"{count_of(left_out, 'line')} left out")

    def _print(self, journal: Journal, entry: Entry) -> None:
        try:
            line = request_line(journal, entry, verbose=self.verbose)
        except Exception:  # must not end the thread
            _logger.exception("a request could not be printed")
            return
        if line is not None:
            self._write(line)

    def _discard(self) -> None:
        while self._waiting.get() is not None:
            pass


class RequestObserver:
    """Passes unusual requests, or all, to a printer. It must be informed before the journal.

    Args:
        printer: The printer.
        journal: The journal of the same mock.
    """

    def __init__(self, printer: RequestPrinter, journal: Journal) -> None:
        self._printer, self._journal, self._verbose = printer, journal, printer.verbose

    def answered(self, call: Call, reply: Reply) -> None:
        """Print a call with its reply; fast for usual calls."""
        if self._verbose or reply.status >= 400 or reply.notes is not None:
            self._add(call, reply)

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Print a request that matches no operation."""
        self._journal.keys.remember(headers or {})
        self._add(UnmatchedRequest(method, path))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Print a request that was not valid HTTP or did not arrive completely."""
        self._journal.keys.remember(headers or {})
        self._add(UnmatchedRequest(method, path, reason, UnmatchedKind.INVALID, status))

    def undelivered(self, reply: Reply) -> None:
        """Print that a client disconnected before it received all of this reply.

        A fault that breaks the connection is already printed.
        """
        if reply.notes is not None and reply.notes.faults:
            return
        for entry in reversed(self._journal.log.entries):
            if entry.reply is reply:
                self._add(entry.request, reply, delivered=False)
                return

    def _add(
        self,
        request: Call | UnmatchedRequest,
        reply: Reply | None = None,
        *,
        delivered: bool = True,
    ) -> None:
        entry = Entry(0, 0.0, 0.0, request, reply)
        if not delivered:
            entry.mark_undelivered()
        self._printer.add(self._journal, entry)


_MAX_WAITING = 1000
_MAX_WAITING_BYTES = 64 * 1024 * 1024
_STOP_SECONDS = 2.0
_logger = logging.getLogger(__name__)
