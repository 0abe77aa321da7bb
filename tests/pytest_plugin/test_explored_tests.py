"""The marker video_explore: a test is run once for every behaviour, and fails with a test of it."""

from __future__ import annotations

import re

import pytest

from tests.support.plugin_project import Run

CARELESS = """
import httpx
import re

import pytest
from program import KEY

class GaveUp(Exception):
    pass

def make_clip(url, path):
    with httpx.Client(headers=KEY, timeout=30) as client:
        response = None
        for attempt in range(ATTEMPTS):
            try:
                response = client.post(url, json={"prompt": "x"}).raise_for_status()
                path.write_text(response.json()["id"])
                return
            except (httpx.HTTPError, ValueError):
                continue
        raise GaveUp

@pytest.mark.video_explore(faults=1, restarts=False, raises=GaveUp)
def test_clip(video_mock, tmp_path):
    make_clip(video_mock.base_url + "/videos", tmp_path / "clip.txt")
    assert (tmp_path / "clip.txt").exists()
"""
MENDED = CARELESS.replace("ATTEMPTS", "1").replace("raises=GaveUp", "raises=(GaveUp,)")
CARELESS = CARELESS.replace("ATTEMPTS", "2")


def pasted(result: pytest.RunResult, name: str) -> str:
    """Return the test of this name that a failure shows."""
    text = "\n".join(result.outlines)
    end = text.index("\n", text.index("\n", text.index(f"def {name}")) + 1)
    return text[text.rindex("@pytest.mark.video_explore(", 0, end) : end + 1]


def test_failure_shows_the_behaviour_and_a_test_of_it(run: Run) -> None:
    result = run(CARELESS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "* findings in * behaviours with up to 1 fault",
            "1 of *: 2 jobs are paid (video_*, video_*), without faults 1 job",
            "when jobs complete; 1st createVideo: its response is *",
            "       0.0 s  createVideo: *  <- its response is *",
            "*createVideo: 200, queued",
            "              it returned",
            "@pytest.mark.video_explore(",
            "    raises=GaveUp,",
            "    behaviour={",
            '        "life": "completes",',
            '        "faults": [[]{"operation": "createVideo", "nth": 1, *}],',
            "def test_clip_paid_again(video_mock, tmp_path):",
            "    test_clip(video_mock, tmp_path)",
            "FAILED test_program.py::test_clip - Failed: * findings in *",
        ]
    )


def test_pasted_test_fails_alone_and_passes_once_the_program_is_mended(run: Run) -> None:
    test = pasted(run(CARELESS), "test_clip_paid_again")
    alone = ("-k", "paid_again")
    run(f"{CARELESS}\n{test}", *alone).assert_outcomes(failed=1, deselected=1)
    run(f"{MENDED}\n{test}", *alone).assert_outcomes(passed=1, deselected=1)


def test_mended_program_is_said_to_be_right(run: Run) -> None:
    result = run(MENDED)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "test_program.py::test_clip: none of * behaviours with up to 1 fault makes it pay"
            " twice, hang, or report wrongly"
        ]
    )


def test_each_run_has_fresh_fixtures(run: Run) -> None:
    result = run(
        """
        import httpx, pytest
        from program import KEY

        @pytest.fixture
        def numbers(video_mock):
            assert not video_mock.requests
            return []

        @pytest.fixture(scope="module")
        def runs():
            return []

        @pytest.mark.video_explore(faults=0, raises=KeyError)
        def test_list(video_mock, tmp_path, numbers, runs):
            assert not numbers
            assert not list(tmp_path.iterdir())
            numbers.append(1)
            runs.append(video_mock)
            httpx.get(video_mock.base_url + "/videos", headers=KEY).raise_for_status()

        def test_there_were_some(runs):
            assert len({*map(id, runs)}) == len(runs) > 3
        """
    )
    result.assert_outcomes(passed=2)


def test_test_is_usual_if_exploring_is_off(run: Run) -> None:
    run(CARELESS, "--video-explore=off").assert_outcomes(passed=1)


def test_quick_exploration_has_one_fault_and_no_kill(run: Run) -> None:
    result = run(MENDED.replace("faults=1, restarts=False, ", ""), "--video-explore=quick")
    result.stdout.fnmatch_lines(["*: none of * behaviours with up to 1 fault makes it pay*"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "faults=1",
            "fault=1",
            "marker video_explore: unknown option 'fault', only *; did you mean faults?",
        ),
        (
            "faults=1",
            "faults='1'",
            "marker video_explore: faults must be a whole number from 0, not '1'",
        ),
        ("(video_mock, tmp_path)", "(tmp_path)", "the marker video_explore needs the fixture*"),
        ("range(2)", "range(0)", "without faults, it failed: GaveUp: "),
        (
            'make_clip(video_mock.base_url + "/videos", tmp_path / "clip.txt")',
            "(tmp_path / 'clip.txt').touch()",
            "the program makes no request to the mock",
        ),
    ],
)
def test_mistake_is_named(run: Run, old: str, new: str, message: str) -> None:
    assert old in CARELESS
    result = run(CARELESS.replace(old, new))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([message])


def test_failing_assertion_is_found(run: Run) -> None:
    result = run(MENDED.replace("return\n", "return path.unlink() if attempt else None\n"))
    result.assert_outcomes(passed=1)
    result = run(CARELESS.replace("return\n", "return path.unlink() if attempt else None\n"))
    result.stdout.fnmatch_lines(["*an assertion fails: AssertionError: *"])


def test_explorations_run_on_workers_of_xdist(run: Run) -> None:
    result = run(MENDED, "-n1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_program.py::test_clip: none of * behaviours*"])


def test_explored_test_is_torn_down_for_the_next_module(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_zz_other="def test_it(): pass")
    run(MENDED).assert_outcomes(passed=2)


def test_saved_tests_fail_alone(run: Run, pytester: pytest.Pytester) -> None:
    result = run(CARELESS, "--video-explore-save=saved")
    result.stdout.fnmatch_lines(["saved as saved/test_clip_paid_again.py"])
    result = pytester.runpytest_inprocess("saved/test_clip_paid_again.py")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1 of 1: 2 jobs are paid *"])
    result.stdout.no_fnmatch_line("*def test_clip_paid_again_*")


def test_saved_test_passes_once_the_program_is_mended(run: Run, pytester: pytest.Pytester) -> None:
    run(CARELESS, "--video-explore-save=saved")
    run(MENDED, "saved/test_clip_paid_again.py").assert_outcomes(passed=1)


def test_pasted_test_keeps_parameters_methods_and_markers(run: Run) -> None:
    source = """
    import httpx, pytest
    from program import KEY

    class TestClips:
        @pytest.mark.video_mock(check=False)
        @pytest.mark.video_explore(faults=1, restarts=False, raises=(KeyError, ValueError))
        @pytest.mark.parametrize("prompt", ["a lamp"])
        def test_it(self, prompt, video_mock):
            url = video_mock.base_url + "/videos"
            assert httpx.post(url, json={"prompt": prompt}, headers=KEY).status_code == 200
    """
    result = run(source)
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.video_mock(check=False)",
            "@pytest.mark.video_explore(",
            "    raises=(KeyError, ValueError),",
            "def test_it_*(video_mock):",
            '    TestClips().test_it(video_mock, prompt="a lamp")',
        ]
    )


def test_workers_of_xdist_share_the_behaviours(run: Run) -> None:
    alone = re.search(r"none of (\d+) behaviours", run(MENDED).stdout.str())
    result = run(MENDED, "-n2")
    result.assert_outcomes(passed=2)
    parts = re.findall(r"part (\d of \d)\]: none of (\d+) behaviours", result.stdout.str())
    assert sorted(name for name, _ in parts) == ["1 of 2", "2 of 2"]
    assert alone
    # Each worker tries what happens without faults, twice.
    assert sum(int(runs) for _, runs in parts) == int(alone[1]) + 2


def test_interrupted_exploration_shows_what_is_known(run: Run, pytester: pytest.Pytester) -> None:
    source = CARELESS.replace("def make_clip", "runs = []\n\ndef make_clip")
    end = "    runs.append(1)\n    if len(runs) > 30: raise KeyboardInterrupt\n"
    source = source.replace("    make_clip(video_mock", f"{end}    make_clip(video_mock")
    run(source, "--collect-only")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        ["* of about * behaviours (not exhausted) *", "1 of *: 2 jobs are paid *"]
    )
