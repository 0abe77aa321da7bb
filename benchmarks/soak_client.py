"""Light clients that run whole jobs over their own sockets, and count the responses."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final

import orjson

from aisa_testkit.openapi import Call, Reply

POLL_SECONDS: Final = 1.0
TIMEOUT_SECONDS: Final = 30.0
BODY: Final = b'{"prompt": "A calico cat plays a grand piano on a stage"}'
JSON: Final = {"content-type": "application/json"}
NO_HEADERS: Final[Mapping[str, str]] = {}
CONNECTION_ERRORS: Final = (ConnectionError, EOFError, TimeoutError)

CheckResponse = Callable[[Call, Reply], None]


@dataclass(slots=True)
class ClientGroup:
    """The clients with one key.

    job_ids: the ids of their running jobs
    statuses: the number of responses by status
    jobs: the number of finished jobs
    broken: the number of broken connections
    """

    key: str
    job_ids: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    jobs: int = 0
    broken: int = 0

    @property
    def requests(self) -> int:
        """The number of sent requests."""
        return self.statuses.total() + self.broken

    @property
    def faults(self) -> int:
        """The number of requests without a 200."""
        return self.requests - self.statuses[200]


class Connection:
    """A connection to a server, which is reopened after it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Return the whole response. Raises one of CONNECTION_ERRORS if there is none."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._request(method, path, headers, body)
        except CONNECTION_ERRORS:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection. The next request opens another one."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        sent = {"host": "127.0.0.1", **headers, "content-length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {sent[name]}" for name in sent)]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        status, *lines_received = (
            (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        )
        pairs = (line.partition(": ") for line in lines_received if line)
        received = {name.lower(): value for name, _, value in pairs}
        content = await reader.readexactly(int(received["content-length"]))
        return Reply(int(status.split()[1]), received, content)


class Client:
    """A client that runs one job after the other: create, poll, download, delete.

    `check` is called for every whole response.
    """

    def __init__(
        self, port: int, group: ClientGroup, *, check: CheckResponse, random: Random
    ) -> None:
        self._connection, self._group = Connection(port), group
        self._check, self._random = check, random

    async def run_jobs(self, stopped: asyncio.Event) -> None:
        """Run jobs until the event is set, and finish the last one."""
        await asyncio.sleep(self._random.random() * POLL_SECONDS * 4)
        try:
            while not stopped.is_set():
                await self._job()
        finally:
            await self._connection.close()

    async def delete_lost_jobs(self, stopped: asyncio.Event) -> None:
        """Delete jobs whose create response was lost, until the event is set."""
        try:
            while not stopped.is_set():
                for job_id in await self._lost_jobs():
                    await self._delete(job_id)
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await self._connection.close()

    async def _job(self) -> None:
        reply = await self._call("createVideo", "POST", "", headers=JSON, body=BODY)
        if reply is None or reply.status != 200:
            return await asyncio.sleep(POLL_SECONDS)
        job_id: str = orjson.loads(reply.body)["id"]
        self._group.job_ids.add(job_id)
        while not await self._is_finished(job_id):
            await asyncio.sleep(POLL_SECONDS * (0.75 + self._random.random() / 2))
        await self._call("getVideoContent", "GET", "/content", job_id=job_id)
        await self._delete(job_id)
        self._group.job_ids.discard(job_id)
        self._group.jobs += 1

    async def _is_finished(self, job_id: str) -> bool:
        reply = await self._call("getVideo", "GET", "", job_id=job_id)
        if reply is None or reply.status != 200:
            return reply is not None and reply.status == 404
        return orjson.loads(reply.body)["status"] in ("completed", "failed")

    async def _delete(self, job_id: str) -> None:
        reply = None
        while reply is None or reply.status not in (200, 404):
            reply = await self._call("deleteVideo", "DELETE", "", job_id=job_id)

    async def _lost_jobs(self) -> list[str]:
        query = (("limit", "100"), ("order", "asc"))
        # Jobs that are created during the list request are not lost.
        job_ids = self._group.job_ids.copy()
        reply = await self._call("listVideos", "GET", "", query=query)
        if reply is None or reply.status != 200:
            return []
        listed = orjson.loads(reply.body)["data"]
        ended = [job["id"] for job in listed if job["status"] in ("completed", "failed")]
        return [job_id for job_id in ended if job_id not in job_ids | self._group.job_ids]

    async def _call(
        self,
        operation: str,
        method: str,
        suffix: str,
        *,
        job_id: str = "",
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
    ) -> Reply | None:
        """Return the response, None if the connection broke."""
        path = "/v1/videos" + (f"/{job_id}" if job_id else "") + suffix
        path += "?" * bool(query) + "&".join(f"{name}={value}" for name, value in query)
        sent = {"authorization": f"Bearer {self._group.key}", **headers}
        try:
            reply = await self._connection.request(method, path, sent, body)
        except CONNECTION_ERRORS:
            self._group.broken += 1
            return None
        self._group.statuses[reply.status] += 1
        places = {"video_id": job_id} if job_id else {}
        self._check(Call(operation, places, query, sent, body), reply)
        return reply
