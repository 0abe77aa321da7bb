"""Downloads over HTTP: whole files, ranges and 304 (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ...openapi import Cause, Reply
from ..errors import Refusal


class Download(NamedTuple):
    """A file to send.

    Args:
        content: The bytes of the file.
        media_type: The media type, such as `video/mp4`.
        etag: The strong entity tag, in quotes.
        filename: The name under which clients save the file.
    """

    content: bytes
    media_type: str
    etag: str
    filename: str

    def reply(self, headers: Mapping[str, str]) -> Reply:
        """Return the reply to a request with these headers (names in lower case).

        Raises Refusal if the range is outside the file.
        """
        reply_headers = {
            "etag": self.etag,
            "accept-ranges": "bytes",
            "content-disposition": f'attachment; filename="{self.filename}"',
        }
        if _matches(headers.get("if-none-match", ""), self.etag):
            return Reply(304, {"etag": self.etag})
        reply_headers["content-type"] = self.media_type
        byte_range = self._byte_range(headers)
        if byte_range is None:
            return Reply(200, reply_headers, self.content)
        first, last = byte_range
        reply_headers["content-range"] = f"bytes {first}-{last}/{len(self.content)}"
        return Reply(206, reply_headers, self.content[first : last + 1])

    def _byte_range(self, headers: Mapping[str, str]) -> tuple[int, int] | None:
        """The first and the last byte of the requested range; None for the whole file.

        A header that is not a single byte range is ignored, as the standard allows. So is a range
        for another version of the file.
        """
        match = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
        if not match or headers.get("if-range", self.etag) != self.etag:
            return None
        length = len(self.content)
        first, last = match.groups()
        if first:
            byte_range = int(first), min(int(last), length - 1) if last else length - 1
            if last and int(last) < int(first):
                return None
        elif last:
            byte_range = max(0, length - int(last)), length - 1
        else:
            return None
        if byte_range[0] > byte_range[1]:
            raise Refusal(
                Cause.RANGE_UNSATISFIABLE,
                f"Range: must be within the {length} bytes of the file",
                parameter="Range",
                headers={"content-range": f"bytes */{length}"},
            )
        return byte_range


def _matches(condition: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in condition.split(","))


_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
