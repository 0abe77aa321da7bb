"""Retry-After is read as a number, but it may be a date: the program crashes on a good answer."""

from __future__ import annotations

from pathlib import Path

import requests

from ..careful_requests import RequestsApi


class _OnlyNumbers(RequestsApi):
    def wait_as_told(self, response: requests.Response, default: float) -> float:
        return float(response.headers.get("Retry-After", default))


def buggy(folder: Path) -> None:
    """Read the header by float()."""
    _OnlyNumbers().make(folder)


def mended(folder: Path) -> None:
    """Read both forms of the header."""
    RequestsApi().make(folder)
