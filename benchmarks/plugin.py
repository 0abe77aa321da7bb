"""Compare the pytest plugin with bare respx routes, in alternating rounds.

- pytest on an empty test, with the plugin installed but unused, and without it,
- the set-up and tear-down of a mock, and of a bare respx router with as many routes,
- a call through the OpenAI SDK to the mock, and to a bare respx route with a constant response,
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
from functools import partial
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
    """The times of the plugin and of its counterpart in one round, in milliseconds."""

    plugin: float
    bare: float


def main() -> None:
    """Run all comparisons and print the table."""
    options = _options()
    print("| median | plugin | without | ratio | difference | aim |")
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    results = _compare(*_pytest_runs(), rounds=options.runs)
    _row("pytest on an empty test, ms", results, "at most 15 ms more")
    results = _compare(_mock_cycle, _router_cycle, rounds=options.rounds)
    _row("set-up and tear-down, ms", results, "at most 3 ms")
    with mock_videos() as mock, _bare_routes() as responses:
        ours, theirs = openai.OpenAI(), openai.OpenAI(base_url="https://bare.test/v1")
        job = ours.videos.create(prompt=PROMPT)
        responses["body"] = mock.routes["createVideo"].calls.last.response.content
        mock.clock.freeze()
        results = _compare(
            lambda: ours.videos.retrieve(job.id),
            lambda: theirs.videos.retrieve(job.id),
            rounds=options.rounds,
        )
        _row("retrieve through the SDK, ms", results, "ratio at most 1.5")
        results = _compare(
            lambda: ours.videos.create(prompt=PROMPT),
            lambda: theirs.videos.create(prompt=PROMPT),
            rounds=options.rounds,
        )
        _row("create through the SDK, ms", results, "ratio at most 1.5")
        mock.clock.freeze(False)
        calls = _calls_of_a_job(mock, ours)
        results = _compare(
            lambda: ours.videos.create_and_poll(prompt=PROMPT),
            lambda: [theirs.videos.retrieve(job.id) for _ in range(calls)],
            rounds=max(1, options.rounds // 5),
        )
        _row(f"a whole job in {calls} calls, ms", results, "under 20 ms")
        mock.contract.allow("AV715", "AV717")  # the rounds repeat equal requests
    new_client = partial(openai.OpenAI, api_key="sk-bare")
    results = _compare(_whole_test, new_client, rounds=max(1, options.rounds // 5))
    _row("a whole test with its client (without: the client), ms", results, "at most 10 ms")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="rounds in process (%(default)s)")
    parser.add_argument("--runs", type=int, default=21, help="runs of pytest (%(default)s)")
    return parser.parse_args()


def _compare(plugin: Action, bare: Action, *, rounds: int) -> list[Round]:
    """Return the times of two actions that take turns."""
    results: list[Round] = []
    for number in range(rounds + 1):
        times = [0.0, 0.0]
        for index in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            (plugin, bare)[index]()
            times[index] = (time.perf_counter() - began) * 1000
        results.append(Round(*times))
    return results[1:]  # the first warms up


def _row(title: str, rounds: list[Round], aim: str) -> None:
    """Print medians. Ratio and difference are computed within each round, because a busy machine
    slows both alike.
    """
    plugin, bare = (
        statistics.median(getattr(r, name) for r in rounds) for name in ("plugin", "bare")
    )
    ratio = statistics.median(r.plugin / r.bare for r in rounds)
    difference = statistics.median(r.plugin - r.bare for r in rounds)
    print(
        f"| {title} | {plugin:.2f} | {bare:.2f} | {ratio:.2f} | {difference:.2f} | {aim} |",
        flush=True,
    )


def _pytest_runs() -> tuple[Action, Action]:
    """Return pytest runs of an empty test, with only our plugin and without any."""
    folder = Path(tempfile.mkdtemp())
    (folder / "test_empty.py").write_text("def test_empty(): pass\n")
    # Installed packages are compiled.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    installed = {entry.name for entry in entry_points(group="pytest11")}
    blocked = [f"-pno:{name}" for name in sorted(installed - {"aisa_testkit"})]
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", *blocked]

    def run(*options: str) -> None:
        subprocess.run(
            [*command, *options],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    return run, lambda: run("-pno:aisa_testkit")


def _mock_cycle() -> None:
    with mock_videos():
        pass


def _whole_test() -> None:
    """Do what a test does: open the mock, make a client, wait for a job."""
    with mock_videos():
        openai.OpenAI().videos.create_and_poll(prompt=PROMPT)


def _router_cycle() -> None:
    router = respx.MockRouter(assert_all_called=False)
    for operation in load_document().operations.values():
        url = f"https://bare.test{operation.path}"
        router.request(operation.method, url, name=operation.id).respond(200)
    with _active_router(router):
        pass


@contextmanager
def _bare_routes() -> Iterator[dict[str, bytes]]:
    """Add routes that return one constant video, once its bytes are set."""
    responses: dict[str, bytes] = {}

    def respond(request: httpx.Request) -> httpx.Response:
        headers = {"content-type": "application/json"}
        return httpx.Response(200, headers=headers, content=responses["body"])

    router = respx.MockRouter(assert_all_called=False)
    router.route(method="GET", url__startswith="https://bare.test/v1/videos/").mock(
        side_effect=respond
    )
    router.route(method="POST", url="https://bare.test/v1/videos").mock(side_effect=respond)
    with _active_router(router):
        yield responses


@contextmanager
def _active_router(router: respx.MockRouter) -> Iterator[None]:
    """Activate a router for httpx and httpx2."""
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
