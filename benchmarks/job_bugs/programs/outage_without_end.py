"""Errors of the server are borne without a limit, so a program on a dead server never ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from ..careful import Api
from ..clips import ClipFailed, is_transient

T = TypeVar("T")


class _Endless(Api):
    def retry(self, send: Callable[[], T]) -> T:
        failures = 0
        while True:
            try:
                return send()
            except httpx.HTTPStatusError as error:
                if not is_transient(error.response.status_code):
                    raise ClipFailed(str(error)) from error
            except (httpx.TransportError, LookupError, TypeError, ValueError):
                pass
            failures += 1
            time.sleep(min(2.0**failures, 30))


def buggy(folder: Path) -> None:
    """Back off, but never give up."""
    with _Endless() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Give up after five attempts; the note lets a later run go on."""
    with Api() as api:
        api.make(folder)
