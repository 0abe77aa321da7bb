"""Mocks that are open for longer than one test."""

from __future__ import annotations

import pytest

from tests.support.openai_sdk import needs_version_3
from tests.support.plugin_project import Run

IMPORTS = """
import unittest
import warnings
import pytest
from aisa_testkit.pytest_plugin import mock_videos, serve_videos
from openai import OpenAI
from program import create, poll
"""
TESTS = """
class TestIt:
    @pytest.fixture
    def finished(self, api):
        return OpenAI().videos.create_and_poll(prompt="A teapot")

    @pytest.mark.parametrize("prompt", ["a", "b", "c"])
    def test_it(self, api, finished, prompt):
        assert OpenAI().videos.create_and_poll(prompt=prompt).status == "completed"

    def test_other_warning(self):
        with pytest.raises(DeprecationWarning, match="something else"):
            warnings.warn("something else", DeprecationWarning, stacklevel=1)
"""


@pytest.mark.parametrize("open_mock", ["mock_videos", "serve_videos"])
@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_warning_of_the_sdk_is_ignored_in_any_scope(run: Run, scope: str, open_mock: str) -> None:
    fixture = f"""
@pytest.fixture(scope={scope!r})
def api():
    with {open_mock}() as mock:
        yield mock
"""
    result = run(IMPORTS + fixture + TESTS, "-W", "error")
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("arguments", "mark"),
    [
        pytest.param(["-o", "filterwarnings=error"], "", id="ini option"),
        pytest.param([], "pytestmark = pytest.mark.filterwarnings('error')", id="marker"),
    ],
)
def test_filters_of_an_ini_option_and_of_a_marker(
    run: Run, arguments: list[str], mark: str
) -> None:
    fixture = f"""
{mark}
@pytest.fixture(scope="module")
def api():
    with mock_videos() as mock:
        yield mock
"""
    result = run(IMPORTS + fixture + TESTS, *arguments)
    result.assert_outcomes(passed=4)


@needs_version_3  # earlier versions give no warning
def test_mocks_of_xunit_style_classes(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
class Base:
    @classmethod
    def open(cls):
        cls.context = mock_videos()
        cls.mock = cls.context.__enter__()

    @classmethod
    def close(cls):
        cls.context.__exit__(None, None, None)

    def test_first(self):
        assert OpenAI().videos.create_and_poll(prompt="a").status == "completed"

    def test_second(self):
        assert OpenAI().videos.create_and_poll(prompt="b").status == "completed"

class TestXunit(Base):
    setup_class, teardown_class = Base.open, Base.close

class TestUnittest(Base, unittest.TestCase):
    setUpClass, tearDownClass = Base.open, Base.close

def test_warning_after_all_mocks():
    with pytest.raises(DeprecationWarning, match="Sora API"):
        OpenAI(base_url="http://127.0.0.1:9/v1", api_key="sk-test", max_retries=0).videos.list()
""",
        "-W",
        "error",
    )
    result.assert_outcomes(passed=5)


def test_warning_at_the_end_of_a_module_is_shown(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.fixture(scope="module")
def api():
    with mock_videos() as mock:
        yield mock

@pytest.mark.parametrize("prompt", ["a", "b"])
def test_it(api, prompt):
    create(api, prompt=prompt, colour="blue")
"""
    )
    result.assert_outcomes(passed=2, warnings=1)
    assert result.stdout.str().count("ContractWarning: AV707 unknown field") == 1


def test_mocks_of_a_module_and_of_a_test(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.fixture(scope="module")
def api():
    with mock_videos() as mock:
        yield mock

def test_both(api, video_mock):
    OpenAI().videos.create(prompt="a")
    assert (len(api.jobs), len(video_mock.jobs)) == (0, 1)

def test_outer(api):
    OpenAI().videos.create(prompt="a")
    assert len(api.jobs) == 1
""",
        "-W",
        "error",
    )
    result.assert_outcomes(passed=2)
