"""The HTTP client of commands, and clear errors about the environment that it reads."""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import Any
from urllib.request import getproxies

import httpx2

from .options import fail


def open_client(url: str, **settings: Any) -> httpx2.Client:
    """Return a client for the server at a URL; ends the command if the environment is invalid.

    Servers on this machine are reached without the proxies of the environment.
    """
    local = _is_loopback(url)
    if not local:
        _check_proxies()
    context = _ssl_context()
    try:
        return httpx2.Client(verify=context, trust_env=not local, **settings)
    except ImportError:
        fail("a SOCKS proxy of the environment needs more software: pip install 'httpx2[socks]'")


def _is_loopback(url: str) -> bool:
    try:
        host = httpx2.URL(url).host
    except httpx2.InvalidURL:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_proxies() -> None:
    proxies = getproxies()
    if "*" in proxies.get("no", "").replace(",", " ").split():
        return
    for scheme in ("http", "https", "all"):
        value = proxies.get(scheme)
        if value and not _is_proxy(value if "://" in value else f"http://{value}"):
            lower, upper = f"{scheme}_proxy", f"{scheme}_proxy".upper()
            name = lower if lower in os.environ else upper
            # The value may contain a password.
            fail(f"{name} must be the URL of a proxy, such as http://127.0.0.1:3128")


def _is_proxy(url: str) -> bool:
    try:
        proxy = httpx2.Proxy(url)
    except (httpx2.InvalidURL, ValueError):
        return False
    return bool(proxy.url.host) and (proxy.url.port or 1) in range(1, 65536)


def _ssl_context() -> ssl.SSLContext:
    try:
        if path := os.environ.get("SSLKEYLOGFILE"):
            # Checked here, because not every TLS library of the client opens it at once.
            open(path, "ab").close()
        return httpx2.create_ssl_context()
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        fail(f"{_tls_variable(error.filename)} cannot be used: {reason}")


def _tls_variable(path: str | None) -> str:
    """Return the variable with this path, or else the variables that may be the cause."""
    paths = {name: os.environ[name] for name in _TLS_VARIABLES if os.environ.get(name)}
    exact = [name for name in paths if paths[name] == path]
    missing = [name for name in paths if not os.path.exists(paths[name])]
    return " or ".join(exact or missing or paths) or "the system's certificates"


_TLS_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
