"""A call as a line for a shell, to see an answer again."""

from __future__ import annotations

import shlex

from ..openapi import Call, Document
from ..openapi.form import FormError, parse_form
from ..openapi.operation import FORM
from ..openapi.schema import show


def curl_line(document: Document, call: Call, base_url: str, *, key_variable: str) -> str:
    """The call as a line of curl. The key is not in it, but the name of its variable."""
    operation, credentials = document.operations[call.operation_id], document.credentials
    path = operation.path
    for name, value in call.path_parameters.items():
        path = path.replace(f"{{{name}}}", value)
    query = "&".join(f"{name}={value}" for name, value in call.query)
    words = [
        "curl",
        "-X",
        operation.method,
        base_url.rstrip("/") + path + (f"?{query}" if query else ""),
    ]
    line = shlex.join(words)
    for name, value in call.headers.items():
        if credentials and name == credentials.header:
            line += f' -H "{name}: {f"{credentials.scheme} ".lstrip()}${key_variable}"'
        elif name != "content-type" or not value.startswith(FORM):
            line += f" -H {shlex.quote(f'{name}: {value}')}"
    return line + _body(call)


def _body(call: Call) -> str:
    media_type = call.headers.get("content-type", "")
    if not call.body:
        return ""
    if not media_type.startswith(FORM):
        return f" -d {shlex.quote(call.body.decode(errors='replace'))}"
    try:
        parts = parse_form(media_type, call.body)
    except FormError as error:
        return f" # a form that is damaged: {show(str(error))}"
    words = []
    for part in parts:
        text = part.content.decode(errors="replace")
        words.append(f"{part.name}=@{part.filename}" if part.filename else f"{part.name}={text}")
    return "".join(f" -F {shlex.quote(word)}" for word in words)
