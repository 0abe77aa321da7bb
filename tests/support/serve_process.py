"""`aisa-testkit serve` in a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from typing import IO

import httpx2

from aisa_testkit.openapi.json import Json
from tests.support.signals import ignoring

KEY = {"Authorization": "Bearer sk-aisa-of-a-client"}
PROMPT = {"prompt": "A lighthouse in a storm"}
# Far longer than anything takes here, so that a test fails instead of hanging.
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ServeProcess:
    """A running mock.

    url: its base URL
    banner: the lines that it printed at its start
    output, errors: the lines that it prints later on stdout and stderr
    """

    process: subprocess.Popen[str]
    url: str
    banner: tuple[str, ...]
    output: Queue[str]
    errors: Queue[str]
    readers: tuple[Thread, ...]

    @property
    def admin(self) -> str:
        """The URL of the control API."""
        return self.url.partition("/v1")[0].partition("/api")[0] + "/__admin"

    def request(
        self, method: str, path: str, json: Json = None, headers: Mapping[str, str] = KEY
    ) -> httpx2.Response:
        return httpx2.request(method, self.url + path, json=json, headers=headers)

    def admin_get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        return httpx2.get(f"{self.admin}/{path}", headers=headers)

    def create(self) -> Json:
        created = self.request("POST", "/videos", PROMPT)
        assert created.status_code == 200, created.text
        return created.json()

    def wait_for(self, line: str) -> None:
        """Waits for the next line on stdout, which must be this one."""
        assert self.output.get(timeout=TIMEOUT_SECONDS) == line

    def next_error(self) -> str:
        """The next line on stderr."""
        return self.errors.get(timeout=TIMEOUT_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> list[str]:
        """Stops the process and returns the remaining lines of stdout."""
        self.process.send_signal(number)
        self.process.wait(timeout=TIMEOUT_SECONDS)
        for reader in self.readers:
            reader.join()
        return [self.output.get() for _ in range(self.output.qsize())]


@contextmanager
def serve_process(
    *arguments: str, ignored: Sequence[signal.Signals] = ()
) -> Iterator[ServeProcess]:
    """Runs `aisa-testkit serve` on a free port for the length of the block.

    The process inherits some signals as ignored.
    """
    environment = {k: value for k, value in os.environ.items() if "AISA_TESTKIT" not in k}
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        ignoring(ignored, command) if ignored else command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment,
    ) as process:
        output, errors = Queue[str](), Queue[str]()
        readers = (_read_lines(process.stdout, output), _read_lines(process.stderr, errors))
        try:
            banner = [output.get(timeout=TIMEOUT_SECONDS)]
            while banner[-1] != "Ctrl-C stops the server.":
                banner.append(output.get(timeout=TIMEOUT_SECONDS))
            port, path = re.findall(r":([0-9]+)(/\S*)?", banner[0])[0]
            url = f"http://127.0.0.1:{port}{path}"
            yield ServeProcess(process, url, tuple(banner), output, errors, readers)
        finally:
            process.terminate()
            for reader in readers:
                reader.join()


def _read_lines(pipe: IO[str] | None, lines: Queue[str]) -> Thread:
    assert pipe is not None

    def read() -> None:
        for line in pipe:
            lines.put(line.rstrip("\n"))

    thread = Thread(target=read)
    thread.start()
    return thread
