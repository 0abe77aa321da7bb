"""Fixtures for the tests of the contract checks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.openapi import Document
from tests.support.local_server import LocalServer


@pytest.fixture
def either(any_document: Document) -> Document:
    """The bundled document, and the document of another API."""
    return any_document


@pytest.fixture
def local() -> Callable[..., LocalServer]:
    """`tests.support.local_server.LocalServer`."""
    return LocalServer
