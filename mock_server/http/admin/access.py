"""Who is let in to the control API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from ....openapi.text import quote
from .description import AdminRequestError

TOKEN_HEADER: Final = b"x-admin-token"
RawHeaders = Iterable[tuple[bytes, bytes]]


class AdminAccess:
    """Lets in those who send the admin token; where there is none, all but the web pages of others.

    `host` is the name that the server is bound to, if it has one; `challenge` are the headers of
    the answer to who lacks the token. ValueError if the token is empty.
    """

    def __init__(
        self, token: str | None, *, host: str | None = None, challenge: Mapping[str, str]
    ) -> None:
        if token == "":
            raise ValueError(
                "admin_token (--admin-token) must not be empty; without it none is asked for"
            )
        self._token = None if token is None else token.encode()
        self._host, self._challenge = host.lower() if host else None, challenge

    @property
    def wants_token(self) -> bool:
        """Whether there is an admin token."""
        return self._token is not None

    def check(self, headers: RawHeaders) -> None:
        """Raise AdminRequestError if the request is not allowed; header names in lower case."""
        headers = tuple(headers)
        if self._token is None:
            return self._refuse_pages(headers)
        if not any(compare_digest(self._token, token) for token in _tokens(headers)):
            raise AdminRequestError(
                "authorization: must be Bearer and the admin token that the server was started"
                f" with, or that token in the header {TOKEN_HEADER.decode()}",
                status=401,
                headers=self._challenge,
            )

    def _refuse_pages(self, headers: RawHeaders) -> None:
        """Refuses what a browser sends for the page of another site, which may have had its own
        name lead here.
        """
        hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
        for host in hosts:
            if not self._is_of_here(host):
                wanted = "must be localhost, an IP address or the name that the server is bound to"
                raise _refused(f"host: {wanted}, not {quote(host)}")
        for name, value in headers:
            origin = value.decode("latin-1").lower()
            if name == b"origin" and origin.partition("://")[2] not in hosts:
                raise _refused(f"origin: must be that of this server, not {quote(origin)}")

    def _is_of_here(self, authority: str) -> bool:
        name = _PORT.sub("", authority).strip("[]").rstrip(".")
        # No site has a name without a dot, but a container has.
        if "." not in name or name == self._host or name.endswith(_NOBODYS):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def _tokens(headers: RawHeaders) -> Iterable[bytes]:
    for name, value in headers:
        scheme, _, token = value.partition(b" ")
        if name == TOKEN_HEADER:
            yield value
        elif name == b"authorization" and scheme.lower() == b"bearer":
            yield token.strip()


def _refused(reason: str) -> AdminRequestError:
    return AdminRequestError(
        f"{reason}; a server with an admin token (--admin-token) takes any", status=403
    )


_PORT = re.compile(":[0-9]*$")
# Nobody can have such a name registered (RFC 6761, and the reservation of .internal by ICANN).
_NOBODYS = (".localhost", ".internal")
