"""Fixtures for the tests of the contract checks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest
from aisa_testkit.openapi import Document
from tests.support.local_server import LocalServer
from tests.support.scripted_client import run_script


@pytest.fixture(scope="session")
def play() -> Callable[[Document, str], list[Exchange | UnmatchedRequest]]:
    """`tests.support.scripted_client.run_script`."""
    return run_script


@pytest.fixture
def either(any_document: Document) -> Document:
    """The bundled document, and the document of another API."""
    return any_document


@pytest.fixture
def local() -> Callable[..., LocalServer]:
    """`tests.support.local_server.LocalServer`."""
    return LocalServer
