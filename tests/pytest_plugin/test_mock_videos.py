"""The context manager: arguments, controls, and the end of the block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import unittest
import warnings
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints

import httpcore
import httpcore2
import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from aisa_testkit.mock_server import (
    ClientClock,
    ManualClock,
    MovableClock,
    SystemClock,
    TickingClock,
)
from aisa_testkit.openapi import Document, DocumentError
from aisa_testkit.pytest_plugin import (
    ContractError,
    ContractWarning,
    MockOptions,
    ObservedMock,
    VideoMock,
    mock_videos,
    serve_videos,
)
from aisa_testkit.pytest_plugin.options import MockOptionsDict

KEY = {"authorization": "Bearer sk-test"}
VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "AISA_API_KEY")


def create(mock: VideoMock, **fields: str) -> Any:
    url = f"{mock.base_url}/videos"
    body = {"prompt": "A lighthouse", **fields}
    return httpx2.post(url, json=body, headers=KEY, verify=False).json()


def retrieve(mock: VideoMock, job_id: str) -> Any:
    return httpx2.get(f"{mock.base_url}/videos/{job_id}", headers=KEY, verify=False).json()


def process_state() -> list[object]:
    """Return everything in this process that an active mock changes."""
    pools = (httpcore.ConnectionPool, httpcore2.ConnectionPool)
    async_pools = (httpcore.AsyncConnectionPool, httpcore2.AsyncConnectionPool)
    return [
        [os.environ.get(name) for name in VARIABLES],
        list(warnings.filters),
        [pool.handle_request for pool in pools],
        [pool.handle_async_request for pool in async_pools],
    ]


def test_unittest_fails_on_a_violation() -> None:
    class Programs(unittest.TestCase):
        def setUp(self) -> None:
            self.mock = self.enterContext(mock_videos())

        def test_good(self) -> None:
            assert OpenAI().videos.create_and_poll(prompt="A").status == "completed"

        def test_bad(self) -> None:
            create(self.mock, seconds="5")

    before = process_state()
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Programs).run(result)
    assert (result.testsRun, len(result.errors), len(result.failures)) == (2, 0, 1)
    assert "one of '4', '8', '12'" in result.failures[0][1]
    assert process_state() == before


@pytest.mark.parametrize("kind", [None, ManualClock, TickingClock, ClientClock])
@pytest.mark.parametrize("open_mock", [mock_videos, serve_videos])
def test_job_is_created_at_the_present(
    open_mock: Callable[..., Any], kind: Callable[[], MovableClock] | None
) -> None:
    before = int(time.time())
    with open_mock(clock=kind() if kind else None) as mock:
        job = create(mock)
        assert before <= job["created_at"] <= time.time()
        mock.end_job(job["id"], success=True)
        content = httpx2.get(f"{mock.base_url}/videos/{job['id']}/content", headers=KEY)
        assert content.status_code == 200, "the files have not expired"


def test_ids_do_not_depend_on_the_start_of_the_clock() -> None:
    ids = []
    for start in (1_780_000_000, 1_790_000_000.5):
        with mock_videos(seed=7, clock=TickingClock(start)) as mock:
            job = create(mock)
            ids.append(job["id"])
            assert job["created_at"] == int(start)
    assert ids[0] == ids[1]


@settings(max_examples=20)
@given(outcomes=st.lists(st.sampled_from(["completed", "failed"]), max_size=4))
def test_each_hypothesis_example_has_its_own_mock(outcomes: list[str]) -> None:
    with mock_videos() as mock:
        for outcome in outcomes:
            mock.next_job(outcome=outcome)
        with OpenAI() as client:
            videos = [
                client.videos.create_and_poll(prompt=f"no. {n}") for n in range(len(outcomes))
            ]
        assert [video.status for video in videos] == outcomes == [job.status for job in mock.jobs]


def test_script_without_pytest_fails_on_a_violation() -> None:
    script = (
        "import httpx2, sys\n"
        "from aisa_testkit.pytest_plugin import mock_videos\n"
        "with mock_videos() as mock:\n"
        "    key = {'authorization': 'Bearer sk-test'}\n"
        "    httpx2.post(mock.base_url + '/videos', json={}, headers=key)\n"
        "    print(len(mock.requests), 'pytest' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "1 False\n")
    assert "ContractError: AV703: the code under test broke the contract" in done.stderr


def fail_in_block(**fields: str) -> None:
    with mock_videos() as mock:
        create(mock, **fields)
        raise LookupError("an error of the program")


def test_error_that_leaves_the_block_gets_a_note_with_violations() -> None:
    before = process_state()
    with pytest.raises(LookupError) as caught:
        fail_in_block(seconds="5")
    (note,) = caught.value.__notes__
    assert note.startswith("AV705: the code under test broke the contract of AIsa Videos")
    assert process_state() == before


def test_error_that_leaves_a_clean_block_has_no_note() -> None:
    with pytest.raises(LookupError) as caught:
        fail_in_block()
    assert not hasattr(caught.value, "__notes__")


def test_contract_error_at_the_end_has_the_violations() -> None:
    with pytest.raises(ContractError) as caught, mock_videos() as mock:
        create(mock, model="sora-9")
    (violation,) = caught.value.violations
    assert (violation.code, violation.operation_id) == ("AV705", "createVideo")
    assert (violation.place, violation.received) == ("model", "'sora-9'")
    assert "mock_videos(allow=['AV705'])" in str(caught.value)


def test_unknown_field_is_a_warning_at_the_line_of_the_block() -> None:
    with pytest.warns(ContractWarning, match="colour") as caught, mock_videos() as mock:
        create(mock, colour="red")
    assert [warning.filename for warning in caught] == [__file__]


def test_unknown_field_does_not_hide_a_violation() -> None:
    with pytest.raises(ContractError, match="seconds"), mock_videos() as mock:
        create(mock, colour="red", seconds="5")


def test_environment_and_clients_are_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example/v1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("AISA_API_KEY", "sk-aisa-real")
    before = process_state()
    with mock_videos() as mock:
        inside = [os.environ[name] for name in VARIABLES]
        assert inside == [mock.base_url, "sk-aisa-dummy", "sk-aisa-dummy"]
        assert all(now != then for now, then in zip(process_state(), before, strict=True))
    assert process_state() == before


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        pytest.param({"sped": 2}, TypeError, "'sped'", id="typo"),
        pytest.param({"speed": 0}, ValueError, "positive", id="speed 0"),
        pytest.param(
            {"speed": 2, "clock": ManualClock(1_780_000_000)},
            ValueError,
            "both",
            id="clock and speed",
        ),
        pytest.param({"scenario": "sulks"}, ValueError, "'sulks'", id="unknown scenario"),
        pytest.param({"allow": ["AV999"]}, ValueError, "'AV999'", id="unknown rule"),
        pytest.param({"other_hosts": "ask"}, ValueError, "'ask'", id="invalid other_hosts"),
        pytest.param({"unknown_ids": "guess"}, ValueError, "'guess'", id="invalid unknown_ids"),
        pytest.param(
            {"base_url": "api.aisa.one"}, ValueError, "http or https", id="URL without a scheme"
        ),
        pytest.param({"document": "none.yaml"}, DocumentError, "none.yaml", id="missing document"),
    ],
)
def test_invalid_argument_is_an_error_without_side_effects(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    before = process_state()
    with pytest.raises(error, match=message), mock_videos(**arguments):
        pass
    assert process_state() == before


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("document", 5, "a Document or a path, not 5"),
        ("base_url", 5, "a URL of http or https, not 5"),
        ("clock", 5, "'program' or a clock that can be moved, such as TickingClock(), not 5"),
        (
            "clock",
            TickingClock,
            "'program' or a clock that can be moved, such as TickingClock(), not <class ",
        ),
        ("speed", "fast", "a positive number, not 'fast'"),
        ("speed", True, "a positive number, not True"),
        ("speed", float("inf"), "a positive number, not inf"),
        ("seed", "1", "a whole number, not '1'"),
        ("seed", None, "a whole number, not None"),
        ("scenario", 5, "the name of a scenario, not 5"),
        ("config", 5, "a path or a dict, not 5"),
        ("limits", 5, "the name of a tier or a dict, not 5"),
        ("accounts", ["sk-secret"], "a dict of settings by API key, not a list"),
        ("idempotency_keys", "no", "True or False, not 'no'"),
        ("webhook", 5, "a function or a URL, not 5"),
        ("webhook_secret", b"secret", "a text, not a bytes"),
        ("api_keys", ["sk-secret", 5], "a key or several keys, not a list"),
        ("api_keys", {"sk-secret": 5}, "a key or several keys, not a dict"),
        ("unknown_ids", "refus", "'refuse' or 'synthesize', not 'refus'; did you mean refuse?"),
        ("recording", 5, "the path of a HAR file, not 5"),
        ("check", 0, "True or False, not 0"),
        ("allow", 5, "the code of a rule, a path, or several of them, not 5"),
        ("other_hosts", ["pass"], "'pass' or 'fail', not ['pass']"),
        ("no_requests", None, "'pass' or 'fail', not None"),
    ],
)
def test_value_of_the_wrong_kind_is_an_error_that_names_the_option(
    name: str, value: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(f'{name} must be {expected}')}"):
        MockOptions(**{name: value})


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({}, TickingClock),
        ({"speed": 20}, SystemClock),
        ({"clock": ManualClock(1_780_000_000)}, ManualClock),
    ],
    ids=["default", "speed", "clock"],
)
def test_clock_has_the_requested_type(arguments: Any, kind: type[object]) -> None:
    with mock_videos(**arguments) as mock:
        assert type(mock.clock) is kind


def test_arguments_set_ids_keys_scenario_and_checks(other_document: Document) -> None:
    with mock_videos(scenario="fails", seed=2, api_keys=["sk-mine"], check=False) as mock:
        assert create(mock)["error"]["code"] == "invalid_api_key"
        with OpenAI(api_key="sk-mine") as client:
            assert client.videos.create_and_poll(prompt="A").status == "failed"
        create(mock, seconds="5")
        first = mock.jobs[0].id
    with mock_videos(seed=2) as mock:
        assert create(mock)["id"] == first
    with mock_videos(unknown_ids="synthesize", seed=3) as mock:
        assert retrieve(mock, "mine")["status"] == "completed"
        assert create(mock)["id"] != first
    with mock_videos(document=other_document, allow="AV706") as other:
        assert httpx2.get(f"{other.base_url}/renderings").status_code == 401


def test_clock_can_be_frozen_advanced_and_slept_by() -> None:
    with mock_videos(allow="AV731") as mock:
        mock.clock.freeze()
        job = create(mock)["id"]
        states = [retrieve(mock, job)["status"] for _ in range(9)]
        mock.clock.sleep(5)
        states.append(mock.jobs[0].status)
        mock.clock.advance(60)
        states.append(retrieve(mock, job)["status"])
    assert states == [*["queued"] * 9, "in_progress", "completed"]


def test_next_job_and_fail_apply_to_the_next_jobs_and_requests() -> None:
    with mock_videos() as mock, OpenAI() as client:
        mock.next_job(outcome="failed", code="moderation_blocked")
        mock.next_job(seconds=600)
        mock.fail("getVideo", status=500, times=1)
        videos = [client.videos.create_and_poll(prompt=prompt) for prompt in ("1", "2", "3")]
        assert [video.status for video in videos] == ["failed", "completed", "completed"]
        assert mock.jobs[0].error.code == "moderation_blocked"
        spans = [job.completed_at - job.created_at for job in mock.jobs[1:]]
        assert spans[0] >= 600 > spans[1]
        statuses = [request.status for request in mock.requests]
        assert (statuses[1], statuses.count(500)) == (500, 1)


@pytest.mark.parametrize(
    "plan",
    [
        lambda mock: mock.next_job(outcome="failed"),
        lambda mock: mock.fail("createVideo", status=500),
        lambda mock: mock.routes["createVideo"].respond(418),
        lambda mock: create(mock),
    ],
    ids=["job", "error", "route", "request"],
)
def test_reset_forgets_plans_jobs_and_requests(
    plan: Callable[[VideoMock], object],
) -> None:
    with mock_videos(unused_plans="pass") as mock, OpenAI(max_retries=0) as client:
        plan(mock)
        mock.reset()
        assert (mock.jobs, mock.requests) == ([], [])
        assert [route.call_count for route in mock.routes] == [0] * len(mock.routes)
        assert client.videos.create_and_poll(prompt="A lighthouse").status == "completed"


def test_keyword_arguments_are_typed_as_the_options() -> None:
    names = [field.name for field in fields(MockOptions)]
    types = get_type_hints(MockOptions)
    assert get_type_hints(MockOptionsDict) == {name: types[name] for name in names}
    assert list(MockOptionsDict.__annotations__) == names


OBSERVED_MOCK = {
    *("base_url", "clock", "contract", "document", "end_job", "fail", "fault", "jobs"),
    *("next_job", "note_restart"),
    *("requests", "reset", "service", "use_scenario", "verdict", "webhooks", "whose"),
}
VIDEO_MOCK = OBSERVED_MOCK | {"httpx2_transport", "httpx_transport", "routes"}


def public_names(mock: ObservedMock) -> set[str]:
    return {name for name in dir(mock) if not name.startswith("_")}


def test_mocks_have_these_public_names() -> None:
    with mock_videos() as mock:
        assert public_names(mock) == VIDEO_MOCK
    with serve_videos() as mock:
        assert public_names(mock) == OBSERVED_MOCK


def test_traceback_of_a_contract_error_hides_frames_of_the_toolkit(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import httpx2
        from aisa_testkit.pytest_plugin import mock_videos

        def test_it():
            with mock_videos() as mock:
                httpx2.get(f"{mock.base_url}/nowhere")
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*with mock_videos() as mock:", "E*ContractError: AV701:*"])
    assert "pytest_plugin/" not in result.stdout.str().partition("= FAILURES =")[2]


def test_missing_job_and_request_are_errors_with_what_there_is() -> None:
    with mock_videos(check=False) as mock:
        for index in (0, -1):
            expected = f"there is no jobs[{index}]: the mock has 0 jobs and received no request"
            with pytest.raises(IndexError, match=f"^{re.escape(expected)}$"):
                mock.jobs[index]
        with pytest.raises(
            IndexError, match=r"^there is no requests\[0\]: the mock received no requ"
        ):
            mock.requests[0]
        create(mock)
        create(mock, seconds="5")
        httpx2.get(f"{mock.base_url}/video", headers=KEY)
        received = "3 requests: createVideo (200), createVideo (400), GET /v1/video (no operation"
        with pytest.raises(IndexError, match=re.escape(f"has 1 job and received {received}")):
            mock.jobs[1]
        assert [len(mock.jobs[:3]), len(mock.requests[:3]), mock.jobs[-1].status] == [
            1,
            2,
            "queued",
        ]
        with pytest.raises(KeyError, match=r"there is no job 'video_1': the mock has 1 job and re"):
            mock.end_job("video_1", success=True)
        mock.reset()
        with pytest.raises(IndexError, match="has 0 jobs and received no request since its reset"):
            mock.jobs[0]
