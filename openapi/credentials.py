"""The ways to send API keys, how keys are masked, and keys for examples."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .errors import Problem
from .json import Json
from .pointer import format_pointer
from .references import resolve

HEADER, QUERY, COOKIE = "header", "query", "cookie"
"""The parts of a request that can hold the key."""

BASIC = "Basic"
"""The scheme of user names and passwords."""

DUMMY_KEY = "sk-aisa-dummy"
"""A key for servers that accept any key."""

UNKNOWN_KEY = "sk-invalid-key"
"""A key that every server rejects; mocks that accept any key reject the word "invalid"."""

SHOWN_KEY_CHARACTERS = 4
"""The number of characters at the end of a key that a masked key shows."""


def mask_key(key: str) -> str:
    """Return the last four characters of a key behind an ellipsis, or "…" for a short key."""
    return f"…{key[-SHOWN_KEY_CHARACTERS:]}" if len(key) >= _MIN_MASKABLE_LENGTH else "…"


class Credentials(NamedTuple):
    """A way to send the API key.

    name: the name of the header in lower case, of the parameter of the query, or of the cookie
    scheme: the word before the key, such as "Bearer"; empty if there is none. With "Basic" the key
        is `USER:PASSWORD`, and encoded.
    any_word: True if any word, such as "Key" or "Token", may come before the key
    part: where the key is: "header", "query" or "cookie"
    """

    name: str
    scheme: str = ""
    any_word: bool = False
    part: str = HEADER

    @property
    def header(self) -> str:
        """The header that holds the key while the toolkit handles a request.

        That of a key in the query is "query.NAME", of one in a cookie "cookie.NAME".
        """
        return self.name if self.part == HEADER else f"{self.part}.{self.name}"

    def value_of(self, key: str) -> str:
        """Return what is sent for a key: `Bearer sk-…`."""
        if self.scheme == BASIC and ":" in key:
            key = b64encode(key.encode()).decode()
        return f"{self.scheme} {key}".strip()


def compile_credentials(root: Json) -> Credentials | None:
    """Return the first credentials that the document or one of its operations requires.

    A key in a header comes before others. None if no key is required, or none that is checked.
    """
    found = [c for name in _required_names(root) if (c := _credentials_of(root, name))]
    return next((c for c in found if c.part == HEADER), found[0] if found else None)


def accepted_credentials(root: Json, security: Iterable[Json]) -> tuple[Credentials, ...]:
    """Return the credentials that meet security requirements, each of which is enough.

    Requirements that cannot be checked are left out, and of one with several schemes only the first
    that can be checked counts. Returns () if requests need no key, as an empty requirement says.
    """
    accepted: dict[Credentials, None] = {}
    for requirement in security:
        if not requirement:
            return ()
        known = [c for name in requirement if (c := _credentials_of(root, name))]
        accepted.update(dict.fromkeys(known[:1]))
    return tuple(accepted)


def unchecked_schemes(root: Json) -> Iterator[Problem]:
    """Yield a warning for each required scheme that is not checked."""
    schemes = root.get("components", {}).get("securitySchemes", {})
    checked: set[str] = set()
    for requirement in _requirements(root):
        known = [name for name in requirement if _credentials_of(root, name)]
        checked.update(known[:1])
    for name in dict.fromkeys(_required_names(root)):
        if name in schemes and name not in checked:
            pointer = format_pointer(("components", "securitySchemes", name))
            if _credentials_of(root, name):
                reason = "one key of a request is, and this comes beside another"
            else:
                reason = f"only keys, {BASIC} and Bearer are"
            yield Problem(pointer, f"is not checked: {reason}")


def _required_names(root: Json) -> Iterator[str]:
    """Yield the names of required schemes, first those of the document."""
    for requirement in _requirements(root):
        yield from requirement


def _requirements(root: Json) -> Iterator[Json]:
    """Yield the security requirements, first those of the document."""
    items = (resolve(root, item) for item in root.get("paths", {}).values())
    operations = [each for item in items for each in item.values() if isinstance(each, dict)]
    for owner in (root, *operations):
        yield from owner.get("security", ())


def _credentials_of(root: Json, name: str) -> Credentials | None:
    """Return the credentials of a scheme; None if it cannot be checked."""
    schemes = root.get("components", {}).get("securitySchemes", {})
    scheme = resolve(root, schemes.get(name, {}))
    match scheme.get("type"):
        case "http" if str(scheme.get("scheme", "")).lower() == "basic":
            return Credentials("authorization", BASIC)
        case "http" if str(scheme.get("scheme", "bearer")).lower() != "bearer":
            return None
        case "http" | "oauth2" | "openIdConnect":
            return Credentials("authorization", "Bearer")
        case "apiKey" if "name" in scheme:
            part = scheme.get("in", HEADER)
            if part in (QUERY, COOKIE):
                return Credentials(scheme["name"], part=part)
            header = scheme["name"].lower()
            return Credentials(header, any_word=header == "authorization")
    return None


# The rest of a shorter key would be quickly guessed.
_MIN_MASKABLE_LENGTH = 12
