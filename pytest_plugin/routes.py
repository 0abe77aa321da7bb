"""respx routes, made from a document: one for each operation, named as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import httpx
import httpx2
import respx
from respx.mocks import HTTPCoreMocker
from respx.models import AllMockedAssertionError, PassThrough
from respx.types import RouteResultTypes

from ..mock_server import Endpoint
from ..mock_server.endpoint import parse_query
from ..openapi import Call, Operation, OperationMatch, Reply
from .client_delivery import REPLY, async_deliver, deliver, is_lost
from .journal import MockJournal


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
                # A side effect without a result only looks on.
                return super().resolve(request, **kwargs) or self._router.answer(request)
            except StopIteration:  # a list of side effects has come to its end
                self.mock()
        return self._router.answer(request)

    def _next_side_effect(self) -> Any:
        effect = super()._next_side_effect()
        if isinstance(effect, type) and issubclass(effect, httpx2.RequestError):
            return getattr(httpx, effect.__name__, httpx.TransportError)
        return effect


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
        journal: MockJournal,
        let_out: bool = True,
    ) -> None:
        super().__init__(assert_all_called=False)
        self._endpoint, self._journal, self._let_out = endpoint, journal, let_out
        # The longest first, where one base URL is the beginning of another.
        self._servers = sorted(map(httpx.URL, base_urls), key=lambda url: -len(url.raw_path))
        document = endpoint.service.document
        self._base_path = document.base_path
        # A path without parameters wins over one with.
        operations = document.operations.values()
        for operation in sorted(operations, key=lambda o: len(o.template.parameters)):
            self.add(VideoRoute(operation, self._servers, self), name=operation.id)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the mock answers to a request for it."""
        url, path = request.url, self._path(request.url)
        if path is None:
            reply = self._endpoint.refuse_unmatched(
                request.method, url.path, headers=_headers(request)
            )
        else:
            reply = self._endpoint.respond(
                request.method,
                path,
                query=url.query.decode("ascii"),
                headers=_headers(request),
                body=request.content,
            )
        return httpx.Response(
            reply.status,
            headers=reply.headers,
            content=reply.body,
            request=request,
            extensions=_BY_THE_MOCK if reply.delivery is None else {**_BY_THE_MOCK, REPLY: reply},
        )

    def handler(self, request: httpx.Request) -> httpx.Response:
        self._sort_out(request)
        try:
            with _in_words_of_httpx():
                response = super().handler(request)
        except AllMockedAssertionError:
            response = self.answer(request)  # which says that there is no such operation
        return deliver(response, request, self._endpoint)

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        self._sort_out(request)
        try:
            with _in_words_of_httpx():
                response = await super().async_handler(request)
        except AllMockedAssertionError:
            response = self.answer(request)  # which says that there is no such operation
        return await async_deliver(response, request, self._endpoint)

    def record(
        self,
        request: httpx.Request,
        *,
        response: httpx.Response | None = None,
        route: respx.Route | None = None,
    ) -> None:
        seen = None if is_lost(response) else response
        super().record(request, response=seen, route=route)
        # What the mock has answered is written down by its endpoint.
        written = response is not None and _BY_THE_MOCK.items() <= response.extensions.items()
        if isinstance(route, VideoRoute) and not written:
            self._journal.answered(self._call(request, route.operation), _reply(response))

    def _sort_out(self, request: httpx.Request) -> None:
        """Raises what keeps a request in, or sends it elsewhere, that is not for the API."""
        url = request.url
        if any(_origin(base) == _origin(url) for base in self._servers):
            return
        if url.host in _THIS_MACHINE:
            raise passing(request)
        for base in self._servers:
            if base.host == url.host.rstrip("."):
                self._keep_in(request, f"the API is at {base}, not at {url}")
        # Routes that a test has beside these come next, and decide if there are any.
        if request.extensions.get(ROUTERS, HTTPCoreMocker.routers)[-1:] != [self]:
            raise AllMockedAssertionError(f"{url} is not for the mock")
        if not self._let_out:
            self._keep_in(request, f"requests to {url.host} do not pass (other_hosts is 'fail')")
        raise passing(request)

    def _keep_in(self, request: httpx.Request, why: str) -> NoReturn:
        self._journal.blocked(request.method, str(request.url), why)
        raise httpx.ConnectError(why, request=request)

    def _path(self, url: httpx.URL) -> str | None:
        """The path as the document has it, percent-encoded, whatever base URL the client uses; None
        if it is under none.
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
        return Call(operation.id, parameters, query, _headers(request), request.content)


@contextmanager
def _in_words_of_httpx() -> Iterator[None]:
    """Errors of httpx2 that a side effect raises become those of httpx, which respx speaks."""
    try:
        yield
    except httpx2.RequestError as error:
        raise getattr(httpx, type(error).__name__, httpx.TransportError)(str(error)) from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def passing(request: httpx.Request) -> PassThrough:
    """What sends a request on to where it was going."""
    return PassThrough(f"{request.url} is not for the mock", request=request, origin=respx.Route())


def _url_pattern(operation: Operation, base_urls: Sequence[httpx.URL]) -> str:
    bases = "|".join(re.escape(str(url).rstrip("/")) for url in base_urls)
    return f"^(?:{bases}){operation.template.regex}(?:\\?.*)?$"


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


# The routers that a request comes by, where they are not those of respx for httpx.
ROUTERS: Final = "aisa_testkit.routers"
_BY_THE_MOCK: Final = {"aisa_testkit.mock": True}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
