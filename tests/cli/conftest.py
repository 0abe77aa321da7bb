"""Servers in processes of their own, for the tests of the command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO

import httpx2
import pytest

from aisa_testkit.openapi.json import Json

KEY = {"Authorization": "Bearer sk-aisa-of-a-client"}
PROMPT = {"prompt": "A lighthouse in a storm"}
# Far longer than anything takes here, so that a failure is told and no test waits for ever.
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A server in a process of its own, and the lines that it prints."""

    url: str
    greeted: tuple[str, ...]
    lines: Queue[str]
    complaints: Queue[str]

    def ask(
        self, method: str, path: str, json: Json = None, headers: Mapping[str, str] = KEY
    ) -> httpx2.Response:
        return httpx2.request(method, self.url + path, json=json, headers=headers)

    @property
    def admin(self) -> str:
        """The URL of the control API."""
        return self.url.partition("/v1")[0].partition("/api")[0] + "/__admin"

    def control(self, path: str, headers: Mapping[str, str] | None = None) -> httpx2.Response:
        return httpx2.get(f"{self.admin}/{path}", headers=headers)

    def create(self) -> Json:
        made = self.ask("POST", "/videos", PROMPT)
        assert made.status_code == 200, made.text
        return made.json()

    def said(self, line: str) -> None:
        """Returns when it has printed this line."""
        assert self.lines.get(timeout=PATIENCE) == line

    def complained(self) -> str:
        """The next line on stderr."""
        return self.complaints.get(timeout=PATIENCE)


@contextmanager
def _serving(*arguments: str) -> Iterator[Served]:
    clean = {name: value for name, value in os.environ.items() if "AISA_TESTKIT" not in name}
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--port", "0", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8", env=clean) as server:
        lines, complaints = Queue[str](), Queue[str]()
        readers = [_reading(server.stdout, lines), _reading(server.stderr, complaints)]
        try:
            greeted = [lines.get(timeout=PATIENCE)]
            while greeted[-1] != "Ctrl-C stops the server.":
                greeted.append(lines.get(timeout=PATIENCE))
            port, path = re.findall(r":([0-9]+)(/\S+)", greeted[0])[0]
            yield Served(f"http://127.0.0.1:{port}{path}", tuple(greeted), lines, complaints)
        finally:
            server.terminate()
            for reader in readers:
                reader.join()


def _reading(pipe: IO[str] | None, lines: Queue[str]) -> Thread:
    assert pipe is not None

    def read() -> None:
        for line in pipe:
            lines.put(line.rstrip("\n"))

    thread = Thread(target=read)
    thread.start()
    return thread


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts servers that end with the test."""
    with ExitStack() as servers:
        yield lambda *arguments: servers.enter_context(_serving(*arguments))


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file of a config, or another text in the place of the one before."""

    def write(text: str, *, name: str = "config.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
