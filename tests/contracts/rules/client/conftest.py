"""What the judge says of a client that acts out a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client
from aisa_testkit.openapi import Document


@pytest.fixture(scope="session")
def blamed(
    play: Callable[[Document, str], list[Exchange | UnmatchedRequest]],
) -> Callable[[Document, str], list[str]]:
    """The rules that a script of the fixture `play` breaks, each with the numbers of the requests:
    `AV712 3 4`.
    """
    return lambda document, script: [
        " ".join([v.code, *map(str, v.numbers)])
        for v in check_client(document, play(document, script))
    ]
