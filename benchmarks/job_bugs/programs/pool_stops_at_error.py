"""A pool of threads waits for the jobs; the loop over its results ends at the first error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note

PROMPTS = ("A lighthouse", "A harbour", "A ferry")


def buggy(folder: Path) -> None:
    """Save the clips in the order of the results."""
    with Api() as api, ThreadPoolExecutor(len(PROMPTS)) as pool:
        ids = [api.create(Note(folder, f"clip-{n}"), prompt) for n, prompt in enumerate(PROMPTS)]
        for number, job in enumerate(pool.map(api.wait, ids)):
            api.download(job["id"], folder / f"clip-{number}.mp4")


def mended(folder: Path) -> None:
    """Let each thread save its clip, and look at every result."""

    def finish(number: int, job_id: str) -> None:
        path = folder / f"clip-{number}.mp4"
        if not path.exists():
            api.wait(job_id)
            api.download(job_id, path)

    errors: list[str] = []
    with Api() as api, ThreadPoolExecutor(len(PROMPTS)) as pool:
        ids = [api.create(Note(folder, f"clip-{n}"), prompt) for n, prompt in enumerate(PROMPTS)]
        for future in [pool.submit(finish, n, job_id) for n, job_id in enumerate(ids)]:
            try:
                future.result()
            except ClipFailed as error:
                errors.append(str(error))
    if errors:
        raise ClipFailed("; ".join(errors))
