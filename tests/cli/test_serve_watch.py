"""`aisa-testkit serve` that reads its files again while it runs, and tells others of its jobs."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from tests.support.documents import RENDERINGS

KEY = {"Authorization": "Bearer sk-aisa-of-a-client"}
PROMPT = {"prompt": "A lighthouse in a storm"}
PATIENCE = 30.0
# A server in a process of its own, as conftest.py has it.
Serve = Callable[..., Any]
Write = Callable[..., Path]


@pytest.mark.parametrize("way", ["written", "put in its place"])
def test_a_config_that_is_changed_is_read_again_and_the_jobs_stay(
    serve: Serve, config: Write, way: str
) -> None:
    path = config("scenario: completes\n")
    served = serve("--config", str(path), "--watch")
    job = served.create()
    changed = "faults: [{operation: listVideos, status: 503}]\n"
    if way == "written":
        config(changed)
    else:
        config(changed, name=".config.yaml.new").replace(path)
    served.said("Reloaded.")
    assert served.ask("GET", "/videos").status_code == 503
    assert served.ask("GET", f"/videos/{job['id']}").json()["id"] == job["id"]
    kept = served.control("requests").json()["requests"]
    assert [request["operation"] for request in kept] == ["createVideo", "listVideos", "getVideo"]


def test_a_config_that_cannot_be_leaves_all_as_it_was(serve: Serve, config: Write) -> None:
    path = config("faults: [{operation: listVideos, status: 503}]\n")
    served = serve("--config", str(path), "--watch")
    config("faults: [{operation: noVideos, status: 503}]\n")
    told = served.complained()
    assert told.startswith(f"Not reloaded: {path}:")
    assert "/faults/0/operation" in told
    assert served.ask("GET", "/videos").status_code == 503
    config("faults: []\n")
    served.said("Reloaded.")
    assert served.ask("GET", "/videos").status_code == 200


def test_what_was_asked_and_set_since_stays_when_a_config_is_saved(
    serve: Serve, config: Write
) -> None:
    text = "scenario: flaky-polls\nlimits: {in_flight: 1}\n"
    served = serve("--config", str(config(text)), "--watch", "--idempotency-keys")
    headers = {**KEY, "X-Mock-Scenario": "stalls", "Idempotency-Key": "order-1"}
    job = served.ask("POST", "/videos", PROMPT, headers).json()
    control = served.url.removesuffix("/v1") + "/__admin"
    words = {"operation": "listVideos", "status": 503}
    assert httpx2.post(f"{control}/faults", json=words).status_code == 200
    assert httpx2.post(f"{control}/scenarios", json={"scenario": "slow"}).status_code == 200
    config(f"{text}# saved\n")
    served.said("Reloaded.")
    assert served.ask("POST", "/videos", PROMPT, headers).json()["id"] == job["id"]
    assert served.ask("POST", "/videos", PROMPT).status_code == 429
    assert served.ask("GET", "/videos").status_code == 503
    assert served.control("scenarios").json()["chosen"]["scenario"] == "slow"


def test_a_document_that_is_changed_is_served_as_it_is_now(serve: Serve, config: Write) -> None:
    text = RENDERINGS.read_text(encoding="utf-8")
    path = config(text, name="api.yaml")
    served = serve(str(path), "--watch")
    key = {"X-Render-Key": "k"}
    assert served.ask("GET", "/renderings", headers=key).status_code == 200
    with httpx2.stream("GET", f"{served.admin}/events", timeout=60) as events:
        lines = events.iter_lines()
        assert next(lines) == ": listening"
        config(text.replace("/renderings", "/pictures"), name="api.yaml")
        assert [*lines] == [""]  # the stream has ended, and so the reader begins anew, too
    served.said("Reloaded, with a new journal.")
    assert served.ask("GET", "/renderings", headers=key).status_code == 404
    assert served.ask("GET", "/pictures", headers=key).status_code == 200
    config(text.replace("x-job-role: list", "x-job-role: heap"), name="api.yaml")
    assert "x-job-role" in served.complained()
    assert served.ask("GET", "/pictures", headers=key).status_code == 200


def test_what_is_read_again_while_jobs_are_made_loses_none(serve: Serve, config: Write) -> None:
    path = config("scenario: instant\n")
    served = serve("--config", str(path), "--watch")
    stopped, made = Event(), list[str]()
    with httpx2.Client(headers=KEY, base_url=served.url) as client:

        def make() -> None:
            while not stopped.is_set():
                made.append(client.post("videos", json=PROMPT).json()["id"])

        with ThreadPoolExecutor(2) as threads:
            makers = [threads.submit(make) for _ in range(2)]
            try:
                for number in range(3):
                    config(f"scenario: instant  # {number}\n")
                    served.said("Reloaded.")
            finally:
                stopped.set()
        assert [maker.exception() for maker in makers] == [None, None]
        gone = [client.delete(f"videos/{job_id}").status_code for job_id in made[::2]]
        assert gone == [200] * len(gone)
        assert _listed(client) == sorted(made[1::2])


def _listed(client: httpx2.Client) -> list[str]:
    """The ids of all jobs, read page by page."""
    page = client.get("videos", params={"limit": 100}).json()
    ids = [job["id"] for job in page["data"]]
    while page["has_more"]:
        page = client.get("videos", params={"limit": 100, "after": page["last_id"]}).json()
        ids += [job["id"] for job in page["data"]]
    return sorted(ids)


def test_events_reach_a_receiver_and_bear_the_signature_of_the_secret_that_is_printed(
    serve: Serve,
) -> None:
    letters = Queue[tuple[dict[str, str], bytes]]()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()
            letters.put((dict(self.headers.items()), body))

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        Thread(target=receiver.serve_forever).start()
        try:
            url = f"http://127.0.0.1:{receiver.server_port}/events"
            served = serve("--webhook-url", url, "--speed", "1000")
            (told,) = [line for line in served.greeted if line.startswith("Webhooks")]
            job = served.create()
            headers, body = letters.get(timeout=PATIENCE)
        finally:
            receiver.shutdown()
    secret = re.fullmatch(rf"Webhooks go to {url}, signed with (whsec_\S+)\.", told)
    assert secret
    event = Webhook(secret[1]).verify(body, headers)
    assert (event["type"], event["data"]["id"]) == ("video.completed", job["id"])
