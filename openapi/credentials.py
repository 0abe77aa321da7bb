"""The API key of a request: where it is sent, how it is masked, and keys for examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .envelope import Cause
from .errors import Problem
from .json import Json
from .operation import METHODS
from .pointer import format_pointer
from .references import resolve
from .request_problem import RequestProblem
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
    any_word: True if any word, such as "Key" or "Token", may come before the key
    """

    header: str
    scheme: str
    any_word: bool = False

    def key(self, headers: Mapping[str, str]) -> str | RequestProblem:
        """Return the key in these headers (names in lower case), or the problem with them.

        A key may contain blanks, as in the tests of some SDKs.
        """
        text = headers.get(self.header, "").strip()
        word, _, rest = text.partition(" ")
        key = rest.strip() if self.scheme or (self.any_word and rest) else text
        if self.any_word:
            valid = True
        elif self.scheme:
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
    """Return the first credentials that the document or one of its operations requires.

    None if no key is required, or if none is sent in a header.
    """
    for name in _required_names(root):
        credentials = _credentials_of(root, name)
        if credentials:
            return credentials
    return None


def accepts(root: Json, security: Iterable[Json], credentials: Credentials) -> bool:
    """Return True if one of these security requirements is met by the credentials."""
    names = [name for requirement in security for name in requirement]
    return any(_credentials_of(root, name) == credentials for name in names)


def unchecked_schemes(root: Json) -> Iterator[Problem]:
    """Yield a warning for each required scheme whose keys are not sent in a header."""
    schemes = root.get("components", {}).get("securitySchemes", {})
    for name in dict.fromkeys(_required_names(root)):
        if name in schemes and _credentials_of(root, name) is None:
            pointer = format_pointer(("components", "securitySchemes", name))
            yield Problem(pointer, "is not checked: only keys in headers are")


def _required_names(root: Json) -> Iterator[str]:
    """Yield the names of required schemes, first those of the document."""
    paths = root.get("paths", {}).values()
    operations = [op for path in paths for method, op in path.items() if method in METHODS]
    for owner in (root, *operations):
        for requirement in owner.get("security", ()):
            yield from requirement


def _credentials_of(root: Json, name: str) -> Credentials | None:
    """Return the credentials of a scheme; None if its key is not sent in a header."""
    schemes = root.get("components", {}).get("securitySchemes", {})
    scheme = resolve(root, schemes.get(name, {}))
    match scheme.get("type"):
        case "http" if str(scheme.get("scheme", "")).lower() == "basic":
            return Credentials("authorization", "Basic")
        case "http" | "oauth2" | "openIdConnect":
            return Credentials("authorization", "Bearer")
        case "apiKey" if scheme.get("in", "header") == "header" and "name" in scheme:
            header = scheme["name"].lower()
            return Credentials(header, "", any_word=header == "authorization")
    return None


_SCHEMES = ("basic", "bearer", "digest", "token")
# The rest of a shorter key would be quickly guessed.
_MIN_MASKABLE_LENGTH = 12
