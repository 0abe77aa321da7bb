"""The OpenAI SDK for Node against the mock on a socket."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from aisa_testkit.mock_server import TickingClock, serve_in_thread
from aisa_testkit.openapi import Document
from tests.support.media import file_of_job

MEDIA = files("aisa_testkit.mock_server").joinpath("media")
PROGRAM = Path(__file__).with_name("videos.mjs")
# npm installs the newest of these versions that supports the installed Node.
PACKAGE = "openai@>=6"

Output: TypeAlias = dict[str, Any]


@pytest.fixture(scope="module")
def outputs() -> list[Output]:
    """The output of the program, after its only run."""
    return []


@pytest.fixture
def output(
    tool: Callable[[str], str],
    document: Document,
    outputs: list[Output],
    tmp_path_factory: pytest.TempPathFactory,
) -> Output:
    """The JSON output of the program, which runs once for all tests."""
    if not outputs:
        folder = tmp_path_factory.mktemp("node")
        install = [tool("npm"), "install", "--no-audit", "--no-fund", PACKAGE]
        subprocess.run(install, cwd=folder, check=True, capture_output=True, timeout=120)
        # Node finds packages only in the folder of the module.
        program = shutil.copy(PROGRAM, folder)
        image = folder / "guide.webp"
        image.write_bytes(MEDIA.joinpath("1280x720-4s.webp").read_bytes())
        with serve_in_thread(document, clock=TickingClock(1_780_000_000), seed=1) as server:
            done = subprocess.run(
                [tool("node"), program, str(image)],
                env={"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-test"},
                check=True,
                capture_output=True,
                timeout=60,
            )
        outputs.append(json.loads(done.stdout))
    return outputs[0]


def test_job_with_an_image_completes(output: Output) -> None:
    made, done = output["made"], output["done"]
    assert (made["status"], made["progress"]) == ("queued", 0)
    assert (done["status"], done["progress"]) == ("completed", 100)
    for field in ("id", "created_at", "prompt", "size", "seconds", "model"):
        assert done[field] == made[field]
    assert (done["size"], done["seconds"]) == ("1280x720", "8")


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        ("video", "1280x720-8s.mp4"),
        ("thumbnail", "1280x720-8s.webp"),
        ("spritesheet", "1280x720-8s.jpg"),
    ],
)
def test_downloaded_file_has_the_expected_content(output: Output, variant: str, name: str) -> None:
    expected = file_of_job(name, output["done"]["id"])
    assert b64decode(output["files"][variant]) == expected


def test_remix_contains_the_id_of_its_source(output: Output) -> None:
    remix = output["remix"]
    assert remix["remixed_from_video_id"] == output["done"]["id"]
    assert (remix["status"], remix["prompt"]) == ("completed", "The same at night")


def test_pagination_in_both_orders(output: Output) -> None:
    oldest_first = output["listed"]["asc"]
    assert [video["prompt"] for video in oldest_first] == [
        "A lighthouse in a storm",
        "The same at night",
        "mock:fails",
    ]
    assert output["listed"]["desc"] == oldest_first[::-1]
    assert oldest_first[2]["status"] == "failed"
    assert oldest_first[2]["error"]["code"] == "moderation_blocked"


def test_delete_returns_the_deleted_id(output: Output) -> None:
    video_id = output["made"]["id"]
    assert output["deleted"] == {"id": video_id, "object": "video.deleted", "deleted": True}


@pytest.mark.parametrize(
    ("error_key", "name", "status", "code", "parameter"),
    [
        ("running", "ConflictError", 409, "invalid_request", None),
        ("unknown", "NotFoundError", 404, "resource_not_found", "video_id"),
        ("limited", "RateLimitError", 429, "rate_limit_exceeded", None),
        ("rejected", "BadRequestError", 400, "invalid_request", "seconds"),
        ("unauthenticated", "AuthenticationError", 401, "invalid_api_key", None),
    ],
)
def test_error_has_the_class_of_the_sdk(
    output: Output, error_key: str, name: str, status: int, code: str, parameter: str | None
) -> None:
    error = output["errors"][error_key]
    assert (error["name"], error["status"]) == (name, status)
    assert (error["code"], error["param"]) == (code, parameter)
    assert error["requestID"] == error["id"]
    assert error["id"].startswith("req_")
