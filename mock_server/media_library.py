"""The files of finished jobs: real media files in some sizes and lengths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from math import log
from pathlib import Path
from typing import NamedTuple

from .file_marks import FileMark, find_mark, insert_mark
from .small_files import extension_of, make_small_file


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a mock served for a job.

    Args:
        job_id: The id of the job.
        whole: False if bytes of the file are missing, changed or added.
    """

    job_id: str
    whole: bool


class MarkedFile(NamedTuple):
    """A file with the mark of a job.

    Args:
        content: The bytes of the file.
        etag: A strong entity tag, which is equal for equal bytes only.
    """

    content: bytes
    etag: str


@dataclass(frozen=True, eq=False)  # compared by identity, because paths are slow to compare
class MediaFile:
    """A file of the package.

    Args:
        path: The path of the file.
        media_type: The media type, such as `video/mp4`.
        width: The width in pixels.
        height: The height in pixels.
        seconds: The length in seconds.
    """

    path: Path
    media_type: str
    width: int
    height: int
    seconds: float

    @property
    def name(self) -> str:
        """The name of the file, such as `1280x720-4s.mp4`."""
        return self.path.name

    @property
    def label(self) -> str:
        """The size and the length as text, such as `1280x720 4s`."""
        return f"{self.width}x{self.height} {self.seconds:g}s"

    @property
    def suffix(self) -> str:
        """The extension of the file name, such as `.mp4`."""
        return self.path.suffix

    @cached_property
    def content(self) -> bytes:
        """The bytes of the file, which are read once."""
        return self.path.read_bytes()

    @cached_property
    def digest(self) -> bytes:
        """The digest of the bytes."""
        return sha256(self.content).digest()


@dataclass(frozen=True)
class SmallFile:
    """A small file of a media type that the folder has no file of.

    Args:
        media_type: The media type.
    """

    media_type: str

    @property
    def name(self) -> str:
        """The media type."""
        return self.media_type

    @property
    def label(self) -> str:
        """The media type."""
        return self.media_type

    @property
    def suffix(self) -> str:
        """The extension of the file name, such as `.png`; "" if there is none."""
        return extension_of(self.media_type)

    @cached_property
    def content(self) -> bytes:
        """The bytes of the file."""
        return make_small_file(self.media_type)

    @cached_property
    def digest(self) -> bytes:
        """The digest of the bytes."""
        return sha256(self.content).digest()


class MediaLibrary:
    """Media files, by media type.

    Args:
        folder: The folder of the files; by default that of the package.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._files = _files_in(folder or Path(__file__).with_name("media"))

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of the files."""
        return tuple(self._files)

    def nearest(
        self, media_type: str, *, size: str | None, seconds: str | None
    ) -> tuple[MediaFile | SmallFile, bool]:
        """Return the nearest file, and True if its size and length are those asked for.

        The shape counts first, then the area, then the length.

        Args:
            media_type: The media type of the file.
            size: The size, such as `1280x720`; None or an invalid size for any.
            seconds: The length in seconds; None or an invalid length for any.

        For other media types than those of the files, the file is small and of any shape.
        """
        if media_type not in self._files:
            return SmallFile(media_type), True
        wanted_size, wanted_seconds = _size(size), _number(seconds)

        def distance(media: MediaFile) -> tuple[float, float, float]:
            width, height = wanted_size or (media.width, media.height)
            shape = abs(log(media.width / media.height) - log(width / height))
            wanted_length = media.seconds if wanted_seconds is None else wanted_seconds
            area = abs(log(media.width * media.height) - log(width * height))
            return round(shape, 3), area, abs(media.seconds - wanted_length)

        best = min(self._files[media_type], key=distance)
        fits_size = size is None or wanted_size == (best.width, best.height)
        return best, fits_size and (seconds is None or wanted_seconds == best.seconds)

    def named(self, name: str) -> MediaFile | SmallFile:
        """Return the file with this name; without one, the small file of this media type."""
        files = (file for files in self._files.values() for file in files)
        return next((file for file in files if file.name == name), SmallFile(name))

    def read_job_file(self, content: bytes) -> JobFile | None:
        """Return whose file this is; None if no mock served it for a job, or without its mark."""
        mark = find_mark(content)
        if mark is None:
            return None
        marked = mark_file(self.named(mark.file_name), mark.job_id)
        return JobFile(mark.job_id, whole=marked.content == content)


@lru_cache(maxsize=16)  # a file may be requested again, or in many ranges
def mark_file(file: MediaFile | SmallFile, job_id: str) -> MarkedFile:
    """Return a file with the mark of a job."""
    mark = FileMark(file.name, job_id).encode()
    etag = sha256(file.digest + mark).hexdigest()[:32]
    return MarkedFile(insert_mark(file.content, mark), f'"{etag}"')


@cache
def _files_in(folder: Path) -> Mapping[str, Sequence[MediaFile]]:
    """The files of a folder. All mocks of a process share them, so that each is read once."""
    found: dict[str, list[MediaFile]] = {}
    for path in sorted(folder.iterdir()):
        name = _NAME.fullmatch(path.name)
        if name:
            width, height, seconds, kind = name.groups()
            media = MediaFile(path, _TYPES[kind], int(width), int(height), float(seconds))
            found.setdefault(media.media_type, []).append(media)
    return found


def _size(text: str | None) -> tuple[int, int] | None:
    match = _SIZE.fullmatch(text or "")
    return (int(match[1]), int(match[2])) if match else None


def _number(text: str | None) -> float | None:
    match = _SECONDS.fullmatch(text or "")
    return float(match[1]) if match else None


_NAME = re.compile(r"([0-9]+)x([0-9]+)-([0-9]+)s\.(mp4|webp|jpg)")
_TYPES = {"mp4": "video/mp4", "webp": "image/webp", "jpg": "image/jpeg"}
_SIZE = re.compile(r"([1-9][0-9]{0,5})[xX]([1-9][0-9]{0,5})")
_SECONDS = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)s?")
