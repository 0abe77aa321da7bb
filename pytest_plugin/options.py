"""What can be said of a mock in a test: the arguments of the marker and of `mock_videos`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..mock_server import JobService, MovableClock, RandomIds, SystemClock, TickingClock
from ..mock_server.service import UnknownIds
from ..openapi import Document, load_document


@dataclass(kw_only=True)
class MockOptions:
    """How a mock behaves, and how strictly its clients are judged.

    `document` is what is served, the bundled document by default; `base_url` where clients believe
    it to be, the document's first server by default. `clock` is what the jobs go by, a TickingClock
    by default; `speed` is for a real clock that runs so many times as fast. Ids are the same in
    every run with the same `seed`. `scenario`, `api_keys` and `unknown_ids` are those of
    JobService. `check` is off for a test whose requests are not to be judged, `allow` names the
    codes of the rules that it may break. `other_hosts` says whether requests to other hosts pass.
    """

    document: Document | str | Path | None = None
    base_url: str | None = None
    clock: MovableClock | None = None
    speed: float | None = None
    seed: int = 0
    scenario: str = "completes"
    api_keys: str | Collection[str] = ()
    unknown_ids: UnknownIds = "refuse"
    check: bool = True
    allow: str | Collection[str] = ()
    other_hosts: Literal["pass", "fail"] = "pass"

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        if self.clock is not None and self.speed is not None:
            raise ValueError("give a clock or a speed, not both; a clock has its speed")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                choices = " or ".join(map(repr, known))
                raise ValueError(f"{name} must be {choices}, not {getattr(self, name)!r}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are let in; none: any key."""
        return (self.api_keys,) if isinstance(self.api_keys, str) else tuple(self.api_keys)

    def service(self) -> JobService:
        """The service that these options describe; it refuses to send what is undocumented.

        Raises ValueError for a scenario or a speed that cannot be, DocumentError for a document.
        """
        __tracebackhide__ = True
        document, clock = self.document, self.clock
        if clock is None:
            clock = TickingClock() if self.speed is None else SystemClock(self.speed)
        return JobService(
            document if isinstance(document, Document) else load_document(document),
            clock=clock,
            ids=RandomIds(self.seed),
            api_keys=self.keys,
            unknown_ids=self.unknown_ids,
            scenario=self.scenario,
            strict=True,
        )


_CHOICES = {"other_hosts": ("pass", "fail"), "unknown_ids": ("refuse", "synthesize")}
