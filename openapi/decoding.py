"""The text of files, which must be in UTF-8."""

from __future__ import annotations


def decode_text(content: bytes) -> str:
    """Return the text of a file, with or without a byte order mark.

    Raises ValueError with the reason and the line if the content is not text in UTF-8.
    """
    for start, kind in _KINDS.items():
        if content.startswith(start):
            raise ValueError(f"it is {kind}, not text in UTF-8")
    if b"\0" in content:
        line = _line(content, content.index(b"\0"))
        raise ValueError(f"line {line} has a zero byte; expected is text in UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, byte = _line(content, error.start), content[error.start]
        reason = f"byte 0x{byte:02x} in line {line} is not UTF-8; save the file as UTF-8"
        raise ValueError(reason) from error


def _line(content: bytes, position: int) -> int:
    return content.count(b"\n", 0, position) + 1


# The first bytes of files that are sometimes given in place of a document.
_KINDS = {
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "compressed with gzip",
    b"\x89PNG": "a PNG image",
    b"\xff\xfe\0\0": "text in UTF-32",
    b"\0\0\xfe\xff": "text in UTF-32",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}
