"""The operations of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .behaviour import Behaviour, ListQuery, ViewContext
from .errors import ApiError, conflict, unknown_job
from .jobs import Job, JobFields, JobStore, Json, Phase
from .media_files import MEDIA_TYPES, media_file, read_range
from .request_fields import check_create, check_prompt, read_body, read_choice, read_limit
from .responses import json_response, with_body, with_header

Handler = Callable[[Request], Awaitable[Response]]


class Operations:
    """The handlers of all operations."""

    def __init__(self, behaviour: Behaviour, now: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._now = now
        self._store = JobStore(behaviour.make_id)
        self._creates = self._lists = 0
        for number in range(behaviour.old_jobs):
            created = now() - 3600 - 60 * number
            end = "failed" if number % 2 else "completed"
            job = Job(f"older_{number}", JobFields("A pier"), created, behaviour.timing, end)
            self._store.add(job)

    async def create(self, request: Request) -> Response:
        """Create a job."""
        behaviour = self._behaviour
        try:
            sent = await self._read(request)
            fields = check_create(sent, defaults=behaviour.defaults, unchecked=behaviour.unchecked)
        except ApiError:
            if behaviour.keeps_rejected_creates:
                self._make(JobFields("A pier"))
            raise
        self._creates += 1
        return self._made(self._make(behaviour.accept_create(fields, self._creates)), "create")

    async def list_jobs(self, request: Request) -> Response:
        """Return a page of the list."""
        self._lists += 1
        query = self._behaviour.change_query(self._query(request))
        jobs = [job for job in self._store.all() if not self._is_gone(job, "list")]
        jobs = self._behaviour.change_order(jobs[::-1] if query.descending else jobs, query)
        rest = jobs[self._start(jobs, query.after) :]
        data = [self._view(job, "list") for job in rest[: query.limit]]
        page: Json = {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(rest) > query.limit,
        }
        return json_response(self._behaviour.change_page(page, query))

    async def retrieve(self, request: Request) -> Response:
        """Return a job."""
        job = self._find(request, "retrieve")
        job.retrieved += 1
        view = self._view(job, "retrieve")
        job.retrieved_final += job.phase(self._now()).final
        return self._hinted(json_response(view), job)

    async def delete(self, request: Request) -> Response:
        """Delete a finished job."""
        job = self._find(request, "delete")
        if job.phase(self._now()).final:
            job.deleted = True
        elif not self._behaviour.deletes_running:
            raise conflict("the job has not ended")
        return json_response({"id": job.id, "object": "video.deleted", "deleted": True})

    async def content(self, request: Request) -> Response:
        """Return a file of a completed job."""
        job, behaviour = self._find(request, "content"), self._behaviour
        sent = request.query_params.get("variant")
        kind = read_choice("variant", sent, tuple(MEDIA_TYPES), unchecked=behaviour.unchecked)
        if self._stage(job, "content").state not in behaviour.downloadable_states:
            raise conflict("the job is not completed")
        if behaviour.files_expire and self._now() >= job.expires_at:
            raise ApiError(404, "resource_not_found", "the files have expired", "video_id")
        if behaviour.redirect is not None:
            return RedirectResponse(_other_host(request, job, kind), behaviour.redirect)
        return self._file(request, job, kind)

    async def remix(self, request: Request) -> Response:
        """Create a job from a completed one."""
        source = self._find(request, "remix")
        prompt = check_prompt(await self._read(request), unchecked=self._behaviour.unchecked)
        running = source.phase(self._now()).state != "completed"
        if running and not self._behaviour.remixes_running:
            raise conflict("the job is not completed")
        return self._made(self._make(replace(source.fields, prompt=prompt), source.id), "remix")

    async def signed_file(self, request: Request) -> Response:
        """Return a file at the URL of a redirect, without a key."""
        job = self._store.get(request.path_params["video_id"])
        if job is None or self._behaviour.redirect is None:
            return Response(status_code=404)
        try:
            return self._file(request, job, request.path_params["variant"])
        except ApiError as error:
            return Response(status_code=error.status, headers=error.headers)

    def _query(self, request: Request) -> ListQuery:
        unchecked, sent = self._behaviour.unchecked, request.query_params
        limit = read_limit(sent.get("limit"), unchecked=unchecked)
        order = read_choice("order", sent.get("order"), ("desc", "asc"), unchecked=unchecked)
        return ListQuery(limit, sent.get("after"), order == "desc", self._lists)

    async def _read(self, request: Request) -> dict[str, Any]:
        body, kind = await request.body(), request.headers.get("content-type", "")
        return read_body(body, kind, unchecked=self._behaviour.unchecked)

    def _make(self, fields: JobFields, source: str | None = None) -> Job:
        behaviour = self._behaviour
        new = Job(
            self._store.next_id(),
            fields,
            self._now(),
            behaviour.timing,
            behaviour.final_state,
            source,
        )
        for copy in range(behaviour.jobs_per_create):
            self._store.add(replace(new, id=self._store.next_id()) if copy else new)
        return new

    def _made(self, job: Job, operation: str) -> Response:
        return self._hinted(json_response(self._view(job, operation)), job)

    def _hinted(self, response: Response, job: Job) -> Response:
        if self._behaviour.poll_hint and not job.phase(self._now()).final:
            response.headers["openai-poll-after-ms"] = self._behaviour.poll_hint
        return response

    def _find(self, request: Request, operation: str) -> Job:
        job_id = request.path_params["video_id"]
        job = self._store.get(job_id)
        if job is None and operation in self._behaviour.operations_finding_unknown_jobs:
            return Job(job_id, JobFields("A pier"), self._now() - 3600, self._behaviour.timing)
        if job is None or self._is_gone(job, operation):
            raise unknown_job()
        return job

    def _is_gone(self, job: Job, operation: str) -> bool:
        return job.deleted and operation in self._behaviour.operations_hiding_deleted_jobs

    def _stage(self, job: Job, operation: str) -> Phase:
        now = self._now()
        return self._behaviour.change_phase(job.phase(now), ViewContext(operation, job, now))

    def _view(self, job: Job, operation: str) -> Json:
        view = job.view(self._stage(job, operation))
        return self._behaviour.change_view(view, ViewContext(operation, job, self._now()))

    def _start(self, jobs: list[Job], after: str | None) -> int:
        if after is None:
            return 0
        places = [place for place, job in enumerate(jobs) if job.id == after]
        if not places:
            raise unknown_job()
        return places[0] + self._behaviour.cursor_step

    def _file(self, request: Request, job: Job, kind: str) -> Response:
        file = self._behaviour.change_file(
            media_file(job.fields, kind), ViewContext("content", job, self._now())
        )
        headers = {"ETag": file.etag, "Accept-Ranges": "bytes"}
        if request.headers.get("if-none-match") in (file.etag, "*"):
            return Response(status_code=304, headers=headers)
        name = f"{job.id}.{MEDIA_TYPES[kind][0]}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        whole = Response(file.body, 200, headers, file.media_type)
        if request.headers.get("if-range", file.etag) != file.etag:
            return whole
        part = read_range(file, request.headers.get("range"))
        if part is None:
            return whole
        part = self._behaviour.change_range(part, file)
        whole.status_code = 206
        return with_header(with_body(whole, part.body), "Content-Range", part.content_range)


def _other_host(request: Request, job: Job, kind: str) -> str:
    # For a client, another name of this machine is another host.
    port = f":{request.url.port}" if request.url.port else ""
    host = "localhost" if request.url.hostname == "127.0.0.1" else request.url.hostname
    return f"{request.url.scheme}://{host}{port}/files/{job.id}/{kind}"
