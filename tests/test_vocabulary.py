"""The product, the documentation and the names of tests use the field's words."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
VOCABULARY = Path(__file__).with_name("vocabulary.txt")
PRODUCT = ("openapi", "mock_server", "contracts", "pytest_plugin", "cli", "scripts", "benchmarks")
TEXTS = (".py", ".md", ".yaml", ".json", ".jinja", ".toml")


def banned_phrases() -> list[tuple[re.Pattern[str], str]]:
    """Return the banned expressions with their replacements."""
    lines = VOCABULARY.read_text("utf-8").splitlines()
    pairs = [line.split(" -> ") for line in lines if line and not line.startswith("#")]
    return [(re.compile(phrase, re.IGNORECASE), instead) for phrase, instead in pairs]


def repository_files() -> list[Path]:
    """Return the files of the repository, without the links for editable installs."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.splitlines() if not name.startswith(".src/")]
    return [path for path in paths if path.suffix in TEXTS and path.is_file()]


def checked_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lines that must be plain: of tests, only the names of the test functions."""
    relative = path.relative_to(ROOT)
    text = path.read_text("utf-8")
    if relative.parts[0] != "tests":
        yield from enumerate(text.splitlines(), start=1)
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.lineno, node.name.replace("_", " ")


def test_no_banned_phrase_is_used() -> None:
    banned = banned_phrases()
    offenders = [
        f"{path.relative_to(ROOT)}:{number}: {found[0]!r}, write: {instead}"
        for path in repository_files()
        for number, line in checked_lines(path)
        for phrase, instead in banned
        if (found := phrase.search(line))
    ]
    assert not offenders, f"{len(offenders)} banned phrases:\n" + "\n".join(offenders)


def test_banned_phrases_are_found() -> None:
    found = [phrase.pattern for phrase, _ in banned_phrases() if phrase.search("Nobody was TOLD.")]
    assert found == [r"\btold\b", r"\bnobody\b"]
