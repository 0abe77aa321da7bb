"""The bundled documents: each is strictly valid and found by its name."""

from __future__ import annotations

from pathlib import Path

import openapi_spec_validator
import pytest

from aisa_testkit.openapi import DocumentError, load_document
from aisa_testkit.openapi.source_files import BUNDLED, bundled_documents, read_bundled, read_source

PROVENANCES = {"documented", "vendor-wide", "inferred"}

every_document = pytest.mark.parametrize("name", bundled_documents())


def test_default_document_is_one_of_the_bundled_documents() -> None:
    assert bundled_documents() == ("aisa-videos", "aisa-wan", "openai-videos")
    assert BUNDLED in bundled_documents()


@every_document
def test_bundled_document_is_valid_openapi(name: str) -> None:
    openapi_spec_validator.validate(read_bundled(name).data)


@every_document
def test_bundled_document_is_strictly_valid_and_nothing_is_left_out(name: str) -> None:
    document = load_document(name, strict=True)
    assert document.warnings == ()
    assert document.source.name == name
    assert document.kinds
    assert document.envelope.declared


@every_document
def test_every_operation_and_response_has_a_provenance(name: str) -> None:
    root = read_bundled(name).data
    operations = [operation for item in root["paths"].values() for operation in item.values()]
    operations = [each for each in operations if isinstance(each, dict)]
    assert len(operations) == len(load_document(name).operations)
    responses = [*root["components"]["responses"].values()]
    responses += [r for o in operations for r in o["responses"].values() if "$ref" not in r]
    for part in (*operations, *responses):
        assert part["x-provenance"] in PROVENANCES


@pytest.mark.parametrize(
    ("name", "count"), [("aisa-videos", 6), ("aisa-wan", 2), ("openai-videos", 10)]
)
def test_bundled_document_has_the_operations_of_its_api(name: str, count: int) -> None:
    assert len(load_document(name).operations) == count


def test_file_with_the_name_of_a_bundled_document_is_read_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("aisa-wan").write_text("title: my own", "utf-8")
    assert read_source("./aisa-wan").data == {"title": "my own"}
    assert read_source("aisa-wan").data["info"]["title"] == "AIsa Wan tasks"


def test_name_that_is_almost_a_bundled_document_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DocumentError, match="did you mean aisa-wan"):
        load_document("aisa-wann")
