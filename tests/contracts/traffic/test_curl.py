"""A call as a line of curl that a shell really runs."""

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
ODD = [
    'it\'s "quoted" $HOME `id` \\n !x',
    "@/etc/hostname",
    "<input",
    "a;type=text/html",
    "two\nlines & more = 100 %",
    "шторм 🌊",
]
NAMES = ["quotes", "at sign", "less than", "semicolon", "lines", "beyond ASCII"]


@pytest.fixture
def shell(
    tool: Callable[[str], str], tmp_path: Path
) -> Callable[[str], subprocess.CompletedProcess[bytes]]:
    """Runs a line in bash, in an empty folder, with the key in its variable."""
    bash, curl = tool("bash"), Path(tool("curl")).parent

    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        assert KEY not in line
        environment = {"PATH": f"{curl}:/usr/bin:/bin", "MY_KEY": KEY}
        return subprocess.run(
            [bash, "-c", line], capture_output=True, env=environment, cwd=tmp_path, timeout=20
        )

    return run


Shell = Callable[[str], "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("media_type", [JSON, FORM], ids=["JSON", "form"])
@pytest.mark.parametrize("prompt", ODD, ids=NAMES)
def test_a_create_is_repeated_with_every_character(
    document: Document, video_server: VideoServer, shell: Shell, media_type: str, prompt: str
) -> None:
    fields = {"prompt": prompt, "seconds": "8"}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=media_type)
    done = shell(curl_command(document, call, video_server.base_url, key_variable="MY_KEY"))
    made = json.loads(done.stdout or b"{}")
    assert (made.get("prompt"), made.get("seconds")) == (prompt, "8"), done.stderr


def test_a_form_names_its_file_and_the_shell_sends_it(
    document: Document, video_server: VideoServer, shell: Shell, tmp_path: Path
) -> None:
    fields = {"prompt": "x", "input_reference": PNG}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=FORM)
    line = curl_command(document, call, video_server.base_url, key_variable="MY_KEY")
    assert "-F input_reference=@input_reference" in line
    assert shell(line).returncode == 26, "curl cannot read a file that is not there"
    (tmp_path / "input_reference").write_bytes(PNG)
    assert json.loads(shell(line).stdout)["status"] == "queued"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without"])
def test_a_key_is_sent_only_where_the_call_had_one(
    document: Document, video_server: VideoServer, shell: Shell, key: str | None
) -> None:
    call = build_call(document, document.operations["listVideos"], key=key)
    line = curl_command(document, call, video_server.base_url + "/", key_variable="MY_KEY")
    assert ("$MY_KEY" in line) == bool(key)
    assert ("error" in json.loads(shell(line).stdout)) == (key is None)


def test_a_key_in_a_header_of_its_own_has_no_scheme(other_document: Document) -> None:
    call = build_call(other_document, other_document.operations["pageOfRenderings"], key=KEY)
    line = curl_command(other_document, call, "http://h/api/v7", key_variable="K")
    assert line == 'curl -X GET http://h/api/v7/renderings -H "x-render-key: $K"'


@pytest.mark.parametrize(
    "odd",
    ["a&limit=0", "a b", "a#b", "100%25", "[1-3]", "ж"],
    ids=["ampersand", "space", "hash", "percent", "range of curl", "beyond ASCII"],
)
def test_a_query_and_a_path_reach_the_server_as_they_were(
    document: Document, video_server: VideoServer, shell: Shell, odd: str
) -> None:
    listing, retrieving = document.operations["listVideos"], document.operations["getVideo"]
    calls = [
        build_call(document, listing, key=KEY, query=(("after", odd), ("limit", "2"))),
        build_call(document, retrieving, key=KEY, path_parameters={"video_id": f"v/{odd}"}),
    ]
    for call in calls:
        done = shell(curl_command(document, call, video_server.base_url, key_variable="MY_KEY"))
        answered = json.loads(done.stdout or b"{}")
        assert answered.get("error", {}).get("code") == "resource_not_found", done
        assert odd in answered["error"]["message"]


def test_headers_of_the_call_are_sent(
    document: Document, video_server: VideoServer, shell: Shell
) -> None:
    video_server.next_job(seconds=0)
    create = build_call(
        document, document.operations["createVideo"], {"prompt": "x"}, key=KEY, media_type=JSON
    )
    line = curl_command(document, create, video_server.base_url, key_variable="MY_KEY")
    made = json.loads(shell(line).stdout)
    part = build_call(
        document,
        document.operations["getVideoContent"],
        key=KEY,
        path_parameters={"video_id": made["id"]},
        headers={"range": "bytes=0-9"},
    )
    line = curl_command(document, part, video_server.base_url, key_variable="MY_KEY")
    assert len(shell(line).stdout) == 10


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Bearer sk-of-the-check", '"authorization: Bearer $MY_KEY"'),
        ("Basic sk-of-the-check", '"authorization: Basic $MY_KEY"'),
        ("Bearer", '"authorization: Bearer"'),
        (f"Bearer {UNKNOWN_KEY}", f'"authorization: Bearer {UNKNOWN_KEY}"'),
    ],
    ids=["a key", "another scheme", "no key in it", "a key that nobody has"],
)
def test_the_line_sends_what_was_sent_for_a_key(document: Document, sent: str, shown: str) -> None:
    call = Call("listVideos", {}, (), {"authorization": sent})
    line = curl_command(document, call, "http://h/v1", key_variable="MY_KEY")
    assert line == f"curl -X GET http://h/v1/videos -H {shown}"


@pytest.mark.parametrize(
    "name", ["/home/me/.ssh/id_rsa", "..\\secrets.png;type=image/png", "a,b", "/"]
)
def test_no_line_names_a_file_outside_of_the_folder(document: Document, name: str) -> None:
    part = f'Content-Disposition: form-data; name="input_reference"; filename="{name}"'
    body = f"--b\r\n{part}\r\n\r\nx\r\n--b--\r\n".encode()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    line = curl_command(
        document, Call("createVideo", {}, (), headers, body), "http://h/v1", key_variable="K"
    )
    (path,) = re.findall("-F input_reference=@(.*)", line)
    assert re.fullmatch("[a-z_.]+", path)


def test_a_body_that_looks_like_a_file_is_sent_as_it_is(document: Document) -> None:
    call = Call("createVideo", {}, (), {"content-type": "text/plain"}, b"@/etc/passwd")
    line = curl_command(document, call, "http://h/v1", key_variable="K")
    assert line.endswith(" --data-raw @/etc/passwd")
