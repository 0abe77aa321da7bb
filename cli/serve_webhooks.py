"""The webhooks of `serve`: where they go, also after the document has changed."""

from __future__ import annotations

from ..mock_server.clock import SystemClock
from ..mock_server.webhooks.delivery_attempt import Receiver
from ..mock_server.webhooks.signature import new_secret
from ..mock_server.webhooks.webhooks import Webhooks
from ..openapi import Document
from ..openapi.text import mask_url


class ServedWebhooks:
    """Webhooks that go to the URLs that requests name, and all others to one URL.

    `sender` sends them. It is None if the document needs none, and is not watched.

    Args:
        document: The document.
        clock: The clock of the mock.
        url: The URL for all events whose request names none; None to send no such events.
        secret: The secret for signatures; None to make a new one.
        watch: True if the document may change, and declare webhooks then.

    Raises ValueError if the URL or the secret is invalid, or is for no webhooks.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: SystemClock,
        url: str | None,
        secret: str | None,
        watch: bool,
    ) -> None:
        if url is not None and not _declares(document):
            raise ValueError(f"--webhook-url: {document.title} declares no webhooks")
        needed = watch or url is not None or _has_addresses(document)
        if secret is not None and not needed:
            raise ValueError("--webhook-secret requires --webhook-url")
        self._url, self._new_secret = url, None if secret else new_secret()
        self.sender = None
        if needed:
            self.sender = Webhooks(
                document,
                clock=clock,
                receiver=None if url is None else _receiver_at(url),
                secret=secret or self._new_secret or "",
                receiver_at=_receiver_at,
            )

    def note(self, document: Document) -> str:
        """Return a line about the webhooks of a document; an empty one if it has none to send.

        A secret that was made is in the line.
        """
        places = ["the URLs that requests name"] if _has_addresses(document) else []
        places += [mask_url(self._url)] if self._url is not None and _declares(document) else []
        if not places:
            return ""
        signature = f", signed with {self._new_secret}" if self._new_secret else ""
        return f"Webhooks go to {' or '.join(places)}{signature}."


def _receiver_at(url: str) -> Receiver:
    # This import takes a fifth of the start-up time.
    from ..mock_server.webhooks.http_receiver import HttpReceiver

    return HttpReceiver(url)


def _declares(document: Document) -> bool:
    return any(kind.webhooks for kind in document.kinds.values())


def _has_addresses(document: Document) -> bool:
    """Return True if requests name URLs for events."""
    declared = (webhook for kind in document.kinds.values() for webhook in kind.webhooks)
    return any(webhook.address is not None for webhook in declared)
