"""Whether a request says who it is, in the way that the document asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...openapi import Cause, Credentials, RequestProblem
from ..errors import Refusal
from .accounts import Account


class Authenticator:
    """The keys that are let in, and beside them those of accounts, unless they were revoked.

    Without any `keys`, every key is, but for one with the word `invalid` in it, so that a refusal
    can be rehearsed.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        keys: Collection[str] = (),
        *,
        accounts: Mapping[str, Account] | None = None,
    ) -> None:
        self._credentials = credentials
        known = accounts or {}
        self._keys, self._known = frozenset(keys), frozenset(known)
        self._revoked = frozenset(key for key, account in known.items() if account.revoked)

    def read_key(self, headers: Mapping[str, str]) -> str | RequestProblem:
        """The key in these headers (names in lower case), empty where the document asks for none,
        or what is wrong with them.
        """
        return self._credentials.key(headers) if self._credentials else ""

    def authenticate(self, key: str | RequestProblem) -> str:
        """The key of a sender who is let in; raises Refusal for any other."""
        if isinstance(key, RequestProblem):
            raise Refusal(key.cause, key.message)
        if self._credentials and not self._is_accepted(key):
            raise Refusal(Cause.CREDENTIALS_INVALID, "the key is not one that this server lets in")
        if key in self._revoked:
            raise Refusal(Cause.CREDENTIALS_REVOKED, "the key was revoked")
        return key

    def _is_accepted(self, key: str) -> bool:
        if self._keys:
            return key in self._keys or key in self._known
        return "invalid" not in key.lower() or key in self._known
