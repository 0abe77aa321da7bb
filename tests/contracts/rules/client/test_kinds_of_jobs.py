"""Clients of an API with several kinds of jobs of unusual shapes.

Jobs without an id or a state in the response to a create, ids in the query, and nested jobs.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson
import pytest

from aisa_testkit.contracts import Violation
from aisa_testkit.mock_server import MockControls
from aisa_testkit.openapi import Document, Reply, load_document
from tests.support.codes import codes_with_numbers
from tests.support.documents import WORKSHOP
from tests.support.journaled_mock import JournaledMock


class Client:
    """A client of the workshop, which creates jobs and asks for them by their ids."""

    def __init__(self, document: Document) -> None:
        self.mock = JournaledMock(document)
        self.controls = MockControls(self.mock.service)

    def create(self, operation: str, subject: str = "a ship") -> str:
        reply = self.mock.send(operation, fields={"subject": subject})
        address = reply.headers.get("operation-location")
        if address:
            return address.rpartition("/")[2]
        body = orjson.loads(reply.body)
        return str(body["data"]["ticket"] if "data" in body else body["id"])

    def look_up(self, ticket: str) -> Reply:
        return self.mock.send("lookUp", query=(("ticket", ticket),))

    def stop(self, ticket: str) -> Reply:
        return self.mock.send("stopPrint", query=(("ticket", ticket),))

    @property
    def violations(self) -> tuple[Violation, ...]:
        return self.mock.journal.client_verdict().violations

    @property
    def codes(self) -> list[str]:
        return codes_with_numbers(self.violations)


@pytest.fixture(scope="module")
def workshop() -> Document:
    return load_document(WORKSHOP)


@pytest.fixture
def client(workshop: Document) -> Client:
    return Client(workshop)


def test_client_that_follows_jobs_of_all_kinds_has_no_violations(client: Client) -> None:
    printed, hung = client.create("orderPrint"), client.create("orderPoster")
    scan, cast = client.create("startScan"), client.create("startCast")
    for advance in (0, 60):
        client.mock.clock.advance(advance)
        sheet = orjson.loads(client.look_up(printed).body)["data"].get("sheet")
        client.look_up(hung)
        client.mock.send("readScan", job_id=scan)
        client.mock.send("readCast", job_id=cast)
    client.mock.send("fetchSheet", job_id=sheet)
    client.mock.send("scanFile", job_id=scan)
    client.mock.send("colors")
    verdict = client.mock.journal.client_verdict()
    assert (str(verdict), verdict.jobs) == ("clean: 15 requests, 4 jobs, no findings", 4)


@pytest.mark.parametrize(
    ("create", "states"),
    [("orderPrint", "printed or torn or stopped"), ("orderPoster", "hung")],
)
def test_final_states_are_those_of_the_kind_that_shares_the_poll(
    client: Client, create: str, states: str
) -> None:
    ticket = client.create(create)
    client.mock.clock.advance(60)
    client.look_up(ticket)
    client.look_up(ticket)
    (violation,) = client.violations
    assert (violation.code, violation.expected) == ("AV712", f"no poll after {states}")


def test_state_that_is_a_boolean_is_final(client: Client) -> None:
    cast = client.create("startCast")
    client.mock.clock.advance(60)
    client.mock.send("readCast", job_id=cast)
    client.mock.send("readCast", job_id=cast)
    (violation,) = client.violations
    assert violation.code == "AV712"
    assert violation.received.endswith("which showed it true")


def test_id_that_is_answered_with_an_unknown_state_is_an_unknown_job(client: Client) -> None:
    ticket = client.create("orderPrint")
    client.look_up(ticket)
    client.look_up("t-1")
    (violation,) = client.violations
    assert (violation.code, violation.received, violation.numbers) == ("AV711", "t-1", (3,))
    assert violation.expected == f"one of {ticket}"


def test_result_with_an_id_of_its_own_belongs_to_its_job(client: Client) -> None:
    ticket = client.create("orderPrint")
    client.mock.clock.advance(60)
    sheet = orjson.loads(client.look_up(ticket).body)["data"]["sheet"]
    client.controls.fail("fetchSheet", status=500)
    client.mock.send("fetchSheet", job_id=sheet)
    assert client.codes == ["AV725 3"]


def test_result_with_an_unknown_id_is_not_an_unknown_job(client: Client) -> None:
    assert client.mock.send("fetchSheet", job_id="sheet-0").status == 404
    assert client.codes == []


def test_wait_in_the_body_is_respected(client: Client) -> None:
    ticket = client.create("orderPrint")
    client.look_up(ticket)
    client.mock.clock.sleep(0.6)
    wait = orjson.loads(client.look_up(ticket).body)["data"]["again"]
    assert client.codes == ["AV732 3"]
    client.mock.clock.sleep(wait)
    client.look_up(ticket)
    assert client.codes == ["AV732 3"]


def test_wait_in_a_header_is_respected(client: Client) -> None:
    scan = client.create("startScan")
    client.mock.send("readScan", job_id=scan)
    client.mock.clock.sleep(0.6)
    client.mock.send("readScan", job_id=scan)
    assert client.codes == ["AV732 3"]


@pytest.mark.parametrize(("stops", "codes"), [(True, []), (False, ["AV736 1 2"])])
def test_cancel_ends_the_polling(client: Client, stops: bool, codes: list[str]) -> None:
    ticket = client.create("orderPrint")
    client.mock.clock.sleep(1)
    client.look_up(ticket)
    if stops:
        client.stop(ticket)
    for _ in range(4):
        client.mock.clock.sleep(100)
        client.mock.send("colors")
    assert client.codes == codes


def test_job_without_an_id_in_its_body_is_known_by_its_address(client: Client) -> None:
    scan = client.create("startScan")
    client.mock.send("scanFile", job_id=scan)
    (violation,) = client.violations
    assert violation.code == "AV713"
    assert violation.received == f"a request for {scan}, which was accepted in response no. 1"


def test_job_whose_create_shows_no_state_is_a_duplicate(client: Client) -> None:
    client.create("startScan")
    client.mock.send("readScan", job_id=client.create("startScan"))
    client.create("orderPrint")
    assert client.codes == ["AV715 1 2", "AV736 4"]


def test_canceled_job_that_is_created_again_is_a_duplicate(client: Client) -> None:
    client.stop(client.create("orderPrint"))
    client.look_up(client.create("orderPrint"))
    (violation,) = client.violations
    assert (violation.code, violation.numbers) == ("AV715", (1, 3))
    assert "was requested, but not until its end" in violation.received


def test_files_expire_after_the_seconds_of_the_document(client: Client) -> None:
    scan = client.create("startScan")
    client.mock.clock.advance(10)
    client.mock.send("readScan", job_id=scan)
    client.mock.clock.advance(100)
    client.mock.send("scanFile", job_id=scan)
    (violation,) = client.violations
    assert violation.code == "AV735"
    assert violation.received == (
        f"a request for the files of {scan} 40 s after their expiry, which came at most 60 s"
        " after response no. 2"
    )


def test_download_from_an_address_in_the_job_breaks_nothing(client: Client) -> None:
    ticket = client.create("orderPoster")
    client.mock.clock.advance(60)
    address = orjson.loads(client.look_up(ticket).body)["data"]["picture"]
    path = urlsplit(address).path
    reply = client.mock.endpoint.respond("GET", path, query="", headers={}, body=b"")
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    assert (client.codes, client.mock.journal.kept) == ([], 3)


def test_jobs_of_two_kinds_may_have_the_same_id(workshop: Document) -> None:
    client = Client(workshop)
    cast = client.create("startCast")
    client.mock.clock.advance(60)
    client.mock.send("readCast", job_id=cast)
    client.mock.send("readScan", job_id=cast)
    (violation,) = client.violations
    assert (violation.code, violation.operation_id) == ("AV711", "readScan")
    assert violation.expected == "the id of a created job; none was created so far"
