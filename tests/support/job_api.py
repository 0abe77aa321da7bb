"""Small documents of APIs of jobs, made from traits, and a client of their mocks.

The base has two operations: `POST /jobs` creates a job from a prompt, and `GET /jobs/{id}` reports
it. Tests change the parts that they are about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    MockControls,
    RandomIds,
)
from aisa_testkit.openapi import Document, Reply, parse_document
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
PROBLEM: Json = {"$ref": "#/components/schemas/Problem"}
STATES: Json = {"queued": "pending", "running": "pending", "done": "success", "failed": "failure"}


def operation(
    operation_id: str,
    body: Json = None,
    *,
    status: Json = 200,
    request: Json = None,
    parameters: Json = (),
    **response: Json,
) -> Json:
    """An operation: its id, the schema of its response, and that of its request.

    Args:
        operation_id: The id.
        body: The schema of the JSON body of the good response; None for no body.
        status: The status of the good response.
        request: The schema of the JSON body of the request; None for no body.
        parameters: The parameters beside those in the path.
        response: More of the good response, such as `headers`, or another `content`.
    """
    good: dict[str, Json] = {"description": "A good response."}
    good |= {"content": {"application/json": {"schema": body}}} if body is not None else {}
    made: dict[str, Json] = {
        "operationId": operation_id,
        "responses": {
            str(status): good | response,
            "default": {
                "description": "An error.",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            },
        },
    }
    if request is not None:
        content = {"application/json": {"schema": request}}
        made["requestBody"] = {"required": True, "content": content}
    if parameters:
        made["parameters"] = [*parameters]
    return made


def query(name: str, schema: Json = TEXT, *, required: bool = False) -> Json:
    """A query parameter."""
    return {"name": name, "in": "query", "required": required, "schema": schema}


def object_of(properties: Mapping[str, Json], *required: str) -> Json:
    """The schema of an object that allows no other fields."""
    return {
        "type": "object",
        "required": [*required],
        "properties": {**properties},
        "additionalProperties": False,
    }


def job_schema(*required: str, states: Json = None, **properties: Json) -> Json:
    """The schema of a job with an id, a state, and more fields."""
    values = [*(states or STATES)]
    own = {"id": TEXT, "status": {"type": "string", "enum": values}}
    return object_of({**own, **properties}, "id", "status", *required)


def request_schema(*required: str, **properties: Json) -> Json:
    """The schema of a request with a prompt and more fields."""
    return object_of({"prompt": TEXT, **properties}, "prompt", *required)


JOB: Json = {"$ref": "#/components/schemas/Job"}


def api_text(
    *,
    job: Json = None,
    request: Json = None,
    paths: Mapping[str, Mapping[str, Json]] | None = None,
    kind: Mapping[str, Json] | None = None,
    kinds: Mapping[str, Json] | None = None,
    schemas: Mapping[str, Json] | None = None,
    security_schemes: Mapping[str, Json] | None = None,
    root: Mapping[str, Json] | None = None,
) -> str:
    """The text of a document.

    Args:
        job: The schema of a job; `job_schema()` by default.
        request: The schema of a request; `request_schema()` by default.
        paths: Operations by path and method, which add to those of the base or replace them.
        kind: Words of the kind `work`, which add to those of the base or replace them.
        kinds: More kinds of jobs.
        schemas: More schemas by name.
        security_schemes: The security schemes by name.
        root: More keywords of the document.
    """
    creating = operation("createJob", JOB, request=request or request_schema())
    all_paths: dict[str, dict[str, Json]] = {
        "/jobs": {"post": creating},
        "/jobs/{id}": {"get": operation("getJob", JOB)},
    }
    for path, operations in (paths or {}).items():
        all_paths[path] = {**all_paths.get(path, {}), **operations}
    for path, operations in all_paths.items():
        names = [part[1:-1] for part in path.split("/") if part[:1] == "{"]
        if names:
            operations["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
            ]
    work = {"create": "createJob", "poll": "getJob", "states": STATES, **(kind or {})}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Jobs", "version": "1"},
        "servers": [{"url": "https://jobs.test/v1"}],
        "x-jobs": {"work": work, **(kinds or {})},
        "x-errors": {
            "answer": {"/code": {"error": "code"}, "/message": {"error": "message"}},
            "causes": {"default": {"code": "error"}},
        },
        "paths": all_paths,
        "components": {
            "schemas": {
                "Job": job or job_schema(),
                "Problem": object_of({"code": TEXT, "message": TEXT}, "code", "message"),
                **(schemas or {}),
            },
            "securitySchemes": {**(security_schemes or {})},
        },
        **(root or {}),
    }
    return orjson.dumps(document).decode()


class JobApi:
    """A strict mock of a small document, and a client that sends requests to it.

    Args:
        traits: The arguments of `api_text`.
    """

    def __init__(self, **traits: Any) -> None:
        self.serve(parse_document(api_text(**traits)))

    def serve(
        self, document: Document, *, clock: ManualClock | None = None, **options: Any
    ) -> None:
        """Start the mock again, with a document and options of JobService."""
        self.document, self.clock = document, clock or ManualClock(START)
        defaults: dict[str, Any] = {"ids": RandomIds(1), "seed": 1, "strict": True}
        self.service = JobService(document, clock=self.clock, **{**defaults, **options})
        self.controls, self._endpoint = MockControls(self.service), Endpoint(self.service)

    def send(self, request: str, json: Json = None, **headers: str) -> Reply:
        """Send a request such as `GET /jobs?limit=2`; the path may begin with the whole URL."""
        method, target = request.split(" ")
        path, _, query = target.removeprefix("https://jobs.test/v1").partition("?")
        sent = {"content-type": "application/json"} if json is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = b"" if json is None else orjson.dumps(json)
        return self._endpoint.respond(method, f"/v1{path}", query=query, headers=sent, body=body)

    def get(self, target: str, *, status: int = 200) -> Json:
        """Return the JSON that a GET is answered with."""
        return body_of(self.send(f"GET {target}"), status)

    def create(self, target: Json = "/jobs", *, status: Json = 200, **fields: Json) -> Json:
        """Create a job, and return the JSON of the response."""
        return body_of(self.send(f"POST {target}", {"prompt": "A teapot", **fields}), status)

    def life(self, target: str, *, step: float = 1, steps: int = 5) -> list[Json]:
        """Poll a job at each step in seconds, and return the JSON of all responses."""
        history = [self.get(target)]
        for _ in range(steps):
            self.clock.advance(step)
            history.append(self.get(target))
        return history

    def download(self, url: str) -> Reply:
        """Download a file from its URL."""
        prefix = "https://jobs.test/v1/__files/"
        assert url.startswith(prefix), url
        return self.service.file(url.removeprefix(prefix), {})


def body_of(reply: Reply, status: int = 200) -> Json:
    """Return the JSON body of a reply with this status."""
    assert reply.status == status, reply
    return orjson.loads(reply.body)
