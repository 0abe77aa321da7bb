"""The shell examples in the documentation print what the documentation shows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
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
from aisa_testkit.cli.document_files import DocumentFiles
from aisa_testkit.cli.reloading_mock import ReloadingMock, ServeOptions
from aisa_testkit.cli.serve import serve
from aisa_testkit.mock_server import HttpReceiver, SystemClock, Webhooks
from aisa_testkit.mock_server.http.server import base_url, serve_app
from aisa_testkit.openapi import load_document
from tests.support.command_line import run_check, run_command
from tests.support.serve_process import serve_process

DOCS = Path(__file__).parent.parent / "docs"
MANY_LINES = re.MULTILINE | re.DOTALL
MARK = "-- end of the command --"


@dataclass(frozen=True, slots=True)
class Session:
    """One shell example of a page.

    Attributes:
        options: the options of `serve`.
        admin_commands: the commands that configure a running server in the same way.
        commands: the commands that follow.
        outputs: the documented output of each of them.
    """

    options: tuple[str, ...]
    admin_commands: tuple[str, ...]
    commands: tuple[str, ...]
    outputs: tuple[str, ...]


def sessions(name: str) -> dict[str, Session]:
    """Return the examples of a page by the heading of their section."""
    page = (DOCS / name).read_text(encoding="utf-8")
    found: dict[str, Session] = {}
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        for text in re.findall(r"^```console\n(.*?)^```$", section, flags=MANY_LINES):
            found[section.partition("\n")[0]] = session(text)
    return found


def session(text: str) -> Session:
    setup, _, rest = text.partition("\n\n")
    serve_command, *admin_commands = [line.removeprefix("$ ") for line in setup.splitlines()]
    steps = [step.partition("\n") for step in re.split(r"^\$ ", rest, flags=re.MULTILINE)[1:]]
    return Session(
        tuple(shlex.split(serve_command)[2:]),
        tuple(admin_commands),
        tuple(command for command, _, _ in steps),
        tuple(output for _, _, output in steps),
    )


@contextmanager
def served(options: tuple[str, ...]) -> Iterator[str]:
    """Start a server with these options of `serve` on a free port; give its root URL."""
    # Below its group, as on the command line: click caches the parsed options of a command.
    group = main.make_context("aisa-testkit", ["serve"], resilient_parsing=True)
    values: dict[str, Any] = serve.make_context(
        "serve", [*options, "--port", "0"], parent=group
    ).params
    clock = SystemClock(values["speed"])
    names = [field.name for field in fields(ServeOptions)]
    serve_options = ServeOptions(**{name: values[name] for name in names})
    url, files = values["webhook_url"], DocumentFiles(values["document"], values["overlays"])
    document = files.load()
    webhooks = url and Webhooks(
        document, clock=clock, receiver=HttpReceiver(url), secret=values["webhook_secret"]
    )
    mock = ReloadingMock(document, files, clock=clock, options=serve_options, webhooks=webhooks)
    with serve_app(mock.app) as listener:
        yield base_url(listener, document).removesuffix(document.base_path)


def run(commands: tuple[str, ...], *, mock: str, folder: Path) -> list[str]:
    """Run the commands in one shell; return the output of each."""
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


def matches(output: str, documented: str) -> bool:
    """Compare an output with the documented one, in which `…` stands for any text."""
    pattern = ".*".join(map(re.escape, documented.rstrip("\n").split("…")))
    return re.fullmatch(pattern, output.rstrip("\n")) is not None


PAGES = ("cookbook.md", "failures.md")
SESSIONS = {f"{name}, {title}": found for name in PAGES for title, found in sessions(name).items()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the server, with the files that the pages define."""
    for page in PAGES:
        text = (DOCS / page).read_text(encoding="utf-8")
        named = re.findall(r"^```yaml\n# ([a-z]+\.yaml)\n(.*?)^```$", text, flags=MANY_LINES)
        for name, content in named:
            (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", SESSIONS)
def test_server_options_have_the_documented_effect(
    name: str, folder: Path, tool: Callable[[str], str]
) -> None:
    recipe = SESSIONS[name]
    tool("curl")
    with served(recipe.options) as mock:
        assert_documented(recipe, run(recipe.commands, mock=mock, folder=folder))


@pytest.mark.parametrize(
    "name", [name for name, recipe in SESSIONS.items() if recipe.admin_commands]
)
def test_control_api_calls_have_the_documented_effect(
    name: str, folder: Path, tool: Callable[[str], str]
) -> None:
    recipe = SESSIONS[name]
    tool("curl")
    # The control API sets the fault.
    options = ("--unknown-ids", "synthesize") if "synthesize" in recipe.options else ()
    with served(options) as mock:
        run(recipe.admin_commands, mock=mock, folder=folder)
        assert_documented(recipe, run(recipe.commands, mock=mock, folder=folder))


def assert_documented(recipe: Session, outputs: list[str]) -> None:
    assert recipe.commands
    for command, documented, output in zip(recipe.commands, recipe.outputs, outputs, strict=True):
        message = f"{command}\nprints\n{output}\nnot\n{documented}"
        assert matches(output, documented), message


def test_table_of_contents_lists_every_recipe() -> None:
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


def test_commands_about_your_own_api_end_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (DOCS / "your-api.md").read_text(encoding="utf-8")
    for name, text in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", page, flags=MANY_LINES):
        (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copy(DOCS.parent / "tests" / "documents" / "kites.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = [
        line
        for block in re.findall(r"^```bash\n(.*?)^```$", page, flags=MANY_LINES)
        for line in block.splitlines()
    ]
    commands = {words[1]: words[2:] for words in map(shlex.split, lines)}
    assert {"document", "draft", "serve", "check"} <= commands.keys()
    done = run_command("document", *commands["document"])
    assert (done.exit_code, done.stderr) == (0, "")
    drafted = run_command("draft", *commands["draft"])
    assert (drafted.exit_code, drafted.stderr) == (0, "")
    assert load_document("kites.yaml", overlays=["draft.yaml"]).kinds
    documented, served_options = commands["check"], commands["serve"]
    at = served_options.index("--port")
    assert documented[0] == f"http://127.0.0.1:{served_options[at + 1]}/v1"
    with serve_process(*served_options[:at], *served_options[at + 2 :], "--speed", "100") as mock:
        code, printed = run_check(mock.url, *documented[1:], key="sk-1")
    assert code == 0, printed


PROGRAM = """#!/bin/sh
for attempt in 1 2; do
    curl -sf -F prompt=x -H "Authorization: Bearer $OPENAI_API_KEY" $OPENAI_BASE_URL/videos
done
exit 0
"""


def test_ci_job_fails_with_the_verdict(tool: Callable[[str], str], tmp_path: Path) -> None:
    page = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"^## CI in any language.*?^```sh\n(.*?)^```$", page, flags=MANY_LINES)
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
    assert "AV715 " in done.stdout
