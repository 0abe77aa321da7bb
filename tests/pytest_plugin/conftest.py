"""A fixture that runs the tests of a small project with the plugin."""

from __future__ import annotations

import pytest

from tests.support.plugin_project import INI, PROGRAM, Run


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run tests in this process: `run(source, *arguments)`.

    The tests can import the code under test from `program`. `ini` adds lines to the ini file.
    """

    # In CI, pytest writes every message twice.
    for variable in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(variable, raising=False)

    def run(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makefile(".ini", pytest=INI + ini)
        pytester.makepyfile(program=PROGRAM, test_program=source)
        return pytester.runpytest_inprocess(*arguments)

    return run
