"""One TLS context for the clients of a process while a mock is open."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any, Final

import httpx
import httpx2

# The modules that make the context of each client, by a function of this name.
_FUNCTION: Final = "create_ssl_context"
_MODULES: Final = tuple(
    getattr(package, "_transports").default  # noqa: B009  # private, so that types do not know it
    for package in (httpx, httpx2)
)
# The environment variables that decide what a context trusts, and what it logs.
_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@contextmanager
def share_tls_context() -> Iterator[None]:
    """Give all clients of httpx and httpx2 without TLS settings of their own the same context.

    Each client loads the certificates of all authorities, which takes longer than the rest of a
    test. The shared context is the same as theirs, so connections to other hosts are verified as
    before. It is kept for the next mock.
    """
    with ExitStack() as stack:
        for module in _MODULES:
            stack.enter_context(_sharing(module))
        yield


@contextmanager
def _sharing(module: ModuleType) -> Iterator[None]:
    original: Callable[..., ssl.SSLContext] = getattr(module, _FUNCTION)
    if hasattr(original, "__wrapped__"):  # another mock is open
        yield
        return

    def create_ssl_context(
        verify: Any = True, cert: Any = None, trust_env: bool = True
    ) -> ssl.SSLContext:
        if verify is not True or cert:
            return original(verify=verify, cert=cert, trust_env=trust_env)
        return _default_context(original, trust_env, tuple(map(os.environ.get, _VARIABLES)))

    create_ssl_context.__wrapped__ = original  # type: ignore[attr-defined]
    setattr(module, _FUNCTION, create_ssl_context)
    try:
        yield
    finally:
        setattr(module, _FUNCTION, original)


@lru_cache(maxsize=8)
def _default_context(
    create: Callable[..., ssl.SSLContext], trust_env: bool, variables: tuple[str | None, ...]
) -> ssl.SSLContext:
    """Return the context of clients without settings of their own, made once.

    Args:
        create: The function that makes it.
        trust_env: True if it depends on the environment.
        variables: The values of _VARIABLES, with which another context is needed.
    """
    return create(trust_env=trust_env)
