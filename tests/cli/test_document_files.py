"""Documents and overlays of `serve` and `check`, and what `check` sends to a server by request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.openapi import load_document, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.command_line import run_check, run_command
from tests.support.film_api import REMOVED, changed_api
from tests.support.job_api import JOB, api_text, operation, query, request_schema
from tests.support.serve_process import serve_process

OVERLAY: Json = {
    "overlay": "1.1.0",
    "info": {"title": "Jobs", "version": "1"},
    "actions": [{"target": "$", "update": {"x-jobs": changed_api({})["x-jobs"]}}],
}


@pytest.fixture
def vendor(tmp_path: Path) -> str:
    """The path of a document without x-jobs, whose title is left out."""
    path = tmp_path / "vendor.json"
    path.write_bytes(orjson.dumps(changed_api({"/x-jobs": REMOVED, "/info/title": 7})))
    return str(path)


@pytest.fixture
def overlay(tmp_path: Path) -> str:
    """The path of an overlay with the jobs of that document."""
    path = tmp_path / "jobs.yaml"
    path.write_bytes(orjson.dumps(OVERLAY))
    return str(path)


def test_jobs_of_an_overlay_are_served_and_other_operations_are_listed_apart(
    vendor: str, overlay: str
) -> None:
    with serve_process(vendor, "--overlay", overlay, "--speed", "1000") as mock:
        film = mock.request("POST", "/films", {"scene": "A teapot"}).json()
        assert mock.request("GET", f"/films/{film['id']}").json()["phase"] in ("drawing", "ready")
        lines = list(mock.banner)
    assert [line.split()[-1] for line in lines[1:3]] == ["order", "look"]
    assert lines[3] == "Answered from the document alone:"
    assert [line.split()[-1] for line in lines[4:8]] == ["page", "drop", "stop", "film"]
    command = f"aisa-testkit document {vendor} --overlay {overlay} --validate"
    assert lines[8] == f"1 thing is left out: {command} lists them."
    assert "/info/title" in run_command(*command.split()[1:]).stderr


def test_document_without_jobs_is_served_without_state(vendor: str) -> None:
    with serve_process(vendor) as mock:
        assert mock.request("POST", "/films", {"scene": "A teapot"}).status_code == 200
        assert mock.request("POST", "/films", {"quality": "final"}).status_code == 400
    assert "It declares no jobs, so every request is answered from the document alone." in (
        mock.banner
    )
    assert "docs/x-jobs.md shows how to declare them." in mock.banner


def test_changed_overlay_is_reloaded(vendor: str, overlay: str) -> None:
    with serve_process(vendor, "--overlay", overlay, "--watch") as mock:
        assert mock.request("POST", "/films", {"scene": "A teapot"}).json()["phase"] == "waiting"
        changed = orjson.dumps(OVERLAY).replace(b'"waiting"', b'"waitin"')
        Path(overlay).write_bytes(changed)
        assert mock.next_error().startswith(f"Not reloaded: {vendor}: {overlay} line 1, /x-jobs")
        Path(overlay).write_bytes(orjson.dumps(OVERLAY).replace(b'"lasts":1}', b'"lasts":0}'))
        mock.wait_for("Reloaded, with a new journal.")
        assert mock.request("POST", "/films", {"scene": "A teapot"}).json()["phase"] == "drawing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aisa-video"], "aisa-video: cannot be read: No such file or directory; did you mean"),
        (["--overlay", "replicat"], "replicat: cannot be read: No such file or directory; did you"),
        (["--overlay", "{vendor}"], "{vendor}: line 1: is not an overlay: it is a document, "),
    ],
    ids=["document", "overlay", "other file"],
)
@pytest.mark.parametrize("command", ["serve", "check", "document"])
def test_unusable_file_is_an_error(
    command: str, arguments: list[str], message: str, vendor: str
) -> None:
    urls = ["http://127.0.0.1:1"] if command == "check" else []
    result = run_command(command, *urls, *(each.format(vendor=vendor) for each in arguments))
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message.format(vendor=vendor)}")


@contextmanager
def film_server(vendor: str, overlay: str) -> Iterator[str]:
    """The URL of a mock of the document."""
    document = load_document(vendor, overlays=[overlay])
    with serve_in_thread(document, clock=SystemClock(100), seed=1) as server:
        yield server.base_url


def test_check_takes_overlays(vendor: str, overlay: str) -> None:
    with film_server(vendor, overlay) as url:
        code, printed = run_check(url, vendor, "--overlay", overlay, key="sk-1")
        assert code == 0, printed


def test_check_sends_given_values(vendor: str, overlay: str, tmp_path: Path) -> None:
    report = tmp_path / "traffic.har"
    values = ["--set", "hook=h=1", "--set", "/frames=7", "--header", "X-Team: red"]
    with film_server(vendor, overlay) as url:
        code, printed = run_check(
            url,
            vendor,
            "--overlay",
            overlay,
            "--no-key",
            *values,
            "--record",
            str(report),
            key=None,
        )
    assert code == 0, printed
    requests = [entry["request"] for entry in orjson.loads(report.read_bytes())["log"]["entries"]]
    headers = [{h["name"].lower(): h["value"] for h in each["headers"]} for each in requests]
    assert all(each["x-team"] == "red" and "authorization" not in each for each in headers)
    bodies = [each["postData"]["text"] for each in requests if "postData" in each]
    assert sum('"hook":"h=1"' in body and '"frames":7' in body for body in bodies) >= 2


WHOLE: Json = {"type": "integer", "enum": [7]}
DEMANDED: Json = {
    "model": {"const": "m-7"},
    "input": {"type": "object", "required": ["size"], "properties": {"size": WHOLE}},
}
DEMANDS = [
    "--set",
    "model=m-7",
    "--set",
    "/input/size=7",
    "--set",
    "query.region=south",
    "--set",
    "team=red",
    "--set",
    "X-Count=7",
    "--header",
    "X-Project: p-7",
]


def demanding_text(*, strict: bool) -> str:
    """The text of a document, or of what its server demands beyond it."""
    free: Json = {"type": "string"}
    fields = (
        DEMANDED
        if strict
        else {
            "model": free,
            "input": {"type": "object", "properties": {"size": {"type": "integer"}}},
        }
    )
    request = request_schema(*(["model", "input"] if strict else []), **fields)
    parameters: list[Json] = [
        query("region", {"enum": ["south"]} if strict else free, required=strict),
        {
            "name": "team",
            "in": "cookie",
            "required": strict,
            "schema": {"const": "red"} if strict else free,
        },
        {
            "name": "X-Count",
            "in": "header",
            "required": strict,
            "schema": WHOLE if strict else {"type": "integer"},
        },
    ]
    project: Json = {
        "name": "X-Project",
        "in": "header",
        "required": True,
        "schema": {"const": "p-7"},
    }
    create = operation(
        "createJob", JOB, request=request, parameters=[*parameters, *([project] if strict else [])]
    )
    poll = operation("getJob", JOB, parameters=[project] if strict else [])
    return api_text(paths={"/jobs": {"post": create}, "/jobs/{id}": {"get": poll}})


@pytest.mark.parametrize("given", [True, False])
def test_server_gets_the_values_that_it_demands(tmp_path: Path, *, given: bool) -> None:
    path = tmp_path / "jobs.json"
    path.write_text(demanding_text(strict=False), "utf-8")
    server = parse_document(demanding_text(strict=True))
    with serve_in_thread(server, clock=SystemClock(100), seed=1) as mock:
        code, printed = run_check(mock.base_url, str(path), *(DEMANDS if given else []), key="sk-1")
    assert code == (0 if given else 1), printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "movie"], "there is no kind 'movie'; the kinds are film"),
        (["--kind", "flim"], "there is no kind 'flim'; did you mean film?"),
        (["--set", "/frame=7"], "order has no /frame; did you mean /frames?"),
        (["--set", "scen=A"], "order has no field 'scen'; did you mean scene?"),
        (["--set", "scene"], "--set must be a name and a value such as 'field=value'"),
        (["--header", "X-Team"], "--header must be a name and a value such as 'X-Version: 2'"),
        (["--header", "X Team: 1"], "--header: 'X Team' is not the name of a header"),
        (
            ["--header", "X-Team: ä"],
            "--header X-Team contains characters that are not allowed in a header",
        ),
    ],
)
def test_unusable_value_is_an_error(
    vendor: str, overlay: str, arguments: list[str], message: str
) -> None:
    files = [vendor, "--overlay", overlay]
    result = run_command("check", "http://127.0.0.1:1", *files, *arguments)
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")


def test_check_of_a_document_without_jobs_is_an_error(vendor: str) -> None:
    result = run_command("check", "http://127.0.0.1:1", vendor)
    reason = "the document declares no kind of job in `x-jobs`"
    message = f"{reason}; --replay checks recorded traffic without it"
    assert (result.exit_code, result.stderr) == (2, f"Error: {message}\n")
