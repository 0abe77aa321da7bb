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
    api_keys: Collection[str] = ()
    unknown_ids: UnknownIds = "refuse"
    check: bool = True
    allow: str | Collection[str] = ()
    other_hosts: Literal["pass", "fail"] = "pass"

    def __post_init__(self) -> None:
        if self.clock is not None and self.speed is not None:
            raise ValueError("give a clock or a speed, not both; a clock has its speed")
        if self.other_hosts not in ("pass", "fail"):
            raise ValueError(f"other_hosts must be 'pass' or 'fail', not {self.other_hosts!r}")

    def service(self) -> JobService:
        """The service that these options describe; it refuses to send what is undocumented.

        Raises ValueError for a scenario or a speed that cannot be, DocumentError for a document.
        """
        document = self.document
        return JobService(
            document if isinstance(document, Document) else load_document(document),
            clock=self.clock or (SystemClock(self.speed) if self.speed else TickingClock()),
            ids=RandomIds(self.seed),
            api_keys=self.api_keys,
            unknown_ids=self.unknown_ids,
            scenario=self.scenario,
            strict=True,
        )
