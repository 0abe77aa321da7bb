"""API keys in recordings that other recorders have removed or masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...openapi import Document
from .exchange import Exchange
from .redaction import KEY_MASK


def lacks_keys(document: Document, exchanges: Iterable[Exchange]) -> bool:
    """Return True if the recorder removed every API key, as browsers do."""
    credentials = document.credentials
    return credentials is not None and not any(credentials.header in e.headers for e in exchanges)


def with_masked_key(document: Document, exchange: Exchange) -> Exchange:
    """Return the exchange with a masked key, so that it does not seem to be sent without one."""
    credentials = document.credentials
    if credentials is None:
        return exchange
    key = credentials.value_of(KEY_MASK)
    headers = {**exchange.call.headers, credentials.header: key}
    return replace(exchange, call=replace(exchange.call, headers=headers))


def with_our_mask(document: Document, headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with our mask for a key that the recorder masked, as in "[Filtered]".

    Different masks stay different. A key that is not masked stays as it is.
    """
    credentials = document.credentials
    value = headers.get(credentials.header) if credentials else None
    if credentials is None or value is None or KEY_MASK in value:
        return {**headers}
    scheme, _, rest = value.strip().partition(" ")
    mask = rest if scheme.lower() == credentials.scheme.lower() else value
    if not _MASK.search(mask.strip()):
        return {**headers}
    stand_in = credentials.value_of(f"{KEY_MASK}{''.join(mask.split())}")
    return {**headers, credentials.header: stand_in}


# No key has these characters: a mask as a whole, or one for the middle of a key.
_MASK = re.compile(
    r"^[\[<({].*[\])}>]$|\*{3}|[•…█]|^\.{3,}$"
    "|^(x{3,}|redacted|filtered|masked|hidden|removed|scrubbed|sanitized|censored)$",
    re.IGNORECASE,
)
