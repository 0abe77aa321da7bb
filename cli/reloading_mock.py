"""The mock that `serve` runs, and its reload when a file has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from ..mock_server.jobs.undeclared import remove_undeclared
from ..mock_server.keys.accounts import read_tier
from ..mock_server.observers import Observer
from ..mock_server.service import JobService, UnknownIds
from ..mock_server.webhooks.webhooks import Webhooks
from ..openapi import Document, DocumentError, Problem
from ..openapi.json import Json
from .document_files import DocumentFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """The options of `serve` that configure the mock.

    Args:
        config: The path of a config file.
        faults: More faults, besides those of the config file.
        admin_token: The token of the control API.
        host: The name that the server is bound to.

    The other options are arguments of JobService.
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
    """A mock as the ASGI application `app`, which can reload its files.

    `files` are those that the document was read from. `observe` returns an observer of the
    requests in a journal.

    A changed config file is applied to the running service. A changed document starts a new
    service and a new journal; clock and id sequence stay, and the jobs that it declares.

    Raises DocumentError or ValueError if a file or an option is invalid.
    """

    def __init__(
        self,
        document: Document,
        files: DocumentFiles,
        *,
        clock: SystemClock,
        options: ServeOptions,
        webhooks: Webhooks | None = None,
        observe: Callable[[Journal], Observer] | None = None,
    ) -> None:
        self.options, self.document_files, self._observe = options, files, observe
        self._clock, self._webhooks = clock, webhooks
        self._ids, self._store = RandomIds(options.seed), MemoryStore()
        self.app = self._build_app(document)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the mock: those of the document, unless they are bundled, and the config."""
        files, config = self.document_files, self.options.config
        others = (n for n in self.document.source.other_files if n not in files.overlays)
        return (*files.paths, *map(Path, others), *([config] if config else ()))

    def reload(self) -> int:
        """Read the files again; if the document has changed, serve that one.

        Returns the number of jobs that were removed because the document no longer declares them.

        Raises DocumentError or ValueError, and changes nothing, if a file is invalid.
        """
        for file in self.files:
            if file.exists() and not file.is_file():  # a reader of a pipe waits for its writer
                raise DocumentError(str(file), (Problem("", "is not a regular file"),))
        current = self.document
        document = self.document_files.load() if self.document_files.paths else current
        if document.source.data == current.source.data:
            self.service.reconfigure(self._config(current))
            return 0
        self.app.replace_with(self._build_app(document))
        if self._webhooks:
            self._webhooks.use_document(document)
        return remove_undeclared(self._store, document)

    def _build_app(self, document: Document) -> MockApp:
        options, journal = self.options, self._journal(document)
        service = JobService(
            document,
            clock=self._clock,
            ids=self._ids,
            store=self._store,
            seed=options.seed,
            api_keys=options.api_keys,
            unknown_ids=options.unknown_ids,
            scenario=options.scenario,
            config=self._config(document),
            limits=options.limits,
            idempotency_keys=options.idempotency_keys,
            webhooks=self._webhooks,
            strict=options.strict,
        )
        self.document, self.service, self.journal = document, service, journal
        return create_app(
            service=service,
            journal=journal,
            observers=[self._observe(journal)] if self._observe else (),
            admin_token=options.admin_token,
            host=options.host,
        )

    def _config(self, document: Document) -> MockConfig:
        options, path = self.options, self.options.config
        config = load_config(document, path) if path else MockConfig()
        with _name_option("--fault"):
            faults = [read_fault(document, fault) for fault in options.faults]
        with _name_option("--limits"):
            if options.limits is not None:
                read_tier(document, options.limits, at="")
        with _name_option("--scenario"):
            if options.scenario is not None:
                known = {**built_in_scenarios(document), **config.scenarios}
                find_scenario(document, known, options.scenario)
        return replace(config, faults=(*config.faults, *faults))

    def _journal(self, document: Document) -> Journal:
        return Journal(
            document,
            now=self._clock.now,
            client_time=self._clock.client_time,
            knows_client_waits=lambda: self._clock.knows_client_waits,
            keys=self.options.api_keys,
            version=_version,
        )


def _version() -> str:
    from importlib import metadata  # this import takes a tenth of the start-up time

    return metadata.version("aisa-testkit")


@contextmanager
def _name_option(option: str) -> Iterator[None]:
    """Put the name of the option before the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None
