"""Render the test-card media that the mock server serves for completed jobs.

Running it again with the same library versions gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from PIL import Image, ImageDraw, ImageFont

# The sizes and the lengths in seconds that the requests of the bundled documents can ask for.
SHAPES = (
    (((720, 1280), (1280, 720), (1024, 1792), (1792, 1024)), (4, 8, 12)),
    (((1280, 720), (1920, 1080)), (5, 10)),
)
# A multiple of ten, so that every tenth of the time code lasts equally long.
FRAME_RATE = 20
# Keyframes are large: with one every two seconds the videos grow by about a half.
KEYFRAME_SECONDS = 4

# Eight bars divide every width into columns of an even number of pixels. Edges at even positions
# stay sharp in the chroma planes, which have half the resolution.
BARS = ("#eceff1", "#f5c84c", "#4fb9c4", "#66b96f", "#ad74c6", "#e2645c", "#4a74cc", "#39424e")
GREYS = ("#101418", "#2f3337", "#4e5256", "#6d7175", "#8c9094", "#abafb3", "#caced2", "#e9edf1")
PANEL, TRACK, TEXT, ACCENT = "#161b26", "#343c4c", "#ffffff", "#f5c84c"

THUMBNAIL_SIDE = 480
TILE_SIDE = 192
SHEET_COLUMNS = 4

X264_OPTIONS = {
    "preset": "veryslow",
    "crf": "30",
    "profile": "high",
    # The preset's 16 reference frames would need a level which few hardware decoders reach.
    "refs": "4",
    # The number of threads changes the output, and its default depends on the machine.
    "threads": "1",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One test card: the picture's size in pixels and the clip's length in seconds."""

    width: int
    height: int
    seconds: int

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}-{self.seconds}s"

    @property
    def frame_count(self) -> int:
        return self.seconds * FRAME_RATE

    @property
    def unit(self) -> float:
        """Pixels in one 720th of the shorter side, the unit in which the card is laid out."""
        return min(self.width, self.height) / 720

    def at(self, x: float, *, y: float) -> tuple[int, int]:
        """Pixel position, both numbers even, of a point given in units from the centre."""
        right, down = self.width / 2 + x * self.unit, self.height / 2 + y * self.unit
        return round(right / 2) * 2, round(down / 2) * 2


@cache
def load_font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def draw_background(card: Card) -> Image.Image:
    """Draw all that stays the same from frame to frame."""
    image = Image.new("RGB", (card.width, card.height))
    column, ramp_top = card.width // len(BARS), card.height * 7 // 8
    for index, (bar, grey) in enumerate(zip(BARS, GREYS, strict=True)):
        left, right = index * column, (index + 1) * column
        image.paste(bar, (left, 0, right, ramp_top))
        image.paste(grey, (left, ramp_top, right, card.height))
    margin = 2 * column if card.width > card.height else column // 4 * 2
    (_, top), (_, bottom) = card.at(0, y=-200), card.at(0, y=200)
    image.paste(PANEL, (margin, top, card.width - margin, bottom))
    draw, size, length = ImageDraw.Draw(image), f"{card.width}x{card.height}", f"{card.seconds} s"
    draw.text(card.at(0, y=-91), size, fill=TEXT, font=load_font(104 * card.unit), anchor="ms")
    draw.text(card.at(0, y=-11), length, fill=ACCENT, font=load_font(72 * card.unit), anchor="ms")
    return image


def draw_frame(card: Card, *, background: Image.Image, index: int) -> Image.Image:
    """Draw the time code and the bar of elapsed time onto a copy of the background."""
    image = background.copy()
    minutes, tenths = divmod(index * 10 // FRAME_RATE, 600)
    time_code = f"{minutes:02}:{tenths // 10:02}.{tenths % 10}"
    draw = ImageDraw.Draw(image)
    draw.text(card.at(0, y=97), time_code, fill=TEXT, font=load_font(104 * card.unit), anchor="ms")
    elapsed = 540 * index / card.frame_count
    image.paste(TRACK, (*card.at(-270, y=136), *card.at(270, y=160)))
    image.paste(ACCENT, (*card.at(-270, y=136), *card.at(elapsed - 270, y=160)))
    return image


def write_video(path: Path, *, card: Card, frames: Iterator[Image.Image]) -> None:
    container_options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", container_options=container_options) as container:
        stream = container.add_stream("libx264", rate=FRAME_RATE, options=X264_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = card.width, card.height, "yuv420p"
        stream.gop_size = KEYFRAME_SECONDS * FRAME_RATE
        stream.colorspace = stream.color_primaries = stream.color_trc = Colorspace.ITU709
        for image in frames:
            pixels = image.convert("RGBA").tobytes()
            frame = VideoFrame.from_bytes(pixels, card.width, card.height)
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def shrink(image: Image.Image, *, side: int) -> Image.Image:
    small = image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    return small


def make_sheet(tiles: list[Image.Image]) -> Image.Image:
    width, height = tiles[0].size
    rows = -(-len(tiles) // SHEET_COLUMNS)
    sheet = Image.new("RGB", (width * SHEET_COLUMNS, height * rows))
    for index, tile in enumerate(tiles):
        row, column = divmod(index, SHEET_COLUMNS)
        sheet.paste(tile, (column * width, row * height))
    return sheet


def render(card: Card, *, folder: Path) -> None:
    """Write the card's video, thumbnail and spritesheet (one tile for each second)."""
    background = draw_background(card)

    def frame(index: int) -> Image.Image:
        return draw_frame(card, background=background, index=index)

    path = folder / card.name
    write_video(path.with_suffix(".mp4"), card=card, frames=map(frame, range(card.frame_count)))
    thumbnail = shrink(frame(card.frame_count // 2), side=THUMBNAIL_SIDE)
    thumbnail.save(path.with_suffix(".webp"), quality=80, method=6, use_sharp_yuv=True)
    seconds = range(0, card.frame_count, FRAME_RATE)
    sheet = make_sheet([shrink(frame(index), side=TILE_SIDE) for index in seconds])
    sheet.save(path.with_suffix(".jpg"), quality=75, optimize=True)


def main() -> None:
    default = Path(__file__).resolve().parent.parent / "mock_server" / "media"
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=default, help="output folder")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for sizes, lengths in SHAPES:
        for (width, height), seconds in product(sizes, lengths):
            render(Card(width=width, height=height, seconds=seconds), folder=folder)
    files = [path for path in folder.iterdir() if path.is_file()]
    print(f"{len(files)} files, {sum(path.stat().st_size for path in files):,} bytes in {folder}")


if __name__ == "__main__":
    main()
