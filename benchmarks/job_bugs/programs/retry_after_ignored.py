"""The program backs off as it likes, while the server says how long it has to wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from ..careful import Api
from ..clips import ClipFailed, is_transient

T = TypeVar("T")


class _Hasty(Api):
    def retry(self, send: Callable[[], T]) -> T:
        for attempt in range(4):
            try:
                return send()
            except httpx.HTTPStatusError as error:
                if not is_transient(error.response.status_code):
                    raise ClipFailed(str(error)) from error
            except (httpx.TransportError, LookupError, TypeError, ValueError):
                pass
            self.pause(0.5 * 2**attempt)
        raise ClipFailed("the server is too busy")


def buggy(folder: Path) -> None:
    """Try four times in eight seconds."""
    with _Hasty() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Wait as Retry-After says."""
    with Api() as api:
        api.make(folder)
