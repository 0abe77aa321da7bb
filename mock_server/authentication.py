"""Whether a request says who it is, in the way that the document asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..openapi import Cause, Credentials, RequestProblem
from .refusal import Refusal


class Keyring:
    """The keys that are let in.

    Without any, every key is, but for one with the word `invalid` in it, so that a refusal can be
    rehearsed.
    """

    def __init__(self, credentials: Credentials | None, keys: Collection[str] = ()) -> None:
        self._credentials = credentials
        self._keys = frozenset(keys)

    def admit(self, headers: Mapping[str, str]) -> None:
        """Raises Refusal if these headers (names in lower case) hold no key that is let in."""
        wanted = self._credentials
        if wanted is None:
            return
        key = wanted.key(headers)
        if isinstance(key, RequestProblem):
            raise Refusal(key.cause, key.message)
        if key not in self._keys if self._keys else "invalid" in key.lower():
            raise Refusal(Cause.CREDENTIALS_INVALID, "the key is not one that this server lets in")
