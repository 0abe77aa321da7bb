"""The lines of the documentation's shell sessions print what stands below them, at every door."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from aisa_testkit.cli import main
from aisa_testkit.cli.reloading_mock import ReloadingMock, ServeOptions
from aisa_testkit.cli.serve import serve
from aisa_testkit.mock_server import HttpReceiver, SystemClock, Webhooks
from aisa_testkit.mock_server.http.server import base_url, serve_app

DOCS = Path(__file__).parent.parent / "docs"
MANY_LINES = re.MULTILINE | re.DOTALL
MARK = "-- end of the command --"


@dataclass(frozen=True, slots=True)
class Session:
    """One shell session of a page: the options of `serve`, the calls that do the same on a server
    that runs already, and what is then asked, with what is printed.
    """

    options: tuple[str, ...]
    calls: tuple[str, ...]
    asked: tuple[str, ...]
    printed: tuple[str, ...]


def sessions(name: str) -> dict[str, Session]:
    """The sessions of a page, by the heading above them."""
    page = (DOCS / name).read_text(encoding="utf-8")
    found: dict[str, Session] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        for text in re.findall(r"^```console\n(.*?)^```$", section, flags=MANY_LINES):
            found[section.partition("\n")[0]] = session(text)
    return found


def session(text: str) -> Session:
    doors, _, rest = text.partition("\n\n")
    started, *calls = [line.removeprefix("$ ") for line in doors.splitlines()]
    steps = [step.partition("\n") for step in re.split(r"^\$ ", rest, flags=re.MULTILINE)[1:]]
    return Session(
        tuple(shlex.split(started)[2:]),
        tuple(calls),
        tuple(command for command, _, _ in steps),
        tuple(printed for _, _, printed in steps),
    )


@contextmanager
def served(options: tuple[str, ...]) -> Iterator[str]:
    """Where a server is that was started with these options of `serve`, but for the port."""
    # Below its group, as people call it: a command keeps what it has learnt of its options.
    group = main.make_context("aisa-testkit", ["serve"], resilient_parsing=True)
    said: dict[str, Any] = serve.make_context(
        "serve", [*options, "--port", "0"], parent=group
    ).params
    clock = SystemClock(said["speed"])
    setting = ServeOptions(**{field.name: said[field.name] for field in fields(ServeOptions)})
    url, document = said["webhook_url"], said["document"]
    webhooks = url and Webhooks(
        document, clock=clock, receiver=HttpReceiver(url), secret=said["webhook_secret"]
    )
    stage = ReloadingMock(document, clock=clock, setting=setting, webhooks=webhooks)
    with serve_app(stage.app) as listener:
        yield base_url(listener, document).removesuffix(document.base_path)


def run(commands: tuple[str, ...], *, mock: str, folder: Path) -> list[str]:
    """What each of the commands of one shell prints."""
    lines = [f"{command}\necho '{MARK}'" for command in commands]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=folder,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "MOCK": mock,
            "KEY": "Authorization: Bearer sk-anything",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return done.stdout.split(f"{MARK}\n")[:-1]


def is_as_told(printed: str, told: str) -> bool:
    """Whether it is the same, but for what the page leaves out as `…`."""
    pattern = ".*".join(map(re.escape, told.rstrip("\n").split("…")))
    return re.fullmatch(pattern, printed.rstrip("\n")) is not None


PAGES = ("cookbook.md", "failures.md")
SESSIONS = {f"{name}, {title}": found for name in PAGES for title, found in sessions(name).items()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the pages, which a server finds that is started in it."""
    for page in PAGES:
        whole = (DOCS / page).read_text(encoding="utf-8")
        named = re.findall(r"^```yaml\n# ([a-z]+\.yaml)\n(.*?)^```$", whole, flags=MANY_LINES)
        for name, text in named:
            (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", SESSIONS)
def test_a_server_that_is_started_so_behaves_as_told(
    name: str, folder: Path, tool: Callable[[str], str]
) -> None:
    recipe = SESSIONS[name]
    tool("curl")
    with served(recipe.options) as mock:
        assert_told(recipe, run(recipe.asked, mock=mock, folder=folder))


@pytest.mark.parametrize("name", [name for name, recipe in SESSIONS.items() if recipe.calls])
def test_a_server_that_is_told_so_behaves_as_told(
    name: str, folder: Path, tool: Callable[[str], str]
) -> None:
    recipe = SESSIONS[name]
    tool("curl")
    # What makes it go wrong is left to the calls.
    options = ("--unknown-ids", "synthesize") if "synthesize" in recipe.options else ()
    with served(options) as mock:
        run(recipe.calls, mock=mock, folder=folder)
        assert_told(recipe, run(recipe.asked, mock=mock, folder=folder))


def assert_told(recipe: Session, printed: list[str]) -> None:
    assert recipe.asked
    for command, told, came in zip(recipe.asked, recipe.printed, printed, strict=True):
        assert is_as_told(came, told), f"{command}\nprints\n{came}\nand not\n{told}"


def test_every_recipe_stands_in_the_table_of_contents() -> None:
    page = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", page, flags=re.MULTILINE)
    linked = re.findall(r"^\| … .* \| \[(.*)\]\(#(.*)\) \|$", page, flags=re.MULTILINE)
    assert (
        [title for title, _ in linked]
        == list(sessions("cookbook.md"))
        == headings[1 : len(linked) + 1]
    )
    assert [re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t, _ in linked] == [
        anchor for _, anchor in linked
    ]


PROGRAM = """#!/bin/sh
for attempt in 1 2; do
    curl -sf -F prompt=x -H "Authorization: Bearer $OPENAI_API_KEY" $OPENAI_BASE_URL/videos
done
exit 0
"""


def test_the_job_of_a_ci_ends_with_the_verdict(tool: Callable[[str], str], tmp_path: Path) -> None:
    page = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^## A CI in any language.*?^```sh\n(.*?)^```$", page, flags=MANY_LINES)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = tmp_path / "my-program"
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    tool("curl")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script.replace("4010", str(port))],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "AV715 a job made twice" in done.stdout
