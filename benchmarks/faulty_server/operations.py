"""What the operations of the API do with jobs, their list and their files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .answers import json_answer, with_body, with_header
from .behaviour import Behaviour, Look, Query
from .films import KINDS, film, part_of
from .form import check_create, check_prompt, read_body, read_choice, read_limit
from .jobs import Fields, Job, Json, Shelf, Stage
from .refusal import Refusal, unknown_job, wrong_state

Handler = Callable[[Request], Awaitable[Response]]


class Operations:
    """The operations of one server, each a handler by its name."""

    def __init__(self, behaviour: Behaviour, now: Callable[[], float]) -> None:
        self._does = behaviour
        self._now = now
        self._shelf = Shelf(behaviour.make_id)
        self._creates = self._lists = 0
        for number in range(behaviour.older):
            made = now() - 3600 - 60 * number
            end = "failed" if number % 2 else "completed"
            job = Job(f"older_{number}", Fields("A pier"), made, behaviour.timing, end)
            self._shelf.add(job)

    async def create(self, request: Request) -> Response:
        """Make a job."""
        does = self._does
        try:
            sent = await self._read(request)
            fields = check_create(sent, defaults=does.defaults, unchecked=does.unchecked)
        except Refusal:
            if does.leaks:
                self._make(Fields("A pier"))
            raise
        self._creates += 1
        return self._made(self._make(does.take(fields, self._creates)), "create")

    async def list_jobs(self, request: Request) -> Response:
        """One page of all jobs."""
        self._lists += 1
        query = self._does.ask(self._query(request))
        jobs = [job for job in self._shelf.all() if not self._is_gone(job, "list")]
        jobs = self._does.arrange(jobs[::-1] if query.descending else jobs, query)
        rest = jobs[self._start(jobs, query.after) :]
        data = [self._view(job, "list") for job in rest[: query.limit]]
        page: Json = {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": len(rest) > query.limit,
        }
        return json_answer(self._does.page(page, query))

    async def retrieve(self, request: Request) -> Response:
        """A job as it stands."""
        job = self._find(request, "retrieve")
        job.retrieved += 1
        view = self._view(job, "retrieve")
        job.retrieved_final += job.stage(self._now()).final
        return self._hinted(json_answer(view), job)

    async def delete(self, request: Request) -> Response:
        """Remove a job that has ended."""
        job = self._find(request, "delete")
        if job.stage(self._now()).final:
            job.deleted = True
        elif not self._does.deletes_running:
            raise wrong_state("the job has not ended")
        return json_answer({"id": job.id, "object": "video.deleted", "deleted": True})

    async def content(self, request: Request) -> Response:
        """A file of a completed job."""
        job, does = self._find(request, "content"), self._does
        sent = request.query_params.get("variant")
        kind = read_choice("variant", sent, tuple(KINDS), unchecked=does.unchecked)
        if self._stage(job, "content").state not in does.downloadable:
            raise wrong_state("the job is not completed")
        if does.files_expire and self._now() >= job.expires:
            raise Refusal(404, "resource_not_found", "the files have expired", "video_id")
        if does.redirect is not None:
            return RedirectResponse(_other_host(request, job, kind), does.redirect)
        return self._file(request, job, kind)

    async def remix(self, request: Request) -> Response:
        """Make a job from a completed one."""
        source = self._find(request, "remix")
        prompt = check_prompt(await self._read(request), unchecked=self._does.unchecked)
        running = source.stage(self._now()).state != "completed"
        if running and not self._does.remixes_running:
            raise wrong_state("the job is not completed")
        return self._made(self._make(replace(source.fields, prompt=prompt), source.id), "remix")

    async def signed_file(self, request: Request) -> Response:
        """A file at the address that a redirect names; who was sent there has shown a key."""
        job = self._shelf.get(request.path_params["video_id"])
        if job is None or self._does.redirect is None:
            return Response(status_code=404)
        try:
            return self._file(request, job, request.path_params["variant"])
        except Refusal as refusal:
            return Response(status_code=refusal.status, headers=refusal.headers)

    def _query(self, request: Request) -> Query:
        unchecked, sent = self._does.unchecked, request.query_params
        limit = read_limit(sent.get("limit"), unchecked=unchecked)
        order = read_choice("order", sent.get("order"), ("desc", "asc"), unchecked=unchecked)
        return Query(limit, sent.get("after"), order == "desc", self._lists)

    async def _read(self, request: Request) -> dict[str, Any]:
        body, kind = await request.body(), request.headers.get("content-type", "")
        return read_body(body, kind, unchecked=self._does.unchecked)

    def _make(self, fields: Fields, source: str | None = None) -> Job:
        does = self._does
        new = Job(self._shelf.next_id(), fields, self._now(), does.timing, does.end, source)
        for copy in range(does.stores):
            self._shelf.add(replace(new, id=self._shelf.next_id()) if copy else new)
        return new

    def _made(self, job: Job, operation: str) -> Response:
        return self._hinted(json_answer(self._view(job, operation)), job)

    def _hinted(self, response: Response, job: Job) -> Response:
        if self._does.poll_hint and not job.stage(self._now()).final:
            response.headers["openai-poll-after-ms"] = self._does.poll_hint
        return response

    def _find(self, request: Request, operation: str) -> Job:
        job_id = request.path_params["video_id"]
        job = self._shelf.get(job_id)
        if job is None and operation in self._does.invents:
            return Job(job_id, Fields("A pier"), self._now() - 3600, self._does.timing)
        if job is None or self._is_gone(job, operation):
            raise unknown_job()
        return job

    def _is_gone(self, job: Job, operation: str) -> bool:
        return job.deleted and operation in self._does.hides_deleted

    def _stage(self, job: Job, operation: str) -> Stage:
        now = self._now()
        return self._does.life(job.stage(now), Look(operation, job, now))

    def _view(self, job: Job, operation: str) -> Json:
        view = job.view(self._stage(job, operation))
        return self._does.show(view, Look(operation, job, self._now()))

    def _start(self, jobs: list[Job], after: str | None) -> int:
        if after is None:
            return 0
        places = [place for place, job in enumerate(jobs) if job.id == after]
        if not places:
            raise unknown_job()
        return places[0] + self._does.cursor_step

    def _file(self, request: Request, job: Job, kind: str) -> Response:
        file = self._does.file(film(job.fields, kind), Look("content", job, self._now()))
        headers = {"ETag": file.etag, "Accept-Ranges": "bytes"}
        if request.headers.get("if-none-match") in (file.etag, "*"):
            return Response(status_code=304, headers=headers)
        name = f"{job.id}.{KINDS[kind][0]}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        whole = Response(file.body, 200, headers, file.media_type)
        if request.headers.get("if-range", file.etag) != file.etag:
            return whole
        part = part_of(file, request.headers.get("range"))
        if part is None:
            return whole
        part = self._does.part(part, file)
        whole.status_code = 206
        return with_header(with_body(whole, part.body), "Content-Range", part.content_range)


def _other_host(request: Request, job: Job, kind: str) -> str:
    # Another name of this machine is another host to a client.
    port = f":{request.url.port}" if request.url.port else ""
    host = "localhost" if request.url.hostname == "127.0.0.1" else request.url.hostname
    return f"{request.url.scheme}://{host}{port}/files/{job.id}/{kind}"
