"""Servers of several kinds of jobs of unusual shapes.

Jobs without an id or a state in the response to a create, ids in the query, nested jobs, and states
that are written alike.
"""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import Exchange, check_server
from aisa_testkit.openapi import Document, Reply, load_document
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_numbers, codes_with_places
from tests.support.documents import WORKSHOP
from tests.support.exchanges import json_reply, make_exchange

NOT_FOUND = Reply(404, {"content-type": "application/problem+json"}, b"{}")


@pytest.fixture(scope="module")
def workshop() -> Document:
    return load_document(WORKSHOP)


class Server:
    """A server of the workshop whose responses a test chooses."""

    def __init__(self, document: Document) -> None:
        self.document, self.history = document, list[Exchange]()

    def send(self, operation: str, reply: Reply, *, job_id: str = "", ticket: str = "") -> None:
        fields = {"subject": "a ship"} if operation.startswith(("order", "start")) else None
        query = {"ticket": ticket} if ticket else None
        self.history.append(
            make_exchange(
                self.document, operation, reply, job_id=job_id, fields=fields, query=query
            )
        )

    def order(self, ticket: str, kind: str = "Print") -> None:
        self.send(f"order{kind}", json_reply({"data": {"ticket": ticket}}))

    def look_up(self, ticket: str, phase: str, **fields: Json) -> None:
        body = {"data": {"ticket": ticket, "phase": phase, **fields}}
        self.send("lookUp", json_reply(body), ticket=ticket)

    def stop(self, ticket: str) -> None:
        self.send("stopPrint", json_reply({"data": {"ticket": ticket}}), ticket=ticket)

    def start_scan(self, scan: str) -> None:
        address = f"https://a.example/scans/{scan}"
        self.send("startScan", Reply(202, {"operation-location": address}))

    def read_scan(self, scan: str, stage: str, **fields: Json) -> None:
        self.send("readScan", json_reply({"stage": stage, **fields}), job_id=scan)

    def read_cast(self, over: Json, **fields: Json) -> None:
        self.send("readCast", json_reply({"id": "c", "over": over, **fields}), job_id="c")

    @property
    def codes(self) -> list[str]:
        return codes_with_numbers(check_server(self.document, self.history))

    @property
    def places(self) -> list[str]:
        return codes_with_places(check_server(self.document, self.history))


@pytest.fixture
def server(workshop: Document) -> Server:
    return Server(workshop)


def test_jobs_of_all_kinds_that_follow_their_lives_are_not_reported(server: Server) -> None:
    server.order("p")
    server.order("q", "Poster")
    server.start_scan("s")
    server.look_up("p", "waiting", share=0, again=5)
    server.look_up("q", "waiting")
    server.read_scan("s", "seen", done="0%")
    server.read_cast(over=False)
    server.look_up("p", "printed", share=1, sheet="sheet-1")
    server.look_up("q", "hung", picture="https://a.example/1.png")
    server.read_scan("s", "readable", done="100%")
    server.read_cast(over=True, piece="bronze")
    assert server.codes == []


def test_kind_of_a_job_decides_which_lifecycle_it_has(server: Server) -> None:
    server.order("p")
    server.order("q", "Poster")
    for ticket in ("p", "q"):
        server.look_up(ticket, "inking" if ticket == "p" else "hung", picture="x", share=0, again=1)
        server.look_up(ticket, "waiting", share=0, again=1)
    assert server.codes == ["AV201 3 4", "AV202 5 6"]


def test_job_that_may_be_of_several_kinds_is_not_checked(server: Server) -> None:
    server.look_up("unknown", "hung")
    server.look_up("unknown", "waiting")
    assert server.codes == []


def test_job_of_one_kind_may_have_the_id_of_a_job_of_another_kind(server: Server) -> None:
    server.start_scan("c")
    server.read_scan("c", "readable", done="100%")
    server.read_cast(over=False)
    server.read_scan("c", "seen", done="100%")
    assert server.codes == ["AV202 2 4"]


def test_job_that_its_create_shows_with_an_address_alone_is_followed(server: Server) -> None:
    server.start_scan("s")
    server.start_scan("s")
    server.read_scan("s", "readable", done="90%")
    assert server.codes == ["AV213 1 2", "AV204 3"]


@pytest.mark.parametrize(
    ("form", "before", "after"),
    [("text", "50%", "40%"), ("text", "50.5 %", "9 %"), ("fraction", 0.5, 0.25)],
)
def test_progress_in_any_form_must_not_decrease(
    server: Server, form: str, before: Json, after: Json
) -> None:
    server.order("p")
    for progress in (before, after):
        if form == "text":
            server.read_scan("s", "seen", done=progress)
        else:
            server.look_up("p", "inking", share=progress, again=1)
    assert server.codes == ["AV203 2 3"]


def test_progress_beyond_its_form_is_reported(server: Server) -> None:
    server.order("p")
    server.look_up("p", "inking", share=50, again=1)
    server.read_scan("s", "seen", done="101%")
    assert server.places == ["AV204 /share", "AV204 /done"]


def test_states_that_are_written_alike_are_distinguished_by_their_fields(server: Server) -> None:
    server.read_cast(over=False)
    server.read_cast(over=True, crack="It is cracked.")
    server.read_cast(over=True, piece="bronze")
    assert server.codes == ["AV202 2 3"]


def test_response_about_another_job_is_reported_for_ids_in_the_query(server: Server) -> None:
    server.order("p")
    server.look_up("p", "waiting", share=0, again=1)
    server.send("readCast", json_reply({"id": "d", "over": False}), job_id="c")
    server.stop("p")
    assert server.codes == ["AV214 3"]


@pytest.mark.parametrize("ticket", ["0" * 32, "deleted"])
def test_unknown_id_with_the_unknown_state_is_not_reported(server: Server, ticket: str) -> None:
    server.look_up(ticket, "nowhere")
    assert server.codes == []


def test_unknown_id_with_another_state_is_reported(server: Server) -> None:
    server.look_up("0" * 32, "waiting")
    assert set(server.codes) == {"AV219 1"}


def test_known_job_that_becomes_unknown_has_disappeared(server: Server) -> None:
    server.order("p")
    server.look_up("p", "waiting", share=0, again=1)
    server.look_up("p", "nowhere")
    assert server.codes == ["AV217 2 3"]


@pytest.mark.parametrize(
    ("phase", "reported"),
    [("stopping", []), ("stopped", []), ("printed", []), ("inking", ["AV244 4"])],
)
def test_canceled_job_must_not_go_on(server: Server, phase: str, reported: list[str]) -> None:
    server.order("p")
    server.look_up("p", "waiting", share=0, again=1)
    server.stop("p")
    server.look_up("p", phase, share=1, again=1, sheet="sheet-1")
    assert server.codes == reported


def test_refused_cancel_changes_nothing(server: Server) -> None:
    server.order("p")
    server.look_up("p", "waiting", share=0, again=1)
    server.send("stopPrint", Reply(409), ticket="p")
    server.look_up("p", "inking", share=0, again=1)
    assert server.codes == []


def test_job_may_be_canceled_by_others(server: Server) -> None:
    server.order("p")
    server.look_up("p", "inking", share=0, again=1)
    server.look_up("p", "stopped", share=0)
    assert server.codes == []


def test_missing_result_is_reported_on_success_alone(server: Server) -> None:
    server.order("p")
    server.order("q", "Poster")
    server.look_up("p", "inking", share=0, again=1)
    server.look_up("p", "printed", share=1)
    server.look_up("q", "hung", picture="")
    assert server.places == ["AV241 /sheet", "AV241 /picture"]


def test_file_that_is_there_before_success_is_reported(server: Server) -> None:
    server.order("q", "Poster")
    server.look_up("q", "waiting", picture="https://a.example/1.png")
    assert server.codes == ["AV242 2"]


def test_failure_that_is_there_before_the_end_is_reported(server: Server) -> None:
    server.read_cast(over=False, crack="soon")
    server.read_cast(over=False, crack="")
    assert server.codes == ["AV212 1"]


def test_field_that_is_due_and_missing_is_reported(server: Server) -> None:
    server.order("p")
    server.look_up("p", "waiting")
    assert server.places == ["AV243 /share", "AV243 /again"]


def test_new_id_must_not_change(server: Server) -> None:
    server.order("p")
    for sheet in ("sheet-1", "sheet-2"):
        server.look_up("p", "printed", share=1, sheet=sheet)
    assert server.codes == ["AV205 2 3"]


def test_result_is_found_by_its_key(server: Server) -> None:
    server.order("p")
    server.look_up("p", "printed", share=1, sheet="sheet-1")
    server.send(
        "fetchSheet",
        NOT_FOUND,
        job_id="sheet-1",
    )
    assert server.codes == ["AV222 3"]
    server.send(
        "fetchSheet",
        NOT_FOUND,
        job_id="sheet-9",
    )
    assert server.codes == ["AV222 3"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_statuses_of_errors_that_no_response_documents_are_accepted(
    server: Server, status: int
) -> None:
    server.send("lookUp", Reply(status), ticket="t")
    assert [code for code in server.codes if code.startswith(("AV101", "AV102", "AV106"))] == []


def test_undocumented_error_is_reported_where_others_are_documented(server: Server) -> None:
    server.send("scanFile", Reply(410), job_id="s")
    assert server.codes == ["AV101 1"]
