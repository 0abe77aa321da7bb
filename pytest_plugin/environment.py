"""The environment variables of a program while a mock is active."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..mock_server.client_variables import DUMMY_SECRET, client_variables
from ..openapi.credentials import DUMMY_KEY
from .sdk_warning import ignore_sdk_warning


@contextmanager
def client_environment(
    base_url: str, key: str = DUMMY_KEY, *, webhook_secret: str = DUMMY_SECRET
) -> Iterator[None]:
    """Set the variables that point clients at a mock, for the length of the block.

    Also ignores the OpenAI SDK's warning that its vendor's video API will shut down.

    Args:
        base_url: the URL of the API, for the OpenAI SDKs.
        key: the API key, for the OpenAI SDKs and in AISA_API_KEY.
        webhook_secret: the secret that verifies webhooks, for the OpenAI SDKs.
    """
    variables = client_variables(base_url, key, webhook_secret=webhook_secret)
    before = {name: os.environ.get(name) for name in variables}
    with ignore_sdk_warning():
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
