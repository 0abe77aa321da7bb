"""A small project whose tests use the plugin, for pytester."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import openai  # noqa: F401  # here and below: pytester would load these again for each run
import pytest

import aisa_testkit.mock_server.http.app
import aisa_testkit.mock_server.http.server
import aisa_testkit.pytest_plugin.coverage_log
import aisa_testkit.pytest_plugin.mock
import aisa_testkit.pytest_plugin.shared_server  # noqa: F401

Run: TypeAlias = Callable[..., pytest.RunResult]

# The head of a test with `video_mock`; its body is indented by eight blanks.
TEST_STYLES = pytest.mark.parametrize(
    "head",
    [
        pytest.param("def test_it(video_mock):", id="function"),
        pytest.param(
            "class TestIt(unittest.TestCase):\n"
            "    @pytest.fixture(autouse=True)\n"
            "    def with_mock(self, video_mock):\n"
            "        self.mock = video_mock\n"
            "    def test_it(self):\n"
            "        video_mock = self.mock",
            id="unittest method",
        ),
    ],
)
# Independent of the warning filters of the run around it.
INI = """
[pytest]
addopts = -p no:cacheprovider -p no:schemathesis --strict-markers --strict-config
filterwarnings = default
"""
STRICT_INI = """
[pytest]
addopts = -p no:cacheprovider -p no:schemathesis
filterwarnings = error
"""

PROGRAM = '''
"""The code under test."""

import httpx
import httpx2

KEY = {"Authorization": "Bearer sk-test"}


def send(method, url, *, http=httpx2, **kwargs):
    return http.request(method, url, headers=KEY, **kwargs)


def create(api, *, http=httpx2, prompt="A teapot", **fields):
    return send("POST", f"{api.base_url}/videos", http=http, json={"prompt": prompt, **fields})


def poll(api, job_id, *, http=httpx2):
    return send("GET", f"{api.base_url}/videos/{job_id}", http=http).json()["status"]
'''
