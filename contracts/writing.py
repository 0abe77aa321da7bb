"""Calls, written as a document says."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from ..openapi import Call, Document, Operation
from ..openapi.json import Json
from ..openapi.operation import FORM, JSON

BOUNDARY = "aisa-testkit-boundary"


def write_call(
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
        sent["content-type"], body = f"{FORM}; boundary={BOUNDARY}", form_of(fields)
    elif fields is not None:
        sent["content-type"], body = JSON, orjson.dumps(dict(fields))
    return Call(operation.id, path_parameters or {}, query, sent, body)


def job_parameter(operation: Operation) -> str:
    """The name of the path parameter that names the job."""
    return operation.path.partition("{")[2].partition("}")[0]


def form_of(fields: Mapping[str, Json]) -> bytes:
    """The body of a form, with values that are bytes as files."""
    parts = []
    for name, value in fields.items():
        file = f'; filename="{name}"' if isinstance(value, bytes) else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        text = value if isinstance(value, str) else orjson.dumps(value).decode() if not file else ""
        parts.append(head.encode() + (value if isinstance(value, bytes) else text.encode()))
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])
