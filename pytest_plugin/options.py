"""The options of a mock in a test: of the marker, `mock_videos` and `serve_videos`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypedDict

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
from ..mock_server.client_variables import DUMMY_SECRET
from ..mock_server.config import MockConfig, load_config, read_config
from ..mock_server.config_types import AccountOptions, ConfigOptions, Limits
from ..mock_server.jobs.ids import Ids
from ..mock_server.service import UnknownIds
from ..mock_server.webhooks.delivery_attempt import Receiver
from ..openapi import Document, load_document
from .contract import Contract, PassOrFail, PassWarnOrFail
from .mock_journal import MockJournal
from .option_checks import require_names, require_values
from .playback import Playback
from .program_time import ProgramClock


@dataclass(frozen=True, slots=True, kw_only=True)
class MockOptions:
    """The behaviour of a mock, and the checks of its clients. Every option has a default.

    Raises ValueError for options that exclude each other, and for invalid values.

    Args:
        document: the OpenAPI document to mock, its path, or the name of a bundled one, which is
            "aisa-videos" by default.
        overlays: the path of an overlay that changes the document, or several; they need a path or
            a name as the document.
        base_url: the URL at which clients expect the API; the document's first server by default.
        clock: the clock of the jobs; by default a TickingClock, which each poll moves, and which
            starts at the present. `TickingClock(1_780_000_000)` starts at a fixed time. "program"
            is a ProgramClock, which also replaces all time and all waits of the code under test.
        speed: the speed of a real-time clock: the number of its seconds in one real second.
        seed: the seed of random values; the same seed gives the same ids in every run.
        scenario: the name of the scenario of every job, such as "fails".
        config: scenarios, faults, limits and keys: the path of a file, or its content.
        limits: the rate limits of each API key: a tier of the document, or the limits.
        accounts: the settings of single API keys, by key.
        idempotency_keys: True to return the same response to the same Idempotency-Key.
        webhook: the receiver of job events: a function, or a URL.
        webhook_secret: the secret that signs the events.
        api_keys: the accepted API key, or several; any key is accepted by default.
        unknown_ids: "synthesize" to invent a finished job for an unknown id, "refuse" for 404.
        recording: the path of a HAR file whose responses are replayed.
        check: False to report no violations of the contract.
        allow: the code of a rule that clients may break, such as "AV705", the path of an unknown
            endpoint, such as "/health" or "/internal/*", or several of them.
        other_hosts: "fail" to block requests to other hosts, "pass" to send them.
        no_requests: "fail" to fail a test whose mock no request has reached.
        unused_plans: "fail" to fail a test that sets faults or next jobs which are never used,
            "warn" to warn of them, "pass" to ignore them. Faults of a config file do not count.
    """

    document: Document | str | Path | None = None
    overlays: str | Path | Collection[str | Path] = ()
    base_url: str | None = None
    clock: MovableClock | Literal["program"] | None = None
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
    other_hosts: PassOrFail = "pass"
    no_requests: PassOrFail = "pass"
    unused_plans: PassWarnOrFail = "warn"

    def __post_init__(self) -> None:
        __tracebackhide__ = True
        require_values({field.name: getattr(self, field.name) for field in fields(self)})
        if self.clock is not None and self.speed is not None:
            raise ValueError("give a clock or a speed, not both; a clock has its speed")
        if isinstance(self.document, Document) and self.overlays:
            raise ValueError("overlays need a document that is given as a path or a name")
        if self.recording is not None:
            for name, default in _DECIDED_BY_RECORDING.items():
                if getattr(self, name) != default:
                    raise ValueError(f"{name} cannot be set together with a recording")

    @classmethod
    def read(cls, *args: object, **options: object) -> MockOptions:
        """Return the options with these names; raises TypeError for an unknown name."""
        __tracebackhide__ = True
        require_names([field.name for field in fields(cls)], args, options)
        # Their values are checked as well, because the arguments of a marker have no types.
        return cls(**options)  # type: ignore[arg-type]

    @property
    def keys(self) -> tuple[str, ...]:
        """The accepted API keys; empty if any key is accepted."""
        return (self.api_keys,) if isinstance(self.api_keys, str) else tuple(self.api_keys)

    @property
    def plans_faults(self) -> bool:
        """True if the config is part of the test, and not a file that many tests share."""
        return isinstance(self.config, Mapping)

    def load_document(self) -> Document:
        """Return the document; raises DocumentError if it is invalid."""
        __tracebackhide__ = True
        if isinstance(self.document, Document):
            return self.document
        overlays = (self.overlays,) if isinstance(self.overlays, str | Path) else self.overlays
        return load_document(self.document, overlays=overlays)

    @property
    def replaces_time(self) -> bool:
        """True if the clock replaces the time of the code under test."""
        return self.clock == "program" or isinstance(self.clock, ProgramClock)

    def create_contract(self) -> Contract:
        """Return a contract with these options; raises ValueError for an unknown rule."""
        __tracebackhide__ = True
        return Contract(
            check=self.check,
            allow=self.allow,
            no_requests=self.no_requests,
            unused_plans=self.unused_plans,
        )

    def create_service(
        self, contract: Contract, *, ids: Ids | None = None
    ) -> tuple[JobService[MovableClock], MockJournal]:
        """Return the service, and the contract's journal of its requests.

        Unless it replays a recording, the service raises an error instead of an undocumented
        response.

        Args:
            contract: the contract of the requests.
            ids: the source of ids, by default one with the seed of the options.

        Raises ValueError for an invalid scenario, limit, config, speed or recording, and
        DocumentError for an invalid document or config file.
        """
        __tracebackhide__ = True
        document, clock = self.load_document(), self._clock()
        journal = contract.open_journal(document, clock, keys=self.keys)
        if self.recording is not None:
            return self._playback(document, clock, Path(self.recording), journal), journal
        service = JobService(
            document,
            clock=clock,
            ids=ids,
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

    def _clock(self) -> MovableClock:
        if self.clock == "program":
            return ProgramClock()
        if self.clock is not None:
            return self.clock
        return TickingClock() if self.speed is None else SystemClock(self.speed)

    def _webhooks(self, document: Document, clock: MovableClock) -> Webhooks | None:
        __tracebackhide__ = True
        if self.webhook is None:
            return None
        receiver = HttpReceiver(self.webhook) if isinstance(self.webhook, str) else self.webhook
        return Webhooks(document, clock=clock, receiver=receiver, secret=self.webhook_secret)

    def _config(self, document: Document) -> MockConfig | None:
        __tracebackhide__ = True
        if self.config is None:
            return None
        if isinstance(self.config, str | Path):
            return load_config(document, self.config)
        return read_config(document, self.config)

    def _playback(
        self, document: Document, clock: MovableClock, path: Path, journal: MockJournal
    ) -> Playback[MovableClock]:
        __tracebackhide__ = True
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ValueError(f"recording {path} cannot be read: {error.strerror}") from None
        try:
            recording = self._read_recording(document, data)
        except RecordingError as error:
            raise ValueError(f"recording {path}: {error}; here it is base_url") from None
        return Playback(document, recording, clock=clock, on_unrecorded=journal.not_recorded)

    def _read_recording(self, document: Document, data: bytes) -> Recording:
        """Return the recording of any server, or else of the server at `base_url`."""
        try:
            return read_recording(document, data)
        except RecordingError:
            if self.base_url is None:
                raise
            return read_recording(document, data, base_url=self.base_url)


class MockOptionsDict(TypedDict, total=False):
    """The keyword arguments of `mock_videos` and `serve_videos`: the options of MockOptions."""

    document: Document | str | Path | None
    overlays: str | Path | Collection[str | Path]
    base_url: str | None
    clock: MovableClock | Literal["program"] | None
    speed: float | None
    seed: int
    scenario: str | None
    config: str | Path | ConfigOptions | None
    limits: Limits | None
    accounts: Mapping[str, AccountOptions] | None
    idempotency_keys: bool
    webhook: Receiver | str | None
    webhook_secret: str
    api_keys: str | Collection[str]
    unknown_ids: UnknownIds
    recording: str | Path | None
    check: bool
    allow: str | Collection[str]
    other_hosts: PassOrFail
    no_requests: PassOrFail
    unused_plans: PassWarnOrFail


# A recording already contains the outcomes of jobs, so these options must keep their defaults.
_DECIDED_BY_RECORDING = {
    "scenario": None,
    "config": None,
    "limits": None,
    "accounts": None,
    "idempotency_keys": False,
    "webhook": None,
    "unknown_ids": "refuse",
    "seed": 0,
}
