"""`aisa-testkit demo`: a complete job at the mock, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import click
import httpx2
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..contracts.budget import Budget, format_price
from ..contracts.check.http_target import HttpTarget
from ..contracts.check.plan import plan_check
from ..contracts.check.result import CheckPolicy, CheckResult
from ..contracts.check.runner import CheckRunner
from ..contracts.rules.grouping import group_by_cause
from ..mock_server.clock import SystemClock
from ..mock_server.http.server import serve_in_thread
from ..mock_server.media_library import MediaLibrary
from ..openapi import Document, JobKind, JobOperation, load_document
from ..openapi.credentials import DUMMY_KEY
from ..openapi.files import replace_file
from ..openapi.jobs.sources import Progress as ProgressField
from ..openapi.json import Json
from ..openapi.operation import JSON
from ..openapi.pointer import get
from ..openapi.text import count_of
from .command_help import command, option
from .http_client import open_client
from .options import fail

SPEED = 2.0
CHECK_SPEED = 20.0
POLL_SECONDS = 0.1


@command(
    "Make a video with the mock.",
    examples=[("--output videos", "write the video into a folder")],
)
@option(
    "--output",
    default=".",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the video.",
)
def demo(output: Path) -> None:
    """Make a video with the mock: create a job with an image, poll it and download the result.
    Then check the mock like any other server.

    It needs no API key, network or option, and takes about seven seconds.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=output):  # fails before anything else is done
            pass
    except OSError as error:
        fail(f"--output {output}: {error.strerror}")
    console, document = Console(highlight=False, soft_wrap=True), load_document()
    clock = SystemClock(SPEED)
    with serve_in_thread(document, clock=clock) as server:
        console.print(f"The mock of {document.title} listens on [bold]{server.base_url}[/]")
        headers = {"authorization": f"Bearer {DUMMY_KEY}"}
        url = server.base_url
        with open_client(url, base_url=url, headers=headers, timeout=10) as http:
            _make_video(_JobClient(document, http), console, output)
        clock.set_speed(CHECK_SPEED)
        result = _check(document, server.base_url)
    causes = group_by_cause(result.violations, document=document)
    found = count_of(len(causes), "violation") if causes else "no violation"
    console.print(f"Checked the mock with {len(result.history)} requests: [bold]{found}[/]")
    for cause in causes:
        console.print(str(cause), markup=False)
    if causes:
        fail("the mock violates its own document")
    console.print("Check any other server: [bold]aisa-testkit check URL[/]")
    console.print("Serve the mock to your own program: [bold]aisa-testkit serve[/]")


def _check(document: Document, base_url: str) -> CheckResult:
    """Return the result of `aisa-testkit check` at this URL."""
    with open_client(base_url, timeout=10) as http:
        server = HttpTarget(document, base_url, http)
        plan = plan_check(document, key=DUMMY_KEY, creates=2)
        return CheckRunner(
            document, plan, server, files=server, budget=Budget(), policy=CheckPolicy()
        ).run()


def _make_video(client: _JobClient, console: Console, output: Path) -> None:
    job = client.create()
    console.print(f"Created [bold]{client.id(job)}[/] {client.price()}")
    columns = (
        TextColumn("{task.fields[state]:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=100, state=client.state(job))
        state = None
        for current in client.poll(job):
            if client.state(current) != state:
                state = client.state(current)
                progress.console.print(f"  {state}")
            progress.update(task, completed=client.progress(current), state=state)
    path = output / f"{client.id(job)}.mp4"
    try:
        replace_file(path, client.download(job))
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    saved = f"[bold]{escape(str(path))}[/], {path.stat().st_size:,} bytes"
    console.print(f"Saved {saved}: open it in any player")


@dataclass(frozen=True, slots=True)
class _JobClient:
    """A client of the jobs of the bundled document, which says where each field is."""

    document: Document
    http: httpx2.Client

    @property
    def kind(self) -> JobKind:
        return next(iter(self.document.kinds.values()))

    def create(self) -> Json:
        operation = self.kind.creates[0].operation
        media_type, body = next(iter(operation.bodies.items()))
        if media_type == JSON:
            return self._json(self.http.post(operation.path.lstrip("/"), json=body.example))
        file, _ = MediaLibrary().nearest("image/webp", size=None, seconds=None)
        parts = {
            name: (f"{name}{file.suffix}", file.content, file.media_type) for name in body.files
        }
        response = self.http.post(operation.path.lstrip("/"), data=body.example, files=parts)
        return self._json(response)

    def poll(self, job: Json) -> Iterator[Json]:
        """Yield the current job after each poll, until it has ended."""
        while True:
            yield job
            state = self.kind.lifecycle.find(get(job, self.kind.state_at))
            if state is not None and state.meaning.is_terminal:
                return
            time.sleep(POLL_SECONDS)
            job = self._json(self.http.get(self._path(self.kind.creates[0].poll, job)))

    def download(self, job: Json) -> bytes:
        path = self._path(self.kind.results[0], job)
        return self.http.get(path).raise_for_status().content

    def id(self, job: Json) -> str:
        return str(get(job, self.kind.id_at or ()))

    def state(self, job: Json) -> str:
        return str(get(job, self.kind.state_at))

    def progress(self, job: Json) -> float:
        places = (f.place.path for f in self.kind.fields if isinstance(f.source, ProgressField))
        place = next(places, None)
        return float(get(job, place)) if place else 0.0

    def price(self) -> str:
        create = self.kind.creates[0]
        body = next(iter(create.operation.bodies.values()))
        if create.price is None:
            return ""
        fields = {
            name: below.get("default") for name, below in body.properties.items()
        } | body.example
        amount = create.price.amount_for({f"/{name}": value for name, value in fields.items()})
        price = format_price(amount, create.price.currency)
        return f"(the live API would bill {price})"

    def _path(self, each: JobOperation, job: Json) -> str:
        names = each.operation.template.parameters
        return each.operation.template.expand(dict.fromkeys(names, self.id(job))).lstrip("/")

    @staticmethod
    def _json(response: httpx2.Response) -> Json:
        return response.raise_for_status().json()
