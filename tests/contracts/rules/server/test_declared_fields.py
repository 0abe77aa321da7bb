"""Servers of a document that declares fields of many forms: times, values of the request, lists."""

from __future__ import annotations

import re

import pytest

from aisa_testkit.contracts import Exchange, check_server
from aisa_testkit.openapi import Document, Reply, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_numbers, codes_with_places
from tests.support.exchanges import json_reply, make_exchange

DOCUMENT = """
openapi: 3.1.0
info: {title: Bakery, version: '1'}
x-jobs:
  loaf:
    create:
      - createLoaf
      - {operation: bakeAgain, source: /again/of}
    poll: {operation: readLoaf, job: /loaves/0}
    list:
      operation: listLoaves
      items: /loaves
      total: /total
      offset: query.skip
      limit: query.most
    delete: removeLoaf
    cancel: {operation: removeLoaf, next: stopped}
    job: /loaf
    id: /number
    state: /stage
    states:
      resting: {value: 0, next: [baking, stopped]}
      baking: {value: 1, next: [baked, burnt, stopped]}
      baked: {means: success, value: 2}
      burnt: {means: failure, value: 3}
      stopped: {means: canceled, value: 4}
    fields:
      /times/mixed: {time: created}
      /times/heated: {time: baking, as: milliseconds}
      /times/done: {time: terminal, as: '%d.%m.%Y %H:%M:%S'}
      /times/touched: {time: changed}
      /times/eaten: {time: created, plus: 600, in: baked, optional: true}
      /recipe/flour: {request: /mix/flour, map: {rye: 1150, wheat: 405}}
      /recipe/extras: {request: /mix/extras}
      /recipe/shape: {request: /shape, optional: true}
      /recipe/of: {source: /number}
      /why: {failure: code}
      /what: {failure: message, optional: true}
      /smell: {request: query.smell}
paths:
  /loaves:
    post:
      operationId: createLoaf
      parameters: [{name: smell, in: query, schema: {type: string}}]
      requestBody: {$ref: '#/components/requestBodies/Order'}
      responses: {'201': {$ref: '#/components/responses/Loaf'}}
    get:
      operationId: listLoaves
      parameters:
        - {name: skip, in: query, schema: {type: integer}}
        - {name: most, in: query, schema: {type: integer}}
      responses: {'200': {$ref: '#/components/responses/Loaves'}}
  /again:
    post:
      operationId: bakeAgain
      requestBody: {$ref: '#/components/requestBodies/Order'}
      responses: {'201': {$ref: '#/components/responses/Loaf'}}
  /loaves/{number}:
    parameters: [{name: number, in: path, required: true, schema: {type: integer}}]
    get:
      operationId: readLoaf
      responses: {'200': {$ref: '#/components/responses/Loaves'}}
    delete:
      operationId: removeLoaf
      responses: {'204': {description: Removed.}}
components:
  requestBodies:
    Order:
      content:
        application/json:
          schema:
            type: object
            properties:
              shape: {type: string, default: round}
              mix:
                type: object
                properties:
                  flour: {type: string, default: wheat}
                  extras: {type: object}
              again: {type: object, properties: {of: {type: string}}}
  responses:
    Loaf:
      description: A loaf.
      content:
        application/json:
          schema: {type: object, properties: {loaf: {$ref: '#/components/schemas/Loaf'}}}
    Loaves:
      description: Loaves.
      content:
        application/json:
          schema:
            type: object
            properties:
              total: {type: integer}
              loaves: {type: array, items: {$ref: '#/components/schemas/Loaf'}}
  schemas:
    Loaf:
      type: object
      required: [number, stage]
      properties:
        number: {type: integer}
        stage: {type: integer, enum: [0, 1, 2, 3, 4]}
        times:
          type: object
          properties:
            mixed: {type: string, format: date-time}
            heated: {type: integer}
            done: {type: string}
            touched: {type: string, format: date-time}
            eaten: {type: string, format: date-time}
        recipe: {type: object, properties: {flour: {}, extras: {}, shape: {}, of: {}}}
        why: {type: [integer, 'null']}
        what: {type: string}
        smell: {type: string}
"""
START = 1_780_000_000
MIXED = "2026-05-28T20:26:40Z"  # the time of all exchanges
ORDER: dict[str, Json] = {"mix": {"flour": "rye", "extras": {"seeds": 3}}}
STAGES = {"resting": 0, "baking": 1, "baked": 2, "burnt": 3, "stopped": 4}


@pytest.fixture(scope="module")
def bakery() -> Document:
    return parse_document(DOCUMENT)


def loaf(
    stage: str,
    number: int = 7,
    *,
    times: dict[str, Json] | None = None,
    recipe: dict[str, Json] | None = None,
    **changes: Json,
) -> dict[str, Json]:
    """A job in a stage, as a server without faults shows it; a time of None is left out."""
    usual: dict[str, Json] = {"mixed": MIXED, "touched": MIXED}
    if stage != "resting":
        usual["heated"] = 1_780_000_000_500
    if stage in ("baked", "burnt", "stopped"):
        usual["done"] = "28.05.2026 20:26:41"
    made: dict[str, Json] = {"flour": 1150, "extras": {"seeds": 3}}
    failure: dict[str, Json] = {"why": 12} if stage == "burnt" else {}
    return {
        "number": number,
        "stage": STAGES[stage],
        "times": {n: t for n, t in {**usual, **(times or {})}.items() if t is not None},
        "recipe": {**made, **(recipe or {})},
        "smell": "good",
        **failure,
        **changes,
    }


class Server:
    """A server of the bakery whose responses a test chooses."""

    def __init__(self, document: Document) -> None:
        self.document, self.history = document, list[Exchange]()

    def create(self, job: Json, order: Json = None, operation: str = "createLoaf") -> None:
        query = {"smell": "good"} if operation == "createLoaf" else None
        self.history.append(
            make_exchange(
                self.document,
                operation,
                json_reply({"loaf": job}, 201),
                fields=ORDER if order is None else order,
                query=query,
            )
        )

    def show(self, job: dict[str, Json], *, after: float = 0) -> None:
        reply = json_reply({"loaves": [job]})
        self.history.append(
            make_exchange(
                self.document, "readLoaf", reply, job_id=str(job["number"]), at=START + after
            )
        )

    def remove(self, number: int, status: int = 204) -> None:
        reply = Reply(status)
        self.history.append(make_exchange(self.document, "removeLoaf", reply, job_id=str(number)))

    def list_jobs(self, *numbers: int, total: int, query: dict[str, str] | None = None) -> None:
        body = {"total": total, "loaves": [loaf("resting", number) for number in numbers]}
        self.history.append(
            make_exchange(self.document, "listLoaves", json_reply(body), query=query)
        )

    @property
    def codes(self) -> list[str]:
        return codes_with_numbers(check_server(self.document, self.history))

    @property
    def places(self) -> list[str]:
        return codes_with_places(check_server(self.document, self.history))


@pytest.fixture
def server(bakery: Document) -> Server:
    return Server(bakery)


@pytest.mark.parametrize("end", ["baked", "burnt"])
def test_job_that_follows_its_life_is_not_reported(server: Server, end: str) -> None:
    server.create(loaf("resting"))
    for stage in ("resting", "baking", end):
        server.show(loaf(stage))
    assert server.codes == []


@pytest.mark.parametrize(
    ("stage", "times", "expected"),
    [
        ("resting", {"mixed": None}, ["AV207 /times/mixed"]),
        ("baking", {"heated": None}, ["AV207 /times/heated"]),
        ("baked", {"done": None}, ["AV207 /times/done"]),
        ("resting", {"touched": None}, ["AV207 /times/touched"]),
        ("baked", {"eaten": None}, []),
        ("resting", {"heated": 1_780_000_000_500, "done": "28.05.2026 20:26:41"}, []),
        ("resting", {"eaten": "2026-05-28T20:36:40Z"}, []),
        ("baking", {"heated": 1_780_000_000}, ["AV210 /times/heated", "AV209 /times/heated"]),
        ("baking", {"heated": 1_779_999_990_000}, ["AV209 /times/heated"]),
        ("baked", {"done": "28.05.2026 20:26:30"}, ["AV209 /times/done", "AV209 /times/done"]),
        ("baked", {"done": "28.05.2026 20:26:40"}, []),
        ("baking", {"mixed": "2026-05-28T22:26:40+02:00"}, []),
        ("baking", {"mixed": "yesterday"}, []),
    ],
    ids=[
        "created",
        "entered",
        "ended",
        "changed",
        "optional",
        "early",
        "early, counted from the creation",
        "another unit",
        "before the creation",
        "before an earlier state",
        "less exact",
        "another zone",
        "not a time",
    ],
)
def test_timestamps_of_any_form_are_due_and_in_order(
    server: Server, stage: str, times: dict[str, Json], expected: list[str]
) -> None:
    server.show(loaf(stage, times=times))
    assert sorted(server.places) == sorted(expected)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({"heated": 1_780_000_000_501}, ["AV208 /times/heated"]),
        ({"mixed": "2026-05-28T20:26:39Z"}, ["AV205 /times/mixed"]),
        ({"touched": "2026-05-28T20:26:41Z"}, []),
    ],
    ids=["entered", "created", "changed"],
)
def test_timestamp_is_set_once_except_that_of_the_last_change(
    server: Server, times: dict[str, Json], expected: list[str]
) -> None:
    server.show(loaf("baking"))
    server.show(loaf("baking", times=times))
    assert server.places == expected


@pytest.mark.parametrize(
    ("stage", "touched", "expected"),
    [
        ("resting", "2026-05-28T20:26:40Z", []),
        ("resting", "2026-05-28T20:26:45Z", []),
        ("resting", "2026-05-28T20:26:39Z", ["AV209 /times/touched", "AV209 /times/touched"]),
        ("baking", "2026-05-28T20:26:45Z", []),
        ("baking", "2026-05-28T20:26:40Z", ["AV209 /times/touched", "AV209 /times/touched"]),
    ],
    ids=["same state", "moved without a state", "back", "moved", "new state, same time"],
)
def test_time_of_the_last_change_moves_with_the_job(
    server: Server, stage: str, touched: str, expected: list[str]
) -> None:
    server.show(loaf("resting"))
    server.show(loaf("resting"), after=4)
    heated = {} if stage == "resting" else {"heated": 1_780_000_004_500}
    server.show(loaf(stage, times={"touched": touched, **heated}), after=5)
    assert server.places == expected


def test_quick_moves_may_be_in_one_second(server: Server) -> None:
    server.show(loaf("resting"))
    server.show(loaf("baking"), after=0.5)
    assert server.places == []


def test_last_change_is_not_before_a_state(server: Server) -> None:
    server.show(loaf("baking", times={"heated": 1_780_000_060_000}))
    assert server.places == ["AV209 /times/touched"]


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"flour": "rye"}, ["AV107 /recipe/flour"]),
        ({"flour": 405}, ["AV107 /recipe/flour"]),
        ({"extras": {"seeds": 4}}, ["AV107 /recipe/extras"]),
        ({"extras": {"seeds": 3, "salt": 1}}, []),
        ({"shape": "square"}, ["AV108 /recipe/shape"]),
        ({"shape": "round"}, []),
        ({"shape": None}, []),
        ({"flour": None}, ["AV107 /recipe/flour"]),
    ],
    ids=[
        "not translated",
        "another value",
        "another inner value",
        "more inner values",
        "not the default",
        "default",
        "optional",
        "missing",
    ],
)
def test_values_of_the_request_come_back(
    server: Server, recipe: dict[str, Json], expected: list[str]
) -> None:
    server.create(loaf("resting", recipe=recipe))
    assert server.places == expected


def test_value_of_the_query_comes_back(server: Server) -> None:
    server.create(loaf("resting", smell="bad"))
    assert server.places == ["AV107 /smell"]


def test_value_of_the_request_must_not_change(server: Server) -> None:
    server.show(loaf("resting"))
    server.show(loaf("resting", recipe={"flour": 405}))
    assert server.places == ["AV205 /recipe/flour"]


@pytest.mark.parametrize(("of", "expected"), [(7, []), (8, ["AV218"]), (None, ["AV218"])])
def test_job_names_the_job_that_it_was_made_from(
    server: Server, of: Json, expected: list[str]
) -> None:
    job = loaf("resting", 9, recipe={"of": of, "shape": "long", "flour": 405})
    server.create(job, {"again": {"of": "7"}}, "bakeAgain")
    assert [code.split()[0] for code in server.codes] == expected


@pytest.mark.parametrize(
    ("stage", "changes", "expected"),
    [
        ("burnt", {"why": None}, ["AV211 /why"]),
        ("burnt", {"what": "too hot"}, []),
        ("baking", {"why": 12}, ["AV212 /why"]),
        ("baking", {"why": 0, "what": ""}, []),
        ("stopped", {"what": "too hot"}, ["AV212 /what"]),
    ],
    ids=["missing", "optional", "early", "empty", "canceled"],
)
def test_failure_is_there_when_it_is_due_alone(
    server: Server, stage: str, changes: dict[str, Json], expected: list[str]
) -> None:
    server.show(loaf(stage, **changes))
    assert server.places == expected


def test_removal_of_a_pending_job_may_cancel_it(server: Server) -> None:
    for number, stage in ((1, "resting"), (2, "baking")):
        server.show(loaf(stage, number))
        server.remove(number)
        server.show(loaf("stopped", number))
        server.remove(number)
    assert server.codes == []
    server.show(loaf("stopped", 2))
    assert server.codes == ["AV216 8 9"]


def test_removal_of_a_pending_job_must_not_leave_it_running(server: Server) -> None:
    server.show(loaf("resting"))
    server.remove(7)
    server.show(loaf("baking"))
    assert server.codes == ["AV244 3"]


def test_removal_of_a_job_that_is_gone_may_be_accepted(server: Server) -> None:
    server.show(loaf("baked"))
    server.remove(7)
    server.remove(7)
    server.remove(0)
    assert server.codes == []


def test_list_with_an_offset_is_followed(server: Server) -> None:
    for number in (1, 2, 3):
        server.create(loaf("resting", number))
    server.list_jobs(3, 2, 1, total=3)
    server.list_jobs(3, 2, total=3, query={"most": "2"})
    server.list_jobs(1, total=3, query={"most": "2", "skip": "2"})
    assert server.codes == []
    server.list_jobs(3, 2, total=3, query={"most": "2"})
    server.list_jobs(2, total=3, query={"most": "2", "skip": "2"})
    assert server.codes == ["AV231 8", "AV232 8"]


def test_list_that_is_selected_need_not_have_every_job(server: Server) -> None:
    for number in (1, 2):
        server.create(loaf("resting", number))
    server.list_jobs(2, total=1, query={"of": "today"})
    assert server.codes == []


SOFT_ERRORS = """
x-errors:
  answer: {/code: {error: code}, /message: {error: message}}
  causes:
    none: {code: 0, message: fine}
    default: {status: 200, code: 99}
    job-unknown: {code: 44}
    credentials-missing: {code: 41}
    field-missing: {code: 42}
"""


@pytest.mark.parametrize(
    ("code", "expected"),
    [(44, []), (45, ["AV113 1"]), (0, ["AV219 1"])],
    ids=["error", "undocumented error", "success"],
)
def test_error_with_a_good_status_is_an_error(code: int, expected: list[str]) -> None:
    text = re.sub("^x-jobs:", f"{SOFT_ERRORS.strip()}\nx-jobs:", DOCUMENT, flags=re.MULTILINE)
    document = parse_document(text)
    body = {"code": code, "message": "no", "loaves": []}
    unknown = "0"
    exchange = make_exchange(document, "readLoaf", json_reply(body), job_id=unknown)
    assert codes_with_numbers(check_server(document, [exchange])) == expected
