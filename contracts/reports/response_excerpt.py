"""The beginning of a response, to show it beside a violation."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from ...openapi import Reply
from ...openapi.text import escape_controls


@dataclass(frozen=True, slots=True)
class ResponseExcerpt:
    """The beginning of a response, without API keys if the exchange has none.

    status: the status, None if there is no response
    media_type: the Content-Type without parameters, may be empty
    size: the size of the body in bytes
    text: the beginning of the body; None if it is empty or binary
    is_cut: True if the text is not the whole body
    """

    status: int | None
    media_type: str = ""
    size: int = 0
    text: str | None = None
    is_cut: bool = False

    @property
    def heading(self) -> str:
        """The status, type and size in words: "404 application/json, 120 bytes"."""
        if self.status is None:
            return "no response"
        size = f"{self.size:,} byte{'s' * (self.size > 1)}" if self.size else "no body"
        size += " (binary)" if self.size and self.text is None else ""
        return f"{self.status} {escape_controls(self.media_type)}".rstrip() + f", {size}"

    @property
    def shown_text(self) -> str:
        """The text in its lines, without control characters; empty if there is none."""
        text = escape_controls((self.text or "").replace("\r\n", "\n"), keep="\n")
        return f"{text}…" if self.is_cut else text

    @property
    def line(self) -> str:
        """The heading and the beginning of the text in one line."""
        if self.text is None:
            return self.heading
        text = escape_controls(" ".join(self.text.split()))
        cut = self.is_cut or len(text) > _MAX_LINE
        return f"{self.heading}: {text[:_MAX_LINE]}{'…' if cut else ''}"


def excerpt_of(reply: Reply | None) -> ResponseExcerpt:
    """Return the beginning of a response."""
    if reply is None:
        return ResponseExcerpt(None)
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip()
    text, size = _beginning_of(reply.body), len(reply.body)
    is_cut = text is not None and len(text.encode()) < size
    return ResponseExcerpt(reply.status, media_type, size, text or None, is_cut)


def _beginning_of(body: bytes) -> str | None:
    """Return the beginning of a body as text, or None if it is binary."""
    # The last character may be cut in the middle.
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(body[:_MAX_BYTES], final=len(body) <= _MAX_BYTES)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


_MAX_BYTES = 2_000
_MAX_LINE = 300
