"""Whoever is told of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ...openapi.errors import ToolkitError


class DeliveryError(ToolkitError):
    """An event did not reach its receiver; the message says why, in words."""


class Receiver(Protocol):
    """Whoever is told of events: a function of a test, or an HttpReceiver."""

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
        """Takes one event and gives the status of the answer, None for 200. Raises DeliveryError
        where there is no answer; what else it raises counts as no answer, too.
        """
        ...
