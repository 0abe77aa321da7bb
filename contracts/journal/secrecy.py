"""Requests without the keys that came with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from threading import Lock

from ...openapi import Call, Document, Reply
from ...openapi.operation import JSON
from ..exchange import Exchange
from ..redaction import MASK, Redaction
from .facts import key_of
from .log import Entry, Item


class KnownKeys:
    """The keys that must not be shown: `keys` are known from the start, and the last ones that came
    are remembered longer than the requests that they came with.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        self._document, self._keys = document, tuple(keys)
        self._header = document.credentials.header if document.credentials else ""
        self._lock, self._came = Lock(), dict[str, None]()

    def note(self, call: Call) -> None:
        """Remembers the key of a call. This is done for every one, and so must cost nothing."""
        value = call.headers.get(self._header)
        if value is not None and value not in self._came:
            with self._lock:
                self._came[value] = None
                if len(self._came) > _REMEMBERED:
                    del self._came[next(iter(self._came))]

    def redaction(self, entries: Iterable[Entry]) -> Redaction:
        """What takes all of them out of these requests."""
        redaction = Redaction(self._document, keys=self._keys)
        with self._lock:
            came = [{self._header: value} for value in self._came]
        calls = [entry.asked for entry in entries if isinstance(entry.asked, Call)]
        redaction.learn(*came, *(call.headers for call in calls))
        return redaction


def shown(redaction: Redaction, item: Item) -> Item:
    """A request without a key, for people to see."""
    if isinstance(item, Exchange):
        return redaction.exchange(item)
    return replace(item, path=redaction.text(item.path), why=redaction.text(item.why))


def judged(redaction: Redaction, document: Document, item: Item) -> Item:
    """A request without a key, for a judge: what came from different senders stays different, and
    files in answers are left out, since no rule for clients looks into them.
    """
    if not isinstance(item, Exchange):
        return shown(redaction, item)
    light = replace(item, reply=_without_file(item.reply), unseen=_without_file(item.unseen))
    clean, key, credentials = (
        redaction.exchange(light),
        key_of(document, item),
        document.credentials,
    )
    if key is None or credentials is None:
        return clean
    sender = f"{credentials.scheme} {MASK}{hash(key):x}".strip()
    headers = {**clean.call.headers, credentials.header: sender}
    return replace(clean, call=replace(clean.call, headers=headers))


def _without_file(reply: Reply | None) -> Reply | None:
    if reply is None or JSON in reply.headers.get("content-type", JSON):
        return reply
    return replace(reply, body=b"")


_REMEMBERED = 1000
