"""The API key of a request: where it is sent, how it is masked, and keys for examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .envelope import Cause
from .json import Json
from .references import resolve
from .request import RequestProblem
from .text import quote

DUMMY_KEY = "sk-aisa-dummy"
"""A key for servers that accept any key."""

UNKNOWN_KEY = "sk-invalid-key"
"""A key that every server rejects; mocks that accept any key reject the word "invalid"."""

SHOWN_KEY_CHARACTERS = 4
"""The number of characters at the end of a key that a masked key shows."""


def mask_key(key: str) -> str:
    """Return the last four characters of a key behind an ellipsis, or "…" for a short key."""
    return f"…{key[-SHOWN_KEY_CHARACTERS:]}" if len(key) >= _MIN_MASKABLE_LENGTH else "…"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The header that carries the API key.

    header: the name of the header in lower case
    scheme: the word before the key, such as "Bearer"; empty if there is none
    """

    header: str
    scheme: str

    def key(self, headers: Mapping[str, str]) -> str | RequestProblem:
        """Return the key in these headers (names in lower case), or the problem with them.

        A key may contain blanks, as in the tests of some SDKs.
        """
        text = headers.get(self.header, "").strip()
        word, _, rest = text.partition(" ")
        key = rest.strip() if self.scheme else text
        if self.scheme:
            valid = word.lower() == self.scheme.lower()
        else:
            valid = not rest or word.lower() not in _SCHEMES
        if key and valid:
            return key
        if not text:
            return RequestProblem(Cause.CREDENTIALS_MISSING, self.header, self._expected)
        # The rest of the header may be a key, which must not reach a log.
        received = quote(word) if rest and word.lower() in _SCHEMES else "something else"
        return RequestProblem(Cause.CREDENTIALS_MALFORMED, self.header, self._expected, received)

    def problem(self, headers: Mapping[str, str]) -> RequestProblem | None:
        """Return the problem with the key in these headers; a key with blanks is one, too."""
        key = self.key(headers)
        if isinstance(key, RequestProblem):
            return key
        if len(key.split()) == 1:
            return None
        return RequestProblem(
            Cause.CREDENTIALS_MALFORMED, self.header, self._expected, "a key with blanks"
        )

    @property
    def _expected(self) -> str:
        return f"must be sent as {f'{self.scheme} <key>'.strip()}"


def compile_credentials(root: Json) -> Credentials | None:
    """Return the credentials of the first security requirement; None if no key is required."""
    names = [name for requirement in root.get("security", ()) for name in requirement]
    if not names:
        return None
    schemes = root.get("components", {}).get("securitySchemes", {})
    scheme = resolve(root, schemes.get(names[0], {}))
    match scheme.get("type"):
        case "http" if str(scheme.get("scheme", "")).lower() == "basic":
            return Credentials("authorization", "Basic")
        case "http" | "oauth2" | "openIdConnect":
            return Credentials("authorization", "Bearer")
        case "apiKey" if scheme.get("in", "header") == "header" and "name" in scheme:
            return Credentials(scheme["name"].lower(), "")
    return None


_SCHEMES = ("basic", "bearer", "digest", "token")
# The rest of a shorter key would be quickly guessed.
_MIN_MASKABLE_LENGTH = 12
