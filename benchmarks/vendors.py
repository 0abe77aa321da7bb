"""Serve the OpenAPI documents of vendors, and lead the jobs of each through their whole lives.

For each document of a folder that has an overlay with the same name: every operation is called with
a valid request, and every create leads a job to success, to a failure and to a cancellation. Each
response is compared with its schema. Then `aisa-testkit check` checks the mock over a socket, once
for each kind of job. Run as `python benchmarks/vendors.py FOLDER`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import (
    JobService,
    ManualClock,
    MockControls,
    SystemClock,
    serve_in_thread,
)
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.jobs.job import Job
from aisa_testkit.openapi import (
    Call,
    Cause,
    CreateOperation,
    Document,
    Operation,
    Reply,
    Schema,
    load_document,
)
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.form import Part as FormPart
from aisa_testkit.openapi.generator import NoValueError, ValueMaker
from aisa_testkit.openapi.image import signature_of
from aisa_testkit.openapi.jobs import JobKind, JobRole, Meaning, Part
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.media_types import is_json
from aisa_testkit.openapi.operation import FORM, JSON

OVERLAYS = Path(__file__).parents[1] / "openapi" / "overlays"
OF_CREATES = (Cause.QUOTA_EXCEEDED, Cause.MODEL_FORBIDDEN, Cause.IDEMPOTENCY_CONFLICT)
OUTCOMES = (Meaning.SUCCESS, Meaning.FAILURE, Meaning.CANCELED)
COLUMNS = (
    "overlay, lines",
    "operations",
    "left out",
    "up, s",
    "MiB",
    "lives",
    "calls",
    "errors",
    "check",
)
MAX_POLLS = 50
SPEED = 200  # times as fast as real jobs
MAX_SECONDS = 240  # of one check


@dataclass
class Result:
    """The counts of one document, and the problems that were found."""

    calls: int = 0
    errors: int = 0
    lives: int = 0
    expected_lives: int = 0
    problems: list[str] = field(default_factory=list)


class Vendor:
    """The mock of one document, and requests to it."""

    def __init__(self, document: Document) -> None:
        self.document, self.clock, self.result = document, ManualClock(), Result()
        self.service = JobService(document, clock=self.clock, seed=1)
        self._maker = ValueMaker(document.source.data)

    def call_everything(self) -> None:
        """Call each operation once, with ids that no job has."""
        for operation in self.document.operations.values():
            self.call(operation, may_be_refused=operation.id in self.document.roles)

    def call_with_errors(self) -> None:
        """Ask each operation for each error that the mock can send; compare it with the document.

        The errors are those of requests without a key, with a malformed body and to an unknown id,
        those that `Prefer` asks for, and those of every cause.
        """
        for operation in self.document.operations.values():
            for status in range(400, 600):
                if status in operation.responses and operation.id in self.document.roles:
                    self._send_faulty(operation, {"prefer": f"code={status}"}, b"{}", status)
            if operation.credentials:
                self._send_faulty(operation, {}, b"{}", None)
            self._send_faulty(operation, self._headers(operation), b"{", None)
            self._send_faulty(operation, self._headers(operation), b"", None)
            roles = self.document.roles.get(operation.id, ())
            creates = any(each.role is JobRole.CREATE for each in roles)
            for cause in self.document.envelope.responses:
                if cause in OF_CREATES and not creates:
                    continue
                refusal = Refusal(cause, f"An error: {cause}.", parameter="x")
                self._compare(operation, self.service.refuse(refusal, operation=operation))

    def _headers(self, operation: Operation) -> dict[str, str]:
        call = build_call(self.document, operation, None, key="sk-vendor")
        return {**call.headers, "content-type": next(iter(operation.bodies), JSON)}

    def _send_faulty(
        self, operation: Operation, headers: dict[str, str], body: bytes, status: int | None
    ) -> None:
        """Send a request that may be refused, with a status if one is asked for."""
        path = dict.fromkeys(operation.template.parameters, "x1")
        common = self._headers(operation) if status else {"content-type": JSON}
        reply = self.service.answer(Call(operation.id, path, (), {**common, **headers}, body))
        if status is not None and reply.status not in (status, 401):
            self.result.problems.append(f"{operation.id}: {reply.status}, not {status}")
        self._compare(operation, reply)

    def _compare(self, operation: Operation, reply: Reply) -> None:
        self.result.errors += reply.status >= 400
        self.result.problems += [
            f"{operation.id} error {reply.status}: {each}"
            for each in reply_problems(operation, reply)
            # Only a fault of the mock itself leads to an undocumented error of the server.
            if each.aspect != "status" or reply.status < 500
        ]

    def lead(self, kind: JobKind, create: CreateOperation, outcome: Meaning) -> None:
        """Lead a job to an outcome; count the life if the job gets there."""
        names = kind.lifecycle.named(outcome)
        if not names or create.source:
            return
        self.result.expected_lives += 1
        if outcome is not Meaning.SUCCESS:
            MockControls(self.service).next_job(outcome=names[0])
        if self.call(create.operation).status >= 300:
            return
        (job,) = self.service.store.page(after=None, limit=1, newest_first=True).jobs
        for _ in range(MAX_POLLS):
            place = create.poll.id
            assert place is not None  # a poll always has an id
            path = {place.name: job.id} if place.part is Part.PATH else {}
            query = () if path else ((str(place.name), job.id),)
            self.call(create.poll.operation, {str(k): v for k, v in path.items()}, query)
            found = self.service.store.get(job.id)
            state = self.service.kinds[kind.name].view(found).snapshot.state if found else ""
            if found and state in names:
                self.result.lives += 1
                if kind.list is not None:
                    self.call(kind.list.operation)
                if outcome is Meaning.SUCCESS:
                    self._call_results(kind, found)
                return
            self.clock.advance(1)
        self.result.problems.append(f"{create.operation.id}: no job ends as {names[0]}")

    def _call_results(self, kind: JobKind, job: Job) -> None:
        """Request all results of a successful job, which have its id or another of its fields."""
        for result in kind.results:
            parts, place = self.service.kinds[kind.name], result.id
            value = job.id if result.key is None else str(parts.value(job, result.key))
            if place is not None and place.part is Part.PATH:
                self.call(result.operation, {place.name: value})
            elif place is not None:
                self.call(result.operation, None, ((place.name, value),))

    def call(
        self,
        operation: Operation,
        path: dict[str, str] | None = None,
        query: tuple[tuple[str, str], ...] = (),
        *,
        may_be_refused: bool = False,
    ) -> Reply:
        """Send a valid request; report a refusal and a response that is not as documented."""
        media_type, fields = self._body(operation)
        required = [p for p in operation.query.values() if p.required]
        made = tuple((p.name, self._text(p.schema)) for p in required if p.name not in dict(query))
        headers = {
            p.name.lower(): self._text(p.schema) for p in operation.headers.values() if p.required
        }
        call = build_call(
            self.document,
            operation,
            fields,
            key="sk-vendor",
            media_type=media_type,
            path_parameters={**dict.fromkeys(operation.template.parameters, "x1"), **(path or {})},
            query=(*query, *made),
            headers=headers,
        )
        if fields is None and media_type:
            text = {**call.headers, "content-type": media_type}
            call = replace(call, headers=text, body=b"A text")
        reply = self.service.answer(call)
        self.result.calls += 1
        problems = [str(each) for each in reply_problems(operation, reply)]
        if may_be_refused and reply.status < 500 and reply.status in (404, 409):
            problems = []
        elif reply.status >= 400:
            problems.append(f"refused: {reply.body[:200].decode(errors='replace')}")
        self.result.problems += [f"{operation.id} {reply.status}: {each}" for each in problems]
        return reply

    def _text(self, schema: Schema) -> str:
        value = self._maker.make(schema)
        return value if isinstance(value, str) else orjson.dumps(value).decode()

    def _value(self, schema: Schema, operation: Operation) -> Json:
        try:
            return self._maker.make(schema)
        except NoValueError as error:
            self.result.problems.append(f"{operation.id}: {error}")
            return error.nearest

    def _body(self, operation: Operation) -> tuple[str, dict[str, Json] | None]:
        for media_type, body in operation.bodies.items():
            if is_json(media_type) or media_type == FORM:
                value = self._value(body.schema, operation)
                if isinstance(value, dict):
                    files = {n: _file(n, t) for n, t in body.files.items() if n in value}
                    return media_type, {**value, **files}
        return next(iter(operation.bodies), ""), None


def _file(name: str, allowed: tuple[str, ...]) -> FormPart:
    """Return a file of the first media type that a field allows."""
    media_type = next((each for each in allowed if "*" not in each), "image/png")
    return FormPart(name, name, media_type, signature_of(media_type) or b"A file")


def main() -> int:
    """Print a row for each document; return 1 if anything is not as documented."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--overlays", type=Path, default=OVERLAYS)
    chosen = options.parse_args()
    pairs = [*_pairs(chosen.folder, chosen.overlays)]
    if not pairs:
        options.error(f"no document in {chosen.folder} has an overlay in {chosen.overlays}")
    columns = (
        "overlay, lines | operations | left out | up, s | MiB | lives | calls | errors | check"
    )
    print(f"| document | {columns} |")
    print("|---" * 10 + "|")
    problems = [each for pair in pairs for each in _measure(*pair)]
    print("\n".join(["", *problems]) if problems else "\nsound: every response is as documented")
    return 1 if problems else 0


def _pairs(folder: Path, overlays: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each document of the folder that has an overlay, and its overlay."""
    for overlay in sorted(overlays.glob("*.yaml")):
        found = [p for p in folder.glob(f"{overlay.stem}.*") if p.suffix in (".yaml", ".json")]
        yield from ((document, overlay) for document in found)


def _measure(path: Path, overlay: Path) -> list[str]:
    """Print the row of a document; return its problems."""
    start = time.perf_counter()
    vendor = Vendor(load_document(path, overlays=[overlay]))
    up = time.perf_counter() - start
    memory = _memory(path, overlay)
    vendor.call_everything()
    vendor.call_with_errors()
    document, result = vendor.document, vendor.result
    for kind in document.kinds.values():
        for create in kind.creates:
            for outcome in OUTCOMES:
                vendor.lead(kind, create, outcome)
    checks = _check(path, overlay, document)
    result.problems += [f"check --kind {kind}: exit {code}" for kind, code in checks if code]
    lines = len(overlay.read_text("utf-8").splitlines())
    print(
        f"| {overlay.stem} | {lines} | {len(document.operations)} | {len(document.warnings)} "
        f"| {up:.1f} | {memory / 2**20:.0f} | {result.lives} of {result.expected_lives} "
        f"| {result.calls} | {result.errors} | {', '.join(str(code) for _, code in checks)} |",
        flush=True,
    )
    return [f"{overlay.stem}: {each}" for each in result.problems]


def _check(path: Path, overlay: Path, document: Document) -> list[tuple[str, int]]:
    """Check the mock of a document over a socket; return the exit code for each kind of job."""
    command = [sys.executable, "-m", "aisa_testkit", "check"]
    environment = {**os.environ, "AISA_API_KEY": "sk-vendor"}
    codes: list[tuple[str, int]] = []
    with serve_in_thread(document, clock=SystemClock(speed=SPEED), seed=1) as server:
        for kind in document.kinds:
            options = [server.base_url, str(path), "--overlay", str(overlay), "--kind", kind]
            run = subprocess.run(
                [*command, *options],
                env=environment,
                capture_output=True,
                timeout=MAX_SECONDS,
                check=False,
            )
            codes.append((kind, run.returncode))
    return codes


def _memory(path: Path, overlay: Path) -> int:
    """Return the bytes of a document and its mock; separately, because the count takes time."""
    tracemalloc.start()
    vendor = Vendor(load_document(path, overlays=[overlay]))
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert vendor.result.calls == 0
    return memory


if __name__ == "__main__":
    sys.exit(main())
