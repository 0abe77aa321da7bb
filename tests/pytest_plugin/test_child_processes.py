"""Child processes that a fork makes: each has a copy of the mock, which the test cannot see."""

from __future__ import annotations

import sys

import pytest

from tests.support.plugin_project import INI

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs os.fork")

SOURCE = """
import os
import sys
import httpx
import httpx2
import pytest

KEY = {"Authorization": "Bearer sk-test"}

def run_in_child(function):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        function()
    except Exception as error:
        print(error, file=sys.stderr, flush=True)
        os._exit(7)
    os._exit(0)

@pytest.mark.parametrize("package", [httpx, httpx2])
@pytest.mark.parametrize("transport", [False, True])
def test_copy_of_the_mock(video_mock, package, transport, capfd):
    made = getattr(video_mock, f"{package.__name__}_transport") if transport else None
    with package.Client(headers=KEY, transport=made) as client:
        url = video_mock.base_url + "/videos"
        assert run_in_child(lambda: client.get(url)) == 7
        assert "the mock is in another process" in capfd.readouterr().err
        assert client.get(url).status_code == 200
    assert len(video_mock.requests) == 1

def test_mock_of_the_child(capfd):
    from aisa_testkit.pytest_plugin import mock_videos

    def use_mock():
        with mock_videos() as mock:
            assert httpx.get(mock.base_url + "/videos", headers=KEY).status_code == 200

    assert run_in_child(use_mock) == 0

def test_server(video_server):
    url = video_server.base_url + "/videos"
    assert run_in_child(lambda: httpx.get(url, headers=KEY).raise_for_status()) == 0
    assert len(video_server.requests) == 1
"""


def test_requests_of_a_forked_process_are_blocked_in_process(pytester: pytest.Pytester) -> None:
    pytester.makefile(".ini", pytest=INI)
    pytester.makepyfile(SOURCE)
    # In a process of its own, because a fork copies the locks of other threads.
    result = pytester.runpytest_subprocess("-p", "no:xdist", timeout=120)
    result.assert_outcomes(passed=6)


def test_coverage_refuses_a_child_process_for_each_test(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--forked", action="store_true")
        """
    )
    result = pytester.runpytest_inprocess("--video-coverage", "--forked")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    message = "ERROR: --video-coverage cannot see child processes: run it without --forked"
    assert message in result.errlines
