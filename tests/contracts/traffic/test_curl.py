"""Requests as curl commands, run by a real shell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aisa_testkit.contracts.traffic.curl import curl_command
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import VideoServer
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.credentials import UNKNOWN_KEY
from aisa_testkit.openapi.operation import FORM, JSON

KEY = "sk-live-3cr3t"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
SPECIAL_TEXTS = [
    'it\'s "quoted" $HOME `id` \\n !x',
    "@/etc/hostname",
    "<input",
    "a;type=text/html",
    "two\nlines & more = 100 %",
    "шторм 🌊",
    "it's a\ttab,\r\n \\ and \x1b[31m1 with \u202e marks",
]
TEXT_IDS = [
    "quotes",
    "at sign",
    "less than",
    "semicolon",
    "line break",
    "non-ASCII",
    "control characters",
]


@pytest.fixture
def shell(
    tool: Callable[[str], str], tmp_path: Path
) -> Callable[[str], subprocess.CompletedProcess[bytes]]:
    """Run a command in bash, in an empty folder, with the API key in its variable."""
    bash, curl = tool("bash"), Path(tool("curl")).parent

    def run(command: str) -> subprocess.CompletedProcess[bytes]:
        assert KEY not in command
        environment = {"PATH": f"{curl}:/usr/bin:/bin", "MY_KEY": KEY}
        return subprocess.run(
            [bash, "-c", command], capture_output=True, env=environment, cwd=tmp_path, timeout=20
        )

    return run


Shell = Callable[[str], "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("media_type", [JSON, FORM], ids=["JSON", "form"])
@pytest.mark.parametrize("prompt", SPECIAL_TEXTS, ids=TEXT_IDS)
def test_curl_command_repeats_a_create_with_special_characters(
    document: Document, video_server: VideoServer, shell: Shell, media_type: str, prompt: str
) -> None:
    fields = {"prompt": prompt, "seconds": "8"}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=media_type)
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY")
    assert command.isprintable()
    result = shell(command)
    job = json.loads(result.stdout or b"{}")
    assert (job.get("prompt"), job.get("seconds")) == (prompt, "8"), result.stderr


def test_curl_command_of_a_form_uploads_the_file_with_its_name(
    document: Document, video_server: VideoServer, shell: Shell, tmp_path: Path
) -> None:
    fields = {"prompt": "x", "input_reference": PNG}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=FORM)
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY")
    assert "-F 'input_reference=@input_reference;type=image/png'" in command
    assert shell(command).returncode == 26, "curl cannot read a file that is not there"
    (tmp_path / "input_reference").write_bytes(PNG)
    assert json.loads(shell(command).stdout)["status"] == "queued"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without"])
def test_curl_command_sends_an_api_key_only_if_the_request_had_one(
    document: Document, video_server: VideoServer, shell: Shell, key: str | None
) -> None:
    call = build_call(document, document.operations["listVideos"], key=key)
    command = curl_command(document, call, video_server.base_url + "/", key_variable="MY_KEY")
    assert ("$MY_KEY" in command) == bool(key)
    assert ("error" in json.loads(shell(command).stdout)) == (key is None)


def test_curl_command_sends_the_key_header_of_another_api(other_document: Document) -> None:
    call = build_call(other_document, other_document.operations["pageOfRenderings"], key=KEY)
    command = curl_command(other_document, call, "http://h/api/v7", key_variable="K")
    assert command == 'curl -X GET http://h/api/v7/renderings -H "x-render-key: $K"'


@pytest.mark.parametrize(
    "text",
    ["a&limit=0", "a b", "a#b", "100%25", "[1-3]", "ж"],
    ids=["ampersand", "space", "hash", "percent", "curl range", "non-ASCII"],
)
def test_curl_command_encodes_query_and_path(
    document: Document, video_server: VideoServer, shell: Shell, text: str
) -> None:
    listing, retrieving = document.operations["listVideos"], document.operations["getVideo"]
    calls = [
        build_call(document, listing, key=KEY, query=(("after", text), ("limit", "2"))),
        build_call(document, retrieving, key=KEY, path_parameters={"video_id": f"v/{text}"}),
    ]
    for call in calls:
        result = shell(curl_command(document, call, video_server.base_url, key_variable="MY_KEY"))
        response = json.loads(result.stdout or b"{}")
        assert response.get("error", {}).get("code") == "resource_not_found", result
        assert text in response["error"]["message"]


def test_curl_command_sends_the_headers_of_the_request(
    document: Document, video_server: VideoServer, shell: Shell
) -> None:
    video_server.next_job(seconds=0)
    create = build_call(
        document, document.operations["createVideo"], {"prompt": "x"}, key=KEY, media_type=JSON
    )
    command = curl_command(document, create, video_server.base_url, key_variable="MY_KEY")
    job = json.loads(shell(command).stdout)
    part = build_call(
        document,
        document.operations["getVideoContent"],
        key=KEY,
        path_parameters={"video_id": job["id"]},
        headers={"range": "bytes=0-9"},
    )
    command = curl_command(document, part, video_server.base_url, key_variable="MY_KEY")
    assert len(shell(command).stdout) == 10


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Bearer sk-of-the-check", '"authorization: Bearer $MY_KEY"'),
        ("Basic sk-of-the-check", '"authorization: Basic $MY_KEY"'),
        ("Bearer", '"authorization: Bearer"'),
        (f"Bearer {UNKNOWN_KEY}", f'"authorization: Bearer {UNKNOWN_KEY}"'),
    ],
    ids=["valid key", "another scheme", "scheme without key", "unknown key"],
)
def test_curl_command_keeps_invalid_api_keys_invalid(
    document: Document, header: str, expected: str
) -> None:
    call = Call("listVideos", {}, (), {"authorization": header})
    command = curl_command(document, call, "http://h/v1", key_variable="MY_KEY")
    assert command == f"curl -X GET http://h/v1/videos -H {expected}"


@pytest.mark.parametrize(
    "name", ["/home/me/.ssh/id_rsa", "..\\secrets.png;type=image/png", "a,b", "/"]
)
def test_curl_command_never_uploads_a_file_outside_the_folder(
    document: Document, name: str
) -> None:
    part = f'Content-Disposition: form-data; name="input_reference"; filename="{name}"'
    body = f"--b\r\n{part}\r\n\r\nx\r\n--b--\r\n".encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    command = curl_command(
        document, Call("createVideo", {}, (), headers, body), "http://h/v1", key_variable="K"
    )
    (path,) = re.findall("-F input_reference=@(.*)", command)
    assert re.fullmatch("[a-z_.]+", path)


def test_curl_command_sends_a_body_that_begins_with_an_at_sign(document: Document) -> None:
    call = Call("createVideo", {}, (), {"content-type": "text/plain"}, b"@/etc/passwd")
    command = curl_command(document, call, "http://h/v1", key_variable="K")
    assert command.endswith(" --data-raw @/etc/passwd")
