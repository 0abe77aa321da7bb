"""Mocks with a journal."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi import Document
from tests.support.journaled_mock import JournaledMock


@pytest.fixture
def mock(document: Document) -> JournaledMock:
    """A mock of the bundled API with a journal."""
    return JournaledMock(document)


@pytest.fixture
def any_mock(any_document: Document) -> JournaledMock:
    """A mock with a journal, of the bundled API and of another API."""
    return JournaledMock(any_document)
