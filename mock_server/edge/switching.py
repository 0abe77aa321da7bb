"""An application that can become another one while it is served."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class SwitchingApp:
    """An ASGI application that is whatever `app` is when a request comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)
