"""The API key of a request: where it is, how it is read, and problems with it.

While the toolkit handles a request, its key is in one header, that of the credentials of the
document, whatever way it was sent. So all that masks, compares or replaces keys knows one place.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace

from .credentials import BASIC, COOKIE, HEADER, QUERY, Credentials
from .envelope import Cause
from .messages import Call
from .request_problem import RequestProblem
from .text import quote


def read_key(credentials: Credentials, headers: Mapping[str, str]) -> str | RequestProblem:
    """Return the key in headers (names in lower case), or the problem with them.

    A key may contain blanks, as in the tests of some SDKs.
    """
    text = headers.get(credentials.header, "").strip()
    word, _, rest = text.partition(" ")
    key = rest.strip() if credentials.scheme or (credentials.any_word and rest) else text
    if credentials.any_word:
        valid = True
    elif credentials.scheme:
        valid = word.lower() == credentials.scheme.lower()
    else:
        valid = not rest or word.lower() not in _SCHEMES
    if key and valid:
        return _user_and_password(key) if credentials.scheme == BASIC else key
    if not text:
        expected = _expected(credentials)
        return RequestProblem(Cause.CREDENTIALS_MISSING, credentials.header, expected)
    # The rest of the header may be a key, which must not reach a log.
    received = quote(word) if rest and word.lower() in _SCHEMES else "something else"
    return _malformed(credentials, received)


def key_problem(credentials: Credentials, headers: Mapping[str, str]) -> RequestProblem | None:
    """Return the problem with the key in headers; a key with blanks is one, too."""
    key = read_key(credentials, headers)
    if isinstance(key, RequestProblem):
        return key
    return None if len(key.split()) == 1 else _malformed(credentials, "a key with blanks")


def _malformed(credentials: Credentials, received: str) -> RequestProblem:
    expected = _expected(credentials)
    return RequestProblem(Cause.CREDENTIALS_MALFORMED, credentials.header, expected, received)


def _expected(credentials: Credentials) -> str:
    if credentials.part == HEADER:
        return f"must be sent as {f'{credentials.scheme} <key>'.strip()}"
    place = "in the query" if credentials.part == QUERY else "as a cookie"
    return f"must be sent {place}: {credentials.name}=<key>"


def _user_and_password(text: str) -> str:
    """Return what Basic credentials encode; the text itself if it is masked or not encoded."""
    try:
        return b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def received(call: Call, accepted: tuple[Credentials, ...], known: Credentials) -> Call:
    """Return a call as it came, with its key in the header of `known`.

    Args:
        call: The call.
        accepted: The credentials that the operation accepts.
        known: The credentials of the document.
    """
    for each in accepted:
        value = _value_in(call, each)
        if value is not None:
            key = read_key(each, {each.header: value})
            if each == known and each.part == HEADER:
                return call
            text = known.value_of(key) if isinstance(key, str) else known.scheme
            rest = _without(call, each)
            return replace(rest, headers={**rest.headers, known.header: text})
    if accepted and known not in accepted:
        return _without(call, known)
    return call


def sent(call: Call, accepted: tuple[Credentials, ...], known: Credentials) -> Call:
    """Return a call as it is sent, with its key where the operation has it; see `received`."""
    used = used_credentials(accepted, known)
    text = call.headers.get(known.header)
    if text is None or (used == known and used.part == HEADER):
        return call
    key = read_key(known, call.headers)
    value = used.value_of(key) if isinstance(key, str) else text
    headers = {n: v for n, v in call.headers.items() if n != known.header}
    if used.part == QUERY:
        return replace(call, headers=headers, query=(*call.query, (used.name, value)))
    if used.part == COOKIE:
        cookies = [headers["cookie"]] if "cookie" in headers else []
        return replace(
            call, headers={**headers, "cookie": "; ".join([*cookies, f"{used.name}={value}"])}
        )
    return replace(call, headers={**headers, used.name: value})


def used_credentials(accepted: tuple[Credentials, ...], known: Credentials) -> Credentials:
    """Return how the toolkit sends the key to an operation; the arguments are as of `received`."""
    return known if not accepted or known in accepted else accepted[0]


def _value_in(call: Call, credentials: Credentials) -> str | None:
    """Return the text in the place of a key; None if there is none."""
    match credentials.part:
        case "query":
            return next((v for n, v in call.query if n == credentials.name), None)
        case "cookie":
            return _cookies_of(call.headers).get(credentials.name)
        case _:
            return call.headers.get(credentials.name)


def _without(call: Call, credentials: Credentials) -> Call:
    """Return a call without the text in the place of a key."""
    if credentials.part == QUERY:
        return replace(call, query=tuple(p for p in call.query if p[0] != credentials.name))
    headers = {n: v for n, v in call.headers.items() if n != credentials.header}
    if credentials.part == COOKIE and "cookie" in headers:
        left = {n: v for n, v in _cookies_of(headers).items() if n != credentials.name}
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in left.items())
        if not left:
            del headers["cookie"]
    return replace(call, headers=headers)


def _cookies_of(headers: Mapping[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in headers.get("cookie", "").split(";"))
    return {name.strip(): value.strip() for name, mark, value in pairs if mark}


_SCHEMES = ("basic", "bearer", "digest", "token")
