"""The modules that the plugin imports, in separate interpreters."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LOADED = """
import sys
import pytest
before = set(sys.modules)
import aisa_testkit.pytest_plugin.plugin
new = sorted(set(sys.modules) - before)
print([name for name in new if name.partition(".")[0] not in sys.stdlib_module_names])
"""
HEAVY = ("httpx", "httpx2", "respx", "starlette", "uvicorn", "yaml", "orjson", "jsonschema_rs")
OURS = ("openapi", "mock_server", "contracts", "cli")
CONFTEST = f"""
import sys

def pytest_unconfigure():
    names = {(*HEAVY, *(f"aisa_testkit.{name}" for name in OURS))!r}
    print("loaded:", [name for name in names if name in sys.modules])
    print("plugin:", "aisa_testkit.pytest_plugin.plugin" in sys.modules)
"""


def run(folder: Path, *arguments: str) -> str:
    """Return the output of pytest with only our plugin, because others may import the modules."""
    command = [sys.executable, "-m", "pytest", "-p", "aisa_testkit.pytest_plugin.plugin"]
    command += ["-p", "no:cacheprovider", "--disable-plugin-autoload", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_plugin_imports_only_pytest() -> None:
    output = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    ).stdout
    names = output.strip("[]\n").replace("'", "").split(", ")
    assert "aisa_testkit.pytest_plugin.plugin" in names
    assert {name.partition(".")[0] for name in names} == {"aisa_testkit"}
    assert {name.split(".")[1] for name in names if "." in name} == {"pytest_plugin"}
    lazy = ("contract", "coverage_log", "mock", "options", "routes", "server", "live", "journal")
    assert not {f"aisa_testkit.pytest_plugin.{name}" for name in lazy} & {*names}


@pytest.mark.parametrize(
    ("source", "arguments", "expected"),
    [
        pytest.param("def test_it(): pass", [], "1 passed", id="no test with a mock"),
        pytest.param(
            "def test_it(video_mock): pass",
            ["--collect-only"],
            "1 test collected",
            id="collect only",
        ),
        pytest.param(
            "import pytest\n@pytest.mark.video_mock(seed=1)\ndef test_it(): pass",
            ["--strict-markers"],
            "1 error",
            id="marker only",
        ),
        pytest.param("def test_it(): pass", ["--help"], "--video-target", id="help"),
    ],
)
def test_run_without_a_mock_imports_no_mock(
    tmp_path: Path, source: str, arguments: list[str], expected: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(source)
    output = run(tmp_path, "-s", *arguments)
    assert expected in output
    assert "plugin: True\n" in output
    assert "loaded: []\n" in output


def test_missing_respx_is_an_error_for_video_mock_only(
    tmp_path: Path,
) -> None:
    (tmp_path / "conftest.py").write_text(
        """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == "respx":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""
    )
    (tmp_path / "test_it.py").write_text(
        """
import httpx2

def test_mock(video_mock):
    pass

def test_server(video_server):
    headers = {"Authorization": "Bearer sk-test"}
    assert httpx2.get(video_server.base_url + "/videos", headers=headers).status_code == 200
"""
    )
    output = run(tmp_path)
    assert "1 passed, 1 error" in output
    assert (
        "ModuleNotFoundError: the mock in process needs respx:"
        " pip install 'aisa-testkit[pytest]'\n" in output
    )
