"""Small documents of APIs of jobs, each with one trait of real APIs.

The traits are in tests/documents/traits.yaml: changes of the base document below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import yaml

from aisa_testkit.openapi.json import Json

BASE = """
openapi: 3.1.0
info: {title: Jobs, version: '1'}
servers: [{url: 'https://jobs.test/v1'}]
paths:
  /jobs:
    post:
      operationId: createJob
      requestBody: {$ref: '#/components/requestBodies/Request'}
      responses:
        '200': {$ref: '#/components/responses/Made'}
        default: {$ref: '#/components/responses/Problem'}
  /jobs/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getJob
      responses:
        '200': {$ref: '#/components/responses/Job'}
        default: {$ref: '#/components/responses/Problem'}
components:
  requestBodies:
    Request:
      required: true
      content: {application/json: {schema: {$ref: '#/components/schemas/Request'}}}
  responses:
    Made:
      description: The new job.
      content: {application/json: {schema: {$ref: '#/components/schemas/Made'}}}
    Job:
      description: A job.
      content: {application/json: {schema: {$ref: '#/components/schemas/Job'}}}
    Problem:
      description: An error.
      content: {application/json: {schema: {$ref: '#/components/schemas/Problem'}}}
  schemas:
    Request: {type: object, required: [text], properties: {text: {type: string}}}
    Made: {type: object, required: [id], properties: {id: {type: string}}}
    Job:
      type: object
      required: [id, status]
      properties: {id: {type: string}, status: {type: string, enum: [queued, done, bad]}}
    Problem: {type: object, required: [message], properties: {message: {type: string}}}
x-jobs:
  work:
    create: createJob
    poll: getJob
    states: {queued: pending, done: success, bad: failure}
"""
SHORT = {
    **{name: ("components", "schemas", name) for name in ("Request", "Made", "Job", "Problem")},
    "work": ("x-jobs", "work"),
    "createJob": ("paths", "/jobs", "post"),
    "getJob": ("paths", "/jobs/{id}", "get"),
}
"""The parts of the base document that traits name in short."""

GROUPS: Mapping[str, Mapping[str, Mapping[str, Json]]] = yaml.safe_load(
    (Path(__file__).parent.parent / "documents" / "traits.yaml").read_text(encoding="utf-8")
)
"""The changes of the base document, by the group of the trait and its name."""

TRAITS = {name: change for group in GROUPS.values() for name, change in group.items()}
"""The changes of the base document, by the name of the trait.

Beside them, `shows` says what responses show at moments of a life, see tests/support/trait_moments,
and `sends` the body of the create.
"""


def trait_document(*traits: str) -> Json:
    """Return the base document with some traits."""
    document = yaml.safe_load(BASE)
    for trait in traits:
        changes = TRAITS[trait]
        for name in (name for name in changes if name not in ("shows", "sends")):
            change = changes[name]
            path = SHORT.get(name, (name,))
            document = merge_patch(document, _at(path, change))
    return document


def trait_text(*traits: str) -> str:
    """Return the text of the base document with some traits."""
    return orjson.dumps(trait_document(*traits)).decode()


def merge_patch(target: Json, patch: Json) -> Json:
    """Return a value changed by a merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return deepcopy(patch)
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _at(path: Iterable[str], change: Json) -> Json:
    for name in reversed([*path]):
        change = {name: change}
    return change
