"""What a program finds around it while a mock is active: its environment, and quiet warnings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from ..openapi.credentials import DUMMY_KEY

# `whsec_` and a key in base64, as Standard Webhooks has them.
DUMMY_SECRET = "whsec_ZHVtbXktd2ViaG9vay1zZWNyZXQtb2YtdGVzdHM="
KEY_VARIABLE = "AISA_API_KEY"


@contextmanager
def environment(
    base_url: str, key: str = DUMMY_KEY, *, webhook_secret: str = DUMMY_SECRET
) -> Iterator[None]:
    """Points the OpenAI SDKs, and programs that read the vendor's variable, at a mock, with a key
    and a webhook secret that are good for nothing else. Ignores the SDK's warning that the API of
    its own vendor ends.
    """
    variables = {
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": key,
        "OPENAI_WEBHOOK_SECRET": webhook_secret,
        KEY_VARIABLE: key,
    }
    before = {name: os.environ.get(name) for name in variables}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_SDK_WARNING, category=DeprecationWarning)
        os.environ.update(variables)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


_SDK_WARNING = "The Sora API is scheduled to permanently shut down"
