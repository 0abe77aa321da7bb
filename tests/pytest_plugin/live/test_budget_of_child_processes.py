"""One budget for all processes of a run."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from textwrap import dedent

import pytest

from aisa_testkit.mock_server import VideoServer

Spending = Callable[[pytest.RunResult], str]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")

# Runs each test in a child process, as pytest-forked does.
CHILD_PER_TEST = """
import json, os
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    hook = item.config.hook
    reader, writer = os.pipe()
    if not os.fork():
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        data = [hook.pytest_report_to_serializable(config=item.config, report=r) for r in reports]
        os.write(writer, json.dumps(data).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        data = json.load(pipe)
    os.wait()
    for report in data:
        report = hook.pytest_report_from_serializable(config=item.config, data=report)
        hook.pytest_runtest_logreport(report=report)
    return True
"""


def test_test_in_a_child_process_fails_before_it_sends_a_request(
    project: pytest.Pytester, live_server: VideoServer, spending_of: Spending
) -> None:
    project.makeconftest(CHILD_PER_TEST)
    result = _run(
        project,
        live_server,
        """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_it(video_api, number):
            create(), create()
        """,
    )
    result.assert_outcomes(errors=3)
    message = "the live API has a single budget, which belongs to process "
    assert sum(message in line for line in result.outlines) >= 3
    assert [live_server.jobs, spending_of(result)] == [[], "0 jobs, at most 0.00 of 0.80"]


def test_child_processes_of_the_program_share_the_budget(
    project: pytest.Pytester, live_server: VideoServer, spending_of: Spending
) -> None:
    result = _run(
        project,
        live_server,
        f"""
        import multiprocessing, os, pytest

        @pytest.mark.video_mock(check=False)
        @pytest.mark.parametrize("method", {multiprocessing.get_all_start_methods()})
        def test_it(video_api, method):
            child = multiprocessing.get_context(method).Process(target=create)
            child.start()
            child.join()
            assert child.exitcode == 0

        @pytest.mark.video_mock(check=False)
        def test_forked(video_api):
            child = os.fork()
            if not child:
                create()
                os._exit(0)
            os.waitpid(child, 0)
        """,
    )
    result.assert_outcomes(passed=len(multiprocessing.get_all_start_methods()) + 1)
    assert len(live_server.jobs) == 2
    assert spending_of(result) == "2 jobs, at most 0.80 of 0.80 USD"


def _run(project: pytest.Pytester, server: VideoServer, source: str) -> pytest.RunResult:
    """Run tests in a process without other threads."""
    server.reset()
    project.makepyfile(test_live="from program import *\n" + dedent(source))
    return project.runpytest_subprocess(
        *("--video-target=live", "--video-max-spend=0.80", "-p", "no:xdist"),
        f"--override-ini=video_base_url={server.base_url}",
        timeout=120,
    )
