"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from aisa_testkit.openapi.files import replace_file
from tests.support.full_disk import full_disk


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    replace_file(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert mode_of(tmp_path / "new") == mode_of(usual)


def test_error_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"old")
    with full_disk(1000), pytest.raises(OSError, match="too large"):
        replace_file(path, b"x" * 100_000)
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_error_leaves_no_part_of_a_new_file(tmp_path: Path) -> None:
    with full_disk(1000), pytest.raises(OSError, match="too large"):
        replace_file(tmp_path / "report", b"x" * 100_000)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755], ids=oct)
def test_replaced_file_keeps_its_permissions_and_owner(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"old")
    path.chmod(mode)
    before = path.stat()
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert (mode_of(path), path.stat().st_uid) == (mode, before.st_uid)


@pytest.mark.parametrize("exists", [True, False], ids=["old file", "no file yet"])
def test_symbolic_link_stays_and_leads_to_the_new_file(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "link", tmp_path / "folder" / "report"
    link.symlink_to("folder/report")
    if exists:
        target.write_bytes(b"old")
    replace_file(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert not target.is_symlink()


def test_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe, received = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    replace_file(pipe, b"content")
    reader.join()
    assert received == [b"content"]
    assert pipe.is_fifo()


def test_device_is_written_in_place() -> None:
    replace_file(Path(os.devnull), b"content")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of a user who may not write everywhere; an administrator becomes one."""
    administrator = os.geteuid() == 0
    with TemporaryDirectory() as name:
        if administrator:
            os.chown(name, _NOBODY, -1)
            os.seteuid(_NOBODY)
        try:
            yield Path(name)
        finally:
            if administrator:
                os.seteuid(0)


def test_read_only_file_is_not_replaced(ordinary_folder: Path) -> None:
    path = ordinary_folder / "report"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PermissionError):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"


def test_file_in_a_read_only_folder_is_written_in_place(ordinary_folder: Path) -> None:
    folder = ordinary_folder / "folder"
    folder.mkdir()
    (folder / "report").write_bytes(b"old")
    folder.chmod(0o555)
    try:
        replace_file(folder / "report", b"new")
        assert (folder / "report").read_bytes() == b"new"
        with pytest.raises(PermissionError):
            replace_file(folder / "other", b"new")
    finally:
        folder.chmod(0o755)


_NOBODY = 65534
