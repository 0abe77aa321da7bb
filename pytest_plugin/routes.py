"""respx routes of a document: one for each operation, named by its id."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import httpx
import httpx2
import respx
from respx.mocks import HTTPCoreMocker
from respx.models import AllMockedAssertionError, PassThrough, RouteList
from respx.types import RouteResultTypes

from ..mock_server import Endpoint
from ..mock_server.endpoint import parse_query
from ..openapi import Call, Operation, OperationMatch, Reply
from ..openapi.messages import read_headers
from ..openapi.text import did_you_mean
from .client_delivery import REPLY_EXTENSION, async_deliver, deliver, is_undelivered
from .mock_journal import MockJournal


class VideoRoute(respx.Route):
    """The respx route of one operation, which returns the mock's responses.

    A test may set a response or a side effect instead. `route.mock()` restores the mock's
    responses, and so does the end of a list of side effects.

    Args:
        operation: the operation of the document.
        base_urls: the URLs at which clients expect the API.
        router: the router of the mock.
    """

    def __init__(
        self, operation: Operation, base_urls: Sequence[httpx.URL], router: VideoRouter
    ) -> None:
        methods = ["GET", "HEAD"] if operation.method == "GET" else [operation.method]
        super().__init__(method__in=methods, url__regex=_url_pattern(operation, base_urls))
        self.operation, self._router = operation, router

    def snapshot(self) -> None:
        """Save the response and the side effect of the route for `rollback()`."""
        if hasattr(self, "operation"):  # False in __init__, where respx calls this, too
            super().snapshot()

    def rollback(self) -> None:
        """Restore the response and the side effect of the last snapshot."""
        if self._snapshots:
            super().rollback()
        else:
            self.mock()

    def resolve(self, request: httpx.Request, **kwargs: object) -> RouteResultTypes:
        __tracebackhide__ = True
        if self.side_effect or self.return_value:
            try:
                # A side effect without a result only observes the request.
                return super().resolve(request, **kwargs) or self._router.mock_response(request)
            except StopIteration:  # the list of side effects is exhausted
                self.mock()
        return self._router.mock_response(request)

    def _next_side_effect(self) -> Any:
        effect = super()._next_side_effect()
        if isinstance(effect, type) and issubclass(effect, httpx2.RequestError):
            return getattr(httpx, effect.__name__, httpx.TransportError)
        return effect


class VideoRoutes(RouteList):
    """The routes of a mock by operation id, with an error for unknown ids that names all."""

    def __getitem__(self, key: int | str) -> respx.Route:
        __tracebackhide__ = True
        if isinstance(key, str) and key not in self._names:
            known = f"only {', '.join(self._names)}{did_you_mean(key, self._names)}"
            raise KeyError(f"there is no route {key!r}, {known}")
        return super().__getitem__(key)


class VideoRouter(respx.MockRouter):
    """The respx routes of a mock.

    A request to a base URL that matches no route gets the mock's error for an unknown path. A
    request to another host goes to the next respx router, or else to the network.

    Args:
        endpoint: the endpoint of the mock.
        base_urls: the URLs at which clients expect the API.
        journal: the journal of the requests.
        allow_other_hosts: False to block requests to other hosts and record them in the journal.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        base_urls: Sequence[str],
        journal: MockJournal,
        allow_other_hosts: bool = True,
    ) -> None:
        super().__init__(assert_all_called=False)
        self.routes = VideoRoutes()
        self._endpoint, self._journal, self._process = endpoint, journal, os.getpid()
        self._allow_other_hosts = allow_other_hosts
        # The longest first, because one base URL may be a prefix of another.
        self._servers = sorted(map(httpx.URL, base_urls), key=lambda url: -len(url.raw_path))
        document = endpoint.service.document
        self._base_path = document.base_path
        # A path without parameters takes precedence over one with parameters.
        operations = document.operations.values()
        for operation in sorted(operations, key=lambda o: len(o.template.parameters)):
            self.add(VideoRoute(operation, self._servers, self), name=operation.id)

    def mock_response(self, request: httpx.Request) -> httpx.Response:
        """Return the mock's response to a request."""
        url, path = request.url, self._path(request.url)
        if path is None:
            reply = self._endpoint.respond_unmatched(
                request.method, url.path, headers=read_headers(request.headers.raw)
            )
        else:
            reply = self._endpoint.respond(
                request.method,
                path,
                query=url.query.decode("ascii"),
                headers=read_headers(request.headers.raw),
                body=request.content,
            )
        extensions: dict[str, object] = _MOCK_EXTENSION
        if reply.delivery is not None:
            extensions = {**_MOCK_EXTENSION, REPLY_EXTENSION: reply}
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            content=reply.body,
            request=request,
            extensions=extensions,
        )

    def handler(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        self._check_host(request)
        try:
            with _raise_httpx_errors():
                response = super().handler(request)
        except AllMockedAssertionError:
            response = self.mock_response(request)  # the error for an unknown path
        return deliver(response, request, self._endpoint)

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        __tracebackhide__ = True
        self._check_host(request)
        try:
            with _raise_httpx_errors():
                response = await super().async_handler(request)
        except AllMockedAssertionError:
            response = self.mock_response(request)  # the error for an unknown path
        return await async_deliver(response, request, self._endpoint)

    def record(
        self,
        request: httpx.Request,
        *,
        response: httpx.Response | None = None,
        route: respx.Route | None = None,
    ) -> None:
        delivered = None if is_undelivered(response) else response
        super().record(request, response=delivered, route=route)
        # The endpoint has already recorded the mock's own responses.
        recorded = response is not None and _MOCK_EXTENSION.items() <= response.extensions.items()
        if isinstance(route, VideoRoute) and not recorded:
            self._journal.answered(self._call(request, route.operation), _reply(response))

    def _check_host(self, request: httpx.Request) -> None:
        """Return for a request to the API; otherwise raise an error that blocks or forwards it."""
        __tracebackhide__ = True
        url = request.url
        if any(_origin(base) == _origin(url) for base in self._servers):
            if os.getpid() != self._process:
                self._block(request, _FORKED)
            return
        if url.host in _LOCAL_HOSTS:
            raise _pass_through(request)
        for base in self._servers:
            if base.host == url.host.rstrip("."):
                self._block(request, f"the API is at {base}, not at {url}")
        # If the test has other respx routers, the next one decides.
        if request.extensions.get(ROUTERS_EXTENSION, HTTPCoreMocker.routers)[-1:] != [self]:
            raise AllMockedAssertionError(f"{url} is not a URL of the mock")
        if not self._allow_other_hosts:
            self._block(request, f"requests to {url.host} are blocked (other_hosts is 'fail')")
        raise _pass_through(request)

    def _block(self, request: httpx.Request, reason: str) -> NoReturn:
        __tracebackhide__ = True
        self._journal.blocked(request.method, str(request.url), reason)
        raise httpx.ConnectError(reason, request=request)

    def _path(self, url: httpx.URL) -> str | None:
        """Return the path below the document's own base path, percent-encoded.

        None if the URL is below none of the base URLs.
        """
        path = url.raw_path.partition(b"?")[0].decode("ascii")
        for base in self._servers:
            prefix = base.raw_path.decode("ascii").rstrip("/")
            if _origin(base) == _origin(url) and f"{path}/".startswith(f"{prefix}/"):
                return self._base_path + path[len(prefix) :]
        return None

    def _call(self, request: httpx.Request, operation: Operation) -> Call:
        match = self._endpoint.match(operation.method, self._path(request.url) or "")
        parameters = match.path_parameters if isinstance(match, OperationMatch) else {}
        query = parse_query(request.url.query.decode("ascii"))
        headers = read_headers(request.headers.raw)
        call = Call(operation.id, parameters, query, headers, request.content)
        return self._endpoint.service.document.received(call)


@contextmanager
def _raise_httpx_errors() -> Iterator[None]:
    """Turn errors of httpx2 from side effects into those of httpx, which respx expects."""
    __tracebackhide__ = True
    try:
        yield
    except httpx2.RequestError as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error)).with_traceback(error.__traceback__) from None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _pass_through(request: httpx.Request) -> PassThrough:
    """Return the exception with which respx sends a request to the network."""
    message = f"{request.url} is not a URL of the mock"
    return PassThrough(message, request=request, origin=respx.Route())


def _url_pattern(operation: Operation, base_urls: Sequence[httpx.URL]) -> str:
    bases = "|".join(re.escape(str(url).rstrip("/")) for url in base_urls)
    return f"^(?:{bases}){operation.template.regex}(?:\\?.*)?$"


def _reply(response: httpx.Response | None) -> Reply | None:
    if response is None:
        return None
    # A test's stream can be read only once, so it is left to the client.
    body = response.read() if isinstance(response.stream, httpx.ByteStream) else b""
    return Reply(response.status_code, dict(response.headers), body)


# The extension of a request with its respx routers, if they are not those for httpx.
ROUTERS_EXTENSION: Final = "aisa_testkit.routers"
_MOCK_EXTENSION: Final[dict[str, object]] = {"aisa_testkit.mock": True}
# The copy of the mock in the child process would answer, but the test would not see the request.
_FORKED = (
    "the mock is in another process, which cannot check the requests of its child processes:"
    " use video_server or serve_videos()"
)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
