"""Compare the server with a bare Starlette application, and with another checkout, under load.

Every round starts all servers, times their cold starts, and loads them one after the other with
`wrk` over 16 connections. The order alternates, and each ratio is computed within a round, because
a busy machine slows all servers alike. The servers are pinned to one core, and everything else to
the other cores. Run as `python benchmarks/server.py`. `--before PATH` adds another checkout of this
project. Any failed request ends the program.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
CONNECTIONS = 16
START_TIMEOUT = 30.0
PROMPT = "A calico cat plays a grand piano on a stage, slow dolly shot"
BOUNDARY = "0123456789abcdef0123456789abcdef"
BODY = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="prompt"\r\n'
    "\r\n"
    f"{PROMPT}\r\n"
    f"--{BOUNDARY}--\r\n"
)
AUTHORIZATION = {"Authorization": "Bearer sk-benchmark"}
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
DISTRIBUTIONS = ("aisa-testkit", "starlette", "uvicorn", "uvloop", "httptools")
REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.timeout + e.status
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration, failed))
end
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure, and the command that starts it."""

    name: str
    command: tuple[str, ...]
    port: int
    announces: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """The URL that every path of the API starts with."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def videos_url(self) -> str:
        """The URL that creates a video."""
        return f"{self.base_url}/videos"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that has answered its first request."""

    target: Target
    video_url: str
    cold_start_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one server in one round."""

    gets_per_second: float
    posts_per_second: float
    cold_start_ms: float


def main() -> None:
    """Run all rounds and print the result."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    os.sched_setaffinity(0, CORES[:-1] or CORES)
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed")
    with tempfile.TemporaryDirectory() as compiled:
        targets = _targets(options.port, before=options.before, compiled=compiled)
        _round(targets[::-1], seconds=1)  # compiles all modules, as an installation does
        samples: dict[str, list[Sample]] = {target.name: [] for target in targets}
        for number in range(options.rounds):
            order = targets[:: -1 if number % 2 else 1]
            for name, sample in _round(order, seconds=options.seconds).items():
                samples[name].append(sample)
    print(_machine())
    for target in targets[1:]:
        print()
        print(_table(target.name, ours=samples["ours"], theirs=samples[target.name]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=21, help="rounds (%(default)s)")
    parser.add_argument(
        "--seconds", type=_positive, default=1, help="length of each load (%(default)s)"
    )
    parser.add_argument(
        "--port", type=_positive, default=8700, help="first of three ports (%(default)s)"
    )
    parser.add_argument(
        "--before",
        type=_checkout,
        metavar="PATH",
        help="another checkout of this project, to compare with",
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _checkout(text: str) -> Path:
    sources = Path(text).resolve() / ".src"
    if not (sources / "aisa_testkit").is_dir():
        raise argparse.ArgumentTypeError(f"{text} is not a checkout of this project")
    return sources


def _targets(port: int, *, before: Path | None, compiled: str) -> tuple[Target, ...]:
    """Return the targets, ours first. Modules are compiled into a temporary folder."""
    fresh = {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
    bare = (sys.executable, str(Path(__file__).with_name("bare.py")), str(port + 1))
    targets = (
        Target("ours", _serve(port), port, announces=True, environment=fresh),
        Target("bare", bare, port + 1, environment=fresh),
    )
    if before is None:
        return targets
    # PYTHONPATH takes precedence over the installed package.
    earlier = {**fresh, "PYTHONPATH": str(before)}
    last = port + 2
    return (*targets, Target("before", _serve(last), last, announces=True, environment=earlier))


def _serve(port: int) -> tuple[str, ...]:
    return (sys.executable, "-m", "aisa_testkit", "serve", "--port", str(port))


def _round(targets: Sequence[Target], *, seconds: int) -> dict[str, Sample]:
    """Load the servers in turn while all of them run."""
    get, post = _get_script(), _post_script()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(_running(target)) for target in targets]
        gets = [_load(server.video_url, script=get, seconds=seconds) for server in servers]
        posts = [
            _load(server.target.videos_url, script=post, seconds=seconds) for server in servers
        ]
    return {
        server.target.name: Sample(gets_per_second, posts_per_second, server.cold_start_ms)
        for server, gets_per_second, posts_per_second in zip(servers, gets, posts, strict=True)
    }


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(f"port {port} is in use")


@contextlib.contextmanager
def _running(target: Target) -> Iterator[Server]:
    _require_free(target.port)
    began = time.perf_counter()
    with _process(target) as process:
        video_id = _first_video(target, process=process)
        cold_start_ms = (time.perf_counter() - began) * 1000
        _check_announcement(target, process=process)
        server = Server(target, f"{target.videos_url}/{video_id}", cold_start_ms)
        _open(urllib.request.Request(server.video_url, headers=AUTHORIZATION))
        yield server


@contextlib.contextmanager
def _process(target: Target) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, **target.environment}
    with subprocess.Popen(
        target.command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        os.sched_setaffinity(process.pid, CORES[-1:])
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_video(target: Target, *, process: subprocess.Popen[str]) -> str:
    """Create a video as soon as the server responds, and return its id."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return _create(target)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
        time.sleep(0.0005)
    raise SystemExit(f"{target.name}: the server did not start")


def _create(target: Target) -> str:
    request = urllib.request.Request(
        target.videos_url,
        data=BODY.encode(),
        headers={**AUTHORIZATION, **MULTIPART},
        method="POST",
    )
    return str(json.loads(_open(request))["id"])


def _open(request: urllib.request.Request) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=START_TIMEOUT) as response:
        if response.status != 200:
            raise SystemExit(f"{request.full_url}: status {response.status}")
        content: bytes = response.read()
    return content


def _check_announcement(target: Target, *, process: subprocess.Popen[str]) -> None:
    if not target.announces or process.stdout is None:
        return
    line = process.stdout.readline()
    if target.base_url not in line:
        raise SystemExit(f"{target.name}: the first line does not contain the URL: {line!r}")


def _get_script() -> str:
    return _lua_headers(AUTHORIZATION) + REPORT


def _post_script() -> str:
    headers = _lua_headers({**AUTHORIZATION, **MULTIPART})
    return f'wrk.method = "POST"\nwrk.body = {json.dumps(BODY)}\n' + headers + REPORT


def _lua_headers(headers: dict[str, str]) -> str:
    lines = (f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in headers.items())
    return "".join(lines)


def _load(url: str, *, script: str, seconds: int) -> float:
    """Return the requests per second. Any error ends the program."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "load.lua")
        path.write_text(script)
        output = subprocess.run(
            ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(path), url],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    result = output.rpartition("RESULT ")[2].split()
    requests, microseconds, errors = (int(number) for number in result)
    if errors or not requests:
        raise SystemExit(f"{url}: {errors} errors in {requests} requests")
    return requests / microseconds * 1_000_000


def _machine() -> str:
    versions = [f"Python {platform.python_version()}"]
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return f"{os.cpu_count()} cores, {_cpu_model()}; {', '.join(versions)}"


def _cpu_model() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _table(name: str, *, ours: Sequence[Sample], theirs: Sequence[Sample]) -> str:
    rows = {
        "GET one video, requests/s": "gets_per_second",
        "POST multipart, requests/s": "posts_per_second",
        "Cold start, ms": "cold_start_ms",
    }
    lines = [
        f"| Median of {len(ours)} rounds | ours | {name} | ours / {name} | range |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for title, each in rows.items():
        our = [float(getattr(sample, each)) for sample in ours]
        their = [float(getattr(sample, each)) for sample in theirs]
        lines.append(_row(title, ours=our, theirs=their))
    return "\n".join(lines)


def _row(title: str, *, ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return a row of medians, and the median and range of the ratios within each round."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    our, their, ratio = map(statistics.median, (ours, theirs, ratios))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    return f"| {title} | {our:,.0f} | {their:,.0f} | {ratio:.2f} | {spread} |"


if __name__ == "__main__":
    main()
