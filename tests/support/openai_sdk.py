"""The versions of OpenAI's SDK that tests can run with."""

from __future__ import annotations

import openai
import pytest

# Version 2 uses httpx instead of httpx2, and retries too early after a long Retry-After.
needs_version_3 = pytest.mark.skipif(
    int(openai.__version__.partition(".")[0]) < 3, reason="this is so from version 3 of the SDK on"
)
