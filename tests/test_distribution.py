"""The contents and the metadata of the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("openapi", "mock_server", "contracts", "pytest_plugin", "cli")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, like a release."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_wheel_contains_every_file_of_the_packages(wheel: Path) -> None:
    expected = {
        f"aisa_testkit/{path.relative_to(ROOT).as_posix()}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    expected |= {f"aisa_testkit/{name}" for name in ("__init__.py", "__main__.py", "py.typed")}
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == expected


def test_wheel_metadata_has_entry_points_and_license(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {Path(name).name: name for name in archive.namelist() if ".dist-info/" in name}
        commands = archive.read(files["entry_points.txt"]).decode()
        metadata = archive.read(files["METADATA"]).decode()
    assert "aisa-testkit = aisa_testkit.cli:main" in commands
    assert "aisa_testkit = aisa_testkit.pytest_plugin.plugin" in commands
    assert "License-Expression: MIT" in metadata
    assert "LICENSE" in files


def test_base_install_requires_no_test_tools(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode().splitlines()
    required = [
        line for line in metadata if line.startswith("Requires-Dist:") and "extra" not in line
    ]
    assert required
    for heavy in ("pytest", "hypothesis", "schemathesis", "respx", "openai"):
        assert not any(heavy in line for line in required)


def test_root_package_imports_nothing_else() -> None:
    code = (
        "import sys; before = set(sys.modules); import aisa_testkit; "
        "print(sorted(m for m in set(sys.modules) - before if '_aisa' not in m))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['aisa_testkit']"
