"""A file as HTTP sends it: whole, in part, or not again (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ...openapi import Cause, Reply
from ..errors import Refusal


@dataclass(frozen=True, slots=True)
class Download:
    """The bytes that are to be sent, and the name to save them under."""

    content: bytes
    media_type: str
    etag: str
    filename: str

    def reply(self, headers: Mapping[str, str]) -> Reply:
        """The answer to a request with these headers; raises Refusal for a range that the file does
        not have.
        """
        about = {
            "etag": self.etag,
            "accept-ranges": "bytes",
            "content-disposition": f'attachment; filename="{self.filename}"',
        }
        if _names(headers.get("if-none-match", ""), self.etag):
            return Reply(304, {"etag": self.etag})
        about["content-type"] = self.media_type
        span = self._span(headers)
        if span is None:
            return Reply(200, about, self.content)
        first, last = span
        about["content-range"] = f"bytes {first}-{last}/{len(self.content)}"
        return Reply(206, about, self.content[first : last + 1])

    def _span(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        """The first and last byte asked for; None for the whole file.

        A header that is no single byte range is ignored, as the standard allows; so is one for
        another version of the file.
        """
        match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
        if not match or headers.get("if-range", self.etag) != self.etag:
            return None
        length = len(self.content)
        first, last = match.groups()
        if first:
            span = int(first), min(int(last), length - 1) if last else length - 1
            if last and int(last) < int(first):
                return None
        elif last:
            span = max(0, length - int(last)), length - 1
        else:
            return None
        if span[0] > span[1]:
            raise Refusal(
                Cause.RANGE_UNSATISFIABLE,
                f"Range: asks for bytes that are not there; the file has {length}",
                parameter="Range",
                headers={"content-range": f"bytes */{length}"},
            )
        return span


def _names(condition: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in condition.split(","))


_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
