"""Requests as curl commands, to repeat them in a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...openapi import Call, Document
from ...openapi.credentials import BASIC, COOKIE, QUERY
from ...openapi.errors import FormError
from ...openapi.form import Part, parse_form
from ...openapi.operation import FORM
from ...openapi.request_key import used_credentials
from ...openapi.text import escape_controls
from .recorded_form import is_placeholder
from .redaction import replace_key
from .request_builder import url_of


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """A request as a command.

    Args:
        text: the command for bash or zsh, in one short line.
        files: the contents of the files that it reads, by their paths.
    """

    text: str
    files: Mapping[str, bytes]


def curl_command(
    document: Document, call: Call, base_url: str, *, key_variable: str, files: str
) -> CurlCommand:
    """Return a request as a curl command.

    Args:
        document: The document of the API.
        call: The request.
        base_url: The base URL of the server.
        key_variable: The environment variable with the API key, which the command names instead
            of the key.
        files: The start of the paths of files, which hold files, long values and other values
            that a command cannot contain: "requests/7-".
    """
    writer = _Writer(files)
    method = document.operation(call.operation_id).method
    known = document.credentials
    words = ["curl", "-X", method, *writer.url(url_of(document, call, base_url))]
    parts = _form_parts(call)
    for name, value in call.headers.items():
        if known and name == known.header:
            words += _key(document, call, f"${key_variable}")
        elif name in _CLIENT_HEADERS or name.startswith("x-stainless-"):
            continue
        elif name != "content-type" or parts is None:
            words += writer.header(name, value)
    if parts is not None:
        words += [word for part in parts for word in writer.part(part)]
    elif call.body:
        words += writer.body(call.body)
    return CurlCommand(" ".join(words), writer.files)


def _key(document: Document, call: Call, variable: str) -> list[str]:
    """Return the words that send the API key, which is in an environment variable."""
    operation, known = document.operation(call.operation_id), document.credentials
    assert known is not None  # the call has a key
    used, value = used_credentials(operation.credentials, known), call.headers[known.header]
    if used.part == QUERY:
        return ["--url-query", f'"{used.name}={variable}"']
    if used.part == COOKIE:
        return ["-b", f'"{used.name}={variable}"']
    if used.scheme == BASIC and value.startswith(f"{BASIC} "):
        return ["-u", f'"{variable}"']
    text = replace_key(value, variable) if used == known else used.value_of(variable)
    return ["-H", f'"{used.name}: {text}"']


def _form_parts(call: Call) -> tuple[Part, ...] | None:
    """Return the parts of a form, None for another body."""
    media_type = call.headers.get("content-type", "")
    if not (call.body and media_type.startswith(FORM)):
        return None
    try:
        return tuple(parse_form(media_type, call.body))
    except FormError:
        return None


class _Writer:
    """Writes options of curl; what does not fit into the line goes to files."""

    def __init__(self, prefix: str) -> None:
        self.files: dict[str, bytes] = {}
        self._prefix, self._space = prefix, _MAX_LINE

    def url(self, url: str) -> Iterator[str]:
        word = shell_quote(url)
        if self._fits(word):
            yield word
        else:
            setting = url.replace("\\", "\\\\").replace('"', '\\"')
            yield from ("-K", shell_quote(self._add("url", f'url = "{setting}"\n'.encode())))

    def header(self, name: str, value: str) -> Iterator[str]:
        word = shell_quote(f"{name}: {value}")
        if not self._fits(word):
            word = shell_quote(f"@{self._add(name, f'{name}: {value}'.encode())}")
        yield from ("-H", word)

    def body(self, body: bytes) -> Iterator[str]:
        word = _quote_bytes(body)
        if word is not None and self._fits(word):
            yield from ("--data-raw", word)
        else:
            yield from ("--data-binary", shell_quote(f"@{self._add('body', body)}"))

    def part(self, part: Part) -> Iterator[str]:
        if part.filename:
            yield from ("-F", shell_quote(f"{part.name}=@{self._upload(part)}"))
            return
        word = _quote_bytes(f"{part.name}=".encode() + part.content)
        if word is not None and self._fits(word):  # -F would take some texts as names of files
            yield from ("--form-string", word)
        else:
            path = self._add(part.name, part.content)
            yield from ("-F", shell_quote(f"{part.name}=<{_quote_for_form(path)}"))

    def _upload(self, part: Part) -> str:
        name, media_type = _base_name(part.filename or ""), part.content_type or ""
        sent_as = f";type={media_type}" if _MEDIA_TYPE.fullmatch(media_type) else ""
        if is_placeholder(part.content):  # the recording does not contain the file
            return f"{name}{sent_as}"
        path = self._add(part.name, part.content)
        return f"{_quote_for_form(path)};filename={_quote_for_form(name)}{sent_as}"

    def _fits(self, word: str) -> bool:
        fits = len(word) <= min(_MAX_WORD, self._space)
        self._space -= len(word) if fits else 0
        return fits

    def _add(self, name: str, content: bytes) -> str:
        path = self._prefix + (re.sub("[^A-Za-z0-9_-]+", "_", name)[:_MAX_NAME] or "file")
        while path in self.files:
            path += "_"
        self.files[path] = content
        return path


def shell_quote(text: str) -> str:
    """Return a text as one word of a command in bash or zsh, in one line without control
    characters and commands to a CI system (see `escape_controls`).
    """
    if text == escape_controls(text):
        return shlex.quote(text)
    escaped = "".join(map(_ansi_c_escape, text)).replace("##", r"#\043")
    return f"$'{escaped}'"


def _ansi_c_escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    escape = _SHORT_ESCAPES.get(character)
    # Three digits, because a digit may follow.
    return escape or "".join(f"\\{byte:03o}" for byte in character.encode(errors="replace"))


def _quote_bytes(data: bytes) -> str | None:
    """Return bytes as one word of a command, None if no command can contain them."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else shell_quote(text)


def _quote_for_form(text: str) -> str:
    """Return a path or a name for curl -F, in quotes if it contains special characters."""
    if not re.search(r'[;,"\\]', text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _base_name(path: str) -> str:
    """Return the last part of a path, without characters that have a meaning for curl -F.

    A command made from a recording must not upload another file of the person who runs it.
    """
    return re.split("[;,]", re.split(r"[/\\]", path)[-1])[0] or "file"


# The longest word of a command, and the longest command without names of files.
_MAX_WORD, _MAX_LINE = 300, 1500
_MAX_NAME = 40
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
# HTTP clients add these headers themselves, and so does curl.
_CLIENT_HEADERS = {
    *("accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"),
}
