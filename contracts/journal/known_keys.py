"""The API keys that the journal knows, and the redaction of requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from threading import Lock

from ...openapi import Call, Document, Reply
from ...openapi.operation import JSON
from ..traffic.exchange import Exchange
from ..traffic.redaction import KEY_MASK, Redaction
from .entry import Entry, LoggedRequest, key_of


class KnownKeys:
    """The API keys that must not be shown; safe for use by several threads.

    The keys of the latest requests are remembered longer than the requests.

    Args:
        document: the document of the API.
        keys: the keys of the server.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        self._document, self._keys = document, tuple(keys)
        self._header = document.credentials.header if document.credentials else ""
        # The values of the header, from the oldest on, and their total length.
        self._lock, self._values, self._length = Lock(), dict[str, None](), 0
        # The number of all values so far, and of the values in the redaction.
        self._remembered, self._in_redaction = 0, 0
        self._redaction = Redaction(document, keys=self._keys)

    def remember(self, headers: Mapping[str, str]) -> None:
        """Remember the key in the headers of a request.

        Must be fast, because it is called for every request.
        """
        value = headers.get(self._header)
        if value is not None and value not in self._values:
            with self._lock:
                self._remember(value)

    def redaction(self, entries: Iterable[Entry] = ()) -> Redaction:
        """Return the redaction of all known keys, and of the keys in these entries."""
        calls = (entry.request for entry in entries)
        headers = [call.headers for call in calls if isinstance(call, Call)]
        with self._lock:
            if len(self._redaction) > _MAX_REDACTED_KEYS:  # most requests with them are dropped
                self._redaction = Redaction(self._document, keys=self._keys)
                self._in_redaction = 0
            # The latest values are the last ones.
            new = islice(reversed(self._values), self._remembered - self._in_redaction)
            self._redaction.add_keys_from(*({self._header: value} for value in new), *headers)
            self._in_redaction = self._remembered
            return self._redaction

    def _remember(self, value: str) -> None:
        if value not in self._values:  # another thread may have added it
            self._values[value] = None
            self._remembered, self._length = self._remembered + 1, self._length + len(value)
        while len(self._values) > _MAX_REMEMBERED or self._length > _MAX_REMEMBERED_CHARACTERS:
            oldest = next(iter(self._values))
            del self._values[oldest]
            self._length -= len(oldest)


def redacted(redaction: Redaction, request: LoggedRequest) -> LoggedRequest:
    """Return a request without API keys, for display."""
    if isinstance(request, Exchange):
        return redaction.redact(request)
    path, detail = redaction.redact_text(request.path), redaction.redact_text(request.detail)
    return replace(request, path=path, detail=detail)


def redacted_for_rules(
    redaction: Redaction, document: Document, request: LoggedRequest
) -> LoggedRequest:
    """Return a request without API keys, for the rules for clients.

    Requests with different keys stay different. Files in responses are left out, because no rule
    for clients reads them.
    """
    if not isinstance(request, Exchange):
        return redacted(redaction, request)
    clean, key = redaction.redact(without_files(request)), key_of(document, request)
    credentials = document.credentials
    if key is None or credentials is None:
        return clean
    # As many words as the key has, because a rule reports keys with blanks.
    sender = " ".join([f"{KEY_MASK}{hash(key):x}"] * len(key.split()))
    headers = {**clean.call.headers, credentials.header: credentials.value_of(sender)}
    return replace(clean, call=replace(clean.call, headers=headers))


def without_files(exchange: Exchange) -> Exchange:
    """Return the exchange without the files in its responses, whose redaction takes long."""
    reply = _without_file(exchange.reply)
    undelivered_reply = _without_file(exchange.undelivered_reply)
    return replace(exchange, reply=reply, undelivered_reply=undelivered_reply)


def _without_file(reply: Reply | None) -> Reply | None:
    if reply is None or JSON in reply.headers.get("content-type", JSON):
        return reply
    return replace(reply, body=b"")


_MAX_REMEMBERED = 1000
_MAX_REMEMBERED_CHARACTERS = 1024 * 1024
_MAX_REDACTED_KEYS = 4 * _MAX_REMEMBERED
