"""The folder of a program: what a kill leaves in it, and what a restart finds."""

from __future__ import annotations

import os
import shutil
from collections.abc import Hashable, Iterator
from hashlib import blake2b
from pathlib import Path

from .media_library import MediaLibrary


class ProgramFolder:
    """The folder in which a program keeps its files.

    Args:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = path.with_name(f"{path.name}-killed")
        self._digests: dict[tuple[str, int, int], bytes] = {}

    def state(self) -> Hashable:
        """Return what distinguishes the files from others."""
        return tuple(sorted((name, self._digest(name, entry)) for name, entry in _files(self.path)))

    def job_files(self) -> Iterator[tuple[str, str | None, bool]]:
        """Yield each file in the order of their names: its path in the folder, the id of the job
        whose file it is, None for other files, and True if it is whole.
        """
        library = MediaLibrary()
        for name, entry in sorted(_files(self.path), key=lambda file: file[0]):
            file = library.read_job_file(Path(entry.path).read_bytes())
            yield (name, None, False) if file is None else (name, file.job_id, file.whole)

    def keep(self) -> None:
        """Keep the files: what a killed program still writes is lost."""
        shutil.copytree(self.path, self._kept)

    def restore(self) -> None:
        """Give the folder the files that were kept."""
        shutil.rmtree(self.path)
        self._kept.rename(self.path)

    def _digest(self, name: str, entry: os.DirEntry[str]) -> bytes:
        found = entry.stat()
        key = name, found.st_size, found.st_mtime_ns
        digest = self._digests.get(key)
        if digest is None:
            digest = self._digests[key] = blake2b(Path(entry.path).read_bytes()).digest()
        return digest


def _files(folder: Path, before: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files of a folder and of all folders in it, each with its path in the folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{before}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path), f"{name}/")
            elif entry.is_file():
                yield name, entry
