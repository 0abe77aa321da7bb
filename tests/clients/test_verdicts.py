"""The verdict on two clients, whatever goes wrong: one that does everything right, and OpenAI's SDK
as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
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

COOKBOOK = Path(__file__).parents[2] / "docs" / "cookbook.md"
PROMPT = "A lighthouse in a storm"
SCENARIOS = [scenario["name"] for scenario in JobService().scenarios.to_json()]
WITHOUT_END = "stalls"


class Endless(Exception):
    """A client does not come to an end by itself."""


CLOCKS = pytest.mark.parametrize("new_clock", [TickingClock, ClientClock], ids=["ticking", "true"])
Run = Callable[[ObservedMock], object]


def rows() -> Iterator[tuple[dict[str, object], list[str]]]:
    """What goes wrong in the table of the cookbook, and which findings stand beside it."""
    page = COOKBOOK.read_text(encoding="utf-8")
    for words, findings in re.findall(r"^\| `([a-z]+: .*?)` \|.*\| (.*) \|$", page, re.MULTILINE):
        yield yaml.safe_load(f"{{{words}}}"), re.findall(r"AV\d+", findings)


ROWS = [
    pytest.param(words, codes, id=" ".join(map(str, words.values()))) for words, codes in rows()
]


@pytest.fixture(scope="module")
def careful() -> Run:
    """The client of the cookbook that does everything right."""
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
    """OpenAI's SDK as it comes, stopped after ten minutes of its own time."""

    def run(mock: ObservedMock) -> bytes | None:
        def sleep(seconds: float) -> None:
            mock.clock.sleep(seconds)
            if mock.clock.client_time() > 600:
                raise Endless

        monkeypatch.setattr("time.sleep", sleep)
        with openai.OpenAI(timeout=60) as client:
            try:
                video = client.videos.create_and_poll(prompt=PROMPT)
                done = video.status == "completed"
                return client.videos.download_content(video.id).content if done else None
            except (openai.OpenAIError, ValueError, Endless):
                return None

    return run


def verdict_of(
    run: Run, words: dict[str, object], *, clock: MovableClock
) -> tuple[ClientVerdict, bool]:
    """The verdict on a client, and whether it has come to a video."""
    with mock_videos(check=False, clock=clock) as mock:
        rehearse(mock, words)
        video = run(mock)
        return mock.verdict, bool(video)


def rehearse(mock: ObservedMock, words: dict[str, object]) -> None:
    if "scenario" in words:
        mock.use_scenario(str(words["scenario"]))
    else:
        mock.service.faults.add(words)


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
    assert has_video is (scenario not in ("fails", "moderated", WITHOUT_END))


@CLOCKS
@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != WITHOUT_END])
def test_sdk_is_clean_in_every_scenario_that_ends(
    sdk: Run, scenario: str, new_clock: type[ManualClock]
) -> None:
    verdict, has_video = verdict_of(sdk, {"scenario": scenario}, clock=new_clock())
    assert verdict.clean, str(verdict)
    assert (verdict.jobs, verdict.duplicates) == (1, 0)
    assert has_video is (scenario not in ("fails", "moderated"))


@pytest.mark.parametrize(("words", "expected"), ROWS)
def test_sdk_gets_the_findings_of_the_cookbook(
    sdk: Run, words: dict[str, object], expected: list[str]
) -> None:
    verdict, _ = verdict_of(sdk, words, clock=ClientClock())
    assert codes(verdict) == expected, str(verdict)


@CLOCKS
@pytest.mark.parametrize(("words", "expected"), ROWS)
def test_careful_client_is_clean_under_every_fault(
    careful: Run, words: dict[str, object], expected: list[str], new_clock: type[ManualClock]
) -> None:
    verdict, _ = verdict_of(careful, words, clock=new_clock())
    assert verdict.clean, str(verdict)
    assert verdict.duplicates == 0


def test_cookbook_table_has_rows_with_and_without_findings() -> None:
    told = [expected for _, expected in rows()]
    assert [] in told
    assert {code for expected in told for code in expected} >= {"AV715", "AV721", "AV733", "AV734"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_careful_client_is_clean_on_a_socket(careful: Run, scenario: str) -> None:
    with serve_videos(clock=ClientClock(), scenario=scenario) as server:
        careful(server)
        assert server.verdict.clean, str(server.verdict)
        assert server.verdict.jobs == 1


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != WITHOUT_END])
def test_sdk_is_clean_on_a_socket(sdk: Run, scenario: str) -> None:
    with serve_videos(clock=ClientClock(), scenario=scenario) as server:
        sdk(server)
        assert server.verdict.clean, str(server.verdict)
        assert server.verdict.jobs == 1


def test_lost_response_gives_the_same_findings_on_a_socket(sdk: Run, careful: Run) -> None:
    words = {"operation": "createVideo", "lost": True, "times": 1}
    found = []
    for run in (sdk, careful):
        with serve_videos(clock=ClientClock(), check=False) as server:
            rehearse(server, words)
            assert run(server)
            found.append(codes(server.verdict))
    assert found == [["AV715", "AV721"], []]
