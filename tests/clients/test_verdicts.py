"""The verdicts on the careful client of the cookbook and on OpenAI's SDK, with every failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import ModuleType

import httpx
import openai
import pytest
import yaml

from aisa_testkit.contracts import ClientVerdict
from aisa_testkit.mock_server import (
    ClientClock,
    JobService,
    ManualClock,
    MovableClock,
    TickingClock,
)
from aisa_testkit.pytest_plugin import ObservedMock, mock_videos, serve_videos
from tests.support.documents import ROOT
from tests.support.openai_sdk import needs_version_3

COOKBOOK = ROOT / "docs" / "cookbook.md"
PROMPT = "A lighthouse in a storm"
SCENARIOS = [scenario["name"] for scenario in JobService().scenarios.to_json()]
ENDLESS_SCENARIO = "stalls"


class TimeLimitExceeded(Exception):
    """A client has not ended after ten minutes of its own time."""


CLOCKS = pytest.mark.parametrize(
    "new_clock", [TickingClock, ClientClock], ids=["ticking clock", "client clock"]
)
Run = Callable[[ObservedMock], object]


def rows() -> Iterator[tuple[dict[str, object], list[str]]]:
    """Yield the failures in the table of the cookbook, with their findings."""
    page = COOKBOOK.read_text(encoding="utf-8")
    for options, findings in re.findall(r"^\| `([a-z]+: .*?)` \|.*\| (.*) \|$", page, re.MULTILINE):
        yield yaml.safe_load(f"{{{options}}}"), re.findall(r"AV\d+", findings)


ROWS = [
    pytest.param(options, codes, id=" ".join(map(str, options.values())))
    for options, codes in rows()
]


@pytest.fixture(scope="module")
def careful() -> Run:
    """The careful client of the cookbook."""
    page = COOKBOOK.read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n# video_client\.py\n(.*?)^```$", page, re.M | re.S)
    module = ModuleType("video_client")
    exec(compile(program, str(COOKBOOK), "exec"), module.__dict__)

    def run(mock: ObservedMock) -> bytes | None:
        headers = {"Authorization": "Bearer sk-anything"}
        with httpx.Client(base_url=mock.base_url, headers=headers, timeout=60) as client:
            maker = module.VideoMaker(client, sleep=mock.clock.sleep, now=mock.clock.client_time)
            try:
                video: bytes = maker.make(PROMPT)
            except module.NoVideo:
                return None
            return video

    return run


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Run:
    """OpenAI's SDK with its defaults, stopped after ten minutes of its own time."""

    def run(mock: ObservedMock) -> bytes | None:
        def sleep(seconds: float) -> None:
            mock.clock.sleep(seconds)
            if mock.clock.client_time() > 600:
                raise TimeLimitExceeded

        monkeypatch.setattr("time.sleep", sleep)
        with openai.OpenAI(timeout=60) as client:
            try:
                video = client.videos.create_and_poll(prompt=PROMPT)
                done = video.status == "completed"
                return client.videos.download_content(video.id).content if done else None
            except (openai.OpenAIError, ValueError, TimeLimitExceeded):
                return None

    return run


def verdict_of(
    run: Run, options: dict[str, object], *, clock: MovableClock
) -> tuple[ClientVerdict, bool]:
    """Return the verdict on a client, and True if the client got a video."""
    with mock_videos(check=False, clock=clock) as mock:
        set_failure(mock, options)
        video = run(mock)
        return mock.verdict, bool(video)


def set_failure(mock: ObservedMock, options: dict[str, object]) -> None:
    if "scenario" in options:
        mock.use_scenario(str(options["scenario"]))
    else:
        mock.service.faults.add(options)


def codes(verdict: ClientVerdict) -> list[str]:
    return sorted(finding.first.code for finding in verdict.findings)


@CLOCKS
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_careful_client_is_clean_in_every_scenario(
    careful: Run, scenario: str, new_clock: type[ManualClock]
) -> None:
    verdict, has_video = verdict_of(careful, {"scenario": scenario}, clock=new_clock())
    assert verdict.clean, str(verdict)
    assert (verdict.jobs, verdict.duplicates) == (1, 0)
    assert has_video is (scenario not in ("fails", "moderated", ENDLESS_SCENARIO))


@CLOCKS
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != ENDLESS_SCENARIO])
def test_sdk_is_clean_in_every_scenario_that_ends(
    sdk: Run, scenario: str, new_clock: type[ManualClock]
) -> None:
    verdict, has_video = verdict_of(sdk, {"scenario": scenario}, clock=new_clock())
    assert verdict.clean, str(verdict)
    assert (verdict.jobs, verdict.duplicates) == (1, 0)
    assert has_video is (scenario not in ("fails", "moderated"))


@needs_version_3
@pytest.mark.parametrize(("options", "expected"), ROWS)
def test_sdk_gets_the_findings_of_the_cookbook(
    sdk: Run, options: dict[str, object], expected: list[str]
) -> None:
    verdict, _ = verdict_of(sdk, options, clock=ClientClock(1_780_000_000))
    assert codes(verdict) == expected, str(verdict)


@CLOCKS
@pytest.mark.parametrize(("options", "expected"), ROWS)
def test_careful_client_is_clean_under_every_fault(
    careful: Run, options: dict[str, object], expected: list[str], new_clock: type[ManualClock]
) -> None:
    verdict, _ = verdict_of(careful, options, clock=new_clock())
    assert verdict.clean, str(verdict)
    assert verdict.duplicates == 0


def test_cookbook_table_has_rows_with_and_without_findings() -> None:
    expected_codes = [expected for _, expected in rows()]
    assert [] in expected_codes
    assert {code for expected in expected_codes for code in expected} >= {
        "AV715",
        "AV721",
        "AV733",
        "AV734",
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_careful_client_is_clean_on_a_socket(careful: Run, scenario: str) -> None:
    with serve_videos(clock=ClientClock(1_780_000_000), scenario=scenario) as server:
        careful(server)
        assert server.verdict.clean, str(server.verdict)
        assert server.verdict.jobs == 1


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != ENDLESS_SCENARIO])
def test_sdk_is_clean_on_a_socket(sdk: Run, scenario: str) -> None:
    with serve_videos(clock=ClientClock(1_780_000_000), scenario=scenario) as server:
        sdk(server)
        assert server.verdict.clean, str(server.verdict)
        assert server.verdict.jobs == 1


def test_lost_response_gives_the_same_findings_on_a_socket(sdk: Run, careful: Run) -> None:
    options = {"operation": "createVideo", "lost": True, "times": 1}
    found = []
    for run in (sdk, careful):
        with serve_videos(clock=ClientClock(1_780_000_000), check=False) as server:
            set_failure(server, options)
            assert run(server)
            found.append(codes(server.verdict))
    assert found == [["AV715", "AV721"], []]
