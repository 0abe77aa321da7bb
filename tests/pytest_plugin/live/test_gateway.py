"""The gateway between the code under test and the live API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.mock_server import VideoServer
from tests.support.plugin_project import Run

Spending = Callable[[pytest.RunResult], str]


def test_live_api_key_is_hidden_from_program_and_output(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    live_server: VideoServer,
    live_key: str,
) -> None:
    live_server.reset()
    project.makefile(".ini", pytest=f"[pytest]\nvideo_base_url = {live_server.base_url}\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    project.makepyfile(
        test_live="""
        import os
        from program import client, create

        def test_it(video_api):
            reply = create()
            assert reply.status_code == 200
            print(os.environ, reply.headers, reply.text, reply.request.headers)
            print(video_api.requests, video_api)
            with client() as http:
                print(http.get("/videos/video_none").text)
            raise RuntimeError(video_api.requests)
        """
    )
    # A subprocess, to capture the output of all threads.
    result = project.runpytest_subprocess(
        *("-p", "aisa_testkit.pytest_plugin.plugin", "--video-target=live"),
        *("--video-max-spend=1", "--showlocals", "-vv", "--full-trace"),
        timeout=120,
    )
    result.assert_outcomes(failed=1)
    text = str(result.stdout) + str(result.stderr)
    assert "sk-aisa-dummy" in text
    assert live_key not in text


def test_gateway_forwards_a_job_and_charges_it(live: Run, spending_of: Spending) -> None:
    result = live(
        """
        def test_it(video_api, upstream):
            job = finished()
            assert [j.id for j in upstream.jobs] == [job["id"]] == [j.id for j in video_api.jobs]
            with client() as http:
                url = f"/videos/{job['id']}/content"
                whole = http.get(url)
                part = http.get(url, headers={"Range": "bytes=3-9"})
                image = http.get(url, params={"variant": "thumbnail"})
                page = http.get("/videos?limit=0&order=asc").json()
            assert (whole.headers["content-type"], whole.content[4:8]) == ("video/mp4", b"ftyp")
            assert (part.status_code, part.content) == (206, whole.content[3:10])
            assert part.headers["content-range"] == f"bytes 3-9/{len(whole.content)}"
            assert image.headers["content-type"] == "image/webp"
            assert (page["data"], page["has_more"]) == ([], True)
            names = [request.operation_id for request in video_api.requests]
            assert (names[0], names[-1]) == ("createVideo", "listVideos")
            assert video_api.verdict.jobs == 1
        """,
    )
    result.assert_outcomes(passed=1)
    assert spending_of(result) == "1 job, at most 0.40 of 1.50 USD"


def test_gateway_sends_each_header_once(live: Run) -> None:
    result = live(
        """
        def test_it(video_api):
            names = [name for name, _ in create().headers.multi_items()]
            assert len(names) == len(set(names))
        """,
    )
    result.assert_outcomes(passed=1)


def test_gateway_forwards_head_requests(live: Run) -> None:
    result = live(
        """
        def test_it(video_api):
            job = finished()
            with client() as http:
                url = f"/videos/{job['id']}/content"
                head = http.head(url)
                assert (head.status_code, head.content) == (200, b"")
                assert head.headers["etag"] == http.get(url).headers["etag"]
        """,
    )
    result.assert_outcomes(passed=1)


def test_gateway_serves_other_http_libraries(live: Run, spending_of: Spending) -> None:
    result = live(
        """
        import json, urllib.request

        def test_it(video_api, upstream):
            request = urllib.request.Request(
                video_api.base_url + "/videos",
                data=b'{"prompt": "x", "seconds": "8"}',
                headers={"Authorization": "Bearer any", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request) as response:
                assert json.load(response)["id"] == upstream.jobs[-1].id
        """,
    )
    result.assert_outcomes(passed=1)
    assert spending_of(result) == "1 job, at most 0.80 of 1.50 USD"


def test_unreachable_live_api_is_an_error_that_clients_do_not_retry(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        test_live="""
        import openai, pytest, socket

        @pytest.fixture
        def video_base_url():
            with socket.socket() as closed:
                closed.bind(("127.0.0.1", 0))
                return f"http://127.0.0.1:{closed.getsockname()[1]}/v1"

        def test_it(video_api):
            with pytest.raises(openai.APIStatusError, match="live API did not respond") as caught:
                openai.OpenAI().videos.create(prompt="x")
            assert caught.value.status_code == 424
            assert [request.status for request in video_api.requests] == [None]
        """
    )
    project.runpytest_inprocess("--video-target=live", "--video-max-spend=1").assert_outcomes(
        passed=1
    )


def test_live_requests_are_checked_over_time(live: Run) -> None:
    result = live(
        """
        def test_it(video_api):
            job = finished()
            with client() as http:
                http.get(f"/videos/{job['id']}")
                http.get("/video")
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["AV712, AV701: the code under test broke the contract of *"])


def test_live_responses_are_checked_but_not_those_of_the_gateway(live: Run) -> None:
    result = live(
        """
        import httpx
        import pytest

        KEY = {"Authorization": "Bearer any"}

        def test_wrong_response(video_api, upstream):
            created = httpx.post(f"{video_api.base_url}/videos", json={"prompt": "x"}, headers=KEY)
            upstream.reset()
            gone = httpx.get(f"{video_api.base_url}/videos/{created.json()['id']}", headers=KEY)
            assert gone.status_code == 404

        @pytest.mark.video_mock(allow="AV705")
        def test_response_of_the_gateway(video_api):
            body = {"prompt": "x", "seconds": "5"}
            rejected = httpx.post(f"{video_api.base_url}/videos", json=body, headers=KEY)
            assert rejected.status_code == 400
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["AV217: the API broke the contract of AIsa Videos 1.0.0", "AV217 job disappeared"]
    )
