"""Keys, taken out of exchanges before anybody judges, shows or keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote

import orjson

from ..openapi import Document
from ..openapi.request import read_call
from .exchange import Exchange

REDACTED = "[redacted]"


class Redaction:
    """Takes keys out of exchanges, wherever they stand: in headers, queries and bodies, also where
    a server quotes what it was sent.

    In a body a key becomes as many asterisks, so that lengths stay true. `keys` are known from the
    start, more are learnt from the headers of requests.
    """

    def __init__(self, document: Document, *, keys: Iterable[str] = ()) -> None:
        credentials = document.credentials
        self._names = _SECRET | ({credentials.header} if credentials else set())
        self._secrets: list[str] = []
        self._learn(*keys)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Takes note of the keys in the headers of a request, names in lower case."""
        for name in self._names & headers.keys() - _COOKIES:
            self._learn(*(word for word in headers[name].split() if word.lower() not in _SCHEMES))

    def exchange(self, exchange: Exchange) -> Exchange:
        """The exchange without a key."""
        call, reply = exchange.call, exchange.reply
        self.learn(call.headers)
        clean = replace(
            call,
            path_parameters={k: self.text(v) for k, v in call.path_parameters.items()},
            query=tuple((k, self._parameter(exchange, k, v)) for k, v in call.query),
            headers=self._headers(call.headers),
            body=self._body(call.body),
        )
        if reply is not None:
            reply = replace(
                reply, headers=self._headers(reply.headers), body=self._body(reply.body)
            )
        arguments = exchange.arguments
        if (clean.body, clean.query) != (call.body, call.query):
            arguments = read_call(exchange.operation, clean)
        return replace(exchange, call=clean, reply=reply, arguments=arguments)

    def text(self, text: str) -> str:
        """The text without a key."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return text

    def _learn(self, *keys: str) -> None:
        for key in keys:
            if len(key) < _SHORTEST or set(key) == {"*"} or key == REDACTED:
                continue
            spelt = (key, quote(key, safe=""), orjson.dumps(key).decode()[1:-1])
            self._secrets += [s for s in dict.fromkeys(spelt) if s not in self._secrets]
        # A key may begin with another one.
        self._secrets.sort(key=len, reverse=True)

    def _parameter(self, exchange: Exchange, name: str, value: str) -> str:
        secret = name.lower() in _SECRET and name not in exchange.operation.query
        return REDACTED if secret else self.text(value)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {
            name: self._masked(name, value) if name in self._names else self.text(value)
            for name, value in headers.items()
        }

    def _masked(self, name: str, value: str) -> str:
        """The header without its key, but with the word before it, which a judge looks at."""
        if name in _COOKIES:
            return REDACTED
        return " ".join(w if w.lower() in _SCHEMES else REDACTED for w in value.split())

    def _body(self, body: bytes) -> bytes:
        for secret in self._secrets:
            spelt = secret.encode()
            if spelt in body:
                body = body.replace(spelt, b"*" * len(spelt))
        return body


# A word of fewer characters is no key, and would be found everywhere.
_SHORTEST = 4
_COOKIES = {"cookie", "set-cookie"}
_SCHEMES = {"bearer", "basic", "digest", "token"}
_SECRET = {
    *("authorization", "proxy-authorization", "x-api-key", "api-key", "api_key", "apikey"),
    *("access_token", "token", "key", *_COOKIES),
}
