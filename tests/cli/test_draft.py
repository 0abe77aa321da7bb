"""`aisa-testkit draft`: the overlay that it writes loads, says its reasons, and runs jobs."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import Result

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock
from aisa_testkit.openapi import Meaning, load_document
from tests.support.command_line import run_command
from tests.support.documents import ROOT

KITES = ROOT / "tests" / "documents" / "kites.yaml"
DOUGH = """\
openapi: 3.1.0
info: {title: Dough, version: '1'}
paths:
  /bake:
    post:
      operationId: bake
      responses:
        '202':
          description: The number of the loaf.
          content:
            application/json:
              schema: {type: object, properties: {loaf: {type: string}}}
  /look:
    get:
      operationId: look
      parameters: [{name: loaf, in: query, required: true, schema: {type: string}}]
      responses:
        '200':
          description: The loaf.
          content:
            application/json:
              schema:
                type: object
                required: [loaf, stage]
                properties:
                  loaf: {type: string}
                  stage: {type: string, enum: [Done, Running, Waiting, Loaf not found, Error, Odd]}
                  progress: {type: number, maximum: 1}
                  created_at: {type: string, format: date-time}
                  link: {type: string, format: uri}
                  error:
                    type: object
                    properties: {code: {type: string}, message: {type: string}}
"""
OVENS = """\
openapi: 3.1.0
info: {title: Ovens, version: '1'}
paths:
  /ovens/start:
    post:
      operationId: start
      responses:
        '202':
          description: Where the fire can be seen.
          headers: {Fire-Location: {schema: {type: string, format: uri}}}
  /ovens/fires/{fire}:
    parameters: [{name: fire, in: path, required: true, schema: {type: string}}]
    get:
      operationId: see
      responses: {'200': {$ref: '#/components/responses/Fire'}}
  /ovens/fires/{fire}/abort:
    parameters: [{name: fire, in: path, required: true, schema: {type: string}}]
    post:
      operationId: abort
      responses: {'200': {$ref: '#/components/responses/Fire'}}
  /ovens/fires/{fire}/stoke:
    parameters: [{name: fire, in: path, required: true, schema: {type: string}}]
    post:
      operationId: stoke
      responses: {'200': {$ref: '#/components/responses/Fire'}}
components:
  responses:
    Fire:
      description: The fire.
      content:
        application/json:
          schema:
            oneOf:
              - {type: object, required: [heat], properties: {heat: {const: starting}}}
              - {type: object, required: [heat], properties: {heat: {const: finished}}}
              - {type: object, required: [heat], properties: {heat: {const: aborted}}}
"""
STATELESS = """\
openapi: 3.1.0
info: {title: Bells, version: '1'}
paths:
  /bells:
    get: {operationId: ring, responses: {'200': {description: Rung.}}}
"""


@pytest.fixture
def dough(tmp_path: Path) -> Path:
    path = tmp_path / "dough.yaml"
    path.write_text(DOUGH, encoding="utf-8")
    return path


def run(*arguments: object) -> Result:
    return run_command("draft", *map(str, arguments))


def lines_of(result: Result) -> list[str]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [line.strip() for line in result.stdout.splitlines()]


def test_draft_loads_and_its_job_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "life.yaml"
    written = run(KITES, "-o", path)
    assert (written.exit_code, written.stderr) == (0, "")
    checked = run_command("document", str(KITES), "--overlay", str(path), "--validate")
    assert checked.exit_code == 0
    clock = ManualClock()
    endpoint = Endpoint(JobService(load_document(KITES, overlays=[path]), clock=clock, strict=True))
    headers = {"content-type": "application/json"}
    order = orjson.dumps({"color": "red"})
    made = endpoint.respond("POST", "/v1/kites", query="", headers=headers, body=order)
    clock.advance(60)
    address = f"/v1/kites/{orjson.loads(made.body)['id']}"
    seen = endpoint.respond("GET", address, query="", headers={}, body=b"")
    assert orjson.loads(seen.body)["state"] == "ready"


def test_each_guess_has_its_reason() -> None:
    lines = lines_of(run(KITES))
    guesses = lines[lines.index("kite:") + 1 :]
    assert all("#" in line for line in guesses if not line.endswith(":"))


def test_operations_at_the_path_of_the_poll_are_found() -> None:
    lines = [line.partition("  #")[0] for line in lines_of(run(KITES))]
    more = "{operation: listKites, more: /more, limit: query.limit, after: query.after}"
    assert f"list: {more}" in lines
    assert "cancel: {operation: cancelKite, next: withdrawn}" in lines


def test_state_without_a_well_known_word_is_a_question() -> None:
    lines = lines_of(run(KITES))
    assert "# states torn: pending, success, failure, canceled or unknown?" in lines


def test_create_and_poll_at_paths_of_their_own(dough: Path, tmp_path: Path) -> None:
    path = tmp_path / "life.yaml"
    assert run(dough, "-o", path).exit_code == 0
    document = load_document(dough, overlays=[path])
    (kind,) = document.kinds.values()
    assert kind.creates[0].operation.id == "bake"
    assert str(kind.creates[0].poll.id) == "query.loaf"
    assert kind.lifecycle.named(Meaning.SUCCESS) == ("Done",)


def test_address_in_a_header_and_operations_below_a_job(tmp_path: Path) -> None:
    path, draft = tmp_path / "ovens.yaml", tmp_path / "life.yaml"
    path.write_text(OVENS, encoding="utf-8")
    assert run(path, "-o", draft).exit_code == 0
    (kind,) = load_document(path, overlays=[draft]).kinds.values()
    assert [create.operation.id for create in kind.creates] == ["start"]
    assert kind.cancel is not None
    assert (kind.cancel.operation.id, kind.cancel.next) == ("abort", "aborted")
    lines = [line.strip().partition("  #")[0] for line in draft.read_text("utf-8").splitlines()]
    assert "header.fire-location: {url: poll}" in lines
    assert any(
        line.startswith("# stoke, a POST for one job: create, with source") for line in lines
    )


def test_fields_with_plain_names_and_the_question_about_an_address(dough: Path) -> None:
    lines = [line.partition("  #")[0] for line in lines_of(run(dough))]
    assert "/progress: {progress: fraction}" in lines
    assert "/created_at: {time: created}" in lines
    assert "/error/code: {failure: code}" in lines
    assert "/error/message: {failure: message}" in lines
    assert "Loaf not found" in " ".join(lines)
    assert any(line.startswith("# fields /link: is an address") for line in lines)


def test_document_without_jobs_is_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "bells.yaml"
    path.write_text(STATELESS, encoding="utf-8")
    result = run(path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "has no jobs that can be found: no GET with an id lists states" in result.stderr


def test_document_that_says_its_jobs_is_not_drafted_again() -> None:
    result = run("aisa-videos")
    assert result.exit_code == 2
    assert "says the life of its jobs already, in x-jobs: video" in result.stderr


def test_unwritable_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    result = run(KITES, "-o", tmp_path / "file" / "life.yaml")
    assert result.exit_code == 2
    assert "--output cannot be written" in result.stderr
