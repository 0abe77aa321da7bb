"""The marker: its arguments, its precedence, and its errors."""

from __future__ import annotations

import pytest

from tests.support.documents import RENDERINGS
from tests.support.plugin_project import Run

IMPORTS = """
import httpx2
import pytest
from aisa_testkit.mock_server import ManualClock, SystemClock, TickingClock
from program import create, poll, send
"""


def test_each_marker_argument_has_its_effect(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
marked = pytest.mark.video_mock

@marked(document={str(RENDERINGS)!r})
def test_document(video_mock):
    request = {{"headers": {{"X-Render-Key": "a-key"}}, "json": {{"scene": "A teapot"}}}}
    response = httpx2.post("https://render.example.net/api/v7/renderings", **request)
    assert response.json()["kind"] == "ticket"

@marked(base_url="https://elsewhere.test/api")
def test_base_url(video_mock):
    assert video_mock.base_url == "https://elsewhere.test/api"
    assert send("GET", "https://elsewhere.test/api/videos").status_code == 200

@marked(clock=ManualClock(1_800_000_000))
def test_clock(video_mock):
    job = create(video_mock).json()
    assert job["created_at"] == 1_800_000_000
    assert {{poll(video_mock, job["id"]) for _ in range(30)}} == {{"queued"}}

@marked(speed=250)
def test_speed(video_mock):
    assert isinstance(video_mock.clock, SystemClock)
    assert video_mock.clock.speed == 250

@marked(seed=7)
def test_seed(video_mock):
    print("seed 7", create(video_mock).json()["id"])

@marked(seed=7)
def test_the_same_seed(video_mock):
    print("seed 7", create(video_mock).json()["id"])

@marked(seed=8)
def test_another_seed(video_mock):
    print("seed 8", create(video_mock).json()["id"])

@marked(scenario="fails")
def test_scenario(video_mock):
    job = create(video_mock).json()["id"]
    video_mock.clock.advance(10_000)
    assert poll(video_mock, job) == "failed"

@marked(api_keys=["sk-other"], check=False)
def test_api_keys(video_mock):
    assert create(video_mock).status_code == 401

@marked(unknown_ids="synthesize")
def test_unknown_ids(video_mock):
    assert poll(video_mock, "video_1") == "completed"

@marked(check=False)
def test_check(video_mock):
    create(video_mock, seconds="5", colour="blue")

@marked(allow="AV705")
def test_allow_one(video_mock):
    create(video_mock, seconds="5")

@marked(allow=["AV705", "AV704"])
def test_allow_several(video_mock):
    create(video_mock, seconds="5")
    create(video_mock, prompt=7)

@marked(other_hosts="fail")
def test_other_hosts(video_mock):
    with pytest.raises(httpx2.ConnectError, match="requests to elsewhere.test are blocked"):
        httpx2.get("https://elsewhere.test/")
    video_mock.contract.allow("AV708")
""",
        "-s",
        "-W",
        "error",
    )
    result.assert_outcomes(passed=14)
    ids = [line.split()[-3:] for line in result.outlines if "seed " in line]
    seeds_and_ids = [(seed, job) for _, seed, job in ids]
    assert len(seeds_and_ids) == 3
    assert len(set(seeds_and_ids)) == 2, "only the same seed gives the same ids"


def test_rule_that_is_not_allowed_fails_the_test(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(allow="AV705")
def test_it(video_mock):
    create(video_mock, seconds="5")
    create(video_mock, prompt=7)
"""
    )
    result.assert_outcomes(failed=1)
    assert "AV704: the code under test broke the contract" in result.stdout.str()
    assert "AV705" not in result.stdout.str()


def test_closest_marker_takes_precedence_for_each_argument(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
pytestmark = pytest.mark.video_mock(scenario="fails", base_url="https://module.test/v1")

def end(mock):
    job = create(mock).json()["id"]
    mock.clock.advance(10_000)
    return poll(mock, job), mock.base_url

def test_module(video_mock):
    assert end(video_mock) == ("failed", "https://module.test/v1")

@pytest.mark.video_mock(base_url="https://class.test/v1")
class TestIt:
    def test_class(self, video_mock):
        assert end(video_mock) == ("failed", "https://class.test/v1")

    @pytest.mark.video_mock(scenario="completes")
    def test_function(self, video_mock):
        assert end(video_mock) == ("completed", "https://class.test/v1")

    @pytest.mark.video_mock(base_url="https://outer.test/v1")
    @pytest.mark.video_mock(base_url="https://inner.test/v1")
    def test_two_on_one_function(self, video_mock):
        assert video_mock.base_url == "https://inner.test/v1"

    @pytest.mark.parametrize(
        "wanted",
        [pytest.param("fails", marks=pytest.mark.video_mock(base_url="https://case.test/v1"))],
    )
    def test_case(self, video_mock, wanted):
        assert video_mock.base_url == "https://case.test/v1"
"""
    )
    result.assert_outcomes(passed=5)


def test_speed_and_clock_of_an_inner_marker_replace_each_other(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.fixture
def video_clock():
    return ManualClock(1_700_000_000)

def test_fixture(video_mock):
    assert video_mock.clock.now() == 1_700_000_000

@pytest.mark.video_mock(speed=50)
class TestSpeed:
    def test_over_the_fixture(self, video_mock):
        assert video_mock.clock.speed == 50

    @pytest.mark.video_mock(clock=ManualClock(1_800_000_000))
    def test_clock_over_speed(self, video_mock):
        assert video_mock.clock.now() == 1_800_000_000

@pytest.mark.video_mock(clock=ManualClock(1_780_000_000))
class TestClock:
    @pytest.mark.video_mock(speed=60)
    def test_speed_over_clock(self, video_mock):
        assert video_mock.clock.speed == 60
"""
    )
    result.assert_outcomes(passed=4)


def test_document_of_the_marker_sets_its_base_url(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(document={str(RENDERINGS)!r})
def test_it(video_mock):
    assert video_mock.base_url == "https://render.example.net/api/v7"
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("fixture", ["video_mock", "video_server", "video_api", "video_contract"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            "sped=3",
            "unknown option 'sped', only document, overlays, base_url, *; did you mean speed?",
            id="typo",
        ),
        pytest.param(
            "'fails'",
            "each option needs its name, such as scenario='fails': 'fails'",
            id="positional",
        ),
    ],
)
def test_unknown_argument_is_a_type_error_without_frames_of_the_toolkit(
    run: Run, fixture: str, arguments: str, message: str
) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock({arguments})
def test_it({fixture}):
    pass
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E*TypeError: {message}"])
    assert "pytest_plugin/" not in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            "clock=ManualClock(1_780_000_000), speed=3",
            "ValueError: give a clock or a speed, not both; a clock has its speed",
            id="clock and speed",
        ),
        pytest.param("speed=0", "ValueError: speed must be a positive number, not 0", id="speed 0"),
        pytest.param(
            "speed=-1", "ValueError: speed must be a positive number, not -1", id="negative speed"
        ),
        pytest.param(
            "allow=['AV799']",
            "ValueError: unknown rule 'AV799'; `aisa-testkit explain` lists all rules",
            id="unknown rule",
        ),
        pytest.param(
            "allow='av705'",
            "ValueError: unknown rule 'av705'; did you mean AV705?",
            id="rule in lower case",
        ),
        pytest.param(
            "other_hosts='block'",
            "ValueError: other_hosts must be 'pass' or 'fail', not 'block'",
            id="invalid other_hosts",
        ),
        pytest.param(
            "scenario='explodes'",
            "ValueError: unknown scenario 'explodes', must be one of completes, fails, *",
            id="unknown scenario",
        ),
        pytest.param(
            "scenario='complets'",
            "ValueError: unknown scenario 'complets', must be *; did you mean completes?",
            id="misspelled scenario",
        ),
        pytest.param(
            "limits='Free'",
            "ConfigError: /limits: must be one of none, free, *, not 'Free'; did you mean free?",
            id="misspelled tier",
        ),
        pytest.param(
            "config={'falts': []}",
            "ConfigError: /falts: is not known here, only *, keys; did you mean faults?",
            id="unknown option of the config",
        ),
        pytest.param(
            "config={'faults': [{'operation': 'createVide', 'status': 429}]}",
            "ConfigError: /faults/0/operation: *, not 'createVide'; did you mean createVideo?",
            id="unknown operation of a fault",
        ),
        pytest.param("unknown_ids='invent'", "ValueError: *'invent'*", id="invalid unknown_ids"),
        pytest.param(
            "base_url='api.test/v1'",
            "ValueError: base_url must be a URL of http or https, not 'api.test/v1'",
            id="URL without a scheme",
        ),
        pytest.param("document='none.yaml'", "*none.yaml*", id="missing document"),
    ],
)
def test_invalid_value_is_an_error_before_the_test(run: Run, arguments: str, message: str) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock({arguments})
def test_it(video_mock):
    pass
"""
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"E*{message}"])


UNREAD = (
    "the marker video_mock of {name} has no effect: request one of the fixtures video_mock,"
    " video_server, video_api and video_contract, or pass its arguments to mock_videos()"
)


def test_marked_test_without_a_fixture_fails_before_its_call(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
marked = pytest.mark.video_mock(scenario="fails")

@pytest.fixture
def api(video_server):
    return video_server

@marked
def test_without():
    print("was called")

@pytest.mark.parametrize("case", [pytest.param(1, marks=marked)])
def test_case(case):
    print("was called")

@marked
def test_with(api):
    pass

@marked
@pytest.mark.usefixtures("video_mock")
def test_with_usefixtures():
    pass
""",
        "-s",
    )
    result.assert_outcomes(errors=2, passed=2)
    assert "was called" not in result.stdout.str()
    for name in ("test_without", "test_case[1]"):
        assert result.stdout.str().count(f"\n{UNREAD.format(name=name)}\n") == 1


def test_marked_test_that_may_request_a_fixture_is_warned(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
import unittest

class TestIt(unittest.TestCase):  # pytest adds a fixture that uses request
    @pytest.mark.video_mock(scenario="fails")
    def test_method(self):
        pass

@pytest.fixture(autouse=True)
def other(request):
    pass

@pytest.mark.video_mock(scenario="fails")
def test_without():
    pass

@pytest.mark.video_mock(scenario="fails")
def test_with(request):
    request.getfixturevalue("video_mock")
"""
    )
    result.assert_outcomes(passed=3, warnings=2)
    names = ("test_method", "test_without")
    result.stdout.fnmatch_lines(
        [f"*UnreadMarkerWarning: {UNREAD.format(name=name)}" for name in names]
    )


MARKED_CLASS = f"""{IMPORTS}
pytestmark = pytest.mark.video_mock(scenario="fails")

def test_before(video_mock):
    pass

@pytest.mark.video_mock(seed=1)
class TestIt:
    def test_first(self):
        pass

    def test_second(self{{fixture}}):
        pass

def test_after():
    pass
"""


def test_marked_class_without_any_fixture_is_warned_once(run: Run) -> None:
    result = run(MARKED_CLASS.format(fixture=""))
    result.assert_outcomes(passed=4, warnings=1)
    result.stdout.fnmatch_lines([f"*UnreadMarkerWarning: {UNREAD.format(name='TestIt')}"])
    result = run(MARKED_CLASS.format(fixture=""), "-W", "error")
    result.assert_outcomes(passed=3, failed=1)
    assert f"\n{UNREAD.format(name='TestIt')}\n" in result.stdout.str()


@pytest.mark.parametrize(
    ("fixture", "arguments", "passed"),
    [
        pytest.param(", video_mock", [], 4, id="one test has a fixture"),
        pytest.param(", request", [], 4, id="one test may request a fixture"),
        pytest.param(", video_mock", ["-k", "first"], 1, id="tests of a name"),
        pytest.param("", ["test_program.py::TestIt::test_first"], 1, id="one test"),
    ],
)
def test_marked_class_is_not_warned(
    run: Run, fixture: str, arguments: list[str], passed: int
) -> None:
    result = run(MARKED_CLASS.format(fixture=fixture), *arguments, "-W", "error")
    assert result.parseoutcomes()["passed"] == passed


def test_marker_that_a_hook_adds_to_all_tests_is_not_reported(
    run: Run, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest("""
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.video_mock(scenario="fails"))
""")
    result = run("def test_it(): pass\ndef test_other(video_mock): pass", "-W", "error")
    result.assert_outcomes(passed=2)
