"""Clients share one TLS context while a mock is open, and only the default one."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import pytest

from aisa_testkit.pytest_plugin import mock_videos

CLIENTS = [httpx.Client, httpx.AsyncClient, httpx2.Client, httpx2.AsyncClient]


def context_of(client: Any) -> ssl.SSLContext:
    context = client._transport._pool._ssl_context
    assert isinstance(context, ssl.SSLContext)
    return context


@pytest.mark.parametrize("make", CLIENTS)
def test_clients_without_settings_share_a_context_that_verifies(make: Callable[..., Any]) -> None:
    with mock_videos(check=False):
        first, second = context_of(make()), context_of(make())
    assert first is second
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname
    assert first.get_ca_certs()


@pytest.mark.parametrize("make", CLIENTS)
def test_clients_with_settings_have_their_own_context(make: Callable[..., Any]) -> None:
    own = ssl.create_default_context()
    with mock_videos(check=False):
        shared = context_of(make())
        assert context_of(make(verify=False)) is not shared
        assert context_of(make(verify=own)) is own


def test_environment_decides_which_context_is_shared(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with mock_videos(check=False):
        usual = context_of(httpx.Client())
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-certificates")))
        changed = context_of(httpx.Client())
        assert changed is not usual
        assert not changed.get_ca_certs()
        assert context_of(httpx.Client(trust_env=False)) is not changed


def test_nothing_is_shared_outside_a_mock() -> None:
    with mock_videos(check=False), mock_videos(check=False):
        inside = context_of(httpx.Client())
    outside = context_of(httpx.Client())
    assert outside is not inside
    assert context_of(httpx.Client()) is not outside
