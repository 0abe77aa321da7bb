"""Access control of the control API."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from ....openapi.text import quote
from ...errors import AdminRequestError
from .admin_document import admin_document

TOKEN_HEADER: Final = b"x-admin-token"

RawHeaders = Iterable[tuple[bytes, bytes]]


class AdminAccess:
    """Access by the admin token. Without a token every client has access, except web pages of
    other sites.

    Args:
        token: The admin token, or None; ValueError if it is empty.
        host: The name that the server is bound to, if it has one.
    """

    def __init__(self, token: str | None, *, host: str | None = None) -> None:
        if token == "":
            raise ValueError(
                "admin_token (--admin-token) must not be empty; leave it out to require no token"
            )
        self._token = None if token is None else token.encode()
        self._host = host.lower() if host else None

    @property
    def requires_token(self) -> bool:
        """True if there is an admin token."""
        return self._token is not None

    def check(self, headers: RawHeaders) -> None:
        """Raise AdminRequestError if the request is not allowed; header names in lower case."""
        headers = tuple(headers)
        if self._token is None:
            return self._reject_other_sites(headers)
        if not any(compare_digest(self._token, token) for token in _sent_tokens(headers)):
            raise AdminRequestError(
                "authorization: must be Bearer and the admin token that the server was started"
                f" with, or that token in the header {TOKEN_HEADER.decode()}",
                status=401,
                headers=admin_document().challenge,
            )

    def _reject_other_sites(self, headers: RawHeaders) -> None:
        """Reject requests of web pages of other sites, by `Origin` and by `Host`.

        The host name matters because of DNS rebinding: a site can point its own name at this
        server.
        """
        hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
        for host in hosts:
            if not self._is_own_host(host):
                expected = (
                    "must be localhost, an IP address or the name that the server is bound to"
                )
                raise _forbidden(f"host: {expected}, not {quote(host)}")
        for name, value in headers:
            origin = value.decode("latin-1").lower()
            if name == b"origin" and origin.partition("://")[2] not in hosts:
                raise _forbidden(f"origin: must be that of this server, not {quote(origin)}")

    def _is_own_host(self, authority: str) -> bool:
        name = _PORT.sub("", authority).strip("[]").rstrip(".")
        # Public sites always have a dot in their name; containers often do not.
        if "." not in name or name == self._host or name.endswith(_RESERVED_DOMAINS):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def _sent_tokens(headers: RawHeaders) -> Iterable[bytes]:
    for name, value in headers:
        scheme, _, token = value.partition(b" ")
        if name == TOKEN_HEADER:
            yield value
        elif name == b"authorization" and scheme.lower() == b"bearer":
            yield token.strip()


def _forbidden(reason: str) -> AdminRequestError:
    return AdminRequestError(
        f"{reason}; a server with an admin token (--admin-token) accepts any", status=403
    )


_PORT = re.compile(":[0-9]*$")
# These names cannot be registered (RFC 6761, and the reservation of .internal by ICANN).
_RESERVED_DOMAINS = (".localhost", ".internal")
