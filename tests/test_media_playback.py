"""Playback of the mock's videos in a real browser."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import httpx2
import pytest

from aisa_testkit.mock_server import SystemClock, VideoServer
from aisa_testkit.openapi.json import Json

# A <video> cannot send an Authorization header, so the page fetches the file first.
PAGE = """
<!doctype html><title>playback</title><video muted playsinline></video><pre></pre><script>
// A busy timer keeps virtual time from overtaking the media thread, which works in real time.
setInterval(() => {}, 5);
const options = OPTIONS;
const video = document.querySelector("video");
const report = (result) => { document.querySelector("pre").textContent = JSON.stringify(result); };
const until = (event, done = () => true) => new Promise((resolve, reject) => {
  video.addEventListener(event, () => { if (done()) resolve(); });
  video.addEventListener("error", () => reject(video.error.message));
});
async function play() {
  const reply = await fetch(options.url, { headers: { Authorization: options.authorization } });
  const loaded = until("loadedmetadata");
  video.src = URL.createObjectURL(await reply.blob());
  await loaded;
  const seekFinished = until("seeked");
  video.currentTime = options.seek;
  await seekFinished;
  const seeked = video.currentTime;
  const moved = until("timeupdate", () => video.currentTime > options.seek + 0.3);
  await video.play();
  await moved;
  report({ origin: location.origin, status: reply.status, type: reply.headers.get("content-type"),
    etag: reply.headers.get("etag"), width: video.videoWidth, height: video.videoHeight,
    duration: video.duration, seeked, frames: video.getVideoPlaybackQuality().totalVideoFrames });
}
play().catch((error) => report({ error: String(error) }));
</script>
"""
AUTHORIZATION = "Bearer sk-playback"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=1000000",
    "--dump-dom",
)


@pytest.mark.parametrize(
    ("width", "height", "seconds"),
    [(720, 1280, 4), (1792, 1024, 8)],
    ids=["portrait", "landscape"],
)
def test_browser_of_another_origin_plays_a_completed_video(
    video_server: VideoServer,
    tool: Callable[[str], str],
    tmp_path: Path,
    width: int,
    height: int,
    seconds: int,
) -> None:
    chromium = tool("chromium")
    url = finished_video(video_server, size=f"{width}x{height}", seconds=str(seconds))
    options: dict[str, Json] = {"url": url, "authorization": AUTHORIZATION, "seek": 2.5}
    result = play(chromium, options=options, folder=tmp_path)
    assert result.pop("frames", 0) > 1, result
    assert result.pop("duration") == pytest.approx(seconds, abs=0.1)
    assert result.pop("seeked") == pytest.approx(2.5, abs=0.1)
    head = httpx2.head(url, headers={"authorization": AUTHORIZATION})
    assert result == {
        "origin": "file://",
        "status": 200,
        "type": "video/mp4",
        "etag": head.headers["etag"],
        "width": width,
        "height": height,
    }


def finished_video(server: VideoServer, *, size: str, seconds: str) -> str:
    """Create a job, complete it, and return the URL of its file."""
    with httpx2.Client(headers={"authorization": AUTHORIZATION}) as client:
        body = {"prompt": "A lighthouse in a storm", "size": size, "seconds": seconds}
        job = client.post(f"{server.base_url}/videos", json=body).raise_for_status().json()
        assert isinstance(server.clock, SystemClock)
        server.clock.advance(3600)
        return f"{server.base_url}/videos/{job['id']}/content"


def play(chromium: str, *, options: dict[str, Json], folder: Path) -> dict[str, Json]:
    """Open the page in a new browser; return what it reports."""
    page = folder / "page.html"
    page.write_text(PAGE.replace("OPTIONS", json.dumps(options)), encoding="utf-8")
    command = [chromium, *FLAGS, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    done = subprocess.run(
        command, capture_output=True, check=True, encoding="utf-8", errors="replace", timeout=120
    )
    reported = re.search("<pre>(.+)</pre>", done.stdout)
    assert reported, f"the page reported nothing: {done.stdout[-500:]} {done.stderr[-2000:]}"
    result: dict[str, Json] = json.loads(unescape(reported[1]))
    return result
