"""`aisa-testkit serve --watch` and `--webhook-url`: reloads and webhooks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.command_line import run_command
from tests.support.documents import RENDERINGS
from tests.support.job_api import TEXT, api_text, request_schema
from tests.support.serve_process import KEY, PROMPT, TIMEOUT_SECONDS, ServeProcess

Serve = Callable[..., ServeProcess]
Write = Callable[..., Path]


@pytest.mark.parametrize("save", ["written", "replaced"])
def test_changed_config_is_reloaded_and_keeps_the_jobs(
    serve: Serve, config: Write, save: str
) -> None:
    path = config("scenario: completes\n")
    mock = serve("--config", str(path), "--watch")
    job = mock.create()
    changed = "faults: [{operation: listVideos, status: 503}]\n"
    if save == "written":
        config(changed)
    else:
        config(changed, name=".config.yaml.new").replace(path)
    mock.wait_for("Reloaded.")
    assert mock.request("GET", "/videos").status_code == 503
    assert mock.request("GET", f"/videos/{job['id']}").json()["id"] == job["id"]
    kept = mock.admin_get("requests").json()["requests"]
    assert [request["operation"] for request in kept] == ["createVideo", "listVideos", "getVideo"]


@pytest.mark.parametrize("moved", ["file", "folder"])
def test_link_to_another_file_is_a_change(serve: Serve, tmp_path: Path, moved: str) -> None:
    for name, scenario in (("old", "completes"), ("new", "stalls")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(f"scenario: {scenario}\n", encoding="utf-8")
    (tmp_path / "current").symlink_to("old")
    path = tmp_path / "config.yaml"
    path.symlink_to("current/config.yaml")
    mock = serve("--config", str(path), "--watch")
    link, target = (path, "new/config.yaml") if moved == "file" else (tmp_path / "current", "new")
    (tmp_path / "link").symlink_to(target)
    (tmp_path / "link").replace(link)
    mock.wait_for("Reloaded.")
    assert mock.admin_get("scenarios").json()["chosen"]["scenario"] == "stalls"


def test_pipe_in_place_of_the_config_is_an_error(serve: Serve, config: Write) -> None:
    path = config("scenario: stalls\n")
    mock = serve("--config", str(path), "--watch")
    os.mkfifo(path.with_name("pipe"))
    path.with_name("pipe").replace(path)
    assert mock.next_error() == f"Not reloaded: {path}: is not a regular file"
    config("scenario: slow\n", name="new.yaml").replace(path)
    mock.wait_for("Reloaded.")
    assert mock.stop() == []
    assert mock.process.returncode == 0


def test_watched_file_must_be_a_regular_file() -> None:
    result = run_command("serve", "--watch", "--config", "/dev/null")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: --watch: /dev/null is not a regular file\n",
    )


def test_config_whose_aliases_copy_too_much_changes_nothing(serve: Serve, config: Write) -> None:
    path = config("scenario: stalls\n")
    mock = serve("--config", str(path), "--watch")
    config(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 11)}]")
    assert mock.next_error().startswith(f"Not reloaded: {path}: /b/9: aliases may copy ")
    assert mock.admin_get("scenarios").json()["chosen"]["scenario"] == "stalls"


def test_invalid_config_changes_nothing(serve: Serve, config: Write) -> None:
    path = config("faults: [{operation: listVideos, status: 503}]\n")
    mock = serve("--config", str(path), "--watch")
    config("faults: [{operation: noVideos, status: 503}]\n")
    error = mock.next_error()
    assert error.startswith(f"Not reloaded: {path}:")
    assert "/faults/0/operation" in error
    assert mock.request("GET", "/videos").status_code == 503
    assert mock.output.get(timeout=TIMEOUT_SECONDS).startswith("503 GET /v1/videos  ")
    config("faults: []\n")
    mock.wait_for("Reloaded.")
    assert mock.request("GET", "/videos").status_code == 200


def test_reload_of_the_config_keeps_the_state_of_the_mock(serve: Serve, config: Write) -> None:
    text = "scenario: flaky-polls\nlimits: {in_flight: 1}\n"
    mock = serve("--config", str(config(text)), "--watch", "--idempotency-keys")
    headers = {**KEY, "X-Mock-Scenario": "stalls", "Idempotency-Key": "order-1"}
    job = mock.request("POST", "/videos", PROMPT, headers).json()
    fault = {"operation": "listVideos", "status": 503}
    assert httpx2.post(f"{mock.admin}/faults", json=fault).status_code == 200
    assert httpx2.post(f"{mock.admin}/scenarios", json={"scenario": "slow"}).status_code == 200
    config(f"{text}# saved\n")
    mock.wait_for("Reloaded.")
    assert mock.request("POST", "/videos", PROMPT, headers).json()["id"] == job["id"]
    assert mock.request("POST", "/videos", PROMPT).status_code == 429
    assert mock.request("GET", "/videos").status_code == 503
    assert mock.admin_get("scenarios").json()["chosen"]["scenario"] == "slow"


def test_changed_document_is_reloaded(serve: Serve, config: Write) -> None:
    text = RENDERINGS.read_text(encoding="utf-8")
    path = config(text, name="api.yaml")
    mock = serve(str(path), "--watch")
    key = {"X-Render-Key": "k"}
    assert mock.request("GET", "/renderings", headers=key).status_code == 200
    with httpx2.stream("GET", f"{mock.admin}/events", timeout=60) as events:
        lines = events.iter_lines()
        assert next(lines) == ": listening"
        config(text.replace("/renderings", "/pictures"), name="api.yaml")
        assert [*lines] == [""]  # the stream has ended
    mock.wait_for("Reloaded, with a new journal.")
    assert mock.request("GET", "/renderings", headers=key).status_code == 404
    assert mock.request("GET", "/pictures", headers=key).status_code == 200
    config(text.replace("result: film", "result: flim"), name="api.yaml")
    assert "/x-jobs/rendering/result" in mock.next_error()
    assert mock.request("GET", "/pictures", headers=key).status_code == 200


def test_other_files_of_a_document_are_watched_also_new_ones(serve: Serve, config: Write) -> None:
    head, _, paths = RENDERINGS.read_text(encoding="utf-8").partition("\npaths:\n")
    paths, mark, rest = paths.partition("\nwebhooks:\n")
    paths = f"{paths}\n".replace("'#/", "'api.yaml#/")
    path = config(f"{head}\npaths: {{$ref: one.yaml}}{mark}{rest}", name="api.yaml")
    config(paths, name="one.yaml")
    mock, key = serve(str(path), "--watch"), {"X-Render-Key": "k"}
    for old, new in (("one", "two"), ("two", "three")):
        config(paths.replace("/renderings:", f"/{new}:"), name=f"{new}.yaml")
        path.write_text(path.read_text("utf-8").replace(f"{old}.yaml", f"{new}.yaml"), "utf-8")
        mock.wait_for("Reloaded, with a new journal.")
        assert mock.request("GET", f"/{new}", headers=key).status_code == 200
        mock.wait_for("Reloaded.")  # the new file may have changed since
    config(paths.replace("/renderings:", "/four:"), name="three.yaml")
    mock.wait_for("Reloaded, with a new journal.")
    assert mock.request("GET", "/four", headers=key).status_code == 200


def test_reload_during_creates_loses_no_job(serve: Serve, config: Write) -> None:
    path = config("scenario: instant\n")
    mock = serve("--config", str(path), "--watch")
    stopped, created = Event(), list[str]()
    with httpx2.Client(headers=KEY, base_url=mock.url) as client:

        def create_jobs() -> None:
            while not stopped.is_set():
                created.append(client.post("videos", json=PROMPT).json()["id"])

        with ThreadPoolExecutor(2) as threads:
            workers = [threads.submit(create_jobs) for _ in range(2)]
            try:
                for number in range(3):
                    config(f"scenario: instant  # {number}\n")
                    mock.wait_for("Reloaded.")
            finally:
                stopped.set()
        assert [worker.exception() for worker in workers] == [None, None]
        statuses = [client.delete(f"videos/{job_id}").status_code for job_id in created[::2]]
        assert statuses == [200] * len(statuses)
        assert _all_ids(client) == sorted(created[1::2])


def _all_ids(client: httpx2.Client) -> list[str]:
    """The ids of all jobs, read page by page."""
    page = client.get("videos", params={"limit": 100}).json()
    ids = [job["id"] for job in page["data"]]
    while page["has_more"]:
        page = client.get("videos", params={"limit": 100, "after": page["last_id"]}).json()
        ids += [job["id"] for job in page["data"]]
    return sorted(ids)


@contextmanager
def receiving() -> Iterator[tuple[str, Queue[tuple[dict[str, str], bytes]]]]:
    """Run a receiver of webhooks; yield its URL and what it has received."""
    deliveries = Queue[tuple[dict[str, str], bytes]]()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()
            deliveries.put((dict(self.headers.items()), body))

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        Thread(target=receiver.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{receiver.server_port}/events", deliveries
        finally:
            receiver.shutdown()


def test_webhook_is_signed_with_the_printed_secret(serve: Serve) -> None:
    with receiving() as (url, deliveries):
        mock = serve("--webhook-url", url, "--speed", "1000")
        (line,) = [line for line in mock.banner if line.startswith("Webhooks")]
        job = mock.create()
        headers, body = deliveries.get(timeout=TIMEOUT_SECONDS)
    secret = re.fullmatch(rf"Webhooks go to {url}, signed with (whsec_\S+)\.", line)
    assert secret
    event = Webhook(secret[1]).verify(body, headers)
    assert (event["type"], event["data"]["id"]) == ("video.completed", job["id"])


def test_webhook_goes_to_the_url_in_the_request(serve: Serve, tmp_path: Path) -> None:
    document = tmp_path / "jobs.json"
    text = api_text(request=request_schema(hook=TEXT), kind={"webhooks": [{"address": "/hook"}]})
    document.write_text(text, encoding="utf-8")
    with receiving() as (url, deliveries):
        mock = serve(str(document), "--speed", "1000")
        (line,) = [line for line in mock.banner if line.startswith("Webhooks")]
        job = mock.request("POST", "/jobs", {"prompt": "A teapot", "hook": url}).json()
        headers, body = deliveries.get(timeout=TIMEOUT_SECONDS)
    secret = re.fullmatch(
        r"Webhooks go to the URLs that requests name, signed with (whsec_\S+)\.", line
    )
    assert secret
    event = Webhook(secret[1]).verify(body, headers)
    assert (event["id"], event["status"]) == (job["id"], "done")


def test_webhooks_that_a_reload_adds_are_sent(serve: Serve, tmp_path: Path) -> None:
    document = tmp_path / "jobs.json"
    request = request_schema(hook=TEXT)
    document.write_text(api_text(request=request), encoding="utf-8")
    mock = serve(str(document), "--speed", "1000", "--watch")
    assert not [line for line in mock.banner if line.startswith("Webhooks")]
    text = api_text(request=request, kind={"webhooks": [{"address": "/hook"}]})
    document.write_text(text, encoding="utf-8")
    mock.wait_for("Reloaded, with a new journal.")
    line = mock.output.get(timeout=TIMEOUT_SECONDS)
    with receiving() as (url, deliveries):
        job = mock.request("POST", "/jobs", {"prompt": "A teapot", "hook": url}).json()
        headers, body = deliveries.get(timeout=TIMEOUT_SECONDS)
    secret = re.fullmatch(
        r"Webhooks go to the URLs that requests name, signed with (whsec_\S+)\.", line
    )
    assert secret
    assert Webhook(secret[1]).verify(body, headers)["id"] == job["id"]


def test_address_that_a_reload_adds_is_used_instead_of_the_url(
    serve: Serve, tmp_path: Path
) -> None:
    document, request = tmp_path / "jobs.json", request_schema(hook=TEXT)
    message = {"content": {"application/json": {"schema": {"type": "object"}}}}
    received = {"200": {"description": "Received."}}
    root = {"webhooks": {"news": {"post": {"requestBody": message, "responses": received}}}}
    text = api_text(request=request, kind={"webhooks": [{"name": "news"}]}, root=root)
    document.write_text(text, encoding="utf-8")
    with receiving() as (fixed, to_fixed), receiving() as (named, to_named):
        mock = serve(str(document), "--speed", "1000", "--watch", "--webhook-url", fixed)
        mock.request("POST", "/jobs", {"prompt": "A teapot", "hook": named})
        assert to_fixed.get(timeout=TIMEOUT_SECONDS)
        text = api_text(request=request, kind={"webhooks": [{"address": "/hook"}]})
        document.write_text(text, encoding="utf-8")
        mock.wait_for("Reloaded, with a new journal.")
        assert mock.output.get(timeout=TIMEOUT_SECONDS).startswith("Webhooks go to the URLs that")
        mock.request("POST", "/jobs", {"prompt": "A teapot", "hook": named})
        assert to_named.get(timeout=TIMEOUT_SECONDS)


@pytest.mark.parametrize("change", ["kind", "state"])
def test_jobs_that_a_new_document_does_not_declare_are_removed(
    serve: Serve, tmp_path: Path, change: str
) -> None:
    document, text = tmp_path / "jobs.json", api_text()
    document.write_text(text, encoding="utf-8")
    mock = serve(str(document), "--watch")
    job = mock.request("POST", "/jobs", {"prompt": "A teapot"}).json()
    old, new = ('"work":', '"play":') if change == "kind" else ('"running"', '"walking"')
    document.write_text(text.replace(old, new), encoding="utf-8")
    mock.wait_for("Reloaded, with a new journal.")
    expected = "1 job removed, which the new document does not declare."
    assert mock.output.get(timeout=TIMEOUT_SECONDS) == expected
    assert mock.request("GET", f"/jobs/{job['id']}").status_code == 404
    assert mock.admin_get("jobs").json()["jobs"] == []


def test_things_that_a_new_document_leaves_out_are_counted(serve: Serve, tmp_path: Path) -> None:
    document, text = tmp_path / "jobs.json", api_text()
    document.write_text(text, encoding="utf-8")
    mock = serve(str(document), "--watch")
    broken = api_text(schemas={"Unused": {"$ref": "#/components/schemas/Missing"}})
    document.write_text(broken, encoding="utf-8")
    mock.wait_for("Reloaded, with a new journal.")
    assert mock.output.get(timeout=TIMEOUT_SECONDS).startswith("1 thing is left out: ")


def test_recording_has_the_base_path_of_the_last_document(serve: Serve, tmp_path: Path) -> None:
    document, recording, text = tmp_path / "jobs.json", tmp_path / "a.har", api_text()
    document.write_text(text, encoding="utf-8")
    mock = serve(str(document), "--watch", "--recording", str(recording))
    document.write_text(text.replace("jobs.test/v1", "jobs.test/v2"), encoding="utf-8")
    mock.wait_for("Reloaded, with a new journal.")
    url = mock.url.replace("/v1", "/v2")
    assert httpx2.get(f"{url}/jobs/none", headers=KEY).status_code == 404
    mock.stop()
    log = json.loads(recording.read_text("utf-8"))["log"]
    assert log["_baseUrl"] == url
    assert log["entries"][0]["request"]["url"] == f"{url}/jobs/none"
