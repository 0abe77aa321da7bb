"""The fixtures: lists, overrides, combinations, and the checks at the end of a test."""

from __future__ import annotations

from dataclasses import fields

import pytest

from aisa_testkit.pytest_plugin import MockOptions
from tests.support.documents import RENDERINGS
from tests.support.plugin_project import Run

IMPORTS = """
import os
import httpx2
import pytest
from aisa_testkit.mock_server import ManualClock, TickingClock
from aisa_testkit.openapi import load_document
from program import create, poll, send
"""
OTHER_API = """
def submit(api, **fields):
    headers = {"X-Render-Key": "a-key"}
    url = api.base_url + "/renderings"
    return httpx2.post(url, headers=headers, json={"scene": "A teapot", **fields}).json()["job"]
"""


def test_fixtures_are_listed_with_a_description(run: Run) -> None:
    result = run("", "--fixtures")
    for name, line in (
        ("video_mock", "The API in this process*"),
        ("video_server", "The API on a local socket*"),
        ("video_api", "The API of --video-target*"),
        ("video_contract", "The requests of the code under test*"),
        ("video_document [[]session scope]", "The OpenAPI document to mock*"),
        ("video_base_url", "The URL at which the code under test expects the API*"),
        ("video_clock", "The clock of the jobs*"),
    ):
        result.stdout.fnmatch_lines([f"{name} -- *", f"    {line}", ""], consecutive=True)


def test_options_are_listed_in_help(run: Run) -> None:
    result = run("", "--help")
    for option in (
        "  --video-target={mock,server,live}",
        "  --video-max-spend=AMOUNT",
        "  --video-coverage=[[]PATH]",
        "  --video-coverage-fail-under=PERCENT",
        "  video_document (string):*",
        "  video_overlays (args):*",
        "  video_base_url (string):*",
        "  video_other_hosts (string):*",
        "  video_allow (args):*",
    ):
        result.stdout.fnmatch_lines([option])


def test_marker_is_listed_with_each_option(run: Run) -> None:
    names = ", ".join(field.name for field in fields(MockOptions))
    result = run("", "--markers")
    assert (
        f"@pytest.mark.video_mock({names}): the behaviour of the mock of a test"
        in result.stdout.str()
    )


@pytest.mark.parametrize("where", ["fixture", "ini file"])
def test_another_document_is_mocked(run: Run, where: str) -> None:
    override = f"""
@pytest.fixture(scope="session")
def video_document():
    return load_document({str(RENDERINGS)!r})
"""
    result = run(
        f"""{IMPORTS}{OTHER_API}{override if where == "fixture" else ""}
@pytest.mark.parametrize("fixture", ["video_mock", "video_server", "video_api"])
def test_it(request, video_base_url, fixture):
    api = request.getfixturevalue(fixture)
    job = submit(api)
    assert job["phase"]["word"] == "waiting"
    assert api.base_url.endswith("/api/v7")
    assert video_base_url == "https://render.example.net/api/v7"
    assert [request.operation_id for request in api.requests] == ["submitRendering"]
    assert api.jobs[0].job.ref == job["ref"]
""",
        ini="" if where == "fixture" else f"video_document = {RENDERINGS}",
    )
    result.assert_outcomes(passed=3)


def test_document_in_the_ini_file_is_relative_to_the_root_folder(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pytester.mkdir("api") / "other.yaml").write_text(RENDERINGS.read_text())
    monkeypatch.chdir(pytester.mkdir("below"))
    result = run(
        "def test_it(video_document): assert video_document.title == 'Renderings'",
        f"--rootdir={pytester.path}",
        f"--config-file={pytester.path / 'pytest.ini'}",
        str(pytester.path / "test_program.py"),
        ini="video_document = api/other.yaml",
    )
    result.assert_outcomes(passed=1)


OVERLAY = """\
overlay: 1.1.0
info: {title: Title, version: '1'}
actions:
  - {target: $.info, update: {title: Movies}}
"""


def test_overlays_change_the_document_of_the_ini_file_and_of_a_marker(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.mkdir("api") / "title.yaml").write_text(OVERLAY)
    result = run(
        f"""{IMPORTS}
from aisa_testkit.pytest_plugin import mock_videos, serve_videos

OVERLAYS = ["api/title.yaml"]

def test_ini(video_document):
    assert video_document.title == "Movies"

@pytest.mark.video_mock(document={str(RENDERINGS)!r}, overlays="api/title.yaml", no_requests="pass")
def test_marker(video_mock):
    assert video_mock.document.title == "Movies"

@pytest.mark.parametrize("open_mock", [mock_videos, serve_videos])
def test_block(open_mock):
    with open_mock(document="aisa-videos", overlays=OVERLAYS) as mock:
        assert mock.document.title == "Movies"

def test_loaded_document():
    document = load_document()
    with pytest.raises(ValueError, match="overlays need a document that is given as a path"):
        mock_videos(document=document, overlays=OVERLAYS).__enter__()

def test_other_value():
    with pytest.raises(ValueError, match="overlays must be the path of an overlay or several"):
        mock_videos(overlays=[7]).__enter__()
""",
        ini="video_overlays = api/title.yaml",
    )
    result.assert_outcomes(passed=6)


def test_video_clock_can_be_overridden(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.fixture
def video_clock():
    return ManualClock(1_700_000_000)

def test_it(video_mock, video_server, video_clock):
    for mock in (video_mock, video_server):
        assert mock.clock is video_clock
        assert create(mock).json()["created_at"] == 1_700_000_000
"""
    )
    result.assert_outcomes(passed=1)


def test_ini_file_and_marker_both_allow_rules(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_ini(video_mock):
    create(video_mock, seconds="5")

@pytest.mark.video_mock(allow=["AV711"])
def test_both(video_mock):
    create(video_mock, seconds="5", prompt=7)
    send("GET", video_mock.base_url + "/videos/video_1")

def test_neither(video_mock):
    send("GET", video_mock.base_url + "/videos/video_1")
""",
        ini="video_allow = AV705 AV704",
    )
    result.assert_outcomes(passed=2, failed=1)


def test_unknown_rule_in_the_ini_file_is_an_error(run: Run) -> None:
    result = run("def test_it(video_mock): pass", ini="video_allow = AV799")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["E*unknown rule 'AV799'; `aisa-testkit explain` lists all rules"])


def test_contract_can_be_read_verified_and_relaxed(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
from aisa_testkit.pytest_plugin import ContractError

def test_it(video_mock, video_contract):
    assert video_mock.contract is video_contract
    create(video_mock, seconds="5")
    assert [request.fields["seconds"] for request in video_contract.requests] == ["5"]
    assert [v.code for v in video_contract.violations] == ["AV705"]
    with pytest.raises(ContractError, match="AV705: the code under test broke") as caught:
        video_contract.verify()
    assert caught.value.violations == tuple(video_contract.violations)
    video_contract.verify()  # a violation is reported once
    video_contract.allow("AV704")
    create(video_mock, prompt=7)
    assert [v.code for v in video_contract.violations] == ["AV705", "AV704"]
    with pytest.raises(ValueError, match="unknown rule 'AV799'"):
        video_contract.allow("AV799")
"""
    )
    result.assert_outcomes(passed=1)


def test_both_mocks_work_in_one_test_and_are_checked(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_good(video_mock, video_server, video_contract):
    for mock in (video_mock, video_server):
        job = create(mock, prompt=mock.base_url).json()["id"]
        assert poll(mock, job) == "queued"
        assert [len(mock.jobs), len(mock.requests)] == [1, 2]
    assert len(video_contract.requests) == 4

def test_bad(video_server, video_mock):
    create(video_mock, seconds="5")
    create(video_server, size="1x1")

def test_after(video_mock, video_server):
    assert video_mock.jobs == video_server.jobs == []
"""
    )
    result.assert_outcomes(passed=2, failed=1)
    for field in ("seconds", "size"):
        assert result.stdout.str().count(f"  field     {field}\n") == 1


def test_mock_videos_block_takes_precedence_over_the_fixture(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
from aisa_testkit.pytest_plugin import mock_videos

def test_it(video_mock):
    with mock_videos(base_url="https://block.test/v1") as block:
        create(video_mock)  # its URL is the vendor's, which the block mocks as well
        assert os.environ["OPENAI_BASE_URL"] == "https://block.test/v1"
    create(video_mock)
    assert os.environ["OPENAI_BASE_URL"] == video_mock.base_url
    assert [len(block.jobs), len(video_mock.jobs)] == [1, 1]
"""
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--collect-only", "--setup-only", "--setup-plan"])
def test_tests_that_do_not_run_are_not_checked(run: Run, option: str) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.fixture
def prepared(video_mock):
    create(video_mock)

def test_it(prepared, video_mock):
    create(video_mock, seconds="5")
""",
        option,
    )
    assert result.ret == pytest.ExitCode.OK


def test_repeated_test_is_checked_again(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            runtestprotocol(item, nextitem=nextitem, log=True)
            runtestprotocol(item, nextitem=nextitem, log=True)
            return True
        """
    )
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    assert video_mock.requests == []
    create(video_mock, seconds="5")
"""
    )
    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("  field     seconds\n") == 2
