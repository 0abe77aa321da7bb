"""How a request says who it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .envelope import Cause
from .json import Json
from .request import RequestProblem
from .schema import resolve
from .text import quote


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a request says who it is: a header (in lower case), and the word before the key, empty if
    there is none.
    """

    header: str
    scheme: str

    def key(self, headers: Mapping[str, str]) -> str | RequestProblem:
        """The key in these headers (names in lower case), or what is wrong with them."""
        text = headers.get(self.header)
        scheme, _, key = (text or "").partition(" ") if self.scheme else ("", "", text or "")
        key = key.strip()
        if key and " " not in key and scheme.lower() == self.scheme.lower():
            return key
        wanted = f"must be sent as {f'{self.scheme} <key>'.strip()}"
        if not text or not text.strip():
            return RequestProblem(Cause.CREDENTIALS_MISSING, self.header, wanted)
        # What came may be a key that was sent in a wrong way, and is not for any log.
        came = quote(scheme) if scheme.lower() in _SCHEMES and key else "something else"
        return RequestProblem(Cause.CREDENTIALS_MALFORMED, self.header, wanted, came)


def compile_credentials(root: Json) -> Credentials | None:
    """What the first security requirement of the document asks for; None if it asks for nothing."""
    names = [name for requirement in root.get("security", ()) for name in requirement]
    if not names:
        return None
    scheme = resolve(root, root["components"]["securitySchemes"][names[0]])
    if scheme["type"] == "http":
        return Credentials("authorization", "Bearer")
    return Credentials(scheme["name"].lower(), "")


_SCHEMES = ("basic", "digest", "token")
