"""A call as a line for a shell, to see an answer again."""

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
    """The call as a line of curl. The key is not in it, but the name of its variable."""
    operation, credentials = document.operations[call.operation_id], document.credentials
    line = shlex.join(["curl", "-X", operation.method, url_of(document, call, base_url)])
    for name, value in call.headers.items():
        if credentials and name == credentials.header:
            line += f' -H "{name}: {replace_key(value, f"${key_variable}")}"'
        elif name in _OF_THE_CLIENT or name.startswith("x-stainless-"):
            continue
        elif name != "content-type" or not value.startswith(FORM):
            line += f" -H {shlex.quote(f'{name}: {value}')}"
    return line + _body(call)


def _body(call: Call) -> str:
    media_type = call.headers.get("content-type", "")
    if not call.body:
        return ""
    if not media_type.startswith(FORM):
        return f" --data-raw {shlex.quote(call.body.decode(errors='replace'))}"
    try:
        parts = parse_form(media_type, call.body)
    except FormError as error:
        return f" # a form that is damaged: {quote(str(error))}"
    line = ""
    for part in parts:
        if part.filename:
            line += f" -F {shlex.quote(f'{part.name}=@{_base_name(part.filename)}')}"
        else:  # to -F, some texts are names of files
            text = part.content.decode(errors="replace")
            line += f" --form-string {shlex.quote(f'{part.name}={text}')}"
    return line


def _base_name(path: str) -> str:
    """The last step of a path, without what curl takes for a type or one more file: a recording of
    others must not name a file of whoever pastes the line.
    """
    return re.split("[;,]", re.split(r"[/\\]", path)[-1])[0] or "file"


# What a client library adds by itself, and curl does, too.
_OF_THE_CLIENT = {
    *("accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"),
}
