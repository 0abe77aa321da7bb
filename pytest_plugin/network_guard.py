"""Blocks connections to the real API while a mock is open, whatever library opens them.

A mock in process only sees the requests of httpx and httpx2. Most of the rest of Python asks for
an address and connects through the module socket, which reports both to audit hooks; uvloop does
both in C, and is made to report them, too. An audit hook cannot be removed, so the first mock
installs one that consults the mocks that are open.

Some programs find the address in another way: a resolver in C, a proxy, or a function that
replaces `socket.getaddrinfo`. So that function and the TLS handshake, which names the host, are
wrapped while a mock is open. A connection may be older than the mock, so what is written to TLS
connections is checked as well.
"""

from __future__ import annotations

import errno
import inspect
import socket
import ssl
import sys
import threading
import warnings
from collections.abc import Callable, Collection, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import wraps
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from .call_site import find_call_site
from .errors import ContractWarning
from .late_threads import LateThreads, running_threads


class NetworkGuard:
    """The connections that a mock forbids.

    Args:
        base_urls: the URLs of the real API.
        allow_other_hosts: False to forbid connections to all hosts but this machine.
        advice: how to reach the mock instead.
        on_blocked: called with the host and port of each forbidden connection, and the reason.
    """

    def __init__(
        self,
        base_urls: Collection[str],
        *,
        allow_other_hosts: bool,
        advice: str,
        on_blocked: Callable[[str, str], None],
    ) -> None:
        self.api_hosts = {_normalized(urlsplit(url).hostname) for url in base_urls}
        self._allow_other_hosts, self._advice = allow_other_hosts, advice
        self._on_blocked = on_blocked

    def forbids(self, host: str) -> bool:
        """Return whether a connection to this host is forbidden."""
        return host in self.api_hosts or not self._allow_other_hosts

    def block(self, host: str, port: object, *, late: bool) -> None:
        """Record a forbidden connection and raise ConnectionRefusedError.

        Args:
            host: the name or address.
            port: its port, None or a name if only an address is looked up.
            late: True if the mock is closed, and a thread that it leaves behind connects.
        """
        __tracebackhide__ = True
        reason = f"connections to {host} are blocked"
        reason += f"; {self._advice}" if host in self.api_hosts else " (other_hosts is 'fail')"
        if late:
            place, name = find_call_site(), threading.current_thread().name
            reason = f"from {place}: {reason}; thread {name!r} outlived its test"
            warnings.warn(ContractWarning(reason), stacklevel=4)
        else:
            self._on_blocked(f"{host}:{port}" if isinstance(port, int) else host, reason)
        raise ConnectionRefusedError(errno.ECONNREFUSED, reason)


@contextmanager
def guard_network(guard: NetworkGuard) -> Iterator[None]:
    """Block connections for the length of the block, and later in the threads it leaves behind."""
    _install_hook()
    before = running_threads()
    _open.insert(0, guard)
    try:
        with ExitStack() as wrappers:
            for owner, name, parameter in _WRAPPED:
                wrappers.enter_context(_check_calls(owner, name, parameter))
            for kind, name in _WRITES:
                wrappers.enter_context(_check_writes(kind, name))
            yield
    finally:
        _open.remove(guard)
        _late.add_all_but(before, guard)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event in _EVENTS and (_open or _late):
        if event in _LOOK_UPS:
            host, port = args[0], args[1] if len(args) > 1 else None
        elif args[0].family in _INTERNET and isinstance(args[1], tuple):
            host, port = args[1][:2]
        else:
            return
        if not isinstance(host, str | bytes):
            return
        _check(_normalized(host), port)


def _check(host: str, port: object) -> None:
    """Raise ConnectionRefusedError if the current thread must not connect to a host."""
    __tracebackhide__ = True
    if _is_local(host):
        return
    if late := _late.owner_of_current():
        if late.forbids(host):
            late.block(host, port, late=True)
        return
    for guard in list(_open):
        if guard.forbids(host):
            guard.block(host, port, late=False)


@contextmanager
def _check_calls(owner: Any, name: str, parameter: str) -> Iterator[None]:
    """Check the host in this parameter of a function, for the length of the block."""
    function = getattr(owner, name)
    signature = inspect.signature(function)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        arguments = signature.bind(*args, **kwargs).arguments
        host = arguments.get(parameter)
        for guard in list(_open):
            if isinstance(host, str | bytes) and _normalized(host) in guard.api_hosts:
                _check(_normalized(host), arguments.get("port"))
        return function(*args, **kwargs)

    setattr(owner, name, checked)
    try:
        yield
    finally:
        if getattr(owner, name) is checked:  # another patch of the test may still be in place
            setattr(owner, name, function)


@contextmanager
def _check_writes(owner: Any, name: str) -> Iterator[None]:
    """Check the host of a TLS connection in its method that writes, for the length of the block."""
    method = getattr(owner, name)

    @wraps(method)
    def checked(connection: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if connection.server_hostname:
            _check(_normalized(connection.server_hostname), None)
        return method(connection, *args, **kwargs)

    setattr(owner, name, checked)
    try:
        yield
    finally:
        if getattr(owner, name) is checked:
            setattr(owner, name, method)


def _install_hook() -> None:
    with _installing:
        if not _installed:
            sys.addaudithook(_audit)
            # A method is replaced, which types do not allow.
            threading.Thread.start = _noted(threading.Thread.start)  # type: ignore[assignment, method-assign]
            with suppress(ImportError):  # there is no uvloop for Windows
                from uvloop import Loop

                for name in _CONNECT_IN_C:
                    setattr(Loop, name, _reported(getattr(Loop, name)))
            _installed.append(True)


def _noted(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """Return the method that starts a thread, which notes threads that late threads start."""

    @wraps(start)
    def noted(thread: threading.Thread) -> None:
        _late.add_child(thread)
        start(thread)

    return noted


def _reported(method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Return a method of an event loop that reports the host it connects to to audit hooks."""
    signature = inspect.signature(method)

    @wraps(method)
    async def reported(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        arguments = signature.bind(*args, **kwargs).arguments
        address = arguments.get("remote_addr") or (arguments.get("host"), arguments.get("port"))
        sys.audit("socket.getaddrinfo", *address[:2], 0, 0, 0)
        return await method(*args, **kwargs)

    return reported


def _normalized(host: str | bytes | None) -> str:
    """Return a host in the form in which hosts are compared."""
    name = host.decode("latin-1") if isinstance(host, bytes) else host or ""
    return name.partition("%")[0].rstrip(".").lower()


def _is_local(host: str) -> bool:
    """Return whether a host is this machine."""
    if host in ("", "localhost", "<broadcast>") or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return host == _normalized(socket.gethostname())
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback or mapped.is_unspecified


_LOOK_UPS: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_EVENTS: Final = _LOOK_UPS | {"socket.connect", "socket.sendto", "socket.sendmsg"}
_WRAPPED: Final = (
    (socket, "getaddrinfo", "host"),
    (ssl.SSLContext, "wrap_socket", "server_hostname"),
    (ssl.SSLContext, "wrap_bio", "server_hostname"),
)
_CONNECT_IN_C: Final = ("getaddrinfo", "create_connection", "create_datagram_endpoint")
_WRITES: Final = ((ssl.SSLSocket, "send"), (ssl.SSLSocket, "write"), (ssl.SSLObject, "write"))
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)
_installing: Final = threading.Lock()
_installed: Final[list[bool]] = []
_open: Final[list[NetworkGuard]] = []  # the innermost first
_late: Final = LateThreads[NetworkGuard]()
