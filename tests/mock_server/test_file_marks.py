"""The mark of a job in each format of file: the file stays valid, and names its job."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import wave
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from aisa_testkit.mock_server import JobFile
from aisa_testkit.mock_server.file_marks import FileMark
from aisa_testkit.mock_server.media_library import MediaLibrary, mark_file
from tests.support.media import MEDIA, file_of_job

LIBRARY = MediaLibrary()
JOB, OTHER_JOB = "video_68d7512d07848190b3e45da0ecbebcde", "video_68d7512d07848190b3e45da0ecbebcdf"
LARGE = ("720x1280-4s.mp4", "720x1280-4s.webp", "720x1280-4s.jpg")
SMALL = (
    *("application/pdf", "application/zip", "audio/mpeg", "audio/wav", "image/png"),
    *("model/gltf-binary", "text/vtt", "text/vtt; charset=utf-8", "application/json"),
    *("application/vnd.api+json", "text/plain", "application/octet-stream", "image/gif"),
)
NAMES = (*LARGE, *SMALL)


def read(content: bytes) -> JobFile | None:
    return LIBRARY.read_job_file(content)


def unmarked(name: str) -> bytes:
    return LIBRARY.named(name).content


@pytest.mark.parametrize("name", NAMES)
def test_file_names_its_job_and_is_whole(name: str) -> None:
    first, second = file_of_job(name, JOB), file_of_job(name, OTHER_JOB)
    assert (read(first), read(second)) == (JobFile(JOB, whole=True), JobFile(OTHER_JOB, whole=True))
    assert first != second
    assert len(first) == len(second) < len(unmarked(name)) + 200
    assert read(unmarked(name)) is None


@pytest.mark.parametrize("name", NAMES)
def test_cut_file_names_its_job_from_the_end_of_its_mark(name: str) -> None:
    content = file_of_job(name, JOB)
    mark_end = content.index(b";", content.index(JOB.encode())) + 1
    places = (*range(mark_end + 2), len(content) // 2, len(content) - 1)
    for end in places if name in LARGE else range(len(content)):
        expected = JobFile(JOB, whole=False) if end >= mark_end else None
        assert read(content[:end]) == expected, end


@pytest.mark.parametrize("name", LARGE)
def test_large_file_has_its_mark_at_its_beginning(name: str) -> None:
    assert file_of_job(name, JOB).index(JOB.encode()) < 100


@pytest.mark.parametrize("name", NAMES)
def test_changed_file_is_not_whole(name: str) -> None:
    content = file_of_job(name, JOB)
    for at in range(0, len(content), max(1, len(content) // 500)):
        before, byte, after = content[:at], content[at : at + 1], content[at + 1 :]
        changes = [before + bytes([byte[0] ^ 1]) + after, before + b"\1" + byte + after]
        if not after.startswith(byte):  # else the removed byte may be any of those
            changes.append(before + after)
        for changed in changes:
            assert read(changed) in (None, JobFile(JOB, whole=False)), at


@pytest.mark.parametrize("name", NAMES)
def test_file_with_bytes_of_something_else_is_not_whole(name: str) -> None:
    content = file_of_job(name, JOB)
    other, middle = file_of_job(name, OTHER_JOB), len(content) // 2
    broken = JobFile(JOB, whole=False)
    assert read(content + content) == broken
    assert read(content + other) == broken
    assert read(content + b"\n") == broken
    assert read(b'{"error": {}}' + content) == broken
    assert read(content[:middle] + content) == broken
    assert read(content[:-1] + b"\1") == broken


@pytest.mark.parametrize("content", [b"", b"aisa-testkit", b'{"error": {"code": "not_found"}}'])
def test_content_without_a_mark_is_of_no_job(content: bytes) -> None:
    assert read(content) is None


def test_text_about_a_mark_is_of_no_job() -> None:
    content = file_of_job("text/plain", JOB)
    check_sum = re.search(rb"[0-9a-f]{8};", content)
    assert check_sum
    assert read(content.replace(check_sum[0], b"00000000;")) is None
    assert read(b"aisa-testkit text/plain video_1 00000000;" + content) == JobFile(JOB, whole=False)


@pytest.mark.parametrize(
    "job_id",
    [
        pytest.param("7", id="short"),
        pytest.param("a b;c%20/d", id="separators"),
        pytest.param("\"'<>(){}[]\\--> %", id="quotes and brackets"),
        pytest.param("é \u0661 \U0001f600\n\0", id="beyond ASCII"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_every_id_can_be_read(name: str, job_id: str) -> None:
    content = file_of_job(name, job_id)
    assert read(content) == JobFile(job_id, whole=True)
    opens(name, content)


@pytest.mark.parametrize("name", NAMES)
def test_longest_id_is_cut(name: str) -> None:
    content = file_of_job(name, "é" * 70_000)
    assert read(content) == JobFile("é" * 1000, whole=True)
    opens(name, content)


def test_id_that_is_not_unicode_is_replaced() -> None:
    assert read(file_of_job("image/png", "a\ud800")) == JobFile("a?", whole=True)


def test_mark_of_an_unknown_file_is_read() -> None:
    """A file of another version of the toolkit, for example."""
    mark = FileMark("1x1-1s.mp4", JOB).encode()
    assert read(b"...." + mark) == JobFile(JOB, whole=False)


def test_marks_do_not_depend_on_earlier_ones() -> None:
    names = [path.name for path in sorted(MEDIA.iterdir())]
    jobs = ("a", "b" * 100, "c")
    before = {(name, job): file_of_job(name, job) for name in names for job in jobs}
    mark_file.cache_clear()
    for name, job in reversed(before):
        assert file_of_job(name, job) == before[name, job]


@pytest.mark.parametrize("name", NAMES)
def test_marked_file_is_valid(name: str) -> None:
    opens(name, file_of_job(name, JOB))


@pytest.mark.parametrize("path", sorted(MEDIA.glob("*.mp4")), ids=lambda path: path.name)
def test_marked_video_has_the_same_frames(
    path: Path, tool: Callable[[str], str], tmp_path: Path
) -> None:
    marked = tmp_path / path.name
    marked.write_bytes(file_of_job(path.name, JOB))
    assert packets(tool("ffprobe"), marked) == packets(tool("ffprobe"), path)


@pytest.mark.parametrize("name", [*LARGE, "audio/wav", "audio/mpeg", "image/png"])
def test_marked_media_decode_to_the_same(
    name: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    suffix = LIBRARY.named(name).suffix
    plain, marked = tmp_path / f"plain{suffix}", tmp_path / f"marked{suffix}"
    plain.write_bytes(unmarked(name))
    marked.write_bytes(file_of_job(name, JOB))
    assert decoded(tool("ffmpeg"), marked) == decoded(tool("ffmpeg"), plain)


def packets(ffprobe: str, path: Path) -> bytes:
    """Return the hashes of the packets of a video, which ffprobe must read without an error."""
    entries = ("-show_entries", "packet=pts,size,data_hash", "-show_data_hash", "md5")
    done = subprocess.run(
        [ffprobe, "-v", "error", *entries, "-of", "csv", str(path)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    return done.stdout


def decoded(ffmpeg: str, path: Path) -> bytes:
    """Return the hash of the decoded file, which ffmpeg must decode without an error."""
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "md5", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    return done.stdout


def opens(name: str, content: bytes) -> None:
    """Assert that a file is valid and has its content beside the mark."""
    OPENERS[LIBRARY.named(name).suffix](content)


def _open_mp4(content: bytes) -> None:
    boxes = dict(_boxes(content))
    assert [*boxes] == [b"ftyp", b"free", b"moov", b"free ", b"mdat"]
    table = content.index(b"stco") + 8
    (count,) = struct.unpack_from(">I", content, table)
    first, *_ = struct.unpack_from(f">{count}I", content, table + 4)
    assert first == boxes[b"mdat"] + 8


def _boxes(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the name and the place of each box; that of the second `free` ends with a space."""
    at, names = 0, set[bytes]()
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        yield name + b" " * (name in names), at
        names.add(name)
        at += size
    assert at == len(content)


def _open_image(content: bytes) -> None:
    with Image.open(BytesIO(content)) as image:
        image.load()
        assert image.size[0] >= 64


def _open_wav(content: bytes) -> None:
    assert struct.unpack_from("<I", content, 4) == (len(content) - 8,)
    with wave.open(BytesIO(content)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, 800)
        assert file.readframes(800) == b"\0\0" * 800


def _open_mp3(content: bytes) -> None:
    assert content.startswith(b"ID3\x03\0\0")
    size = sum(byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    assert content[10 + size :] == unmarked("audio/mpeg")


def _open_glb(content: bytes) -> None:
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    chunks, at = [], 12
    while at < length:
        size, kind = struct.unpack_from("<I4s", content, at)
        assert size % 4 == 0
        chunks.append((kind, content[at + 8 : at + 8 + size]))
        at += 8 + size
    assert at == length
    assert [kind for kind, _ in chunks] == [b"JSON", b"AISA"]
    assert json.loads(chunks[0][1])["asset"] == {"version": "2.0"}


def _open_zip(content: bytes) -> None:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.read("file.txt") == b"A file.\n"
        assert content[archive.start_dir :].startswith(b"PK\1\2")


def _open_pdf(content: bytes) -> None:
    table = int(content.rsplit(b"\n", 3)[1])
    assert content[table:].startswith(b"xref\n0 4\n")
    offsets = [int(line[:10]) for line in content[table:].split(b"\n")[3:6]]
    for number, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj" % number)
    assert all(len(line) == 19 for line in content[table:].split(b"\n")[2:6])


def _open_vtt(content: bytes) -> None:
    first, note, cue = content.decode().split("\n\n")
    assert (first, cue) == ("WEBVTT", "00:00.000 --> 00:01.000\nText.\n")
    assert note.startswith("NOTE ")
    assert "-->" not in note


def _open_json(content: bytes) -> None:
    assert json.loads(content)["mock"] is True


def _open_text(content: bytes) -> None:
    mark, text, end = content.decode("ascii").split("\n")
    assert mark.startswith("aisa-testkit ")
    assert text.startswith("A file of type ")
    assert end == ""


OPENERS = {
    ".mp4": _open_mp4,
    ".webp": _open_image,
    ".jpg": _open_image,
    ".png": _open_image,
    ".wav": _open_wav,
    ".mp3": _open_mp3,
    ".glb": _open_glb,
    ".zip": _open_zip,
    ".pdf": _open_pdf,
    ".vtt": _open_vtt,
    ".json": _open_json,
    "": _open_json,
    ".txt": _open_text,
    ".bin": _open_text,
    ".gif": _open_text,
}
