"""The journal of a server: its latest requests, for people, programs and the rules for clients."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from urllib.parse import urlsplit

from ...openapi import Call, Document, Reply
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from ..traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest
from ..traffic.recording import write_recording
from ..traffic.redaction import Redaction
from .client_verdict import ClientVerdict, judge_clients
from .entry import Entry, LoggedRequest, key_of
from .entry_json import entry_json
from .known_keys import KnownKeys, redacted, redacted_for_rules, without_files
from .log import Log
from .query import RequestQuery, read_query

Listener = Callable[[Json], None]
REQUESTS, SIZE = 1000, 64 * 1024 * 1024


class Journal:
    """The latest requests to one server; safe for use by several threads.

    A request is stored as it is received. It is parsed, checked and redacted when it is read.

    Attributes:
        document: the document of the API.
        log: the requests.
        keys: the API keys that are never shown.

    Args:
        document: the document of the API.
        now: the clock of the server, in Unix seconds.
        client_time: the clock of the clients, in seconds.
        knows_client_waits: returns True if the clients wait by that clock.
        keys: the API keys of the server; they are redacted, like the keys of all requests.
        requests: the number of requests to keep, None for all.
        size: the bytes of bodies to keep, None for all.
        base_url: the URL of the server in exports; the default comes from the document.
        version: returns the version of the toolkit in exports.
    """

    def __init__(
        self,
        document: Document,
        *,
        now: Callable[[], float],
        client_time: Callable[[], float] = lambda: 0.0,
        knows_client_waits: Callable[[], bool] = lambda: False,
        keys: Iterable[str] = (),
        requests: int | None = REQUESTS,
        size: int | None = SIZE,
        base_url: str = "",
        version: Callable[[], str] = str,
    ) -> None:
        self.document, self._version = document, version
        self._base_url = base_url or _base_url(document)
        self.log = Log(
            document,
            now=now,
            client_time=client_time,
            knows_client_waits=knows_client_waits,
            requests=requests,
            size=size,
        )
        self.keys = KnownKeys(document, keys=keys)
        self._lock, self._listeners = Lock(), dict[object, Listener]()
        self._verdict: tuple[object, ClientVerdict] | None = None

    @property
    def kept(self) -> int:
        """The number of requests that are kept."""
        return len(self.log)

    @property
    def size(self) -> int:
        """The bytes of the bodies that are kept."""
        return self.log.size

    def answered(self, call: Call, reply: Reply | None) -> None:
        """Store a call with its reply, None if the connection broke."""
        self.keys.remember(call.headers)
        entry = self.log.add(call, reply)
        if self._listeners:
            self._notify(entry)

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Store a request that matches no operation."""
        self.keys.remember(headers or {})
        self.add(UnmatchedRequest(method, path))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Store a request that was not valid HTTP or did not arrive completely."""
        self.keys.remember(headers or {})
        self.add(UnmatchedRequest(method, path, reason, UnmatchedKind.INVALID, status))

    def add(self, request: Call | UnmatchedRequest, reply: Reply | None = None) -> Entry:
        """Store a request of any kind, and return its entry."""
        if isinstance(request, Call):
            self.keys.remember(request.headers)
        entry = self.log.add(request, reply)
        if self._listeners:
            self._notify(entry)
        return entry

    def undelivered(self, reply: Reply) -> None:
        """Record that this reply object did not reach the client."""
        self.log.mark_undelivered(reply)

    def note_restart(self) -> None:
        """Record that the program under test is started again, after a kill for example.

        It may then repeat polls and downloads, because it may have forgotten their responses.
        """
        self.log.note_restart()

    def requests(self, query: Mapping[str, str]) -> Json:
        """Return a page of the requests that match a query.

        Raises ValueError for an invalid query, see `read_query`.
        """
        wanted = read_query(self.document, query)
        entries, total, forgotten = self.log.snapshot()
        redaction, page, more = self.keys.redaction(entries), list[Json](), False
        for entry, request in self._select(entries, wanted):
            if len(page) == wanted.limit:
                more = True
                break
            page.append(self._entry_json(entry, request, redaction))
        return {"requests": page, "more": more, "total": total, "forgotten": forgotten}

    def har(self, query: Mapping[str, str], *, base_url: str = "") -> bytes:
        """Return all calls that match a query, with their responses, as HAR 1.2.

        Args:
            query: A query whose limit is ignored. Raises ValueError if it is invalid.
            base_url: The URL of the server, if it is not that of the journal.
        """
        wanted = read_query(self.document, query)
        entries, _, forgotten = self.log.snapshot()
        redaction = self.keys.redaction(entries)
        requests = [redacted(redaction, request) for _, request in self._select(entries, wanted)]
        exchanges = [request for request in requests if isinstance(request, Exchange)]
        left_out = len(requests) - len(exchanges)
        return write_recording(
            self.document,
            exchanges,
            base_url=base_url or self._base_url,
            version=self._version(),
            comment="; ".join(
                f"requests left out, because {reason}: {count}"
                for reason, count in (
                    ("no operation matches", left_out),
                    ("the journal is full", forgotten),
                )
                if count
            ),
        )

    def client_verdict(self) -> ClientVerdict:
        """Return the verdict on the clients, by all requests that are kept."""
        revision = self.log.revision  # first, because more requests may arrive while it runs
        if self._verdict is None or self._verdict[0] != revision:
            entries, _, forgotten = self.log.snapshot()
            history = self.requests_for_rules(entries)
            first = entries[0].number if entries else 1
            verdict = judge_clients(
                self.document, history, first=first, forgotten=forgotten, restarts=self.log.restarts
            )
            self._verdict = revision, verdict
        return self._verdict[1]

    def requests_for_rules(self, entries: Iterable[Entry]) -> list[LoggedRequest]:
        """Return the requests of entries for the rules for clients: redacted, without files."""
        entries = tuple(entries)
        redaction = self.keys.redaction(entries)
        requests = map(self.log.read, entries)
        return [redacted_for_rules(redaction, self.document, request) for request in requests]

    def verdict(self) -> Json:
        """Return the verdict on the clients as JSON, see `ClientVerdict.to_json`."""
        return self.client_verdict().to_json()

    def clear(self) -> None:
        """Drop all requests; the numbers continue."""
        self.log.clear()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call a listener with each new request as JSON, until the returned function is called.

        The client waits for the listener. Exceptions of the listener are only logged.
        """
        token = object()
        with self._lock:
            self._listeners = {**self._listeners, token: listener}

        def unsubscribe() -> None:
            with self._lock:
                others = (other for other in self._listeners.items() if other[0] is not token)
                self._listeners = dict(others)

        return unsubscribe

    def _notify(self, entry: Entry) -> None:
        request = self.log.read(entry)
        data = self._entry_json(entry, request, self.keys.redaction([entry]))
        for listener in self._listeners.values():  # the dictionary is replaced, never changed
            try:
                listener(data)
            except Exception:
                _logger.exception("a listener of the journal failed")

    def _select(
        self, entries: tuple[Entry, ...], wanted: RequestQuery
    ) -> Iterator[tuple[Entry, LoggedRequest]]:
        """Yield the entries that match a query, in its order."""
        for entry in reversed(entries) if wanted.newest else entries:
            if wanted.matches_time(entry):
                request = self.log.read(entry)
                if wanted.matches(self.document, request):
                    yield entry, request

    def _entry_json(self, entry: Entry, request: LoggedRequest, redaction: Redaction) -> Json:
        key = key_of(self.document, request)
        request = without_files(request) if isinstance(request, Exchange) else request
        return entry_json(
            self.document,
            redacted(redaction, request),
            number=entry.number,
            at=entry.at,
            key=None if key is None else mask_key(key),
        )


def _base_url(document: Document) -> str:
    """Return the URL of the document's server, on this machine if it is only a path."""
    absolute = bool(urlsplit(document.server_url).scheme)
    return document.server_url if absolute else f"http://localhost{document.base_path}"


_logger = logging.getLogger(__name__)
