"""Fixtures: a valid document with some places changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import DocumentError, parse_document
from tests.support.documents import renderings_text

Problems = list[tuple[str, str]]


@pytest.fixture(scope="session")
def renderings() -> str:
    """The text of the document of another API."""
    return renderings_text()


@pytest.fixture
def changed(renderings: str) -> Callable[..., str]:
    """Return a function that replaces places in that text, each of which must occur once."""

    def change(*changes: tuple[str, str]) -> str:
        text = renderings
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the document"
            text = text.replace(old, new)
        return text

    return change


@pytest.fixture
def problems_after(changed: Callable[..., str]) -> Callable[..., Problems]:
    """Return a function that lists the pointers and reasons of all problems after changes."""

    def find(*changes: tuple[str, str]) -> Problems:
        with pytest.raises(DocumentError) as caught:
            parse_document(changed(*changes), strict=True)
        return [(problem.pointer, problem.reason) for problem in caught.value.problems]

    return find
