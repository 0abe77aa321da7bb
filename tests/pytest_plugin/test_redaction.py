"""API keys in unusual places of requests are redacted in verdicts and errors."""

from __future__ import annotations

import httpx
import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock
from aisa_testkit.openapi import Call, Document
from aisa_testkit.pytest_plugin import Contract, ContractError, InfiniteLoop, mock_videos

KEY = "sk-live-s3cret-987654321"
HEADERS = {"authorization": f"Bearer {KEY}"}


def poll_endlessly(client: httpx.Client) -> None:
    while True:
        client.get(f"/videos/{KEY}")


def test_api_key_sent_as_a_value_is_redacted_in_messages() -> None:
    with mock_videos(check=False) as mock:
        with httpx.Client(base_url=mock.base_url, headers=HEADERS) as client:
            client.post("/videos", json={"prompt": "A", "model": KEY, KEY: "1"})
            client.get(f"/video/{KEY}")
        # Tests can read the original requests; only messages, which may be logged, are redacted.
        assert mock.requests[0].fields["model"] == KEY
        error = ContractError(mock.contract.title, mock.contract.violations)
        for text in (str(mock.verdict), str(error), repr(error)):
            assert "AV705" in text
            assert "AV701" in text
            assert "s3cret" not in text


def test_api_key_is_redacted_in_infinite_loop_message() -> None:
    with (
        mock_videos(check=False) as mock,
        httpx.Client(base_url=mock.base_url, headers=HEADERS) as client,
    ):
        with pytest.raises(
            InfiniteLoop, match=r"getVideo for \[\*key\*\]\*+ got the same"
        ) as caught:
            poll_endlessly(client)
        assert "s3cret" not in str(caught.value) + str(mock.verdict)


def test_known_api_keys_are_redacted_before_their_first_use(document: Document) -> None:
    contract = Contract()
    journal = contract.open_journal(document, ManualClock(1_780_000_000), keys=[KEY])
    journal.unmatched("GET", f"/v1/{KEY}")
    assert "AV701" in str(journal.client_verdict())
    assert "s3cret" not in str(journal.client_verdict()) + str(contract.error_text())


def test_undelivered_response_is_checked_again(document: Document) -> None:
    contract, clock = Contract(), ManualClock(1_780_000_000)
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
