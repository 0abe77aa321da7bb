"""Requests as curl commands, run by a real shell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aisa_testkit.contracts.traffic.curl import CurlCommand, curl_command
from aisa_testkit.contracts.traffic.recorded_form import form_from_har
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
    "## a heading, ##[error]it's a command",
]
TEXT_IDS = [
    "quotes",
    "at sign",
    "less than",
    "semicolon",
    "line break",
    "non-ASCII",
    "control characters",
    "command to a CI system",
]


@pytest.fixture
def shell(
    tool: Callable[[str], str], tmp_path: Path
) -> Callable[[CurlCommand], subprocess.CompletedProcess[bytes]]:
    """Run a command in bash, in a folder with its files, with the API key in its variable."""
    bash, curl = tool("bash"), Path(tool("curl")).parent

    def run(command: CurlCommand) -> subprocess.CompletedProcess[bytes]:
        assert KEY not in command.text
        for name, content in command.files.items():
            (tmp_path / name).write_bytes(content)
        environment = {"PATH": f"{curl}:/usr/bin:/bin", "MY_KEY": KEY}
        return subprocess.run(
            [bash, "-c", command.text],
            capture_output=True,
            env=environment,
            cwd=tmp_path,
            timeout=20,
        )

    return run


Shell = Callable[[CurlCommand], "subprocess.CompletedProcess[bytes]"]


@pytest.mark.parametrize("media_type", [JSON, FORM], ids=["JSON", "form"])
@pytest.mark.parametrize("prompt", SPECIAL_TEXTS, ids=TEXT_IDS)
def test_curl_command_repeats_a_create_with_special_characters(
    document: Document, video_server: VideoServer, shell: Shell, media_type: str, prompt: str
) -> None:
    fields = {"prompt": prompt, "seconds": "8"}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=media_type)
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY", files="7-")
    assert (command.text.isprintable(), command.files) == (True, {})
    assert "##[" not in command.text
    result = shell(command)
    job = json.loads(result.stdout or b"{}")
    assert (job.get("prompt"), job.get("seconds")) == (prompt, "8"), result.stderr


def test_curl_command_of_a_form_uploads_the_file_with_its_name(
    document: Document, video_server: VideoServer, shell: Shell
) -> None:
    fields = {"prompt": "x", "input_reference": PNG}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=FORM)
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY", files="7-")
    option = "-F 'input_reference=@7-input_reference;filename=input_reference;type=image/png'"
    assert option in command.text
    assert command.files == {"7-input_reference": PNG}
    assert json.loads(shell(command).stdout)["status"] == "queued"


@pytest.mark.parametrize("key", [KEY, None], ids=["with a key", "without"])
def test_curl_command_sends_an_api_key_only_if_the_request_had_one(
    document: Document, video_server: VideoServer, shell: Shell, key: str | None
) -> None:
    call = build_call(document, document.operations["listVideos"], key=key)
    command = curl_command(
        document, call, video_server.base_url + "/", key_variable="MY_KEY", files="7-"
    )
    assert ("$MY_KEY" in command.text) == bool(key)
    assert ("error" in json.loads(shell(command).stdout)) == (key is None)


def test_curl_command_sends_the_key_header_of_another_api(other_document: Document) -> None:
    call = build_call(other_document, other_document.operations["pageOfRenderings"], key=KEY)
    command = curl_command(other_document, call, "http://h/api/v7", key_variable="K", files="7-")
    assert command.text == 'curl -X GET http://h/api/v7/renderings -H "x-render-key: $K"'


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
        result = shell(
            curl_command(document, call, video_server.base_url, key_variable="MY_KEY", files="7-")
        )
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
    command = curl_command(
        document, create, video_server.base_url, key_variable="MY_KEY", files="7-"
    )
    job = json.loads(shell(command).stdout)
    part = build_call(
        document,
        document.operations["getVideoContent"],
        key=KEY,
        path_parameters={"video_id": job["id"]},
        headers={"range": "bytes=0-9"},
    )
    command = curl_command(document, part, video_server.base_url, key_variable="MY_KEY", files="7-")
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
    command = curl_command(document, call, "http://h/v1", key_variable="MY_KEY", files="7-")
    assert command.text == f"curl -X GET http://h/v1/videos -H {expected}"


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
        document,
        Call("createVideo", {}, (), headers, body),
        "http://h/v1",
        key_variable="K",
        files="7-",
    )
    (path,) = command.files
    (option,) = re.findall("-F 'input_reference=@(.*)'", command.text)
    assert option.startswith(f"{path};filename=")
    assert re.fullmatch("[0-9a-z_-]+", path)


def test_curl_command_sends_a_body_that_begins_with_an_at_sign(document: Document) -> None:
    call = Call("createVideo", {}, (), {"content-type": "text/plain"}, b"@/etc/passwd")
    command = curl_command(document, call, "http://h/v1", key_variable="K", files="7-")
    assert command.text.endswith(" --data-raw @/etc/passwd")


@pytest.fixture
def sent(document: Document) -> Callable[..., CurlCommand]:
    """The command of a create; its body, and other headers by their names."""

    def command(media_type: str, body: bytes, **headers: str) -> CurlCommand:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        call = Call("createVideo", {}, (), {"content-type": media_type, **names}, body)
        return curl_command(document, call, "http://h/v1", key_variable="K", files="f/7-")

    return command


@pytest.mark.parametrize("media_type", [JSON, FORM], ids=["JSON", "form"])
@pytest.mark.parametrize(
    "prompt", ["x" * 32_000, "a lighthouse\nin 灯 a storm " * 20], ids=["long", "lines"]
)
def test_long_value_is_sent_from_a_file(
    document: Document, video_server: VideoServer, shell: Shell, media_type: str, prompt: str
) -> None:
    fields = {"prompt": prompt, "seconds": "8"}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, key=KEY, media_type=media_type)
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY", files="7-")
    assert len(command.text) < 300
    assert [*command.files] == ["7-prompt" if media_type == FORM else "7-body"]
    result = shell(command)
    job = json.loads(result.stdout or b"{}")
    assert (job.get("prompt"), job.get("seconds")) == (prompt, "8"), result.stderr


def test_bytes_that_are_not_text_are_sent_from_a_file(sent: Callable[..., CurlCommand]) -> None:
    for body in (b"\xff\x00", b"a\0b"):
        command = sent("text/plain", body)
        assert command.text.endswith(" --data-binary @f/7-body")
        assert command.files == {"f/7-body": body}
        form = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
        command = sent("multipart/form-data; boundary=b", form + body + b"\r\n--b--\r\n")
        assert command.text.endswith(" -F 'prompt=<f/7-prompt'")
        assert command.files == {"f/7-prompt": body}


def test_malformed_form_is_sent_as_it_is(sent: Callable[..., CurlCommand]) -> None:
    body = b"--b\r\nContent-Disposition: form-data"
    command = sent("multipart/form-data; boundary=b", body)
    assert "-H 'content-type: multipart/form-data; boundary=b'" in command.text
    assert command.text.endswith(r"--data-raw $'--b\r\nContent-Disposition: form-data'")


def test_long_headers_and_urls_are_read_from_files(
    document: Document, video_server: VideoServer, shell: Shell, tmp_path: Path
) -> None:
    trace, key = 'a"\\' * 200, {"authorization": f"Bearer {KEY}"}
    call = Call("listVideos", {}, (("after", 'x"\\' * 200),), {"x-trace": trace, **key})
    command = curl_command(document, call, video_server.base_url, key_variable="MY_KEY", files="7-")
    assert command.text == ('curl -X GET -K 7-url -H @7-x-trace -H "authorization: Bearer $MY_KEY"')
    assert command.files["7-x-trace"] == f"x-trace: {trace}".encode()
    assert json.loads(shell(command).stdout)["error"]["param"] == "after"


def test_command_with_many_values_is_short(sent: Callable[..., CurlCommand]) -> None:
    headers = {f"x_{number}": "v" * 250 for number in range(20)}
    command = sent(JSON, b"{}", **headers)
    assert len(command.text) < 2500
    assert len(command.files) == command.text.count("@f/7-x-") > 10


def test_file_of_a_recording_is_named_but_not_made_up(sent: Callable[..., CurlCommand]) -> None:
    media_type, body = form_from_har(
        [{"name": "input_reference", "fileName": "cat.png", "contentType": "image/png"}]
    )
    command = sent(media_type, body)
    assert command.text.endswith(" -F 'input_reference=@cat.png;type=image/png'")
    assert command.files == {}


def test_file_in_a_folder_with_special_characters_is_uploaded(
    document: Document, video_server: VideoServer, shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / 'a "b";c, d').mkdir()
    operation = document.operations["createVideo"]
    fields = {"prompt": "x" * 400, "input_reference": PNG}
    call = build_call(document, operation, fields, key=KEY, media_type=FORM)
    prefix = 'a "b";c, d/7-'
    command = curl_command(
        document, call, video_server.base_url, key_variable="MY_KEY", files=prefix
    )
    assert json.loads(shell(command).stdout)["prompt"] == "x" * 400
