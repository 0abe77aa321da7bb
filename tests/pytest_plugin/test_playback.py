"""A mock that replays a recording: matching by fields, files and ids, and the order."""

from __future__ import annotations

from pathlib import Path

import httpx2
import openai
import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.traffic.recording import write_recording
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole
from aisa_testkit.openapi.operation import FORM, JSON
from aisa_testkit.pytest_plugin import ObservedMock, mock_videos, serve_videos
from tests.support.operations import find_operation

PNG = b"\x89PNG\r\n\x1a\n"
PROMPT = "A lighthouse in a storm"


class Recorder:
    """A client of a mock that records its exchanges."""

    def __init__(self, document: Document) -> None:
        self.document, self.clock = document, ManualClock(1_780_000_000)
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1))
        self.exchanges: list[Exchange] = []

    def request(self, role: JobRole, job: str = "", **more: object) -> bytes:
        operation = find_operation(self.document, role)
        parameters = {"video_id": job} if job else {}
        call = build_call(
            self.document,
            operation,
            key="sk-recorded",
            path_parameters=parameters,
            **more,  # type: ignore[arg-type]  # arguments of build_call
        )
        return self.send(call)

    def send(self, call: Call) -> bytes:
        reply = self.service.answer(call)
        at = self.clock.now()
        self.exchanges.append(read_exchange(self.document, call, reply, at=at))
        return reply.body

    def create(self, media_type: str = FORM, **fields: object) -> str:
        body = self.request(
            JobRole.CREATE, fields={"prompt": PROMPT, **fields}, media_type=media_type
        )
        return str(orjson.loads(body)["id"])

    def full_job(self) -> str:
        """Download a job too early, poll it to its end and download it; return its id."""
        job = self.create()
        self.request(JobRole.RESULT, job)
        for _ in range(3):
            self.request(JobRole.POLL, job)
            self.clock.advance(15)
        self.request(JobRole.POLL, job)
        self.request(JobRole.RESULT, job)
        return job

    def save(self, path: Path) -> Path:
        url = self.document.server_url
        path.write_bytes(
            write_recording(self.document, self.exchanges, base_url=url, version="test")
        )
        return path


@pytest.fixture
def recorder(document: Document) -> Recorder:
    return Recorder(document)


def client(mock: ObservedMock) -> openai.OpenAI:
    return openai.OpenAI(api_key="sk-other", base_url=mock.base_url, max_retries=0)


def test_recorded_job_is_replayed_for_a_new_client(recorder: Recorder, tmp_path: Path) -> None:
    job = recorder.full_job()
    with mock_videos(recording=recorder.save(tmp_path / "one.har")) as mock:
        video = client(mock).videos.create_and_poll(prompt=PROMPT)
        assert (video.id, video.status) == (job, "completed")
        # The recorded client got an error for its early download; this client does not.
        assert client(mock).videos.download_content(job).read()[4:8] == b"ftyp"
        assert [(j.id, j.status) for j in mock.jobs] == [(job, "completed")]


def test_recorded_polls_are_replayed_in_order_and_the_last_one_repeats(
    recorder: Recorder, tmp_path: Path
) -> None:
    job = recorder.full_job()
    recorded = [
        orjson.loads(exchange.reply.body)["progress"]
        for exchange in recorder.exchanges
        if exchange.reply and exchange.role is JobRole.POLL
    ]
    with mock_videos(recording=recorder.save(tmp_path / "one.har"), allow="AV712") as mock:
        client(mock).videos.create(prompt=PROMPT)
        progress = [client(mock).videos.retrieve(job).progress for _ in range(len(recorded) + 2)]
    assert progress == [*recorded, 100, 100]


def test_recorded_multipart_form_is_matched_by_fields_and_file_content(
    recorder: Recorder, tmp_path: Path
) -> None:
    first = recorder.create(input_reference=PNG + b"one")
    second = recorder.create(input_reference=PNG + b"two")
    with mock_videos(recording=recorder.save(tmp_path / "one.har")) as mock:
        made = [
            client(mock).videos.create(
                prompt=PROMPT, input_reference=("other-name.png", PNG + content)
            )
            for content in (b"two", b"one")
        ]
    assert [video.id for video in made] == [second, first]


def test_json_request_matches_a_recorded_form(recorder: Recorder, tmp_path: Path) -> None:
    job = recorder.create(seconds="8")
    with mock_videos(recording=recorder.save(tmp_path / "one.har")) as mock:
        body = {"seconds": "8", "prompt": PROMPT}
        headers = {"authorization": "Bearer sk-other"}
        created = httpx2.post(f"{mock.base_url}/videos", json=body, headers=headers)
    assert created.json()["id"] == job


def test_recorded_creates_are_replayed_once_each(recorder: Recorder, tmp_path: Path) -> None:
    jobs = [recorder.create(JSON), recorder.create(JSON)]
    path = recorder.save(tmp_path / "one.har")
    message = "it has no further createVideo with these values"
    with mock_videos(recording=path, allow=["AV709", "AV715"]) as mock:
        assert [client(mock).videos.create(prompt=PROMPT).id for _ in jobs] == jobs
        with pytest.raises(openai.NotFoundError, match=message):
            client(mock).videos.create(prompt=PROMPT)
        assert "AV709" in [violation.code for violation in mock.contract.violations]


def test_request_that_is_not_recorded_reports_the_first_difference(
    recorder: Recorder, tmp_path: Path
) -> None:
    recorder.create(seconds="8")
    path = recorder.save(tmp_path / "one.har")
    with mock_videos(recording=path, allow="AV709") as mock:
        with pytest.raises(openai.NotFoundError):
            client(mock).videos.create(prompt=PROMPT, seconds="12")
        with pytest.raises(openai.NotFoundError):
            client(mock).videos.list()
        found = [(violation.code, violation.received) for violation in mock.contract.violations]
    assert found == [
        (
            "AV709",
            "createVideo is not in the recording: seconds is '12', but '8' in the recording",
        ),
        ("AV709", "listVideos is not in the recording: it has no listVideos"),
    ]


def test_request_without_a_key_does_not_match_a_recording(
    recorder: Recorder, tmp_path: Path
) -> None:
    recorder.create(JSON)
    path = recorder.save(tmp_path / "one.har")
    with mock_videos(recording=path, allow="AV706") as mock:
        response = httpx2.post(f"{mock.base_url}/videos", json={"prompt": PROMPT})
    assert response.status_code == 401


def test_recording_is_replayed_on_a_socket_with_waits_of_the_clock(
    recorder: Recorder, tmp_path: Path
) -> None:
    job = recorder.full_job()
    with serve_videos(recording=recorder.save(tmp_path / "one.har")) as mock:
        assert client(mock).videos.create_and_poll(prompt=PROMPT).id == job


def test_faults_apply_to_a_recording_and_reset_restarts_it(
    recorder: Recorder, tmp_path: Path
) -> None:
    job = recorder.create(JSON)
    with mock_videos(recording=recorder.save(tmp_path / "one.har"), allow="AV716") as mock:
        mock.fail("createVideo", status=503)
        with pytest.raises(openai.InternalServerError):
            client(mock).videos.create(prompt=PROMPT)
        for _ in range(2):
            assert client(mock).videos.create(prompt=PROMPT).id == job
            mock.reset()


def test_outcome_of_a_recorded_job_cannot_be_set(recorder: Recorder, tmp_path: Path) -> None:
    recorder.create()
    path = recorder.save(tmp_path / "one.har")
    with mock_videos(recording=path) as mock:
        with pytest.raises(ValueError, match="in the recording"):
            mock.next_job(outcome="failed")
        with pytest.raises(ValueError, match="in the recording"):
            mock.use_scenario("fails")
    with (
        pytest.raises(ValueError, match="scenario cannot be set together with a recording"),
        mock_videos(recording=path, scenario="fails"),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"", "the recording is empty"),
        (b'{"log": {"entries": [', "is not valid JSON"),
        (b'{"log": {}}', "is not HAR"),
        (b'{"log": {"entries": []}}', "the recording contains no requests"),
    ],
    ids=["missing file", "empty", "truncated", "other format", "no requests"],
)
def test_invalid_recording_is_an_error_with_its_path(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "one.har"
    if content is not None:
        path.write_bytes(content)
    with (
        pytest.raises(ValueError, match=f"recording {path}.*{message}"),
        mock_videos(recording=path),
    ):
        pass


def test_undocumented_recorded_response_is_replayed(recorder: Recorder, tmp_path: Path) -> None:
    recorder.create(JSON)
    har = orjson.loads(recorder.save(tmp_path / "one.har").read_bytes())
    har["log"]["entries"][0]["response"]["status"] = 418
    (tmp_path / "undocumented.har").write_bytes(orjson.dumps(har))
    with mock_videos(recording=tmp_path / "undocumented.har") as mock:
        headers = {"authorization": "Bearer sk-other"}
        created = httpx2.post(f"{mock.base_url}/videos", json={"prompt": PROMPT}, headers=headers)
    assert created.status_code == 418
