"""Requests as curl commands, to repeat them in a shell."""

from __future__ import annotations

import re
import shlex

from ...openapi import Call, Document
from ...openapi.errors import FormError
from ...openapi.form import parse_form
from ...openapi.operation import FORM
from ...openapi.text import quote
from .redaction import replace_key
from .request_builder import url_of


def curl_command(document: Document, call: Call, base_url: str, *, key_variable: str) -> str:
    """Return a request as a curl command.

    Args:
        document: The document of the API.
        call: The request.
        base_url: The base URL of the server.
        key_variable: The environment variable with the API key, which the command names instead
            of the key.
    """
    operation, credentials = document.operations[call.operation_id], document.credentials
    command = f"curl -X {operation.method} {shell_quote(url_of(document, call, base_url))}"
    for name, value in call.headers.items():
        if credentials and name == credentials.header:
            command += f' -H "{name}: {replace_key(value, f"${key_variable}")}"'
        elif name in _CLIENT_HEADERS or name.startswith("x-stainless-"):
            continue
        elif name != "content-type" or not value.startswith(FORM):
            command += f" -H {shell_quote(f'{name}: {value}')}"
    return command + _body_options(call)


def shell_quote(text: str) -> str:
    """Return a text as one word of a command in bash or zsh, in one line without control
    characters.
    """
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_ansi_c_escape, text)) + "'"


def _ansi_c_escape(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    escape = _SHORT_ESCAPES.get(character)
    # Three digits, because a digit may follow.
    return escape or "".join(f"\\{byte:03o}" for byte in character.encode(errors="replace"))


def _body_options(call: Call) -> str:
    media_type = call.headers.get("content-type", "")
    if not call.body:
        return ""
    if not media_type.startswith(FORM):
        return f" --data-raw {shell_quote(call.body.decode(errors='replace'))}"
    try:
        parts = parse_form(media_type, call.body)
    except FormError as error:
        return f" # malformed form: {quote(str(error))}"
    options = ""
    for part in parts:
        if part.filename:
            media_type = part.content_type or ""
            sent_as = f";type={media_type}" if _MEDIA_TYPE.fullmatch(media_type) else ""
            option = f"{part.name}=@{_base_name(part.filename)}{sent_as}"
            options += f" -F {shell_quote(option)}"
        else:  # -F would take some texts as names of files
            text = part.content.decode(errors="replace")
            options += f" --form-string {shell_quote(f'{part.name}={text}')}"
    return options


def _base_name(path: str) -> str:
    """Return the last part of a path, without characters that have a meaning for curl -F.

    A command made from a recording must not upload another file of the person who runs it.
    """
    return re.split("[;,]", re.split(r"[/\\]", path)[-1])[0] or "file"


_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
# HTTP clients add these headers themselves, and so does curl.
_CLIENT_HEADERS = {
    *("accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"),
}
