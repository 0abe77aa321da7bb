"""Write the page of each rule of the judge, and the index of all of them.

What a page shows as an example is what the judge said when the example was acted out here. Running
it again gives the same files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any

from aisa_testkit.contracts import (
    RULES,
    Exchange,
    Party,
    Rule,
    Severity,
    UnmatchedKind,
    UnmatchedRequest,
    Violation,
    check_client,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.contracts.rules.server.prompt_tags import tag_prompt
from aisa_testkit.contracts.traffic.redaction import MASK
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Document, Reply, load_document

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "contracts" / "rules" / "pages"
INDEX = ROOT / "docs" / "rules.md"
TIMEOUT_SECONDS = 300.0
PROMPT = "A lighthouse in a storm"

Job = dict[str, Any]
Change = Callable[[Reply], Reply]


class Stage:
    """A client of the mock, which acts out an example; answers can be changed on their way."""

    def __init__(self) -> None:
        self.document, self.clock = _document(), ManualClock()
        self.service: JobService = JobService(self.document, clock=self.clock, ids=RandomIds(1))
        self.history: list[Exchange | UnmatchedRequest] = []
        self._endpoint = Endpoint(self.service, observer=self)
        self._change: Change | None = None

    def ask(
        self,
        method: str,
        path: str,
        *,
        data: object = None,
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        key: bool = True,
        change: Change | None = None,
    ) -> Reply:
        """The answer to a request, as it was changed."""
        self._change = change
        sent = {"authorization": "Bearer sk-aisa-x"} if key else {}
        sent |= {"content-type": "application/json"} if data or body else {}
        reply = self._endpoint.respond(
            method,
            self.document.base_path + path,
            query=query,
            headers={**sent, **(headers or {})},
            body=json.dumps(data).encode() if data else body,
        )
        return change(reply) if change else reply

    def answered(self, call: Call, reply: Reply) -> None:
        reply = self._change(reply) if self._change else reply
        client_time = self.clock.client_time() if self.clock.knows_client_waits else None
        self.history.append(
            read_exchange(self.document, call, reply, at=self.clock.now(), client_time=client_time)
        )

    def missed(self, method: str, path: str) -> None:
        self.history.append(UnmatchedRequest(method, path))

    def undelivered(self, reply: Reply) -> None:
        """Every client of these stories stays to the end."""

    def create(self, change: Change | None = None, /, **fields: object) -> str:
        """A new job, by its id."""
        data = {"prompt": PROMPT, **fields}
        return _id(self.ask("POST", "/videos", data=data, change=change))

    def poll(self, job_id: str, change: Change | None = None) -> Reply:
        return self.ask("GET", f"/videos/{job_id}", change=change)

    def content(self, job_id: str, change: Change | None = None, **headers: str) -> Reply:
        return self.ask("GET", f"/videos/{job_id}/content", headers=headers, change=change)

    def pages(self, query: str = "", change: Change | None = None) -> Reply:
        return self.ask("GET", "/videos", query=query, change=change)

    def done(self, **fields: object) -> str:
        """A job that was seen when it was completed."""
        job_id = self.create(**fields)
        self.clock.advance(60)
        self.poll(job_id)
        return job_id

    def jobs(self, count: int) -> list[str]:
        """As many jobs, the newest first, each a second after the one before."""
        made = []
        for _ in range(count):
            made.append(self.create())
            self.clock.advance(1)
        return made[::-1]


def says(code: int = 200, /, **fields: object) -> Change:
    """Changes the HTTP status and some fields of an answer."""

    def change(reply: Reply) -> Reply:
        return replace(reply, status=code, body=json.dumps(_json(reply) | fields).encode())

    return change


def later(seconds: int, *names: str) -> Change:
    """Moves stamps of a job."""
    return lambda reply: says(**{n: _json(reply)[n] + seconds for n in names})(reply)


def instead(other: Reply) -> Change:
    """Answers in the words of another reply."""
    return lambda _: other


def with_headers(**headers: str) -> Change:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda reply: replace(reply, headers={**reply.headers, **named})


def paged(change: Callable[[list[Job]], list[Job]]) -> Change:
    """Changes the jobs of a page, and names its first and its last job accordingly."""

    def changed(reply: Reply) -> Reply:
        jobs = change(_json(reply)["data"])
        return says(data=jobs, first_id=jobs[0]["id"], last_id=jobs[-1]["id"])(reply)

    return changed


def refusal(status: int, code: str, message: str) -> Change:
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
    body = json.dumps({"error": error | {"request_id": "req_01JABCDEFGHJKMNPQRSTVWXYZ0"}}).encode()
    return lambda reply: replace(
        reply, status=status, headers={"content-type": "application/json"}, body=body
    )


def video(**fields: object) -> Reply:
    """The answer that holds the file of a job with these fields."""
    stage = Stage()
    return stage.content(stage.done(**fields))


@cache
def _document() -> Document:
    return load_document()


def _json(reply: Reply) -> Job:
    data: Job = json.loads(reply.body)
    return data


def _id(reply: Reply) -> str:
    return str(_json(reply).get("id"))


def with_prompt(stage: Stage, prompt: str) -> Reply:
    return stage.ask("POST", "/videos", data={"prompt": PROMPT}, change=says(prompt=prompt))


def seen_as(stage: Stage, *polls: Mapping[str, object]) -> None:
    """A job that is shown in these ways, one after the other."""
    job_id = stage.create()
    for fields in polls:
        stage.poll(job_id, says(**fields))


def stuck(stage: Stage) -> None:
    job_id = stage.create()
    for _ in range(2):
        stage.clock.advance(200)
        pending = {"completed_at": None, "expires_at": None}
        stage.poll(job_id, says(status="in_progress", progress=99, **pending))


def deleted(stage: Stage) -> None:
    job_id = stage.done()
    before = stage.poll(job_id)
    stage.ask("DELETE", f"/videos/{job_id}")
    stage.poll(job_id, instead(before))


def served_early(stage: Stage) -> None:
    file, job_id = video(), stage.create()
    stage.content(job_id, instead(file))
    stage.clock.advance(5)
    stage.poll(job_id)


def expired(stage: Stage) -> None:
    job_id = stage.done()
    file = stage.content(job_id)
    stage.clock.advance(2 * 86400)
    stage.content(job_id, instead(file))


def second_page(stage: Stage, change: Callable[[list[Job], list[Job]], list[Job]]) -> None:
    stage.jobs(3)
    first = _json(stage.pages("limit=2"))["data"]
    after = first[-1]["id"]
    stage.pages(f"limit=2&after={after}", paged(lambda second: change(first, second)))


def failed_and_fetched(stage: Stage) -> None:
    MockControls(stage.service).next_job(outcome="failed")
    stage.content(stage.done())


def cut_off_twice(s: Stage) -> None:
    job_id = s.create()
    for _ in range(2):
        s.poll(job_id)
        (cut,) = (e for e in s.history[-1:] if isinstance(e, Exchange))
        s.history[-1] = replace(cut, reply=None)


def listed_twice(s: Stage) -> None:
    s.create(prompt=tag_prompt(PROMPT, 7))
    s.create(prompt=tag_prompt(PROMPT, 7))
    del s.history[-1]  # of which the client knows nothing
    s.pages()


def busy(status: int, **headers: str) -> Change:
    """Answers that it might go better another time."""
    error = refusal(status, "busy", "try again later")
    return lambda reply: with_headers(**headers)(error(reply))


def hinting(milliseconds: int) -> Change:
    """Asks for so long a wait before the next poll."""
    return with_headers(openai_poll_after_ms=str(milliseconds))


def listed_again(stage: Stage, first: Change, *, after: float) -> None:
    stage.clock.sleep(0)
    stage.pages("", first)
    stage.clock.sleep(after)
    stage.pages()


def six_in_a_row(stage: Stage) -> None:
    for _ in range(6):
        stage.clock.sleep(1)
        stage.pages("", busy(503))


def polled_again(stage: Stage, first: Change, *, after: float) -> None:
    stage.clock.sleep(0)
    job_id = stage.create()
    stage.poll(job_id, first)
    stage.clock.sleep(after)
    stage.poll(job_id)


def polled_for_ever(stage: Stage) -> None:
    MockControls(stage.service).next_job(seconds=3600)
    stage.clock.sleep(0)
    job_id = stage.create()
    for _ in range(4):
        stage.clock.sleep(120)
        stage.poll(job_id)


def misread(stage: Stage) -> None:
    job_id = stage.create()
    stage.poll(job_id, says(status="preprocessing"))
    stage.content(job_id)


def downloaded_late(stage: Stage) -> None:
    job_id = stage.done()
    stage.clock.advance(2 * 86400)
    stage.content(job_id)


def refused_twice(stage: Stage) -> None:
    MockControls(stage.service).fail("createVideo", status=403, times=2)
    stage.create()
    stage.create()


Judge = Callable[[Stage], tuple[Violation, ...]]


def each_answer(stage: Stage) -> tuple[Violation, ...]:
    exchanges = [item for item in stage.history if isinstance(item, Exchange)]
    return tuple(
        violation
        for item in exchanges
        if item.reply
        for violation in check_exchange(stage.document, item.call, item.reply)
    )


def all_answers(stage: Stage) -> tuple[Violation, ...]:
    return check_history(stage.document, stage.history, timeout=TIMEOUT_SECONDS)


def the_client(stage: Stage) -> tuple[Violation, ...]:
    return check_client(stage.document, stage.history)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule means in plain words, and an example that breaks it and nothing else."""

    prose: str
    judge: Judge
    act: Callable[[Stage], object]


EXPLANATIONS: dict[str, Explanation] = {}


def explained(code: str, judge: Judge, prose: str, act: Callable[[Stage], object]) -> None:
    if code in EXPLANATIONS:
        raise ValueError(f"{code} is explained twice")
    EXPLANATIONS[code] = Explanation(" ".join(prose.split()), judge, act)


explained(
    "AV101",
    each_answer,
    """Each operation of an OpenAPI document lists the statuses that it can answer with under
    `responses`, and clients are written against that list. Another status, even one that means
    well, takes a path in the client that nobody has thought of.""",
    lambda s: s.create(says(202)),
)
explained(
    "AV102",
    each_answer,
    """The media types of an answer stand under `content` of the response. A client decides by the
    header `Content-Type` how to read the body: with another one, JSON is taken for text, or a video
    for an error.""",
    lambda s: s.create(with_headers(content_type="text/plain")),
)
explained(
    "AV103",
    each_answer,
    """The document declares the headers of each response, with a schema and whether they are
    required. A header that is there, required or not, has to fit its schema, since clients read
    numbers and waiting times from it.""",
    lambda s: s.create(with_headers(x_ratelimit_limit_requests="plenty")),
)
explained(
    "AV104",
    each_answer,
    """The body of a successful answer must fit the JSON Schema that the document gives for it:
    fields that are required, types, allowed values, and what an `if` and its `then` say of a job
    in a certain state. The place in the message is a JSON pointer into the body. Fields
    that the schema does not know are fine unless it forbids them.""",
    lambda s: s.create(says(progress="0%")),
)
explained(
    "AV105",
    each_answer,
    """The answer says that it is JSON, and does not parse. As a rule it was cut off on its way,
    or a proxy has put a page of its own in place of it.""",
    lambda s: s.poll(s.create(), lambda r: replace(r, body=r.body[:40])),
)
explained(
    "AV106",
    each_answer,
    """Errors have a schema, too: the one that carries `x-error-envelope`, which says where type,
    code and message stand. A client that finds its error elsewhere, or not at all, can tell its
    user nothing.""",
    lambda s: s.poll("video_none", lambda r: replace(r, body=b'{"detail": "Not Found"}')),
)
explained(
    "AV107",
    each_answer,
    """`x-lifecycle` lists under `echoes` which fields of a request come back in the job, and where.
    If one comes back with another value, the server will make something else than was asked
    for. A field that may be null may also be kept secret.""",
    lambda s: s.create(says(seconds="4"), seconds="8"),
)
explained(
    "AV108",
    each_answer,
    """A field that was not sent has the `default` of the request's schema, and the job has to show
    it where `echoes` of `x-lifecycle` says. Another value may cost more than the client has
    reckoned with.""",
    lambda s: s.create(says(seconds="12")),
)
explained(
    "AV109",
    each_answer,
    """All that was sent is allowed by the schema of the request and by its parameters, and yet the
    answer says that something is wrong with it. Either the server knows less than the
    document promises, or the document promises too much. Answers about keys, rates and the state
    of a job are no such refusals.""",
    lambda s: s.create(
        refusal(400, "invalid_request", "size: 1792x1024 is not supported"), size="1792x1024"
    ),
)
explained(
    "AV110",
    each_answer,
    """The request breaks the schema of its body or of a parameter, and the server has taken it all
    the same. Mistakes of clients stay hidden in this way, and a job that nobody meant is made and
    billed.""",
    lambda s: s.ask(
        "POST", "/videos", data={"prompt": ""}, change=instead(with_prompt(Stage(), ""))
    ),
)
explained(
    "AV111",
    each_answer,
    """`security` of the document says which operations need a key, and its security scheme in which
    header. A server that answers without one shows the jobs of its users to everybody, and so does
    one that takes any key: `aisa-testkit check` also sends one that nobody has.""",
    lambda s: s.ask("GET", "/videos", key=False, change=instead(s.pages())),
)
explained(
    "AV112",
    each_answer,
    """`Content-Length` is a promise about the bytes that follow (RFC 9110, section 8.6). If there
    are fewer, the answer was cut off, and a file that is saved from it is broken.""",
    lambda s: s.create(with_headers(content_length="4096")),
)
explained(
    "AV113",
    each_answer,
    """`x-error-envelope` lists under `causes` with which codes each status is sent. A code that is
    not among them breaks no schema, but a client that decides by codes takes the error for one
    that it does not know.""",
    lambda s: s.poll("video_none", refusal(404, "not_found", "there is no such video")),
)

explained(
    "AV114",
    all_answers,
    """A status of 500 or more says that the server itself is at fault, whatever was asked. Once may
    happen to every server, so this was answered so again and again; or with 500 where a job was to
    be made, which nobody dares to ask for again.""",
    lambda s: s.create(refusal(500, "internal_error", "something went wrong")),
)
explained(
    "AV115",
    all_answers,
    """The connection ended before all of the answer was there, or the answer was not encoded as its
    headers say. Once may happen on every network; this was so again when the request was sent
    once more.""",
    cut_off_twice,
)
explained(
    "AV116",
    each_answer,
    """What the client sent as its key stands in the answer. From there it finds its way into logs
    and reports. The judge never sees a key itself: whoever takes down an exchange masks it.""",
    lambda s: s.poll("video_none", refusal(401, "invalid_api_key", f"there is no key {MASK}")),
)
explained(
    "AV117",
    each_answer,
    """Nothing was wrong with the request but its key, and the answer says something else. Client
    libraries tell errors apart by their status, and users look for their mistake in the wrong
    place.""",
    lambda s: s.ask("GET", "/videos", key=False, change=refusal(403, "region_blocked", "no")),
)

explained(
    "AV201",
    all_answers,
    """`states` of `x-lifecycle` says which state can follow which. A poll need not see every state
    in between, but a job never goes to a state that cannot be reached from the one in which it
    was seen before.""",
    lambda s: seen_as(s, {"status": "in_progress", "progress": 0}, {"status": "queued"}),
)
explained(
    "AV202",
    all_answers,
    """A state with `ends` in `x-lifecycle` is final. A client stops polling when it sees one, and
    so never hears of what comes after it.""",
    lambda s: s.poll(
        s.done(), says(status="failed", error={"code": "generation_failed", "message": "No."})
    ),
)
explained(
    "AV203",
    all_answers,
    """`progress` of `x-lifecycle` says where the progress of a job stands. It may stand still and
    it may jump, but from one answer about a job to the next it never becomes less, whichever
    operation the answers come from.""",
    lambda s: seen_as(
        s, {"status": "in_progress", "progress": 60}, {"status": "in_progress", "progress": 40}
    ),
)
explained(
    "AV204",
    all_answers,
    """Each state of `x-lifecycle` can bound the progress of a job that is in it. A client that
    shows a bar believes that a job is done when it reads the highest value, so that must not
    come before the end, nor anything less at the end.""",
    lambda s: seen_as(s, {"status": "in_progress", "progress": 100}),
)
explained(
    "AV205",
    all_answers,
    """`immutable` of `x-lifecycle` lists the fields that are settled when a job is made. The first
    answer about a job says what they are, and all later answers of all operations have to agree
    with it.""",
    lambda s: seen_as(s, {"model": "sora-2-pro"}),
)
explained(
    "AV206",
    all_answers,
    """`stamps` of `x-lifecycle` says which moment is set on entering which state. Before that it is
    null: a client that looks at the stamp rather than at the state must not come to another
    conclusion.""",
    lambda s: seen_as(s, {"status": "in_progress", "completed_at": 1780000003}),
)
explained(
    "AV207",
    all_answers,
    """`stamps` of `x-lifecycle` says which moment is set on entering which state, and the job is in
    that state. When its files expire is the one moment that a server need not know.""",
    lambda s: seen_as(s, {"status": "completed", "progress": 100}),
)
explained(
    "AV208",
    all_answers,
    """A stamp of `x-lifecycle` tells of one moment, which does not change. If it moves from one
    answer to the next, it is computed when it is asked for, and a client cannot rely on it, for
    instance to download a file in time.""",
    lambda s: s.poll(s.done(), later(60, "expires_at")),
)
explained(
    "AV209",
    all_answers,
    """The stamps of a job follow the order of its life in `x-lifecycle`: it is made first, ends
    later, and its files expire last of all. Stamps in another order come from clocks that differ or
    from fields that were mixed up.""",
    lambda s: s.poll(s.create(), says(status="completed", progress=100, completed_at=1779999990)),
)
explained(
    "AV210",
    all_answers,
    """The stamps of `x-lifecycle` are Unix times in seconds. One that lies tens of thousands
    of years ahead is in milliseconds, and whoever computes with it waits for ever.""",
    lambda s: s.create(says(created_at=1780000000000)),
)
explained(
    "AV211",
    all_answers,
    """`failure` of `x-lifecycle` says where a job tells why it failed. In a state that ends in
    failure something has to stand there, or nobody can find out whether another try is worth it.
    """,
    lambda s: seen_as(s, {"status": "failed", "error": None}),
)
explained(
    "AV212",
    all_answers,
    """`failure` of `x-lifecycle` says where a job tells why it failed. In all other states the
    place is null: many clients look at the error first, and give up a job that goes well.""",
    lambda s: s.poll(s.done(), says(error={"code": "generation_failed", "message": "No."})),
)
explained(
    "AV213",
    all_answers,
    """Two requests made a job each, and both answers have the same id, where `id` of `x-lifecycle`
    says that it stands. One of the two jobs cannot be reached any more, though it is paid for.""",
    lambda s: s.create(says(id=s.create())),
)
explained(
    "AV214",
    each_answer,
    """The path names a job, and the id in the answer, where `id` of `x-lifecycle` says that it
    stands, is that of another. A cache or a lookup is wrong, and at worst the job is someone
    else's.""",
    lambda s: s.poll(s.create(), says(id=s.create())),
)
explained(
    "AV215",
    all_answers,
    """A job has to reach one of the states with `ends` in `x-lifecycle`. The judge was given a time
    limit, has watched the job for longer than that, and the last answer still said that it
    goes on.""",
    stuck,
)
explained(
    "AV216",
    all_answers,
    """After a deletion that was accepted, every request about the job gets the status that
    `x-error-envelope` gives to unknown jobs, and no list shows it. Otherwise the user's data is
    still there.""",
    deleted,
)
explained(
    "AV217",
    all_answers,
    """An answer has shown the job, nobody has deleted it, and now the server does not know it. It
    was lost, or it was never written where the next request looks.""",
    lambda s: s.poll(s.create(), refusal(404, "resource_not_found", "there is no such job")),
)
explained(
    "AV218",
    each_answer,
    """`source` of `x-lifecycle` says where a job that was made from another names it. Without that
    name nobody can tell later where a video came from.""",
    lambda s: s.ask(
        "POST",
        f"/videos/{s.done()}/remix",
        data={"prompt": "The same by night"},
        change=says(remixed_from_video_id=None),
    ),
)
explained(
    "AV219",
    all_answers,
    """Nobody has ever made this job: its id is the prefix of `x-lifecycle` and 32 zeros, which no
    server gives to a job, and for which `aisa-testkit check` asks on purpose. A server that answers
    as if it were there would do so for a misspelt id, too.""",
    lambda s: s.poll("video_" + "0" * 32, instead(s.poll(s.create()))),
)

explained(
    "AV221",
    all_answers,
    """The operation with the `x-job-role` of content serves the files of jobs whose state ends in
    success. Here it has served one, and a later answer says that the job is still going on, or an
    earlier one that it has failed: whatever the bytes are, they are not the result.""",
    served_early,
)
explained(
    "AV222",
    all_answers,
    """The job has succeeded, so the operation with the `x-job-role` of content has to serve its
    file, until the moment that `expiry` of `x-lifecycle` points at. The job is paid for
    whether its result can be fetched or not.""",
    lambda s: s.content(s.done(), refusal(404, "resource_not_found", "there is no such file")),
)
explained(
    "AV223",
    all_answers,
    """`expiry` of `x-lifecycle` points at the moment at which the files of a job go. A file that
    is still served long after that has not been deleted when its owner was told it would be.""",
    expired,
)
explained(
    "AV224",
    all_answers,
    """The first bytes of a file tell what it is, and that has to be what `Content-Type` says. A
    video has to be whole, too: an MP4 file is a row of boxes, none of which may be cut off.""",
    lambda s: s.content(s.done(), lambda r: replace(r, body=r.body[:5000])),
)
explained(
    "AV225",
    all_answers,
    """`x-media` names the field of the request that sets the size of a video, and the job repeats
    it. The judge reads width and height from the MP4 file itself and compares.""",
    lambda s: s.content(s.done(size="1280x720"), instead(video(size="720x1280"))),
)
explained(
    "AV226",
    all_answers,
    """`x-media` names the field of the request that sets the length of a video, and the job repeats
    it. The judge reads the duration from the MP4 file itself; half a second more or less is fine.
    """,
    lambda s: s.content(s.done(seconds="8"), instead(video(seconds="4"))),
)
explained(
    "AV227",
    all_answers,
    """An answer with the status 206 is a part of the file, and its header `Content-Range` says
    which (RFC 9110, section 14). It has to be the part that `Range` asked for, with as many bytes
    as it says: a download that goes on after a break is put together from such parts.""",
    lambda s: s.content(s.done(), lambda r: replace(r, body=r.body[:-1]), range="bytes=0-99"),
)

explained(
    "AV231",
    all_answers,
    """`x-page` says how a list is read page by page. From its first page to its last it shows each
    job once, also where a page ends and the next begins.""",
    lambda s: second_page(s, lambda first, second: [first[-1], *second]),
)
explained(
    "AV232",
    all_answers,
    """A list that was read from its first page to its last has to hold all jobs that the same
    client has made before and not deleted. `x-page` says where its pages have their jobs and
    whether there are more.""",
    lambda s: [s.jobs(3), s.pages("", paged(lambda jobs: [jobs[0], jobs[2]]))],
)
explained(
    "AV233",
    all_answers,
    """`x-page` names the parameter that sets the order of a list, which has a default. The jobs
    stand in that order of the stamp that is set when a job is made; jobs of the same second
    may stand in any.""",
    lambda s: [s.jobs(3), s.pages("", paged(lambda jobs: jobs[::-1]))],
)
explained(
    "AV234",
    all_answers,
    """`x-page` says where a page names its first and its last job, and the next page is asked for
    by the latter. If that is another id, the next page begins at the wrong place; and an empty page
    that promises more makes clients ask for ever.""",
    lambda s: [s.jobs(2), s.pages("", lambda r: says(last_id=_json(r)["first_id"])(r))],
)
explained(
    "AV235",
    all_answers,
    """`x-page` names the parameter that limits how many jobs a page holds. A client that asked for
    a few must not be sent thousands.""",
    lambda s: [s.jobs(3), s.pages("limit=2", instead(s.pages()))],
)

explained(
    "AV236",
    all_answers,
    """The list shows a job with a text that this client has signed, as `aisa-testkit check` does
    with `--seed`, and no accepted request has made it. One request has made two jobs, or a refused
    one was made all the same, and somebody pays for it.""",
    listed_twice,
)

explained(
    "AV701",
    the_client,
    """No operation of the document has this method and path. The message names the operation that
    comes nearest, and where the two part: often it is the version in the path, a plural, or
    another method.""",
    lambda s: s.ask("GET", "/video/video_1"),
)
explained(
    "AV702",
    the_client,
    """The body could not be taken apart: it is cut off, is no JSON or no form, or has a media type
    that `requestBody` of the operation does not list. Clients that write JSON or forms by hand do
    this, those that leave it to a library hardly ever.""",
    lambda s: s.ask("POST", "/videos", body=b'{"prompt": "A lighthouse'),
)
explained(
    "AV703",
    the_client,
    """The schema of the body, or a parameter of the operation, says that the value is `required`. A
    server can only refuse the request.""",
    lambda s: s.ask("POST", "/videos", data={"model": "sora-2"}),
)
explained(
    "AV704",
    the_client,
    """The schema asks for another type. Numbers that are written as text are a frequent case: this
    API wants the length of a video as a string.""",
    lambda s: s.create(seconds=8),
)
explained(
    "AV705",
    the_client,
    """The value has the right type, but the schema excludes it: it is not in an `enum`, is too long
    or too short, or out of bounds. A server refuses it, today and when
    it is sent again.""",
    lambda s: s.create(seconds="5"),
)
explained(
    "AV706",
    the_client,
    """`security` of the document asks for a key, in the header and in the form that its security
    scheme names. The request had none, or one in another form, and a real server answers 401.
    """,
    lambda s: s.ask("GET", "/videos", key=False),
)
explained(
    "AV707",
    the_client,
    """Neither the parameters nor the body of the operation have a field of this name. Servers let
    it pass, so it is a warning; but what it was meant to say is not heard, and a spelling mistake
    in an optional field looks just like this.""",
    lambda s: s.poll(s.create(duration="8")),
)
explained(
    "AV708",
    the_client,
    """The code under test has tried to reach a server that the test does not provide, or has spent
    more on the real API than the run was allowed to. The request did not leave the process.
    """,
    lambda s: s.history.append(
        UnmatchedRequest(
            "GET",
            "https://cdn.example/poster.png",
            "the host is not allowed",
            UnmatchedKind.BLOCKED,
        )
    ),
)
explained(
    "AV709",
    the_client,
    """The mock plays a recording, and this request is none of those in it. What is compared are
    fields, parameters and the bytes of files, never the boundaries of a form. The report names the
    recorded request that is most like it, and the first thing in which they differ.""",
    lambda s: s.history.append(
        UnmatchedRequest(
            "POST",
            "/v1/videos",
            "createVideo is not in the recording: prompt is 'A pier', and in the recording 'A bay'",
            UnmatchedKind.NOT_RECORDED,
        )
    ),
)
explained(
    "AV711",
    the_client,
    """The server knows no job of this id, and none of its answers has named it. The id comes from
    elsewhere: from another server, from a constant in the code, or from the wrong field of an
    answer.""",
    lambda s: s.poll("video_123"),
)
explained(
    "AV712",
    the_client,
    """A poll has told the client that the job is in a final state, one with `ends` in
    `x-lifecycle`, and the client polls on. Each such request counts against the rate limit and
    can learn nothing. To look once whether a deleted job is gone is fine.""",
    lambda s: s.poll(s.done()),
)
explained(
    "AV713",
    the_client,
    """The client asked for the result of a job, or for a remix of it, while the last answer it had
    said that the job was still going on, and was refused. The vendor has clients poll until a job
    ends.""",
    lambda s: s.content(s.create()),
)
explained(
    "AV714",
    the_client,
    """The client was told that the job had failed, and asked for its file or for a remix all the
    same. Failed jobs are not billed, but they have no file either.""",
    failed_and_fetched,
)
explained(
    "AV715",
    the_client,
    """The same request made a job twice, and the first job was never asked for. As a rule the
    answer to the first was lost, spoiled or too late, and the request was sent again: the mock
    knows of such jobs, the client of one alone. The vendor warns of repeating a POST blindly, since
    both jobs are worked on and both are billed.""",
    lambda s: [s.create(), s.poll(s.create())],
)
explained(
    "AV716",
    the_client,
    """The request was answered with a status from 400 to 499 other than 429, and then sent again
    with nothing changed. The vendor's advice is never to do that, since the answer will be the
    same. What a job refuses in one state it may grant in another.""",
    refused_twice,
)
explained(
    "AV717",
    the_client,
    """The client has sent the same request so often without getting on that the test has ended it.
    The vendor's advice is to limit the time that is spent waiting for a job, and the number of
    tries.""",
    lambda s: s.history.append(
        UnmatchedRequest(
            "GET",
            "/v1/videos/{video_id}",
            "1000 equal requests in a row, each answered 200",
            UnmatchedKind.ENDLESS,
        )
    ),
)
explained(
    "AV721",
    the_client,
    """The connection broke, the server was at fault, or its answer showed no job, and the client
    asked for the same job once more. Nobody can tell from such an answer whether there is a job
    already, so the vendor says not to repeat a POST blindly. A look into the list first makes it
    safe, and so does a header `Idempotency-Key` that is the same both times, if the server heeds
    it.""",
    lambda s: [s.create(busy(503)), s.poll(s.create())],
)
explained(
    "AV722",
    the_client,
    """The answer said how long to wait before another try, in the header that `retry_after` of
    `x-error-envelope` names, and the client has not waited for so long. The vendor's first rule is
    to honour it. Milliseconds count before seconds, where an answer has both.""",
    lambda s: listed_again(s, busy(429, retry_after="2"), after=0.5),
)
explained(
    "AV723",
    the_client,
    """The answer did not say how long to wait, and the client was back in less than the official
    clients wait, or three times after the same short while. Many clients that do so keep a server
    down that would come up. The vendor asks for a second at first, and for twice as long each
    time.""",
    lambda s: listed_again(s, busy(503), after=0.1),
)
explained(
    "AV724",
    the_client,
    """More than five attempts at the same thing have failed one after the other: each was answered
    429 or 500 and above, or broke off. The vendor has clients give up after 3 to 5 attempts, or
    after 60 s. What comes more than a minute later counts as a new request.""",
    six_in_a_row,
)
explained(
    "AV725",
    the_client,
    """The job was going on, or its file was there, and the client has given up at the first 429,
    5xx or broken connection, which the next attempt might have got over. The vendor counts on 3 to
    5 attempts. It is right to give up after five minutes in all, where no money is left, where the
    wait would be longer than a minute, and where another POST could make a second job.""",
    lambda s: s.poll(s.create(), busy(503)),
)
explained(
    "AV731",
    the_client,
    """Two polls for the same job came less than half a second apart, though the first was answered
    that the job goes on. The vendor's limit is two polls in a second, and most jobs take 20 to 90
    s. A server that asks for a shorter wait, in the header of `poll_after` of `x-lifecycle`, may
    have it.""",
    lambda s: polled_again(s, hinting(1000), after=0.1),
)
explained(
    "AV732",
    the_client,
    """The last answer about the job said how long to wait before the next poll, in the header of
    `poll_after` of `x-lifecycle`, and the client has not waited for so long. The server knows best
    how long its jobs take: an earlier poll counts against the rate limit and learns nothing.""",
    lambda s: polled_again(s, hinting(5000), after=2),
)
explained(
    "AV733",
    the_client,
    """The client has polled for one job for more than five minutes of its own time, and the job was
    still pending. The vendor has clients cap the total wait at that: a job that takes longer will
    hardly ever end, and a loop that waits for it will not, either. To look again much later is
    fine.""",
    polled_for_ever,
)
explained(
    "AV734",
    the_client,
    """The last answer about the job had a status that is none of the `states` of `x-lifecycle`, and
    the client took it for the end: it asked for the file, or for nothing any more. Servers get new
    words before clients do, and most of them mean that the job goes on. Official clients stop
    polling at such a word, so look at the status that they return.""",
    misread,
)
explained(
    "AV735",
    the_client,
    """`expiry` of `x-lifecycle` points at the moment at which the files of a job go, and the client
    had been told it. It came later, and was refused. What is to be kept must be downloaded before,
    as the vendor says, since the job cannot be had again for nothing.""",
    downloaded_late,
)
explained(
    "AV736",
    the_client,
    """The request for the job was accepted, and nothing in the history asks for it, lists it or
    deletes it; or it was still pending when it was asked for last, within the 90 s that most jobs
    take, though the client went on with other things for long after. A job that completes is
    billed, whether its result is fetched or not. It is fine to give up on a job after five minutes
    of polls.""",
    lambda s: s.create(),
)


class ExampleError(Exception):
    """A rule whose example does not show it."""


def example(code: str) -> Violation:
    """The violation that the example of a rule is; raises ExampleError if it is none, another, or
    more than one.
    """
    if code not in EXPLANATIONS:
        raise ExampleError(f"{code} has no explanation")
    stage = Stage()
    EXPLANATIONS[code].act(stage)
    found = EXPLANATIONS[code].judge(stage)
    if [violation.code for violation in found] != [code]:
        shown = "\n".join(map(str, found)) or "nothing"
        raise ExampleError(f"the example of {code} gives\n{shown}")
    return found[0]


def page(rule: Rule) -> str:
    """The page of a rule, in Markdown; raises ExampleError if it has no proper example."""
    shown = example(rule.code)
    whose = "Servers" if rule.party is Party.SERVER else "Clients"
    return "\n\n".join(
        [
            f"# {rule.code} {rule.title}",
            f"{whose} are held to it; {_WEIGHTS[rule.severity]} {rule.severity}.",
            _wrapped(EXPLANATIONS[rule.code].prose),
            _wrapped(f"**Advice:** {rule.advice}"),
            "An example, as it is reported:",
            f"```text\n{shown}\n```\n",
        ]
    )


_WEIGHTS = {
    Severity.ERROR: "breaking it is an",
    Severity.WARNING: "breaking it is a",
    Severity.ADVICE: "no test fails for it, a verdict tells it as",
}


def _wrapped(text: str) -> str:
    return fill(text, 100, break_long_words=False, break_on_hyphens=False)


def index() -> str:
    """The table of all rules, in Markdown."""
    head = [
        "# The rules",
        "",
        "What servers and clients are held to. `aisa-testkit explain CODE` prints the page of a"
        " rule.",
    ]
    return "\n".join([*head, *_table(Party.SERVER), *_table(Party.CLIENT)]) + "\n"


def _table(party: Party) -> Iterator[str]:
    yield from ["", f"## For {party}s", "", "| code | title | severity |"]
    yield "|---|---|---|"
    for rule in RULES.values():
        if rule.party is party:
            link = f"[{rule.code}](../contracts/rules/pages/{rule.code}.md)"
            yield f"| {link} | {rule.title} | {rule.severity} |"


def files() -> dict[Path, str]:
    """The text of every file; raises ExampleError where a rule has no proper example."""
    strange = EXPLANATIONS.keys() - RULES.keys()
    if strange:
        raise ExampleError(f"there are no rules {', '.join(sorted(strange))}")
    return {**{FOLDER / f"{r.code}.md": page(r) for r in RULES.values()}, INDEX: index()}


def main() -> None:
    texts = files()
    FOLDER.mkdir(exist_ok=True)
    for left_over in set(FOLDER.glob("*.md")) - texts.keys():
        left_over.unlink()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    print(f"Wrote {len(texts)} files")


if __name__ == "__main__":
    main()
