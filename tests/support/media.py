"""The media files that the mock serves."""

from __future__ import annotations

from pathlib import Path

from aisa_testkit import mock_server

MEDIA = Path(mock_server.__file__).parent / "media"
MP4, WEBP, JPEG = (MEDIA / f"720x1280-4s.{ending}" for ending in ("mp4", "webp", "jpg"))
