"""Signatures of messages according to Standard Webhooks."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from math import floor

_PREFIX = "whsec_"


class Signer:
    """Signs messages.

    Args:
        secret: `whsec_` and the key in base64.

    Raises ValueError if the secret has another format, which verifiers may interpret differently.
    """

    def __init__(self, secret: str) -> None:
        try:
            key = b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            key = b""
        if not key or not secret.startswith(_PREFIX):
            # The text may be a real secret, so the message must not contain it.
            raise ValueError(f"the webhook secret must be {_PREFIX} followed by the key in base64")
        from standardwebhooks import Webhook  # most servers sign nothing

        self._webhook = Webhook(key)

    def headers(self, message_id: str, body: bytes, *, moment: float) -> dict[str, str]:
        """Return the headers that sign a body in UTF-8 at a moment (Unix seconds)."""
        timestamp = datetime.fromtimestamp(floor(moment), UTC)
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(floor(moment)),
            "webhook-signature": self._webhook.sign(message_id, timestamp, body.decode()),
        }


def new_secret(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a secret with a new key of 32 bytes from `random_bytes`."""
    return _PREFIX + b64encode(random_bytes(32)).decode()
