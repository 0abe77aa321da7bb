"""What `serve` serves: a mock made from a document, a config and options, and made anew when one
of the files changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..contracts.journal.journal import Journal
from ..mock_server.clock import SystemClock
from ..mock_server.config import MockConfig, load_config
from ..mock_server.faults.fault import read_fault
from ..mock_server.faults.scenario import built_in_scenarios, find_scenario
from ..mock_server.http.app import MockApp, create_app
from ..mock_server.jobs.ids import RandomIds
from ..mock_server.jobs.store import MemoryStore
from ..mock_server.keys.accounts import read_tier
from ..mock_server.service import JobService, UnknownIds
from ..mock_server.webhooks.webhooks import Webhooks
from ..openapi import Document, load_document
from ..openapi.json import Json
from ..openapi.source import BUNDLED


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the mock is to be: the arguments of JobService, the file of a config and faults beside
    it, the token of the control API, and the name that the server is bound to.
    """

    seed: int | None = None
    scenario: str | None = None
    config: Path | None = None
    faults: tuple[Mapping[str, Json], ...] = ()
    limits: Json = None
    api_keys: tuple[str, ...] = ()
    unknown_ids: UnknownIds = "refuse"
    idempotency_keys: bool = False
    strict: bool = False
    admin_token: str | None = None
    host: str | None = None


class ReloadingMock:
    """What is served as `app`. It goes on with a config that has changed, as JobService does;
    with a document that has, it begins anew but for the jobs, the clock and the series of ids.

    Raises DocumentError or ValueError for what cannot be.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: SystemClock,
        setting: ServeOptions,
        webhooks: Webhooks | None = None,
    ) -> None:
        self.setting = setting
        self._clock, self._webhooks = clock, webhooks
        self._ids, self._store = RandomIds(setting.seed), MemoryStore()
        self.app = self._make(document)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is made from."""
        document = () if self.document.source.name == BUNDLED else (self.document.source.name,)
        return tuple(Path(name).resolve() for name in (*document, self.setting.config) if name)

    def reload(self) -> bool:
        """Goes on with the files as they are now, and says whether it has begun anew, since the
        document has changed. Raises DocumentError or ValueError, and leaves all as it was, for what
        cannot be.
        """
        before = self.document
        named = before.source.name != BUNDLED
        document = load_document(before.source.name) if named else before
        if document.source.text == before.source.text:
            self.service.reconfigure(self._config(before))
            return False
        self.app.replace_with(self._make(document))
        if self._webhooks:
            self._webhooks.use_document(document)
        return True

    def _make(self, document: Document) -> MockApp:
        setting, journal = self.setting, self._journal(document)
        service = JobService(
            document,
            clock=self._clock,
            ids=self._ids,
            store=self._store,
            seed=setting.seed,
            api_keys=setting.api_keys,
            unknown_ids=setting.unknown_ids,
            scenario=setting.scenario,
            config=self._config(document),
            limits=setting.limits,
            idempotency_keys=setting.idempotency_keys,
            webhooks=self._webhooks,
            strict=setting.strict,
        )
        self.document, self.service, self.journal = document, service, journal
        return create_app(
            service=service,
            journal=journal,
            admin_token=setting.admin_token,
            host=setting.host,
        )

    def _config(self, document: Document) -> MockConfig:
        setting, path = self.setting, self.setting.config
        config = load_config(document, path) if path else MockConfig()
        with _naming("--fault"):
            faults = [read_fault(document, words) for words in setting.faults]
        with _naming("--limits"):
            if setting.limits is not None:
                read_tier(document, setting.limits, at="")
        with _naming("--scenario"):
            if setting.scenario is not None:
                known = {**built_in_scenarios(document), **config.scenarios}
                find_scenario(document, known, setting.scenario)
        return replace(config, faults=(*config.faults, *faults))

    def _journal(self, document: Document) -> Journal:
        return Journal(
            document,
            now=self._clock.now,
            client_time=self._clock.client_time,
            knows_client_waits=lambda: self._clock.knows_client_waits,
            keys=self.setting.api_keys,
            version=_version,
        )


def _version() -> str:
    from importlib import metadata  # a tenth of the time of a start

    return metadata.version("aisa-testkit")


@contextmanager
def _naming(option: str) -> Iterator[None]:
    """Has a ValueError of the block name the option that it is about."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None
