"""A small project of somebody else's, whose tests use the plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest

# pytester drops what a run within this process has imported: loaded here, it is loaded once, and
# is the same for all runs.
import aisa_testkit.mock_server.http.app
import aisa_testkit.mock_server.http.server
import aisa_testkit.pytest_plugin.coverage_log
import aisa_testkit.pytest_plugin.mock
import aisa_testkit.pytest_plugin.server  # noqa: F401

# Warnings are no errors there unless a test says so, whatever they are in the run around it.
INI = """
[pytest]
addopts = -p no:cacheprovider -p no:asyncio -p no:schemathesis --strict-markers --strict-config
filterwarnings = default
"""

PROGRAM = '''
"""The code under test."""

import httpx
import httpx2

KEY = {"Authorization": "Bearer sk-test"}


def ask(method, url, *, http=httpx2, **kwargs):
    return http.request(method, url, headers=KEY, **kwargs)


def create(api, *, http=httpx2, prompt="A teapot", **fields):
    return ask("POST", f"{api.base_url}/videos", http=http, json={"prompt": prompt, **fields})


def poll(api, job_id, *, http=httpx2):
    return ask("GET", f"{api.base_url}/videos/{job_id}", http=http).json()["status"]
'''

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs tests, given as text, with pytest in this process: `run(source, *arguments)`. They find
    the code under test in `program`, and more lines of the ini file are given as `ini`.
    """

    # In CI, pytest writes every message twice.
    for variable in ("CI", "BUILD_NUMBER"):
        monkeypatch.delenv(variable, raising=False)

    def run(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makefile(".ini", pytest=INI + ini)
        pytester.makepyfile(program=PROGRAM, test_program=source)
        return pytester.runpytest_inprocess(*arguments)

    return run
