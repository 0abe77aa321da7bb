"""Requests without the keys that came with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from threading import Lock

from ...openapi import Call, Document, Reply
from ...openapi.operation import JSON
from ..traffic.exchange import Exchange
from ..traffic.redaction import MASK, Redaction
from .facts import key_of
from .log import Entry, Item


class KnownKeys:
    """The keys that must not be shown: `keys` are known from the start, and the last ones that came
    are remembered longer than the requests that they came with. It may be used by any threads.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        self._document, self._keys = document, tuple(keys)
        self._header = document.credentials.header if document.credentials else ""
        self._lock, self._came = Lock(), dict[str, None]()
        # How many have come, how many of these the redaction knows, and how long all of them are.
        self._noted, self._learnt, self._length = 0, 0, 0
        self._redaction = Redaction(document, keys=self._keys)

    def note(self, call: Call) -> None:
        """Remembers the key of a call. This is done for every one, and so must cost nothing."""
        value = call.headers.get(self._header)
        if value is not None and value not in self._came:
            with self._lock:
                self._remember(value)

    def redaction(self, entries: Iterable[Entry]) -> Redaction:
        """What takes all of them out of these requests."""
        calls = (entry.asked for entry in entries)
        headers = [call.headers for call in calls if isinstance(call, Call)]
        with self._lock:
            if len(self._redaction) > _TOO_MANY:  # most of them of requests long forgotten
                self._redaction, self._learnt = Redaction(self._document, keys=self._keys), 0
            # What came last stands last.
            new = islice(reversed(self._came), self._noted - self._learnt)
            self._redaction.add_keys_from(*({self._header: value} for value in new), *headers)
            self._learnt = self._noted
            return self._redaction

    def _remember(self, value: str) -> None:
        if value not in self._came:  # which another thread may have done
            self._came[value] = None
            self._noted, self._length = self._noted + 1, self._length + len(value)
        while len(self._came) > _REMEMBERED or self._length > _ROOM:
            oldest = next(iter(self._came))
            del self._came[oldest]
            self._length -= len(oldest)


def redacted(redaction: Redaction, item: Item) -> Item:
    """A request without a key, for people to see, and all that came with it."""
    if isinstance(item, Exchange):
        return redaction.redact(item)
    return replace(
        item, path=redaction.redact_text(item.path), detail=redaction.redact_text(item.detail)
    )


def redacted_for_rules(redaction: Redaction, document: Document, item: Item) -> Item:
    """A request without a key, for a judge: what came from different senders stays different, and
    files in answers are left out, since no rule for clients looks into them.
    """
    if not isinstance(item, Exchange):
        return redacted(redaction, item)
    clean, key = redaction.redact(without_files(item)), key_of(document, item)
    credentials = document.credentials
    if key is None or credentials is None:
        return clean
    sender = f"{credentials.scheme} {MASK}{hash(key):x}".strip()
    headers = {**clean.call.headers, credentials.header: sender}
    return replace(clean, call=replace(clean.call, headers=headers))


def without_files(exchange: Exchange) -> Exchange:
    """The exchange without the files in its answers, which take time to look through."""
    reply, unseen = _without_file(exchange.reply), _without_file(exchange.undelivered_reply)
    return replace(exchange, reply=reply, undelivered_reply=unseen)


def _without_file(reply: Reply | None) -> Reply | None:
    if reply is None or JSON in reply.headers.get("content-type", JSON):
        return reply
    return replace(reply, body=b"")


_REMEMBERED = 1000
_TOO_MANY = 4 * _REMEMBERED
# So many characters of keys are remembered.
_ROOM = 1024 * 1024
