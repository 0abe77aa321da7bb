"""respx routes, made from a document: one for each operation, named as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import httpx
import respx
from respx.mocks import HTTPCoreMocker
from respx.models import AllMockedAssertionError, PassThrough
from respx.types import RouteResultTypes

from ..mock_server import Endpoint
from ..mock_server.endpoint import parse_query
from ..openapi import Call, Match, Operation, Reply
from .journal import Journal


class VideoRoute(respx.Route):
    """The route of one operation. It answers as the mock does, unless a test has set a response or
    a side effect of its own; `route.mock()` takes that back, and so does the end of a list of side
    effects.
    """

    def __init__(
        self, operation: Operation, base_urls: Sequence[httpx.URL], router: VideoRouter
    ) -> None:
        methods = ["GET", "HEAD"] if operation.method == "GET" else [operation.method]
        super().__init__(method__in=methods, url__regex=_url_pattern(operation, base_urls))
        self.operation, self._router = operation, router

    def snapshot(self) -> None:
        """Keeps what is set on the route for `rollback()`."""
        if hasattr(self, "operation"):  # not while it is made, when nothing is set
            super().snapshot()

    def rollback(self) -> None:
        """Takes back what was set since the last snapshot."""
        if self._snapshots:
            super().rollback()
        else:
            self.mock()

    def resolve(self, request: httpx.Request, **kwargs: object) -> RouteResultTypes:
        if self.side_effect or self.return_value:
            try:
                return super().resolve(request, **kwargs)
            except StopIteration:  # a list of side effects has come to its end
                self.mock()
        return self._router.answer(request)


class VideoRouter(respx.MockRouter):
    """The routes of a mock, for clients that believe it to be at one of some base URLs.

    A request to one of these servers that no route takes is answered as the mock does, and noted.
    One to another host is left to whoever comes next; if `let_out` is off, it is noted and refused.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        base_urls: Sequence[str],
        journal: Journal,
        let_out: bool = True,
    ) -> None:
        super().__init__(assert_all_called=False)
        self._endpoint, self._journal, self._let_out = endpoint, journal, let_out
        self._servers = [httpx.URL(url) for url in base_urls]
        document = endpoint.service.document
        self._base_path = document.base_path
        # A path without parameters wins over one with.
        for operation in sorted(document.operations.values(), key=lambda o: o.path.count("{")):
            self.add(VideoRoute(operation, self._servers, self), name=operation.id)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the mock answers to a request for it."""
        url = request.url
        reply = self._endpoint.respond(
            request.method,
            self._path(url),
            query=url.query.decode("ascii"),
            headers=_headers(request),
            body=request.content,
        )
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            content=reply.body,
            request=request,
            extensions=_BY_THE_MOCK,
        )

    def handler(self, request: httpx.Request) -> httpx.Response:
        self._sort_out(request)
        try:
            return super().handler(request)
        except AllMockedAssertionError:
            return self.answer(request)  # which says that there is no such operation

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        self._sort_out(request)
        try:
            return await super().async_handler(request)
        except AllMockedAssertionError:
            return self.answer(request)  # which says that there is no such operation

    def record(
        self,
        request: httpx.Request,
        *,
        response: httpx.Response | None = None,
        route: respx.Route | None = None,
    ) -> None:
        super().record(request, response=response, route=route)
        # What the mock has answered is written down by its endpoint.
        written = response is not None and _BY_THE_MOCK.items() <= response.extensions.items()
        if isinstance(route, VideoRoute) and not written:
            self._journal.answered(self._call(request, route.operation), _reply(response))

    def _sort_out(self, request: httpx.Request) -> None:
        """Raises what sends a request elsewhere that is not for the API."""
        if self._base(request.url) is not None:
            return
        if not self._let_out and request.url.host not in _THIS_MACHINE:
            why = f"requests to {request.url.host} are not let out (other_hosts is 'fail')"
            self._journal.blocked(request.method, str(request.url), why)
            raise httpx.ConnectError(why, request=request)
        # Routes that a test has beside these come next, and decide if there are any.
        if HTTPCoreMocker.routers[-1:] == [self]:
            raise passing(request)
        raise AllMockedAssertionError(f"{request.url} is not for the mock")

    def _base(self, url: httpx.URL) -> httpx.URL | None:
        """The base URL that a request is for, or whose server it is for at least."""
        here = [
            b
            for b in self._servers
            if (b.scheme, b.host, b.port) == (url.scheme, url.host, url.port)
        ]
        return max(here, key=lambda base: url.path.startswith(base.path), default=None)

    def _path(self, url: httpx.URL) -> str:
        """The path as the document has it, percent-encoded, whatever base URL the client uses."""
        path, base = url.raw_path.partition(b"?")[0].decode("ascii"), self._base(url)
        prefix = base.path.rstrip("/") if base is not None else ""
        if base is None or not path.startswith(prefix):
            return path
        return self._base_path + path[len(prefix) :]

    def _call(self, request: httpx.Request, operation: Operation) -> Call:
        match = self._endpoint.match(operation.method, self._path(request.url))
        parameters = match.path_parameters if isinstance(match, Match) else {}
        query = parse_query(request.url.query.decode("ascii"))
        return Call(operation.id, parameters, query, _headers(request), request.content)


def passing(request: httpx.Request) -> PassThrough:
    """What sends a request on to where it was going."""
    return PassThrough(f"{request.url} is not for the mock", request=request, origin=respx.Route())


def _url_pattern(operation: Operation, base_urls: Sequence[httpx.URL]) -> str:
    bases = "|".join(re.escape(str(url).rstrip("/")) for url in base_urls)
    path = "".join(
        "[^/?#]+" if step.startswith("{") else re.escape(step)
        for step in re.split(r"(\{[^}]*\})", operation.path)
    )
    return f"^(?:{bases}){path}(?:\\?.*)?$"


def _headers(request: httpx.Request) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in request.headers.raw
    }


def _reply(response: httpx.Response | None) -> Reply | None:
    if response is None:
        return None
    # A stream that a test has made can be read once, and that is for its client.
    body = response.read() if isinstance(response.stream, httpx.ByteStream) else b""
    return Reply(response.status_code, dict(response.headers), body)


_BY_THE_MOCK: Final = {"aisa_testkit.mock": True}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
