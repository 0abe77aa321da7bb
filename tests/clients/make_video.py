"""A program that creates a video with the OpenAI SDK. Environment variables set the URL."""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI


def main(image: str, target: str) -> None:
    """Create a video from an image, save it and print its id."""
    client = OpenAI()
    video = client.videos.create_and_poll(
        prompt="A lighthouse in a storm", input_reference=Path(image), seconds="8", size="1280x720"
    )
    if video.error:
        sys.exit(video.error.message)
    client.videos.download_content(video.id).write_to_file(target)
    print(video.id)


if __name__ == "__main__":
    main(*sys.argv[1:])
