"""What `serve` serves: a mock made from a document, a rehearsal and options, and made anew when one
of the files changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from ..contracts.journal.journal import Journal
from ..mock_server.clock import SystemClock
from ..mock_server.edge.app import MockApp, create_app
from ..mock_server.edge.switching import SwitchingApp
from ..mock_server.jobs.ids import RandomIds
from ..mock_server.jobs.store import MemoryStore
from ..mock_server.rehearsal.fault import read_fault
from ..mock_server.rehearsal.rehearsal import Rehearsal, load_rehearsal
from ..mock_server.rehearsal.words import WordsError
from ..mock_server.service import JobService, UnknownIds
from ..mock_server.webhooks.webhooks import Webhooks
from ..openapi import Document, load_document
from ..openapi.json import Json
from ..openapi.source import BUNDLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How the mock is to be: the arguments of JobService, the file of a rehearsal and faults beside
    it, and the token of the control API.
    """

    seed: int | None = None
    scenario: str | None = None
    rehearsal: Path | None = None
    faults: tuple[Mapping[str, Json], ...] = ()
    limits: Json = None
    api_keys: tuple[str, ...] = ()
    unknown_ids: UnknownIds = "refuse"
    idempotency_keys: bool = False
    strict: bool = False
    admin_token: str | None = None


class Stage:
    """What is served as `app`. When it is made anew, jobs, the clock and the series of ids go on,
    and so does the journal if the document is the same.

    Raises DocumentError or ValueError for what cannot be.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: SystemClock,
        setting: Setting,
        webhooks: Webhooks | None = None,
    ) -> None:
        self.setting = setting
        self._clock, self._webhooks = clock, webhooks
        self._ids, self._store = RandomIds(setting.seed), MemoryStore()
        self.app = SwitchingApp(self._make(document, self._journal(document)))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is made from."""
        document = () if self.document.source.name == BUNDLED else (self.document.source.name,)
        return tuple(Path(name).resolve() for name in (*document, self.setting.rehearsal) if name)

    def reload(self) -> None:
        """Makes it anew from the files; raises DocumentError or ValueError, and leaves it as it
        was, for what cannot be.
        """
        before = self.document
        named = before.source.name != BUNDLED
        document = load_document(before.source.name) if named else before
        if document.source.text == before.source.text:
            self.app.app = self._make(before, self.journal)
        else:
            self.app.app = self._make(document, self._journal(document))

    def _make(self, document: Document, journal: Journal) -> MockApp:
        setting = self.setting
        service = JobService(
            document,
            clock=self._clock,
            ids=self._ids,
            store=self._store,
            seed=setting.seed,
            api_keys=setting.api_keys,
            unknown_ids=setting.unknown_ids,
            scenario=setting.scenario,
            rehearsal=self._rehearsal(document),
            limits=setting.limits,
            idempotency_keys=setting.idempotency_keys,
            webhooks=self._webhooks,
            strict=setting.strict,
        )
        self.document, self.service, self.journal = document, service, journal
        return create_app(service=service, traffic=journal, admin_token=setting.admin_token)

    def _rehearsal(self, document: Document) -> Rehearsal:
        path = self.setting.rehearsal
        rehearsal = load_rehearsal(document, path) if path else Rehearsal()
        try:
            faults = [read_fault(document, words) for words in self.setting.faults]
        except WordsError as error:
            raise ValueError(f"--fault: {error}") from None
        return replace(rehearsal, faults=(*rehearsal.faults, *faults))

    def _journal(self, document: Document) -> Journal:
        return Journal(
            document,
            now=self._clock.now,
            lived=self._clock.lived,
            tells_waits=lambda: self._clock.tells_waits,
            keys=self.setting.api_keys,
            version=metadata.version("aisa-testkit"),
        )
