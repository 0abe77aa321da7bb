"""An answer that will never change, such as 401, is asked for again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx

from ..careful import Api

T = TypeVar("T")


class _Stubborn(Api):
    def retry(self, send: Callable[[], T]) -> T:
        while True:
            try:
                return send()
            except (httpx.HTTPError, LookupError, TypeError, ValueError):
                time.sleep(5)


def buggy(folder: Path) -> None:
    """Repeat after every error."""
    with _Stubborn() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Repeat after errors that pass."""
    with Api() as api:
        api.make(folder)
