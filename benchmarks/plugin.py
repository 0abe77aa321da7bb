"""Compare the pytest plugin with what there is without it, in rounds that alternate.

- pytest on an empty test, with the plugin installed but unused, and without it,
- the set-up and tear-down of a mock, and of a bare respx router with as many routes,
- a call through the OpenAI SDK, answered by the mock and by a bare respx route with a constant
  answer,
- a whole job with `create_and_poll`, and as many calls of the bare routes.

Run as `python benchmarks/plugin.py`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import openai
import respx
from respx.mocks import HTTPCoreMocker

from aisa_testkit.openapi import load_document
from aisa_testkit.pytest_plugin import VideoMock, mock_videos
from aisa_testkit.pytest_plugin.httpcore2 import HTTPCore2Mocker

PROMPT = "A calico cat plays a grand piano on a stage, slow dolly shot"
Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Round:
    """How long the plugin and its counterpart took in one round, in milliseconds."""

    mine: float
    bare: float


def main() -> None:
    """Run all comparisons and print the table."""
    options = _options()
    print("| median | plugin | without | ratio | difference | aim |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    found = _compare(*_pytest_runs(), rounds=options.runs)
    _row("pytest on an empty test, ms", found, "at most 15 ms more")
    found = _compare(_mock_cycle, _router_cycle, rounds=options.rounds)
    _row("set-up and tear-down, ms", found, "at most 3 ms")
    with mock_videos() as mock, _bare_routes() as answers:
        ours, theirs = openai.OpenAI(), openai.OpenAI(base_url="https://bare.test/v1")
        job = ours.videos.create(prompt=PROMPT)
        answers["body"] = mock.routes["createVideo"].calls.last.response.content
        mock.clock.freeze()
        found = _compare(
            lambda: ours.videos.retrieve(job.id),
            lambda: theirs.videos.retrieve(job.id),
            rounds=options.rounds,
        )
        _row("retrieve through the SDK, ms", found, "ratio at most 1.5")
        found = _compare(
            lambda: ours.videos.create(prompt=PROMPT),
            lambda: theirs.videos.create(prompt=PROMPT),
            rounds=options.rounds,
        )
        _row("create through the SDK, ms", found, "ratio at most 1.5")
        mock.clock.freeze(False)
        calls = _calls_of_a_job(mock, ours)
        found = _compare(
            lambda: ours.videos.create_and_poll(prompt=PROMPT),
            lambda: [theirs.videos.retrieve(job.id) for _ in range(calls)],
            rounds=max(1, options.rounds // 5),
        )
        _row(f"a whole job in {calls} calls, ms", found, "under 20 ms")
        mock.contract.allow("AV715", "AV717")  # the rounds ask for the same again and again


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="rounds in process (%(default)s)")
    parser.add_argument("--runs", type=int, default=21, help="runs of pytest (%(default)s)")
    return parser.parse_args()


def _compare(mine: Action, bare: Action, *, rounds: int) -> list[Round]:
    """How long two actions took, in milliseconds, that take turns."""
    found: list[Round] = []
    for number in range(rounds + 1):
        times = [0.0, 0.0]
        for index in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            (mine, bare)[index]()
            times[index] = (time.perf_counter() - began) * 1000
        found.append(Round(*times))
    return found[1:]  # the first warms up


def _row(title: str, rounds: list[Round], aim: str) -> None:
    """Prints medians; ratio and difference are taken within a round, so that a busy machine slows
    both alike.
    """
    mine, bare = (statistics.median(getattr(r, name) for r in rounds) for name in ("mine", "bare"))
    ratio = statistics.median(r.mine / r.bare for r in rounds)
    more = statistics.median(r.mine - r.bare for r in rounds)
    print(f"| {title} | {mine:.2f} | {bare:.2f} | {ratio:.2f} | {more:.2f} | {aim} |", flush=True)


def _pytest_runs() -> tuple[Action, Action]:
    """pytest on an empty test, with our plugin and no other, and with none at all."""
    folder = Path(tempfile.mkdtemp())
    (folder / "test_empty.py").write_text("def test_empty(): pass\n")
    # Whoever installs a package has it compiled.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    installed = {entry.name for entry in entry_points(group="pytest11")}
    blocked = [f"-pno:{name}" for name in sorted(installed - {"aisa_testkit"})]
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *blocked]

    def run(*more: str) -> None:
        subprocess.run(
            [*command, *more], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL
        )

    return run, lambda: run("-pno:aisa_testkit")


def _mock_cycle() -> None:
    with mock_videos():
        pass


def _router_cycle() -> None:
    router = respx.MockRouter(assert_all_called=False)
    for operation in load_document().operations.values():
        url = f"https://bare.test{operation.path}"
        router.request(operation.method, url, name=operation.id).respond(200)
    with _routed(router):
        pass


@contextmanager
def _bare_routes() -> Iterator[dict[str, bytes]]:
    """Routes beside the mock's that answer one constant video, once its bytes are known."""
    answers: dict[str, bytes] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "application/json"}
        return httpx.Response(200, headers=headers, content=answers["body"])

    router = respx.MockRouter(assert_all_called=False)
    router.route(method="GET", url__startswith="https://bare.test/v1/videos/").mock(
        side_effect=answer
    )
    router.route(method="POST", url="https://bare.test/v1/videos").mock(side_effect=answer)
    with _routed(router):
        yield answers


@contextmanager
def _routed(router: respx.MockRouter) -> Iterator[None]:
    """What respx does for one family of clients, for both."""
    for mocker in (HTTPCoreMocker, HTTPCore2Mocker):
        mocker.routers.insert(0, router)
        mocker.start()
    yield
    for mocker in (HTTPCoreMocker, HTTPCore2Mocker):
        mocker.unregister(router)
        mocker.stop()


def _calls_of_a_job(mock: VideoMock, client: openai.OpenAI) -> int:
    before = len(mock.requests)
    client.videos.create_and_poll(prompt=PROMPT)
    return len(mock.requests) - before


if __name__ == "__main__":
    main()
