"""Authentication of requests by their API keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...openapi import Cause, Credentials, RequestProblem
from ...openapi.request_key import read_key
from ..errors import Refusal
from .accounts import Account


class Authenticator:
    """Accepts or refuses API keys.

    Args:
        credentials: how requests send their key, None if the document does not use keys.
        keys: the accepted keys; without them every key is accepted, except keys that contain the
            word `invalid`, so that clients can test a refusal.
        accounts: accounts by key; these keys are accepted as well, except revoked ones.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        keys: Collection[str] = (),
        *,
        accounts: Mapping[str, Account] | None = None,
    ) -> None:
        self._credentials = credentials
        self._header = credentials.header if credentials else ""
        self._keys_by_text: dict[str, str] = {}
        known = accounts or {}
        self._keys, self._known = frozenset(keys), frozenset(known)
        self._revoked = frozenset(key for key, account in known.items() if account.revoked)

    def read_key(self, headers: Mapping[str, str]) -> str | RequestProblem:
        """Return the key in these headers (names in lower case), or the problem with them.

        The key is empty if the document does not use keys.
        """
        if self._credentials is None:
            return ""
        text = headers.get(self._header, "")
        known = self._keys_by_text.get(text)
        if known is not None:  # clients send the same key again and again
            return known
        key = read_key(self._credentials, headers)
        if isinstance(key, str):
            if len(self._keys_by_text) >= _MAX_KNOWN_TEXTS:
                self._keys_by_text.clear()
            self._keys_by_text[text] = key
        return key

    def authenticate(self, key: str | RequestProblem) -> str:
        """Return the key if it is accepted. Raise Refusal if not, or if it could not be read."""
        if isinstance(key, RequestProblem):
            raise Refusal(key.cause, key.message)
        if self._credentials and not self._is_accepted(key):
            raise Refusal(Cause.CREDENTIALS_INVALID, "this server does not accept the API key")
        if key in self._revoked:
            raise Refusal(Cause.CREDENTIALS_REVOKED, "the API key was revoked")
        return key

    def _is_accepted(self, key: str) -> bool:
        if self._keys:
            return key in self._keys or key in self._known
        return "invalid" not in key.lower() or key in self._known


_MAX_KNOWN_TEXTS = 256
