"""Removal of API keys from exchanges, before rules, reports or recordings see them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from threading import Lock

import orjson

from ...openapi import Document, Reply
from ...openapi.credentials import UNKNOWN_KEY
from ...openapi.request import read_call
from .encodings import decoded_layers, embedded_encodings, encoded_variants
from .exchange import Exchange
from .multi_search import MultiStringSearch

KEY_MASK = "[*key*]"
"""The replacement of an API key, by which rules recognise that a key was there."""


class Redaction:
    """Replaces API keys by a mask: in headers, queries and bodies of requests and responses.

    A key is also found as JSON, HTML, URLs and `repr` encode it, in base64 (also behind a user
    name) and in hexadecimal digits. The mask is as long as the text it replaces, so that lengths
    stay correct. Short keys that are words of the document are not replaced. Thread-safe.

    Args:
        document: The document of the API.
        keys: The keys that are known. More are added from the headers of requests.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        accepted = {c for each in document.operations.values() for c in each.credentials}
        # By its own name, too: an operation that needs no key may get one all the same.
        names = {name for each in accepted for name in (each.header, each.name.lower())}
        self._secret_names = _SECRET_NAMES | names
        self._document, self._lock = document, Lock()
        self._keys: set[str] = set()
        # The keys and their encodings in base64 and hexadecimal digits. Bodies are searched as
        # Latin-1, in which each byte is a character.
        self._secret_by_latin1: dict[str, str] = {}
        self._search = MultiStringSearch()
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._mask_by_key: dict[str, str] = {}
        self._add_keys(*keys)

    def __len__(self) -> int:
        """Return the number of known keys."""
        return len(self._keys)

    def add_keys_from(self, *requests: Mapping[str, str]) -> None:
        """Add the keys in the headers of requests; names of headers are in lower case."""
        values = (
            value
            for headers in requests
            for name, value in headers.items()
            if self._is_secret(name) and name not in _COOKIES
        )
        self._add_keys(*(key for value in values for key in _keys_in(value)))

    def redact(self, exchange: Exchange) -> Exchange:
        """Return the exchange without keys."""
        call = exchange.call
        self.add_keys_from(call.headers)
        redacted = replace(
            call,
            path_parameters={k: self.redact_text(v) for k, v in call.path_parameters.items()},
            query=tuple(
                (self.redact_text(k), self._redact_parameter(exchange, k, v)) for k, v in call.query
            ),
            headers=self._redact_headers(call.headers),
            body=self.redact_body(call.body),
        )
        arguments = exchange.arguments
        if (redacted.body, redacted.query) != (call.body, call.query):
            arguments = read_call(exchange.operation, redacted)
        return replace(
            exchange,
            call=redacted,
            reply=self._redact_reply(exchange.reply),
            undelivered_reply=self._redact_reply(exchange.undelivered_reply),
            arguments=arguments,
            # It may quote what the server has sent.
            problem=self.redact_text(exchange.problem),
        )

    def redact_text(self, text: str) -> str:
        """Return the text without keys."""
        for latin1 in _longest_first(self._find_keys(text)):
            secret = self._secret_by_latin1[latin1]
            if len(secret) > _MAX_ENCODED_KEY_LENGTH:
                text = text.replace(latin1, _mask(len(latin1)))
            else:
                text = self._pattern(secret).sub(lambda match: _mask(len(match[0])), text)
        return text

    def redact_body(self, body: bytes) -> bytes:
        """Return the body of a request or response without keys."""
        text = body.decode("latin-1")
        if len(body) > _MAX_DECODED_FILE_BYTES and not _is_utf8(body):
            for latin1 in _longest_first(self._search.find_all(text)):
                body = body.replace(latin1.encode("latin-1"), _mask(len(latin1)).encode())
            return body
        return self.redact_text(text).encode("latin-1")

    def _find_keys(self, text: str) -> set[str]:
        """Return the keys in a text and their encodings, with escapes or without, as Latin-1."""
        found = self._search.find_all(text)
        return found.union(*map(self._search.find_all, decoded_layers(text)))

    def _pattern(self, secret: str) -> re.Pattern[str]:
        if secret not in self._patterns:
            whole_word = secret in self._keys and len(secret) < _MIN_SUBSTRING_KEY_LENGTH
            self._patterns[secret] = encoded_variants(secret, whole_word=whole_word)
        return self._patterns[secret]

    def _add_keys(self, *keys: str) -> None:
        new = [key for key in keys if key not in self._keys and self._may_be_key(key)]
        if new:
            secrets = [secret for key in new for secret in (key, *embedded_encodings(key))]
            secret_by_latin1 = {secret.encode().decode("latin-1"): secret for secret in secrets}
            with self._lock:
                self._keys.update(new)
                self._secret_by_latin1.update(secret_by_latin1)
                self._search.add(*secret_by_latin1)

    def _may_be_key(self, text: str) -> bool:
        if len(text) < _MIN_KEY_LENGTH or text == UNKNOWN_KEY or text.startswith(KEY_MASK):
            return False
        return len(text) >= _MIN_SUBSTRING_KEY_LENGTH or text not in self._document_text

    @cached_property
    def _document_text(self) -> str:
        return orjson.dumps(self._document.source.data).decode()

    def _is_secret(self, name: str) -> bool:
        return name in self._secret_names or _SECRET_NAME.search(name) is not None

    def _redact_reply(self, reply: Reply | None) -> Reply | None:
        if reply is None:
            return None
        headers, body = self._redact_headers(reply.headers), self.redact_body(reply.body)
        return replace(reply, headers=headers, body=body)

    def _redact_parameter(self, exchange: Exchange, name: str, value: str) -> str:
        secret = self._is_secret(name.lower()) and name not in exchange.operation.query
        return KEY_MASK if secret else self.redact_text(value)

    def _redact_headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: self._redact_header(name, value) for name, value in headers.items()}

    def _redact_header(self, name: str, value: str) -> str:
        if not self._is_secret(name):
            return self.redact_text(value)
        if name in _COOKIES:
            return "***"
        credentials = self._document.credentials
        is_key = credentials is not None and name == credentials.header
        return replace_key(value, self._mask_of(value) if is_key else KEY_MASK)

    def _mask_of(self, value: str) -> str:
        """Return the mask of the key in a header: each key has another one, such as "[*key*]2"."""
        key = value.split()[-1] if value.strip() else ""
        if key.startswith(KEY_MASK):
            return key
        if not key or key.lower() in _UNMASKED_WORDS:
            return KEY_MASK
        with self._lock:
            number = len(self._mask_by_key) + 1
            return self._mask_by_key.setdefault(key, f"{KEY_MASK}{number if number > 1 else ''}")


def replace_key(value: str, replacement: str) -> str:
    """Return the value of a header with another text for the key; the scheme stays."""
    return " ".join(w if w.lower() in _UNMASKED_WORDS else replacement for w in value.split())


def _keys_in(value: str) -> Iterator[str]:
    """Yield the keys in the value of a header; of Basic credentials also the password."""
    scheme, *words = value.split() or [""]
    for word in (scheme, *words):
        if word.lower() not in _SCHEMES:
            yield word
    if scheme.lower() == "basic" and words:
        try:
            yield b64decode(words[0]).decode("latin-1").partition(":")[2]
        except ValueError:  # not base64
            return


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _longest_first(keys: Iterable[str]) -> list[str]:
    """Return keys in the order of replacement: a key may be the beginning of another one."""
    return sorted(keys, key=lambda key: (-len(key), key))


def _mask(length: int) -> str:
    return KEY_MASK.ljust(length, "*")[:length]


# A shorter word is not a key, and it would occur everywhere.
_MIN_KEY_LENGTH = 4
# A shorter key is replaced only where it is a whole word.
_MIN_SUBSTRING_KEY_LENGTH = 12
# The pattern of a longer key would need too much memory, so encoded occurrences are not found.
_MAX_ENCODED_KEY_LENGTH = 512
# A larger file that is not text does not contain encoded keys.
_MAX_DECODED_FILE_BYTES = 256 * 1024
_COOKIES = {"cookie", "set-cookie"}
_SECRET_NAME = re.compile(
    "(^|[-_])(api-?key|subscription-key|auth|token|secret|signature|sig|password|credentials?)$"
)
_SCHEMES = {"bearer", "basic", "digest", "token"}
_UNMASKED_WORDS = {*_SCHEMES, UNKNOWN_KEY}
_SECRET_NAMES = {
    *("authorization", "proxy-authorization", "x-api-key", "api-key", "api_key", "apikey"),
    *("access_token", "token", "key", *_COOKIES),
}
