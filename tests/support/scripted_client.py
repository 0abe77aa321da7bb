"""A client of the mock whose requests are written as a script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from aisa_testkit.contracts import Exchange, UnmatchedRequest, read_exchange
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Delivery, Document, JobRole, Operation, Reply
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import set_at
from tests.support.operations import REMIX, find_operation, id_in, only_kind, poll_hints, state_in

OPERATIONS = {"content": JobRole.RESULT, "remix": REMIX, **{r.value: r for r in JobRole}}
SECONDS = {"wait": 1000.0, "tick": 3.0}


def run_script(document: Document, script: str) -> list[Exchange | UnmatchedRequest]:
    """Return the history of a client that sends the requests of a script to a mock.

    Steps are separated by ", ":

    - `create`, `poll`, `content`, `remix`, `delete`, `list`: one request. `create b` makes another
      job than `create`. `poll` is for the newest job, `poll 2` for the second one, `poll other` for
      the id `other`.
    - `look`, `fetch`, `drop`: `poll`, `content` and `delete`, left out if an earlier response made
      them useless.
    - `fails`, `done`, `slow`: the next job fails, is completed at once, or never ends.
    - `503 create`: the next create gets this status.
    - `lost create`: the response of the next create is not delivered. `cut create`: its outcome is
      unknown. `odd poll`: the next poll has an undocumented state.
    - `retry 2`, `hint 2`: from now on error responses ask for 2 seconds before a retry, and job
      responses for 2 seconds before the next poll. `retry none`, `hint none`: without such headers.
    - `tick`: 3 seconds pass. `wait`: 1000 seconds pass. `sleep 0.5`: the client sleeps; its own
      clock is then recorded.
    """
    return _ScriptedClient(document).run(script)


def exchanges_of_script(document: Document, script: str) -> list[Exchange]:
    """Return the history of `run_script` for a script whose requests are all of operations."""
    history = run_script(document, script)
    exchanges = [item for item in history if isinstance(item, Exchange)]
    assert len(exchanges) == len(history)
    return exchanges


class _ScriptedClient:
    def __init__(self, document: Document) -> None:
        self._document, self._clock = document, ManualClock(1_780_000_000)
        self._service = JobService(document, clock=self._clock, ids=RandomIds(1), strict=True)
        self._endpoint = Endpoint(self._service, observers=[self])
        self._history: list[Exchange | UnmatchedRequest] = []
        self._job_ids: list[str] = []
        self._endings: dict[str, Meaning] = {}
        self._deleted: set[str] = set()
        self._fields = (
            find_operation(document, JobRole.CREATE).bodies["application/json"].schema.raw
        )

        self._outcomes: dict[str, str] = {}
        self._requested_waits: dict[str, str] = {}
        self._records_client_time = False

    def run(self, script: str) -> list[Exchange | UnmatchedRequest]:
        self._records_client_time = "sleep" in script
        for step in script.split(", "):
            word, _, rest = step.partition(" ")
            if word in SECONDS:
                self._clock.advance(SECONDS[word])
            elif word == "sleep":
                self._clock.sleep(float(rest))
            elif word in ("retry", "hint"):
                self._requested_waits[word] = rest
            elif word in ("lost", "cut", "odd"):
                self._outcomes[self._operation(rest).id] = word
            elif word == "done":
                MockControls(self._service).next_job(seconds=0)
            elif word == "slow":
                MockControls(self._service).next_job(seconds=1e6)
            elif word == "fails":
                MockControls(self._service).next_job(outcome="failure")
            elif word.isdigit():
                MockControls(self._service).fail(self._operation(rest).id, status=int(word))
            elif word == "create":
                self._create(word, "", rest or "a")
            else:
                self._use(word, self._id(rest))
        return self._history

    def _id(self, which: str) -> str:
        if not which:
            return self._job_ids[-1] if self._job_ids else ""
        return self._job_ids[int(which) - 1] if which.isdigit() else which

    def _create(self, word: str, source: str, text: str) -> None:
        before = len(self._history)
        reply = self._send(word, source, {self._fields["required"][0]: text})
        (created,) = self._history[before:]
        if isinstance(created, Exchange) and created.accepted:
            self._job_ids.append(id_in(self._document, orjson.loads(reply.body)))

    def _use(self, word: str, job_id: str) -> None:
        ending, deleted = self._endings.get(job_id), job_id in self._deleted
        if word == "look":
            if ending is None:
                self._poll(job_id)
        elif word == "fetch":
            if ending is Meaning.SUCCESS and not deleted:
                self._send("content", job_id)
        elif word == "drop":
            if ending and not deleted:
                self._send("delete", job_id)
                self._deleted.add(job_id)
        elif word == "remix":
            self._create(word, job_id, "remixed")
        else:
            self._send(word, job_id)

    def _poll(self, job_id: str) -> None:
        reply, lifecycle = self._send("poll", job_id), only_kind(self._document).lifecycle
        state = lifecycle.find(state_in(self._document, orjson.loads(reply.body)))
        if state and state.meaning.is_terminal:
            self._endings[job_id] = state.meaning

    def _operation(self, word: str) -> Operation:
        return find_operation(self._document, OPERATIONS[word])

    def _send(self, word: str, job_id: str, json: Json = None) -> Reply:
        operation = self._operation(word)
        path = "/".join(job_id if s[:1] == "{" else s for s in operation.path.split("/"))
        return self._endpoint.respond(
            operation.method,
            self._document.base_path + path,
            query="",
            headers={
                "authorization": "Bearer k",
                "x-render-key": "k",
                "content-type": "application/json",
            },
            body=b"" if json is None else orjson.dumps(json),
        )

    def answered(self, call: Call, reply: Reply) -> None:
        at, outcome = self._clock.now(), self._outcomes.pop(call.operation_id, "")
        client_time = self._clock.client_time() if self._records_client_time else None
        received: Reply | None = self._with_requested_wait(reply)
        if outcome == "odd":
            received = self._with_undocumented_state(reply)
        elif outcome == "lost":
            received = replace(reply, delivery=Delivery(bytes_delivered=-1))
        elif outcome == "cut":
            received = None
        self._history.append(
            read_exchange(self._document, call, received, at=at, client_time=client_time)
        )

    def _with_requested_wait(self, reply: Reply) -> Reply:
        """The response with the waits that the script asks for, if its operation documents any."""
        envelope = self._document.envelope
        word = "retry"
        units_by_header = {envelope.retry_seconds: 1, envelope.retry_milliseconds: 1000}
        if reply.status < 400:
            word, units_by_header = "hint", poll_hints(self._document)
        if word not in self._requested_waits or not units_by_header.keys() & reply.headers.keys():
            return reply
        headers = {n: value for n, value in reply.headers.items() if n not in units_by_header}
        if self._requested_waits[word] != "none":
            name, units = next((n, units) for n, units in units_by_header.items() if n)
            headers[name] = f"{float(self._requested_waits[word]) * units:g}"
        return replace(reply, headers=headers)

    def _with_undocumented_state(self, reply: Reply) -> Reply:
        job = orjson.loads(reply.body)
        set_at(job, only_kind(self._document).state_at, "polishing")
        return replace(reply, body=orjson.dumps(job))

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        self._history.append(UnmatchedRequest(method, path))

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        raise AssertionError(reason)

    def undelivered(self, reply: Reply) -> None:
        """Do nothing: this client receives every response."""
