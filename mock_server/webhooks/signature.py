"""Signatures of messages, as Standard Webhooks asks for."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from math import floor

from standardwebhooks import Webhook

_PREFIX = "whsec_"


class Signer:
    """Signs messages with a secret: `whsec_` and the key in base64. Raises ValueError for any
    other text, which verifiers would read in different ways.
    """

    def __init__(self, secret: str) -> None:
        try:
            key = b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            key = b""
        if not key or not secret.startswith(_PREFIX):
            # What it is instead may be a real secret, and is not told.
            raise ValueError(f"the secret must be {_PREFIX} and then the key in base64")
        self._webhook = Webhook(key)

    def headers(self, message_id: str, body: bytes, *, moment: float) -> dict[str, str]:
        """The headers that sign a body of UTF-8 at a moment (Unix seconds)."""
        stamp = datetime.fromtimestamp(floor(moment), UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(floor(moment)),
            "webhook-signature": self._webhook.sign(message_id, stamp, body.decode()),
        }


def new_secret(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A secret with a new key of 32 bytes, which `random` makes."""
    return _PREFIX + b64encode(random(32)).decode()
