"""The media files that the mock serves."""

from __future__ import annotations

from pathlib import Path

from aisa_testkit import mock_server
from aisa_testkit.mock_server.media_library import MediaLibrary, mark_file

MEDIA = Path(mock_server.__file__).parent / "media"
MP4, WEBP, JPEG = (MEDIA / f"720x1280-4s.{ending}" for ending in ("mp4", "webp", "jpg"))


def file_of_job(name: str, job_id: str) -> bytes:
    """Return a file of the package, by name, as a mock serves it for a job."""
    return mark_file(MediaLibrary().named(name), job_id).content
