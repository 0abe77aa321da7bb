"""Light clients that live whole jobs over sockets of their own, and tell what they saw."""

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

PAUSE: Final = 1.0
PATIENCE: Final = 30.0
BODY: Final = b'{"prompt": "A calico cat plays a grand piano on a stage"}'
JSON: Final = {"content-type": "application/json"}
NO_HEADERS: Final[Mapping[str, str]] = {}
BROKEN: Final = (ConnectionError, EOFError, TimeoutError)

Judge = Callable[[Call, Reply], None]


@dataclass(slots=True)
class Tenant:
    """A key, the jobs that its clients know, and what they saw: answers by status, whole jobs, and
    broken connections.
    """

    key: str
    known: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)
    jobs: int = 0
    broken: int = 0

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.statuses.total() + self.broken

    @property
    def faults(self) -> int:
        """How many of them did not get what they asked for."""
        return self.requests - self.statuses[200]


class Connection:
    """One connection to a server at a time, kept as long as it lasts."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer, whole; raises one of BROKEN where there is none."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._ask(method, path, headers, body)
        except BROKEN:
            await self.close()
            raise

    async def close(self) -> None:
        """Ends the connection; the next request makes another."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        sent = {"host": "127.0.0.1", **headers, "content-length": str(len(body))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {sent[name]}" for name in sent)]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        status, *told = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()
        pairs = (line.partition(": ") for line in told if line)
        answered = {name.lower(): value for name, _, value in pairs}
        content = await reader.readexactly(int(answered["content-length"]))
        return Reply(int(status.split()[1]), answered, content)


class Client:
    """Lives jobs of a tenant, one behind the other: makes each, polls it, downloads its video and
    deletes it.

    `judge` is told of every answer that arrived whole.
    """

    def __init__(self, port: int, tenant: Tenant, *, judge: Judge, random: Random) -> None:
        self._connection, self._tenant = Connection(port), tenant
        self._judge, self._random = judge, random

    async def live(self, stopped: asyncio.Event) -> None:
        """Lives jobs until the event is set, and the last one to its end."""
        await asyncio.sleep(self._random.random() * PAUSE * 4)
        try:
            while not stopped.is_set():
                await self._job()
        finally:
            await self._connection.close()

    async def tidy(self, stopped: asyncio.Event) -> None:
        """Deletes the jobs of this key that nobody knows, which were made although the answer was
        lost, until the event is set.
        """
        try:
            while not stopped.is_set():
                for job_id in await self._strangers():
                    await self._delete(job_id)
                await asyncio.sleep(PAUSE)
        finally:
            await self._connection.close()

    async def _job(self) -> None:
        reply = await self._call("createVideo", "POST", "", headers=JSON, body=BODY)
        if reply is None or reply.status != 200:
            return await asyncio.sleep(PAUSE)
        job_id: str = orjson.loads(reply.body)["id"]
        self._tenant.known.add(job_id)
        while not await self._ended(job_id):
            await asyncio.sleep(PAUSE * (0.75 + self._random.random() / 2))
        await self._call("getVideoContent", "GET", "/content", job_id=job_id)
        await self._delete(job_id)
        self._tenant.known.discard(job_id)
        self._tenant.jobs += 1

    async def _ended(self, job_id: str) -> bool:
        reply = await self._call("getVideo", "GET", "", job_id=job_id)
        if reply is None or reply.status != 200:
            return reply is not None and reply.status == 404
        return orjson.loads(reply.body)["status"] in ("completed", "failed")

    async def _delete(self, job_id: str) -> None:
        reply = None
        while reply is None or reply.status not in (200, 404):
            reply = await self._call("deleteVideo", "DELETE", "", job_id=job_id)

    async def _strangers(self) -> list[str]:
        query = (("limit", "100"), ("order", "asc"))
        known = (
            self._tenant.known.copy()
        )  # what is made while the list is on its way is no stranger
        reply = await self._call("listVideos", "GET", "", query=query)
        if reply is None or reply.status != 200:
            return []
        listed = orjson.loads(reply.body)["data"]
        ended = [job["id"] for job in listed if job["status"] in ("completed", "failed")]
        return [job_id for job_id in ended if job_id not in known | self._tenant.known]

    async def _call(
        self,
        operation: str,
        method: str,
        rest: str,
        *,
        job_id: str = "",
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
    ) -> Reply | None:
        """The answer; None if the connection broke."""
        path = "/v1/videos" + (f"/{job_id}" if job_id else "") + rest
        path += "?" * bool(query) + "&".join(f"{name}={value}" for name, value in query)
        sent = {"authorization": f"Bearer {self._tenant.key}", **headers}
        try:
            reply = await self._connection.ask(method, path, sent, body)
        except BROKEN:
            self._tenant.broken += 1
            return None
        self._tenant.statuses[reply.status] += 1
        places = {"video_id": job_id} if job_id else {}
        self._judge(Call(operation, places, query, sent, body), reply)
        return reply
