"""Keys, taken out of exchanges before anybody judges, shows or keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from threading import Lock

import orjson

from ...openapi import Document, Reply
from ...openapi.credentials import UNKNOWN_KEY
from ...openapi.request import read_call
from .encodings import decode_escapes, encoded_variants
from .exchange import Exchange
from .multi_search import MultiStringSearch

# What stands in the place of a key; a judge knows it again.
MASK = "[*key*]"


class Redaction:
    """Takes keys out of exchanges, wherever they stand: in headers, queries and bodies, also where
    a server quotes what it was sent, as JSON, HTML and URLs spell it.

    A mask is as long as what it hides, so that lengths stay true. `keys` are known from the start,
    more are learnt from the headers of requests. What is a word of the document is no secret.
    It may be used by any threads.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        credentials = document.credentials
        self._names = _SECRET | ({credentials.header} if credentials else set())
        self._document, self._lock = document, Lock()
        # Each key, and how it stands in a body that is read as Latin-1, and the other way round.
        self._keys: dict[str, str] = {}
        self._plain: dict[str, str] = {}
        self._needles = MultiStringSearch()
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._learn(*keys)

    def __len__(self) -> int:
        """How many keys are known."""
        return len(self._keys)

    def add_keys_from(self, *requests: Mapping[str, str]) -> None:
        """Takes note of the keys in the headers of requests, names in lower case."""
        values = (
            value
            for headers in requests
            for name, value in headers.items()
            if self._is_secret(name) and name not in _COOKIES
        )
        words = (word for value in values for word in value.split())
        self._learn(*(word for word in words if word.lower() not in _SCHEMES))

    def redact(self, exchange: Exchange) -> Exchange:
        """The exchange without a key."""
        call = exchange.call
        self.add_keys_from(call.headers)
        clean = replace(
            call,
            path_parameters={k: self.redact_text(v) for k, v in call.path_parameters.items()},
            query=tuple(
                (self.redact_text(k), self._parameter(exchange, k, v)) for k, v in call.query
            ),
            headers=self._headers(call.headers),
            body=self._body(call.body),
        )
        arguments = exchange.arguments
        if (clean.body, clean.query) != (call.body, call.query):
            arguments = read_call(exchange.operation, clean)
        return replace(
            exchange,
            call=clean,
            reply=self._reply(exchange.reply),
            undelivered_reply=self._reply(exchange.undelivered_reply),
            arguments=arguments,
        )

    def redact_text(self, text: str) -> str:
        """The text without a key."""
        for plain in _longest_first(self._within(text)):
            key = self._plain[plain]
            if len(key) > _SPELT:  # a pattern of every spelling would take up far too much
                text = text.replace(plain, _masked(len(plain)))
            else:
                text = self._pattern(key).sub(_mask, text)
        return text

    def _within(self, text: str) -> set[str]:
        """The keys that the text may hold, as they stand in Latin-1."""
        found, otherwise = self._needles.find_all(text), decode_escapes(text)
        if otherwise is text:
            return found
        return found | self._needles.find_all(otherwise)

    def _pattern(self, key: str) -> re.Pattern[str]:
        if key not in self._patterns:
            self._patterns[key] = encoded_variants(key, whole_word=len(key) < _LONE)
        return self._patterns[key]

    @cached_property
    def _words(self) -> str:
        return orjson.dumps(self._document.source.data).decode()

    def _reply(self, reply: Reply | None) -> Reply | None:
        if reply is None:
            return None
        return replace(reply, headers=self._headers(reply.headers), body=self._body(reply.body))

    def _learn(self, *keys: str) -> None:
        new = [key for key in keys if key not in self._keys and self._may_be_secret(key)]
        if new:
            known = {key: key.encode().decode("latin-1") for key in new}
            with self._lock:
                self._plain.update({plain: key for key, plain in known.items()})
                self._needles.add(*known.values())
                self._keys.update(known)

    def _may_be_secret(self, key: str) -> bool:
        word = len(key) < _LONE and key in self._words
        return len(key) >= _SHORTEST and not word and key not in (MASK, UNKNOWN_KEY)

    def _is_secret(self, name: str) -> bool:
        return name in self._names or _SECRET_NAME.search(name) is not None

    def _body(self, body: bytes) -> bytes:
        if len(body) > _LONG and not _is_text(body):  # a file, in which nothing is spelt otherwise
            for plain in _longest_first(self._needles.find_all(body.decode("latin-1"))):
                body = body.replace(plain.encode("latin-1"), _masked(len(plain)).encode())
            return body
        # As Latin-1 each byte is a character, whatever it means.
        text = body.decode("latin-1")
        return self.redact_text(text).encode("latin-1")

    def _parameter(self, exchange: Exchange, name: str, value: str) -> str:
        secret = self._is_secret(name.lower()) and name not in exchange.operation.query
        return MASK if secret else self.redact_text(value)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: self._header(name, value) if self._is_secret(name) else self.redact_text(value)
            for name, value in headers.items()
        }

    def _header(self, name: str, value: str) -> str:
        """The header without its key, but with the word before it, which a judge looks at."""
        if name in _COOKIES:
            return "***"
        return replace_key(value, MASK)


def replace_key(value: str, replacement: str) -> str:
    """The value of a header that holds a key, with something else in the place of the key."""
    return " ".join(word if word.lower() in _KEPT else replacement for word in value.split())


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _longest_first(keys: Iterable[str]) -> list[str]:
    """Keys in the order in which they are taken out: one may begin with another."""
    return sorted(keys, key=lambda key: (-len(key), key))


def _mask(found: re.Match[str]) -> str:
    return _masked(len(found[0]))


def _masked(length: int) -> str:
    return MASK.ljust(length, "*")[:length]


# A word of fewer characters is no key, and would be found everywhere.
_SHORTEST = 4
# A key of fewer characters counts as a whole word alone.
_LONE = 12
# Of a key of more characters only the plain spelling is looked for.
_SPELT = 512
_LONG = 256 * 1024
_COOKIES = {"cookie", "set-cookie"}
_SECRET_NAME = re.compile(
    "(^|[-_])(api-?key|subscription-key|auth|token|secret|signature|sig|password|credentials?)$"
)
_SCHEMES = {"bearer", "basic", "digest", "token"}
_KEPT = {*_SCHEMES, UNKNOWN_KEY}
_SECRET = {
    *("authorization", "proxy-authorization", "x-api-key", "api-key", "api_key", "apikey"),
    *("access_token", "token", "key", *_COOKIES),
}
