"""Mocks in programs whose time is frozen, in separate interpreters: the order of imports counts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Arguments: the library that freezes time, and what comes first.
PROGRAM = """
import json, sys
from contextlib import ExitStack
from datetime import datetime, timezone
from queue import Queue

AT = 1_900_000_000
library, first = sys.argv[1:]

def frozen():
    if library == "freezegun":
        from freezegun import freeze_time
        return freeze_time(datetime.fromtimestamp(AT, timezone.utc))
    import time_machine
    return time_machine.travel(AT, tick=False)

def make_video(mock, events):
    from openai import OpenAI
    video = OpenAI().videos.create_and_poll(prompt="A lighthouse")
    headers, body = events.get(timeout=20)
    event = OpenAI().webhooks.unwrap(body.decode(), dict(headers))
    stamp = int(headers["webhook-timestamp"])
    return [video.status, video.created_at - AT, event.type, stamp - AT]

def run(name):
    events = Queue()
    freeze = frozen()
    with ExitStack() as stack:
        if first != "mock":
            stack.enter_context(freeze)
        import aisa_testkit.pytest_plugin as plugin
        open_mock = getattr(plugin, name)
        mock = stack.enter_context(open_mock(webhook=lambda *event: events.put(event)))
        if first == "mock":
            stack.enter_context(freeze)
        return make_video(mock, events)

if first == "toolkit":
    import openai
    import aisa_testkit.contracts
    import aisa_testkit.pytest_plugin.mock
    import aisa_testkit.pytest_plugin.shared_server
print(json.dumps([run("mock_videos"), run("serve_videos")]))
"""


@pytest.mark.parametrize("first", ["toolkit", "freeze", "mock"])
@pytest.mark.parametrize("library", ["freezegun", "time_machine"])
def test_jobs_and_webhooks_have_the_frozen_time(library: str, first: str) -> None:
    command = [sys.executable, "-W", "error", "-c", PROGRAM, library, first]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    for status, created, event, stamp in json.loads(done.stdout):
        assert (status, event, stamp) == ("completed", "video.completed", 0)
        # A mock that was opened before keeps its own time.
        assert (created == 0) == (first != "mock")
