"""Calls, written as a document says."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import orjson

from ...openapi import Call, Document, Operation
from ...openapi.json import Json
from ...openapi.operation import FORM, JSON

BOUNDARY = "aisa-testkit-boundary"


def build_call(
    document: Document,
    operation: Operation,
    fields: Mapping[str, Json] | None = None,
    *,
    key: str | None,
    media_type: str = "",
    path_parameters: Mapping[str, str] | None = None,
    query: tuple[tuple[str, str], ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Call:
    """A call with these fields as a body of this media type, and this key; values that are bytes
    are files.
    """
    sent = dict(headers or {})
    if document.credentials and key is not None:
        sent[document.credentials.header] = f"{document.credentials.scheme} {key}".strip()
    body = b""
    if fields is not None and media_type == FORM:
        sent["content-type"], body = f"{FORM}; boundary={BOUNDARY}", encode_form(fields)
    elif fields is not None:
        sent["content-type"], body = JSON, orjson.dumps(dict(fields))
    return Call(operation.id, path_parameters or {}, query, sent, body)


def unknown_job_id(document: Document) -> str:
    """An id that no server ever gives to a job, to ask for what is not there."""
    return document.lifecycle.id_prefix + "0" * 32


def url_of(document: Document, call: Call, base_url: str) -> str:
    """The URL of a call at this base URL."""
    path = document.operations[call.operation_id].template.expand(call.path_parameters)
    return base_url.rstrip("/") + path + (f"?{urlencode(call.query)}" if call.query else "")


def encode_form(fields: Mapping[str, Json]) -> bytes:
    """The body of a form, with values that are bytes as files."""
    parts = []
    for name, value in fields.items():
        file = f'; filename="{name}"' if isinstance(value, bytes) else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        text = value if isinstance(value, str) else orjson.dumps(value).decode() if not file else ""
        parts.append(head.encode() + (value if isinstance(value, bytes) else text.encode()))
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
