"""The requirements of --video-target=live, and its limits for tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.plugin_project import Run

Spending = Callable[[pytest.RunResult], str]


@pytest.mark.parametrize(
    ("key", "arguments", "line"),
    [
        ("", ["--video-max-spend=1"], "--video-target=live needs a key in AISA_API_KEY"),
        ("sk-1", [], "--video-target=live costs money: set a limit, such as --video-max-spend=1"),
        *(
            (
                "sk-1",
                [f"--video-max-spend={amount}"],
                f"--video-max-spend must be an amount such as 1.50, not {amount!r}",
            )
            for amount in ("", "much", "-1", "nan", "inf", "1,50", "1.50 USD")
        ),
        (
            "sk-1",
            ["--video-max-spend=1", "-n", "2"],
            "--video-target=live has a single budget: run it without -n",
        ),
        (
            "sk-1",
            ["--video-max-spend=1", "-n", "auto"],
            "--video-target=live has a single budget: run it without -n",
        ),
    ],
)
def test_live_target_requires_key_and_budget(
    project: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    arguments: list[str],
    line: str,
) -> None:
    monkeypatch.setenv("AISA_API_KEY", key)
    project.makepyfile(test_live="raise SystemError('the test was imported')")
    result = project.runpytest_inprocess("--video-target=live", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line for line in result.errlines if line] == [f"ERROR: {line}"]
    assert "the test was imported" not in str(result.stdout)


def test_unknown_target_is_a_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--video-target=paid")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--video-target: invalid choice: 'paid' (choose from *live*)"])


@pytest.mark.parametrize(("target", "kind"), [("mock", "VideoMock"), ("server", "ObservedMock")])
def test_other_targets_need_no_key(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, target: str, kind: str
) -> None:
    monkeypatch.delenv("AISA_API_KEY")
    project.makepyfile(
        test_it=f"""
        from program import finished

        def test_it(video_api):
            assert type(video_api).__name__ == {kind!r}
            assert video_api.jobs == []
            assert finished()["id"] == video_api.jobs[0].id
        """
    )
    result = project.runpytest_inprocess(f"--video-target={target}")
    result.assert_outcomes(passed=1)
    assert "live API" not in str(result.stdout)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("video_api.next_job(outcome='failed')", "next_job"),
        ("video_api.fail('createVideo', status=429)", "fail"),
        ("video_api.reset()", "reset"),
        ("video_api.routes['createVideo']", "routes"),
        ("video_api.clock.advance(30)", "clock.advance"),
        ("video_api.clock.freeze()", "clock.freeze"),
    ],
    ids=["next_job", "fail", "reset", "routes", "advance", "freeze"],
)
def test_live_test_that_controls_its_jobs_is_skipped(
    project: pytest.Pytester, statement: str, name: str
) -> None:
    project.makepyfile(test_live=f"def test_it(video_api):\n    {statement}\n    assert False")
    result = project.runpytest_inprocess("--video-target=live", "--video-max-spend=1", "-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"SKIPPED * {name}: the live API cannot be controlled"])


def test_typo_in_a_live_test_is_an_error(live: Run) -> None:
    result = live(
        """
        def test_it(video_api):
            assert video_api.requets == []
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*AttributeError: *requets*"])


def test_video_server_works_beside_the_live_api(live: Run, spending_of: Spending) -> None:
    result = live(
        """
        import httpx

        def create_at(api):
            key = {"Authorization": "Bearer any"}
            return httpx.post(f"{api.base_url}/videos", json={"prompt": "x"}, headers=key).json()

        def test_mock_last(video_api, video_server, upstream):
            assert create_at(video_server)["id"] == video_server.jobs[0].id
            assert create_at(video_api)["id"] == upstream.jobs[0].id

        def test_mock_first(video_server, video_api, upstream):
            assert create_at(video_server)["id"] == video_server.jobs[0].id
            assert create_at(video_api)["id"] == upstream.jobs[1].id
        """,
    )
    result.assert_outcomes(passed=2)
    assert spending_of(result) == "2 jobs, at most 0.80 of 1.50 USD"


def test_live_target_refuses_a_child_process_for_each_test(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--forked", action="store_true")
        """
    )
    result = project.runpytest_inprocess("--video-target=live", "--video-max-spend=1", "--forked")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    line = "--video-target=live has a single budget: run it without --forked"
    assert [line for line in result.errlines if line] == [f"ERROR: {line}"]
