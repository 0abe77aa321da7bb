"""The environment variables that point clients at a mock."""

from __future__ import annotations

from typing import Final

from ..openapi.credentials import DUMMY_KEY

# `whsec_` and a key in base64, the format of Standard Webhooks.
DUMMY_SECRET: Final = "whsec_ZHVtbXktd2ViaG9vay1zZWNyZXQtb2YtdGVzdHM="
API_KEY_VARIABLE: Final = "AISA_API_KEY"


def client_variables(
    base_url: str, key: str = DUMMY_KEY, *, webhook_secret: str = DUMMY_SECRET
) -> dict[str, str]:
    """Return the variables by name.

    Args:
        base_url: The URL of the API, for the OpenAI SDKs.
        key: The API key, for the OpenAI SDKs and in AISA_API_KEY.
        webhook_secret: The secret that verifies webhooks, for the OpenAI SDKs.
    """
    return {
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": key,
        "OPENAI_WEBHOOK_SECRET": webhook_secret,
        API_KEY_VARIABLE: key,
    }
