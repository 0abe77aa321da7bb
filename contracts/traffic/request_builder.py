"""Requests of operations, built from the document."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import orjson

from ...openapi import Call, Document, JobKind, Operation
from ...openapi.form import Part
from ...openapi.jobs.job_ids import job_id_form
from ...openapi.json import Json
from ...openapi.operation import FORM, JSON
from .body_encoding import BOUNDARY, encode_form


def build_call(
    document: Document,
    operation: Operation,
    fields: Mapping[str, Json | Part] | None = None,
    *,
    key: str | None,
    media_type: str = "",
    path_parameters: Mapping[str, str] | None = None,
    query: tuple[tuple[str, str], ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Call:
    """Return a request of an operation.

    Args:
        document: The document of the API.
        operation: The operation to call.
        fields: The fields of the body, None for no body. In a form, bytes and parts are files.
        key: The API key, None for none.
        media_type: The media type of the body: multipart/form-data, or JSON otherwise.
        path_parameters: The parameters of the path, not encoded.
        query: The parameters of the query in their order.
        headers: More headers, names in lower case.
    """
    sent = dict(headers or {})
    if document.credentials and key is not None:
        sent[document.credentials.header] = document.credentials.value_of(key)
    body = b""
    if fields is not None and media_type == FORM:
        sent["content-type"], body = f"{FORM}; boundary={BOUNDARY}", encode_form(fields)
    elif fields is not None:
        sent["content-type"], body = JSON, orjson.dumps(dict(fields))
    return Call(operation.id, path_parameters or {}, query, sent, body)


def unknown_job_id(kind: JobKind) -> str:
    """Return an id that no job of a kind has, in the form of its ids."""
    return job_id_form(kind)("0" * 32)


def url_of(document: Document, call: Call, base_url: str) -> str:
    """Return the URL of a request below a base URL."""
    path = document.operation(call.operation_id).template.expand(call.path_parameters)
    return base_url.rstrip("/") + path + (f"?{urlencode(call.query)}" if call.query else "")
