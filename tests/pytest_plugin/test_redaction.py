"""A key that a program sends where none belongs stands in no verdict and in no error."""

from __future__ import annotations

import httpx
import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.openapi import Call, Document
from aisa_testkit.pytest_plugin import Contract, ContractError, InfiniteLoop, mock_videos

KEY = "sk-live-s3cret-987654321"
HEADERS = {"authorization": f"Bearer {KEY}"}


def poll_for_ever(client: httpx.Client) -> None:
    while True:
        client.get(f"/videos/{KEY}")


def test_a_key_that_was_sent_as_a_value_is_told_nowhere() -> None:
    with mock_videos(check=False) as mock:
        with httpx.Client(base_url=mock.base_url, headers=HEADERS) as client:
            client.post("/videos", json={"prompt": "A", "model": KEY, KEY: "1"})
            client.get(f"/video/{KEY}")
        # A program's own requests are its own; what is said about them may stand in a log.
        assert mock.requests[0].fields["model"] == KEY
        error = ContractError(mock.contract.title, mock.contract.violations)
        for told in (str(mock.verdict), str(error), repr(error)):
            assert "AV705" in told
            assert "AV701" in told
            assert "s3cret" not in told


def test_the_end_of_an_endless_loop_tells_no_key() -> None:
    with (
        mock_videos(check=False) as mock,
        httpx.Client(base_url=mock.base_url, headers=HEADERS) as client,
    ):
        with pytest.raises(
            InfiniteLoop, match=r"getVideo for \[\*key\*\]\*+ got the same"
        ) as caught:
            poll_for_ever(client)
        assert "s3cret" not in str(caught.value) + str(mock.verdict)


def test_keys_that_a_mock_knows_are_told_nowhere_before_they_come(document: Document) -> None:
    contract = Contract()
    journal = contract.open_journal(document, ManualClock(), keys=[KEY])
    journal.unmatched("GET", f"/v1/{KEY}")
    assert "AV701" in str(journal.judge())
    assert "s3cret" not in str(journal.judge()) + str(contract.error_text())


def test_what_turns_out_not_to_be_taken_is_judged_anew(document: Document) -> None:
    contract, clock = Contract(), ManualClock()
    service, journal = JobService(document, clock=clock), contract.open_journal(document, clock)
    headers = {**HEADERS, "content-type": "application/json"}
    call = Call("createVideo", headers=headers, body=orjson.dumps({"prompt": "A"}))
    replies = [service.answer(call) for _ in range(2)]
    for reply in replies:
        journal.answered(call, reply)
    assert "its response was lost" not in str(contract.unreported())
    journal.undelivered(replies[0])
    assert "its response was lost" in str(contract.unreported())
    assert contract.unreported() == ([], [])
