"""The journal of a server: every request that came lately, for people and programs to look into."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Lock
from urllib.parse import urlsplit

from ...openapi import Call, Document, Reply
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from ..traffic.exchange import Exchange, UnmatchedRequest
from ..traffic.recording import write_recording
from ..traffic.redaction import Redaction
from .client_verdict import ClientVerdict
from .entry import describe
from .facts import key_of
from .judging import judge_clients
from .known_keys import KnownKeys, redacted, redacted_for_rules, without_files
from .log import Entry, Item, Log
from .query import RequestQuery, read_query

Listener = Callable[[Json], None]
REQUESTS, SIZE = 1000, 64 * 1024 * 1024


class Journal:
    """The requests to one server, the last `requests` of them, with at most `size` bytes in their
    bodies, None for no bound. It may be used by any threads.

    `now` is the clock of the server, in Unix seconds; `client_time` the time of clients, in
    seconds, and `knows_client_waits` whether they are known to wait by it. `keys` are those that
    the server knows; these
    and all that come are shown to nobody. `base_url` and `version` are what an export says of
    the server and of the toolkit; the version is asked for only then.

    A request is only put aside when it comes; it is read, judged and rid of keys when somebody
    asks. `log` is where, `keys` are what is kept back.
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
        """How many requests are kept."""
        return len(self.log)

    @property
    def size(self) -> int:
        """How many bytes the bodies take up that are kept."""
        return self.log.size

    def answered(self, call: Call, reply: Reply | None) -> None:
        """A call was answered, or broke off without a reply."""
        self.keys.note(call)
        entry = self.log.add(call, reply)
        if self._listeners:
            self._tell(entry)

    def unmatched(self, method: str, path: str) -> None:
        """A request came in that means no operation."""
        self.add(UnmatchedRequest(method, path))

    def add(self, asked: Call | UnmatchedRequest, reply: Reply | None = None) -> Entry:
        """Writes down a request of any kind."""
        if isinstance(asked, Call):
            self.keys.note(asked)
        entry = self.log.add(asked, reply)
        if self._listeners:
            self._tell(entry)
        return entry

    def undelivered(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end, and has not seen it."""
        self.log.undelivered(reply)

    def requests(self, query: Mapping[str, str]) -> Json:
        """A page of the requests that a query means, as `read_query` reads it; raises ValueError
        for one that cannot be.
        """
        wanted = read_query(self.document, query)
        entries, total, forgotten = self.log.page()
        redaction, page, more = self.keys.redaction(entries), list[Json](), False
        for entry, item in self._chosen(entries, wanted):
            if len(page) == wanted.limit:
                more = True
                break
            page.append(self._describe(entry, item, redaction))
        return {"requests": page, "more": more, "total": total, "forgotten": forgotten}

    def har(self, query: Mapping[str, str]) -> bytes:
        """All calls that a query means with their answers, as HAR 1.2; its `limit` means nothing.
        Raises ValueError for a query that cannot be.
        """
        wanted = read_query(self.document, query)
        entries = self.log.entries
        redaction = self.keys.redaction(entries)
        clean = [redacted(redaction, item) for _, item in self._chosen(entries, wanted)]
        exchanges = [item for item in clean if isinstance(item, Exchange)]
        strays = len(clean) - len(exchanges)
        left_out = f"requests that mean no operation, and are left out: {strays}"
        return write_recording(
            self.document,
            exchanges,
            base_url=self._base_url,
            version=self._version(),
            comment=left_out if strays else "",
        )

    def judge(self) -> ClientVerdict:
        """The verdict on the clients, by all requests that are kept."""
        revision = self.log.revision  # before anything is looked at, for more may come meanwhile
        if self._verdict is None or self._verdict[0] != revision:
            entries, _, forgotten = self.log.page()
            history = self.judged(entries)
            first = entries[0].number if entries else 1
            verdict = judge_clients(self.document, history, first=first, forgotten=forgotten)
            self._verdict = revision, verdict
        return self._verdict[1]

    def judged(self, entries: Iterable[Entry]) -> list[Item]:
        """These requests as a judge may see them: without keys, and without files in answers."""
        entries = tuple(entries)
        redaction = self.keys.redaction(entries)
        items = map(self.log.read, entries)
        return [redacted_for_rules(redaction, self.document, item) for item in items]

    def verdict(self) -> Json:
        """The same as data, as ClientVerdict writes it."""
        return self.judge().to_json()

    def clear(self) -> None:
        """Forgets every request, as if none had come; the numbers go on."""
        self.log.clear()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Calls the listener with each request as it comes, as data, until the callable that this
        gives is called. The client waits meanwhile; what the listener raises is only logged.
        """
        token = object()
        with self._lock:
            self._listeners = {**self._listeners, token: listener}

        def unsubscribe() -> None:
            with self._lock:
                others = (other for other in self._listeners.items() if other[0] is not token)
                self._listeners = dict(others)

        return unsubscribe

    def _tell(self, entry: Entry) -> None:
        item = self.log.read(entry)
        data = self._describe(entry, item, self.keys.redaction([entry]))
        for listener in self._listeners.values():  # which is replaced, never changed
            try:
                listener(data)
            except Exception:
                _logger.exception("a listener to the journal has failed")

    def _chosen(
        self, entries: tuple[Entry, ...], wanted: RequestQuery
    ) -> Iterator[tuple[Entry, Item]]:
        """The requests that are meant, in the order that is asked for."""
        for entry in reversed(entries) if wanted.newest else entries:
            if wanted.matches_time(entry):
                item = self.log.read(entry)
                if wanted.matches(self.document, item):
                    yield entry, item

    def _describe(self, entry: Entry, item: Item, redaction: Redaction) -> Json:
        key = key_of(self.document, item)
        item = without_files(item) if isinstance(item, Exchange) else item
        return describe(
            self.document,
            redacted(redaction, item),
            number=entry.number,
            at=entry.at,
            key=None if key is None else mask_key(key),
        )


def _base_url(document: Document) -> str:
    """The URL of the document's server; of this machine where that is only a path."""
    absolute = bool(urlsplit(document.server_url).scheme)
    return document.server_url if absolute else f"http://localhost{document.base_path}"


_logger = logging.getLogger(__name__)
