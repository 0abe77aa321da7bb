"""Media files: one for every size and length, as its name says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from importlib.resources import files
from io import BytesIO
from math import ceil
from typing import Any

import pytest
from PIL import Image

from aisa_testkit.mock_server.media_library import MediaFile, MediaLibrary, mark_file
from aisa_testkit.openapi import Document, JobRole, load_document
from tests.support.operations import find_operation

Probe = dict[str, Any]
KINDS = {"video/mp4": ".mp4", "image/webp": ".webp", "image/jpeg": ".jpg"}


@pytest.fixture(scope="module")
def library() -> MediaLibrary:
    return MediaLibrary()


@pytest.fixture(scope="module")
def declared(document: Document) -> list[tuple[str, str]]:
    """Every size and length that a request of a bundled document can ask for."""
    schemas = document.source.data["components"]["schemas"]
    videos = [(s, n) for s in schemas["Size"]["enum"] for n in schemas["Seconds"]["enum"]]
    wan = find_operation(load_document("aisa-wan"), JobRole.CREATE).bodies["application/json"]
    form = wan.properties["parameters"]["properties"]
    sizes = [{"720P": "1280x720", "1080P": "1920x1080"}[r] for r in form["resolution"]["enum"]]
    return [*videos, *((s, str(n)) for s in sizes for n in form["duration"]["enum"])]


def nearest(
    library: MediaLibrary, kind: str, size: str | None, seconds: str | None
) -> tuple[MediaFile, bool]:
    """The nearest file of the package."""
    file, fits = library.nearest(kind, size=size, seconds=seconds)
    assert isinstance(file, MediaFile)
    return file, fits


def exact(library: MediaLibrary, kind: str, declared: list[tuple[str, str]]) -> list[MediaFile]:
    found = [nearest(library, kind, size, seconds) for size, seconds in declared]
    assert all(fits for _, fits in found)
    return [file for file, _ in found]


@pytest.mark.parametrize("kind", KINDS)
def test_every_size_and_length_has_an_exact_file(
    library: MediaLibrary, declared: list[tuple[str, str]], kind: str
) -> None:
    for file, (size, seconds) in zip(exact(library, kind, declared), declared, strict=True):
        assert file.path.name == f"{size}-{seconds}s{KINDS[kind]}"
        assert (file.media_type, file.suffix) == (kind, KINDS[kind])
        assert file.label == f"{size} {seconds}s"


def test_every_media_type_of_the_document_has_files(
    library: MediaLibrary, document: Document
) -> None:
    assert set(library.media_types) == set(KINDS)
    assert set(find_operation(document, JobRole.RESULT).success.content) <= set(library.media_types)


def test_all_files_are_used_and_small(
    declared: list[tuple[str, str]],
) -> None:
    folder = files("aisa_testkit.mock_server").joinpath("media")
    sizes = {path.name: len(path.read_bytes()) for path in folder.iterdir()}
    assert len(sizes) == len(declared) * len(KINDS)
    assert sum(sizes.values()) < 2_000_000


def test_etags_are_strong_and_unique_for_each_file_and_job(
    library: MediaLibrary, declared: list[tuple[str, str]]
) -> None:
    found = [file for kind in KINDS for file in exact(library, kind, declared)]
    marked = [mark_file(file, job) for file in found for job in ("video_1", "video_2")]
    tags = {file.etag for file in marked}
    assert all(re.fullmatch('"[0-9a-f]{32}"', tag) for tag in tags)
    assert len(tags) == len({sha256(file.content).digest() for file in marked}) == len(marked)
    assert mark_file(found[0], "video_1").etag in tags


@pytest.mark.parametrize("kind", KINDS)
def test_files_have_the_signature_of_their_media_type(
    library: MediaLibrary, declared: list[tuple[str, str]], kind: str
) -> None:
    beginning = {
        "video/mp4": rb"....ftyp",
        "image/webp": rb"RIFF....WEBP",
        "image/jpeg": b"\xff\xd8\xff",
    }
    for file in exact(library, kind, declared):
        assert re.match(beginning[kind], file.content, re.DOTALL)


def test_videos_are_streamable(library: MediaLibrary, declared: list[tuple[str, str]]) -> None:
    for file in exact(library, "video/mp4", declared):
        assert 0 < file.content.index(b"moov") < file.content.index(b"mdat")


def test_videos_have_the_declared_size_and_length(
    library: MediaLibrary, declared: list[tuple[str, str]], tool: Callable[[str], str]
) -> None:
    found = exact(library, "video/mp4", declared)
    for file, probe in zip(found, probes(tool("ffprobe"), found), strict=True):
        (stream,) = probe["streams"]
        assert (stream["width"], stream["height"]) == (file.width, file.height)
        assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
        assert float(probe["format"]["duration"]) == pytest.approx(file.seconds, abs=0.1)


def test_thumbnails_have_the_aspect_ratio_of_the_video(
    library: MediaLibrary, declared: list[tuple[str, str]], tool: Callable[[str], str]
) -> None:
    found = exact(library, "image/webp", declared)
    for file, probe in zip(found, probes(tool("ffprobe"), found), strict=True):
        (stream,) = probe["streams"]
        assert stream["codec_name"] == "webp"
        assert max(stream["width"], stream["height"]) == 480
        assert stream["width"] / stream["height"] == pytest.approx(
            file.width / file.height, abs=0.01
        )


def test_sprite_sheets_have_one_tile_per_second(
    library: MediaLibrary, declared: list[tuple[str, str]], tool: Callable[[str], str]
) -> None:
    found = exact(library, "image/jpeg", declared)
    columns = 4
    for file, probe in zip(found, probes(tool("ffprobe"), found), strict=True):
        (stream,) = probe["streams"]
        rows = ceil(file.seconds / columns)
        assert stream["codec_name"] == "mjpeg"
        assert stream["width"] % columns == stream["height"] % rows == 0
        width, height = stream["width"] / columns, stream["height"] / rows
        assert width / height == pytest.approx(file.width / file.height, abs=0.01)


@pytest.mark.parametrize(
    ("size", "seconds", "name"),
    [
        pytest.param("1080x1920", "4", "720x1280-4s", id="a larger portrait of a known shape"),
        pytest.param("2560x1440", "4", "1920x1080-5s", id="a larger landscape of a known shape"),
        pytest.param("3584x2048", "8", "1792x1024-8s", id="twice a known size"),
        pytest.param("640x480", "4", "1792x1024-4s", id="four by three"),
        pytest.param("1x100000", "4", "720x1280-4s", id="extremely narrow"),
        pytest.param("1280X720", "4s", "1280x720-4s", id="another spelling"),
        pytest.param("1280x720", "0", "1280x720-4s", id="zero length"),
        pytest.param("1280x720", "6", "1280x720-5s", id="a little longer"),
        pytest.param("1280x720", "9.5", "1280x720-10s", id="a fraction"),
        pytest.param("1280x720", "3600", "1280x720-12s", id="an hour"),
    ],
)
def test_nearest_file_for_other_sizes_and_lengths(
    library: MediaLibrary, size: str, seconds: str, name: str
) -> None:
    for kind, suffix in KINDS.items():
        file, fits = nearest(library, kind, size, seconds)
        assert (file.path.name, fits) == (name + suffix, size == "1280X720")


@pytest.mark.parametrize(
    "text",
    ["", "x", "large", "0x720", "-1280x720", "1280x720x3", "1e3x720", "9999999x1", "\u0664x\u0664"],
)
def test_an_invalid_size_is_ignored(library: MediaLibrary, text: str) -> None:
    file, fits = nearest(library, "video/mp4", text, "8")
    assert (file.seconds, fits) == (8, False)


@pytest.mark.parametrize("text", ["", "soon", "-4", "1e1", "4 s", "nan", "inf", "\u0669"])
def test_an_invalid_length_is_ignored(library: MediaLibrary, text: str) -> None:
    file, fits = nearest(library, "video/mp4", "1280x720", text)
    assert ((file.width, file.height), fits) == ((1280, 720), False)


@pytest.mark.parametrize("size", [None, "720x1280"], ids=["any size", "a size"])
@pytest.mark.parametrize("seconds", [None, "12"], ids=["any length", "a length"])
def test_missing_size_and_length_match_any_file(
    library: MediaLibrary, size: str | None, seconds: str | None
) -> None:
    file, fits = nearest(library, "video/mp4", size, seconds)
    assert fits
    assert size is None or f"{file.width}x{file.height}" == size
    assert seconds is None or f"{file.seconds:g}" == seconds


def test_a_media_type_without_files_has_a_small_file_of_any_shape(library: MediaLibrary) -> None:
    file, fits = library.nearest("image/png", size="1x1", seconds="3")
    assert (file.media_type, file.suffix, file.label, fits) == (
        "image/png",
        ".png",
        "image/png",
        True,
    )
    assert len(file.content) < 10_000
    assert Image.open(BytesIO(file.content)).format == "PNG"


def probes(ffprobe: str, found: list[MediaFile]) -> list[Probe]:
    with ThreadPoolExecutor() as threads:
        return list(threads.map(lambda file: probe_of(ffprobe, file), found))


def probe_of(ffprobe: str, file: MediaFile) -> Probe:
    """Return the output of ffprobe, which must not report errors."""
    entries = "stream=codec_name,width,height,pix_fmt:format=duration"
    command = [ffprobe, "-v", "error", "-show_entries", entries, "-of", "json", str(file.path)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    probe: Probe = json.loads(done.stdout)
    return probe
