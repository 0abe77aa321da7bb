"""Contract coverage of a run: the table and the report file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.documents import RENDERINGS
from tests.support.operations import only_kind
from tests.support.plugin_project import STRICT_INI

PROGRAM = """
import httpx

def run(api, *, polls=0, **fields):
    with httpx.Client(headers={"Authorization": "Bearer sk-test"}) as client:
        job = client.post(f"{api.base_url}/videos", json={"prompt": "x", **fields}).json()
        for _ in range(polls):
            job = client.get(f"{api.base_url}/videos/{job['id']}").json()
        return job
"""
ONE = """
from program import run

def test_one(video_mock):
    assert run(video_mock, polls=6, seconds="4")["status"] == "completed"
"""
OTHER = f"""
import httpx, pytest

@pytest.mark.video_mock(document={str(RENDERINGS)!r})
def test_other(video_mock):
    body = {{"scene": "A teapot", "quality": "final"}}
    url, key = f"{{video_mock.base_url}}/renderings", {{"X-Render-Key": "k"}}
    assert httpx.post(url, json=body, headers=key).status_code == 202
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with one test, which creates a video and polls it to its end."""
    pytester.makefile(".ini", pytest=STRICT_INI)
    pytester.makepyfile(program=PROGRAM, test_one=ONE)
    return pytester


def hits_in(path: Path) -> dict[str, int]:
    """Return the hits of each item, by `group: about name`."""
    (coverage,) = orjson.loads(path.read_bytes())["coverage"]
    return {
        f"{group['name']}: {item['about']} {item['name']}".strip(): item["hits"]
        for group in coverage["groups"]
        for item in group["items"]
    }


def table_in(result: pytest.RunResult) -> str:
    """Return the coverage table in the terminal, without the heading."""
    text = str(result.stdout)
    return text[text.index("contract coverage of ") :]


def errors_in(result: pytest.RunResult) -> list[str]:
    return [line for line in result.errlines if line]


def test_coverage_table_lists_covered_and_missing_items(
    project: pytest.Pytester, document: Document
) -> None:
    result = project.runpytest_inprocess("--video-coverage")
    assert result.ret == 0
    operations, states = len(document.operations), len(only_kind(document).lifecycle.states)
    result.stdout.fnmatch_lines(
        [
            "*= contract coverage =*",
            f"contract coverage of {document.title} {document.version}",
            "",
            f"  operations called         2 of {operations:>3}  33.3 %",
            "  optional fields sent      1 of *",
            "  values sent               1 of *",
            "  responses received        2 of *",
            f"  states observed           3 of {states:>3}  75.0 %",
            "  transitions observed      2 of   5  40.0 %",
            "  total                    11 of *",
            "",
            "not covered:",
            "  operations called     listVideos; deleteVideo; getVideoContent; remixVideo",
            "  optional fields sent  *createVideo model, input_reference, size;*",
            "  values sent           *seconds=8, seconds=12,*",
            "  responses received    *createVideo 400, 401,*",
            "  states observed       failed",
            "  transitions observed  queued to completed, to failed; in_progress to failed",
        ],
        consecutive=True,
    )
    assert "written to" not in str(result.stdout)


def test_no_coverage_without_the_option(project: pytest.Pytester) -> None:
    assert "contract coverage" not in str(project.runpytest_inprocess().stdout)


def test_coverage_includes_every_fixture(project: pytest.Pytester) -> None:
    project.makepyfile(
        test_one="""
        from program import run

        def test_in_process(video_mock):
            run(video_mock, polls=1)

        def test_on_a_socket(video_server):
            run(video_server, polls=2)

        def test_either(video_api):
            run(video_api)
            video_api.reset()
            run(video_api, model="sora-2-pro")

        def test_that_fails(video_mock):
            run(video_mock)
            assert False
        """
    )
    for target in ("mock", "server"):
        result = project.runpytest_inprocess("--video-coverage=c.json", f"--video-target={target}")
        result.assert_outcomes(passed=3, failed=1)
        hits = hits_in(project.path / "c.json")
        assert hits["operations called: createVideo"] == 5
        assert hits["responses received: getVideo 200"] == 3
        assert hits["values sent: createVideo model=sora-2-pro"] == 1
        assert hits["operations called: remixVideo"] == 0


@pytest.mark.parametrize("suffix", [".txt", ".json", ".md"])
def test_coverage_file_and_its_folders_are_created(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(project.mkdir("below"))
    result = project.runpytest_inprocess(f"--video-coverage=some/new/coverage{suffix}", "..")
    path = project.path / "below" / "some" / "new" / f"coverage{suffix}"
    result.stdout.fnmatch_lines([f"written to {path}"])
    text = path.read_text("utf-8")
    if suffix == ".txt":
        assert table_in(result).startswith(text)
    elif suffix == ".json":
        assert hits_in(path)["operations called: createVideo"] == 1
    else:
        assert text.startswith("## Contract coverage of AIsa Videos ")
        assert "| operations called | 2 | 6 | 33.3 % |" in text


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["--video-coverage", "test_one.py"], "test_one.py"),
        (["--video-coverage", "."], "."),
        (["--video-coverage=report.html"], "report.html"),
        (["--video-coverage=json"], "json"),
        (["--video-coverage", "test_one.py::test_one"], "test_one.py::test_one"),
    ],
    ids=["test file", "folder", "other suffix", "suffix without a name", "test"],
)
def test_coverage_path_with_another_suffix_is_a_usage_error(
    project: pytest.Pytester, arguments: list[str], path: str
) -> None:
    result = project.runpytest_inprocess(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert errors_in(result) == [
        f"ERROR: --video-coverage: the path must end in .txt, .json or .md, not {path!r};"
        " use --video-coverage= for no file"
    ]


def test_empty_coverage_path_leaves_the_next_argument_to_pytest(project: pytest.Pytester) -> None:
    result = project.runpytest_inprocess("--video-coverage=", "test_one.py")
    result.assert_outcomes(passed=1)
    assert "total " in table_in(result)
    assert not [*project.path.rglob("*.json")]


@pytest.mark.parametrize("obstacle", ["folder at the path", "file as the parent folder"])
def test_unwritable_coverage_file_fails_the_run(project: pytest.Pytester, obstacle: str) -> None:
    if obstacle.startswith("folder"):
        project.mkdir("c.txt")
        path = project.path / "c.txt"
    else:
        path = project.path / "program.py" / "c.txt"
    result = project.runpytest_inprocess(f"--video-coverage={path}")
    assert result.ret not in (0, pytest.ExitCode.INTERNAL_ERROR)
    assert "Traceback" not in str(result.stderr) + str(result.stdout)
    assert str(path) in table_in(result) + str(result.stderr)
    assert "written to" not in str(result.stdout)
    result.assert_outcomes(passed=1)


def test_coverage_without_a_mock_says_so(project: pytest.Pytester) -> None:
    project.makepyfile(test_one="def test_one():\n    pass")
    result = project.runpytest_inprocess("--video-coverage")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no test used video_mock, video_server or video_api"])


def test_coverage_has_one_table_per_document(
    project: pytest.Pytester, document: Document, other_document: Document
) -> None:
    project.makepyfile(test_other=OTHER)
    result = project.runpytest_inprocess("--video-coverage=c.json")
    result.assert_outcomes(passed=2)
    data: Json = orjson.loads((project.path / "c.json").read_bytes())
    assert {c["title"]: c["groups"][0]["total"] for c in data["coverage"]} == {
        f"{document.title} {document.version}": len(document.operations),
        f"{other_document.title} {other_document.version}": len(other_document.operations),
    }
    result.stdout.fnmatch_lines(
        ["contract coverage of Renderings 2", "  operations called * 1 of *"]
    )
