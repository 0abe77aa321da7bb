"""Violations of clients as short texts: the code of the rule, and the numbers of the requests."""

from __future__ import annotations

from collections.abc import Iterable

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client
from aisa_testkit.openapi import Document

from .codes import codes_with_numbers
from .scripted_client import run_script


def client_codes(document: Document, history: Iterable[Exchange | UnmatchedRequest]) -> list[str]:
    """The violations of a client with this history: `["AV712 3 4"]`."""
    return codes_with_numbers(check_client(document, history))


def script_codes(document: Document, script: str) -> list[str]:
    """The violations of a client that sends the requests of a script, see `run_script`."""
    return client_codes(document, run_script(document, script))
