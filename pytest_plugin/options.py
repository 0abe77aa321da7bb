"""What can be said of a mock in a test: the arguments of the marker and of `mock_videos`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..contracts.errors import RecordingError
from ..contracts.traffic.recording import Recording, read_recording
from ..mock_server import (
    HttpReceiver,
    JobService,
    MovableClock,
    SystemClock,
    TickingClock,
    Webhooks,
)
from ..mock_server.config import MockConfig, load_config, read_config
from ..mock_server.config_types import AccountOptions, ConfigOptions, Limits
from ..mock_server.service import UnknownIds
from ..mock_server.webhooks.delivery import Receiver
from ..openapi import Document, load_document
from .contract import Contract
from .environment import DUMMY_SECRET
from .journal import MockJournal
from .playback import Playback


@dataclass(kw_only=True)
class MockOptions:
    """How a mock behaves, and how strictly its clients are judged.

    `document` is what is served, the bundled document by default; `base_url` where clients believe
    it to be, the document's first server by default. `clock` is what the jobs go by, a TickingClock
    by default; `speed` is for a real clock that runs so many times as fast. Ids are the same in
    every run with the same `seed`. `scenario`, `limits`, `accounts`, `idempotency_keys`, `api_keys`
    and `unknown_ids` are those of JobService. `config` is what goes wrong: the path of a file,
    or its words. The events of jobs go to `webhook`, a function (`mock_server.Receiver`) or a URL,
    signed with `webhook_secret`. With `recording`, the path of a HAR file, answers are those that
    were recorded.
    `check` is off for a test whose requests are not to be judged, `allow` names the codes of the
    rules that it may break. `other_hosts` says whether requests to other hosts pass.
    """

    document: Document | str | Path | None = None
    base_url: str | None = None
    clock: MovableClock | None = None
    speed: float | None = None
    seed: int = 0
    scenario: str | None = None
    config: str | Path | ConfigOptions | None = None
    limits: Limits | None = None
    accounts: Mapping[str, AccountOptions] | None = None
    idempotency_keys: bool = False
    webhook: Receiver | str | None = None
    webhook_secret: str = DUMMY_SECRET
    api_keys: str | Collection[str] = ()
    unknown_ids: UnknownIds = "refuse"
    recording: str | Path | None = None
    check: bool = True
    allow: str | Collection[str] = ()
    other_hosts: Literal["pass", "fail"] = "pass"

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        if self.clock is not None and self.speed is not None:
            raise ValueError("give a clock or a speed, not both; a clock has its speed")
        if self.recording is not None:
            for name in (n for n, usual in _PLANNED.items() if getattr(self, n) != usual):
                raise ValueError(f"{name} cannot be set for a recording, which decides it")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                choices = " or ".join(map(repr, known))
                raise ValueError(f"{name} must be {choices}, not {getattr(self, name)!r}")

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are let in; none: any key."""
        return (self.api_keys,) if isinstance(self.api_keys, str) else tuple(self.api_keys)

    def start(self, contract: Contract) -> tuple[JobService[MovableClock], MockJournal]:
        """The service that these options describe, and the journal in which the contract reads what
        comes to it. The service refuses to send what is undocumented, unless that was recorded.

        Raises ValueError for a scenario, limits, a config, a speed or a recording that cannot
        be, DocumentError for a document or the file of a config.
        """
        __tracebackhide__ = True
        document, clock = self.document, self.clock
        if not isinstance(document, Document):
            document = load_document(document)
        if clock is None:
            clock = TickingClock() if self.speed is None else SystemClock(self.speed)
        journal = contract.open(document, clock, keys=self.keys)
        if self.recording is not None:
            return self._playback(document, clock, Path(self.recording), journal), journal
        service = JobService(
            document,
            clock=clock,
            seed=self.seed,
            api_keys=self.keys,
            unknown_ids=self.unknown_ids,
            scenario=self.scenario,
            config=self._config(document),
            limits=self.limits,
            accounts=self.accounts,
            idempotency_keys=self.idempotency_keys,
            webhooks=self._webhooks(document, clock),
            strict=True,
        )
        return service, journal

    def _webhooks(self, document: Document, clock: MovableClock) -> Webhooks | None:
        __tracebackhide__ = True
        if self.webhook is None:
            return None
        receiver = HttpReceiver(self.webhook) if isinstance(self.webhook, str) else self.webhook
        return Webhooks(document, clock=clock, receiver=receiver, secret=self.webhook_secret)

    def _config(self, document: Document) -> MockConfig | None:
        __tracebackhide__ = True
        said = self.config
        if said is None:
            return None
        if isinstance(said, str | Path):
            return load_config(document, said)
        return read_config(document, said)

    def _playback(
        self, document: Document, clock: MovableClock, path: Path, journal: MockJournal
    ) -> JobService[MovableClock]:
        """A service that answers as was recorded."""
        __tracebackhide__ = True
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ValueError(f"recording {path} cannot be read: {error.strerror}") from None
        try:
            recording = self._read(document, data)
        except RecordingError as error:
            raise ValueError(f"recording {path}: {error}; here it is base_url") from None
        return Playback(document, recording, clock=clock, unanswered=journal.unrecorded)

    def _read(self, document: Document, data: bytes) -> Recording:
        """The recording, wherever its server was, or else that of the server at `base_url`."""
        try:
            return read_recording(document, data)
        except RecordingError:
            if self.base_url is None:
                raise
            return read_recording(document, data, base_url=self.base_url)


_CHOICES = {"other_hosts": ("pass", "fail"), "unknown_ids": ("refuse", "synthesize")}
# What becomes of jobs, unless it is recorded.
_PLANNED = {
    "scenario": None,
    "config": None,
    "limits": None,
    "accounts": None,
    "idempotency_keys": False,
    "webhook": None,
    "unknown_ids": "refuse",
    "seed": 0,
}
