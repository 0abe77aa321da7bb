"""The exploration of programs in this process: what goes wrong, and what stops it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from aisa_testkit.mock_server.media_library import MediaLibrary, mark_file
from aisa_testkit.pytest_plugin import Exploration, NothingToExplore, VideoMock, explore

POLL_SECONDS = 5
PENDING = ("queued", "in_progress")


class GaveUp(Exception):
    """A program has ended without a clip."""


def new_client() -> httpx.Client:
    headers = {"Authorization": f"Bearer {os.environ['AISA_API_KEY']}"}
    return httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers, timeout=30)


def send(client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send a request, and again after an error that passes; a create is never repeated."""
    for attempt in range(4):
        wait = 2.0**attempt
        try:
            response = client.request(method, path, **options)
            response.raise_for_status()
            if path.endswith("/content") or response.json():
                return response
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            if status < 500 and status != 429:
                raise GaveUp(str(status)) from error
            wait = float(error.response.headers.get("Retry-After", wait))
        except (httpx.TransportError, ValueError):
            pass
        if method == "POST":
            break
        time.sleep(wait)
    raise GaveUp(f"{method} {path}")


def create(client: httpx.Client) -> str:
    job_id: str = send(client, "POST", "/videos", json={"prompt": "A lighthouse"}).json()["id"]
    return job_id


def download(client: httpx.Client, job_id: str, folder: Path) -> None:
    deadline = time.monotonic() + 300
    while (status := send(client, "GET", f"/videos/{job_id}").json()["status"]) != "completed":
        if status == "failed" or time.monotonic() > deadline:
            raise GaveUp(status)
        time.sleep(POLL_SECONDS)
    clip = send(client, "GET", f"/videos/{job_id}/content").content
    (folder / "clip.mp4").write_bytes(clip)


def careful(mock: VideoMock, folder: Path) -> None:
    """Keep a note before and after the create, so that a restart pays for nothing again."""
    note = folder / "job.json"
    with new_client() as client:
        if not note.exists():
            note.write_text("null")
            note.write_text(json.dumps(create(client)))
        job_id = json.loads(note.read_text())
        if job_id is None:
            jobs = send(client, "GET", "/videos").json()["data"]
            job_id = jobs[0]["id"] if jobs else create(client)
            note.write_text(json.dumps(job_id))
        download(client, job_id, folder)


def kinds(found: Exploration) -> dict[str, str]:
    """Return the kinds of findings, each with its smallest behaviour."""
    return {finding.kind: str(finding.run.behaviour) for finding in found.findings}


def test_careful_program_has_no_findings() -> None:
    found = explore(careful, faults=1, raises=GaveUp)
    assert kinds(found) == {}
    assert found.exhausted
    assert found.runs > 50


def test_repeated_create_pays_again() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            try:
                job_id = create(client)
            except GaveUp:
                job_id = create(client)
            download(client, job_id, folder)

    found = explore(program, faults=1, restarts=False, raises=GaveUp)
    assert kinds(found)["paid again"].startswith("jobs complete; 1st createVideo: its response is ")
    (finding,) = (each for each in found.findings if each.kind == "paid again")
    assert len(finding.run.jobs) == 2


def test_forgotten_job_is_paid_again_after_a_restart() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            download(client, create(client), folder)

    assert "paid again" not in kinds(explore(program, faults=1, restarts=False, raises=GaveUp))
    found = kinds(explore(program, faults=0, raises=GaveUp))
    assert found["paid again"] == (
        "jobs complete; the program is killed after its 1st request, and restarted"
    )


def test_job_that_a_restart_gives_up_is_lost_work() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        note = folder / "job.json"
        if note.exists():
            raise GaveUp("perhaps there is a job already")
        careful(mock, folder)

    found = explore(program, faults=0, raises=GaveUp)
    assert kinds(found)["lost work"] == (
        "jobs complete; the program is killed after its 1st request, and restarted"
    )


def test_job_that_is_deleted_without_its_file_is_lost_work() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            job_id = create(client)
            try:
                download(client, job_id, folder)
            finally:
                client.delete(f"/videos/{job_id}")

    found = explore(program, faults=1, restarts=False, raises=(GaveUp, httpx.HTTPError))
    (finding,) = (each for each in found.findings if each.kind == "lost work")
    assert finding.reason.endswith("completes, and is paid, but is deleted without its file")


def saving(text: Callable[[bytes], bytes]) -> Callable[[VideoMock, Path], None]:
    """Return a program that saves something else than the content that it gets."""

    def program(mock: VideoMock, folder: Path) -> None:
        careful(mock, folder)
        clip = folder / "clip.mp4"
        if any(request.status != 200 for request in mock.requests):
            clip.write_bytes(text(clip.read_bytes()))

    return program


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        (lambda clip: b"", "wrong file", "clip.mp4 is not a file of a job"),
        (lambda clip: b'{"error": {}}', "wrong file", "clip.mp4 is not a file of a job"),
        (lambda clip: clip[:-1], "partial file", "clip.mp4 is only a part of the file of video_*"),
        (
            lambda clip: served_to_others(),
            "file of another job",
            "clip.mp4 is the file of video_*",
        ),
    ],
)
def test_wrong_files_are_found(text: Callable[[bytes], bytes], kind: str, reason: str) -> None:
    found = explore(saving(text), faults=1, restarts=False, raises=GaveUp)
    (finding,) = (each for each in found.findings if each.kind == kind)
    assert fnmatch(finding.reason, reason)
    assert [*kinds(explore(saving(lambda clip: clip), faults=1, raises=GaveUp))] == []


def served_to_others() -> bytes:
    """Return the file of a job of another mock."""
    return mark_file(MediaLibrary().named("1024x1792-4s.mp4"), "video_other").content


def test_what_a_killed_program_writes_is_lost() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        begun = (folder / "begun").exists()
        (folder / "begun").touch()
        try:
            careful(mock, folder)
        finally:
            if begun:
                assert not (folder / "ended").exists()
            (folder / "ended").touch()

    assert kinds(explore(program, faults=0, raises=GaveUp)) == {}


def test_endless_polls_are_found() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            job_id = create(client)
            while send(client, "GET", f"/videos/{job_id}").json()["status"] in PENDING:
                time.sleep(60)

    found = kinds(explore(program, faults=0, restarts=False, raises=GaveUp))
    assert found["no end"] == "jobs never end"


def test_endless_sleep_without_a_request_is_found() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            try:
                create(client)
            except GaveUp:
                while not (folder / "clip.mp4").exists():
                    time.sleep(1)

    found = kinds(explore(program, faults=1, restarts=False))
    assert found["no end"].startswith("jobs complete; 1st createVideo")


def test_other_exceptions_than_the_declared_ones_are_found() -> None:
    found = explore(careful, faults=1, restarts=False, raises=())
    finding = next(each for each in found.findings if each.kind.startswith("exception"))
    assert finding.reason.startswith("the program fails: GaveUp: ")
    assert "test_explore.py:" in finding.run.place


async def wait_and_poll(client: httpx.AsyncClient, job_id: str) -> str:
    while True:
        await anyio.sleep(POLL_SECONDS)
        status: str = (await client.get(f"/videos/{job_id}")).raise_for_status().json()["status"]
        if status in ("completed", "failed"):
            return status


async def two_jobs() -> None:
    """Create two jobs one after the other, and poll them at the same time."""
    with new_client() as client:
        headers, base_url = client.headers, client.base_url
    try:
        async with httpx.AsyncClient(headers=headers, base_url=base_url, timeout=30) as poller:
            jobs = [
                (await poller.post("/videos", json={"prompt": name})).raise_for_status().json()
                for name in ("one", "two")
            ]
            async with anyio.create_task_group() as group:
                for job in jobs:
                    group.start_soon(wait_and_poll, poller, job["id"])
    except* (httpx.HTTPError, ValueError) as errors:
        raise GaveUp from errors


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_tasks_are_explored_in_the_same_order_each_time(backend: str) -> None:
    def explored() -> list[str]:
        texts: list[str] = []
        found = explore(
            lambda mock, folder: anyio.run(two_jobs, backend=backend),
            faults=1,
            raises=(GaveUp,),
            max_runs=40,
            on_run=lambda found: texts.append(f"{found.runs} {found.waiting}"),
        )
        return [*texts, *map(str, kinds(found).items())]

    assert explored() == explored()


def test_kill_ends_all_threads_of_a_program() -> None:
    left = list[threading.Thread]()

    def program(mock: VideoMock, folder: Path) -> None:
        def poll() -> None:
            with new_client() as client, suppress(GaveUp):
                download(client, job_id, folder)

        with new_client() as client:
            job_id = create(client)
        thread = threading.Thread(target=poll, name="poller")
        left.append(thread)
        thread.start()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(poll).result()
        thread.join()

    explore(program, faults=0, raises=GaveUp, max_runs=20)
    assert len(left) > 10
    assert not [thread for thread in left if thread.is_alive()]


def test_pool_that_a_program_keeps_is_used_again() -> None:
    pool = ThreadPoolExecutor(1)

    def program(mock: VideoMock, folder: Path) -> None:
        pool.submit(careful, mock, folder).result()

    with pool:
        assert kinds(explore(program, faults=0, raises=GaveUp)) == {}


def failing(error: BaseException) -> Callable[[], None]:
    """Return a program that raises an error if a request fails."""

    def program() -> None:
        with new_client() as client:
            if client.post("/videos", json={"prompt": "x"}).status_code != 200:
                raise error

    return program


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (GaveUp(), ""),
        (SystemExit(0), ""),
        (SystemExit(), ""),
        (SystemExit(3), "exception SystemExit"),
        (BaseExceptionGroup("", [GaveUp(), ExceptionGroup("", [GaveUp()])]), ""),
        (ExceptionGroup("", [GaveUp(), KeyError("id")]), "exception KeyError"),
        (ExceptionGroup("", [GaveUp(), AssertionError()]), "assertion"),
    ],
)
def test_ends_that_are_right_or_wrong(error: BaseException, kind: str) -> None:
    behaviour = {
        "life": "completes",
        "faults": [{"operation": "createVideo", "nth": 1, "status": 400}],
    }
    found = explore(failing(error), behaviour=behaviour, raises=GaveUp)
    assert [each.partition(" at ")[0] for each in kinds(found)] == ([kind] if kind else [])


async def list_jobs() -> None:
    async with httpx.AsyncClient() as client:
        headers = {"Authorization": f"Bearer {os.environ['AISA_API_KEY']}"}
        response = await client.get(f"{os.environ['OPENAI_BASE_URL']}/videos", headers=headers)
        if response.status_code != 200:
            raise GaveUp
        await asyncio.sleep(1)


@pytest.mark.parametrize(
    "program",
    [
        list_jobs,
        lambda: list_jobs(),
        lambda mock: new_client().get(f"{mock.base_url}/videos").raise_for_status(),
        lambda tmp_path: (tmp_path / "x").touch() or new_client().get("/videos"),
        lambda folder, video_mock: (folder / "x").touch() or list_jobs(),
        lambda api, path, more=1: (path / api.document.title[:0] / "x").touch() or list_jobs(),
    ],
)
def test_program_takes_the_arguments_that_it_needs(program: Callable[..., object]) -> None:
    found = explore(program, faults=1, restarts=False, raises=(GaveUp, httpx.HTTPError))
    assert found.exhausted
    assert not {"assertion", "no end"} & {*kinds(found)}


def without_requests(mock: VideoMock, folder: Path) -> None:
    """Do nothing."""


def raising(mock: VideoMock, folder: Path) -> None:
    with new_client() as client:
        create(client)
    raise KeyError("url")


def endless(mock: VideoMock, folder: Path) -> None:
    with new_client() as client:
        create(client)
    threading.Event().wait()


def by_chance(mock: VideoMock, folder: Path) -> None:
    with new_client() as client:
        send(client, "GET", f"/videos?limit={random.SystemRandom().randrange(1, 100)}")


def catching_everything(mock: VideoMock, folder: Path) -> None:
    with new_client() as client:
        while True:
            try:
                return download(client, create(client), folder)
            except BaseException:
                continue


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        (without_requests, "the program makes no request to the mock"),
        (raising, "without faults, it failed: KeyError: 'url'"),
        (endless, "without faults, it did not end: after 900 seconds of its time it still runs"),
        (
            by_chance,
            r"request 1 of two runs without faults differs: listVideos: 200 \({'limit': '\d+'}",
        ),
        (
            catching_everything,
            r"catches the error that ends it at \S*test_explore.py:\d+ in catching_everything: let"
            " it catch Exception, not BaseException",
        ),
    ],
)
def test_program_that_cannot_be_explored_is_refused(
    program: Callable[[VideoMock, Path], None], reason: str
) -> None:
    with pytest.raises(NothingToExplore, match=reason):
        explore(program, faults=1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"fault": 1}, TypeError, "unknown option 'fault', only faults, "),
        ({"faults": -1}, ValueError, "faults must be a whole number from 0, not -1"),
        ({"raises": "GaveUp"}, ValueError, "raises must be an exception class or a tuple of them"),
        ({"lives": "fails"}, ValueError, "lives must be a tuple of names of scenarios or None"),
        ({"max_minutes": 0}, ValueError, "max_minutes must be a positive number or None, not 0"),
        ({"behaviour": {"life": "x"}}, ValueError, "jobs live by no scenario 'x' here, only comp"),
    ],
)
def test_invalid_options_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        explore(careful, **options)


def test_one_of_several_jobs_lives_otherwise() -> None:
    def program(mock: VideoMock, folder: Path) -> None:
        with new_client() as client:
            ids = [create(client) for _ in range(2)]
            for number, job_id in enumerate(ids):
                (folder / str(number)).mkdir()
                download(client, job_id, folder / str(number))

    found = explore(program, faults=0, restarts=False, raises=GaveUp)
    assert kinds(found)["lost work"] == "the first job fails, others complete"
    (finding,) = (each for each in found.findings if each.kind == "lost work")
    behaviour = finding.run.behaviour.to_json()
    assert behaviour == {"life": "completes", "first_job": "fails"}
    again = explore(program, raises=GaveUp, behaviour=behaviour)
    assert [*kinds(again)] == ["lost work"]


def test_program_that_only_waits_for_webhooks_gives_up_if_they_are_lost() -> None:
    events: list[bytes] = []

    def program(mock: VideoMock, folder: Path) -> None:
        events.clear()
        with new_client() as client:
            job_id = create(client)
            for _ in range(60):
                time.sleep(5)
                if events:
                    return download(client, job_id, folder)
        raise GaveUp

    def receive(headers: Mapping[str, str], body: bytes) -> int:
        events.append(body)
        return 200

    found = explore(program, faults=1, restarts=False, raises=GaveUp, webhook=receive)
    assert kinds(found)["gives up"] == "jobs complete; 1st createVideo: its webhooks are lost"
    without = explore(careful, faults=1, restarts=False, raises=GaveUp)
    assert not [row for row in without.coverage.rows() if "webhook" in row.fault]


def test_lives_are_chosen() -> None:
    config = {"scenarios": {"slow": {"seconds": 600}}}
    found = explore(
        careful, faults=0, restarts=False, raises=GaveUp, lives=("slow", "fails"), config=config
    )
    assert [*found.coverage.lives] == ["jobs complete", "jobs live as in slow", "jobs fail"]
    with pytest.raises(ValueError, match="unknown scenario 'fail'"):
        explore(careful, faults=0, raises=GaveUp, lives=("fail",))


def test_bounds_are_said() -> None:
    found = explore(careful, raises=GaveUp, max_runs=20)
    assert (found.runs, found.exhausted) == (20, False)
    found = explore(careful, raises=GaveUp, max_minutes=1e-9)
    assert (found.runs, found.exhausted) == (2, False)


def test_one_behaviour_is_tried_alone() -> None:
    found = explore(raising_after_a_fault, behaviour={"life": "completes"})
    assert (found.runs, found.findings) == (3, [])
    behaviour = {
        "life": "completes",
        "faults": [{"operation": "listVideos", "nth": 1, "status": 500}],
    }
    found = explore(raising_after_a_fault, behaviour=behaviour)
    assert [*kinds(found)] == ["exception ValueError at " + found.findings[0].run.place]


def raising_after_a_fault(mock: VideoMock, folder: Path) -> None:
    with new_client() as client:
        if client.get("/videos").status_code == 500:
            raise ValueError("no list")


def test_event_loop_stays_usable_after_an_exploration() -> None:
    explore(lambda mock, folder: anyio.run(two_jobs), faults=0, raises=GaveUp)
    assert asyncio.run(asyncio.sleep(0, "as ever")) == "as ever"
