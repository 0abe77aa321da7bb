"""Multipart forms (RFC 7578), taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

PART_LIMIT = 1000


class FormError(ValueError):
    """A body that is no multipart form, or has too many parts."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a form: plain text if it has no file name. `content_type` is as the client wrote
    it, if it did.
    """

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parse_form(content_type: str, body: bytes, *, part_limit: int = PART_LIMIT) -> list[Part]:
    """The parts of a whole body, in their order; raises FormError on any defect, never silently
    dropping a part.
    """
    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not boundary:
        raise FormError("the Content-Type has no boundary")
    try:
        _require_one_form(body, b"--" + boundary.encode())
        return _parts(boundary, body, part_limit)
    except MultipartError as error:
        reason = str(error.args[0])
        limit = f"; a form has at most {part_limit} parts" if "count exceeded" in reason else ""
        raise FormError(reason + limit) from error
    except UnicodeEncodeError as error:
        raise FormError("the boundary is not text") from error


def _require_one_form(body: bytes, delimiter: bytes) -> None:
    """The parser skips what stands before the first boundary and behind the last, and so would skip
    a first part whose boundary is damaged, and a second form. No client sends anything there.
    """
    if not body.startswith((delimiter, b"\r\n" + delimiter)):
        raise FormError(f"it does not begin with the boundary {delimiter[2:].decode()!r}")
    end = body.find(b"\r\n" + delimiter + b"--")
    if end >= 0 and body.find(delimiter, end + len(delimiter) + 4) >= 0:
        raise FormError("parts stand behind its end")


def _parts(boundary: str, body: bytes, part_limit: int) -> list[Part]:
    parts: list[Part] = []
    with PushMultipartParser(boundary, max_segment_count=part_limit, strict=True) as parser:
        segment, content = None, b""
        for event in parser.parse(body):
            if isinstance(event, MultipartSegment):
                segment, content = event, b""
            elif event is not None:  # all of the part at once, since the body comes in one piece
                content = bytes(event)
            elif segment is not None:
                parts.append(_part(segment, content))
    return parts


def _part(segment: MultipartSegment, content: bytes) -> Part:
    for _, value in segment.headerlist:
        if not _FORBIDDEN.isdisjoint(value):
            raise FormError("a header of a part holds a line break")
    return Part(segment.name, segment.filename, segment.header("Content-Type"), content)


_FORBIDDEN = frozenset("\r\n")
