"""Files that are no document: each error says what was found and what is expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisa_testkit.openapi import DocumentError, load_document
from aisa_testkit.openapi.source_files import read_source
from tests.support.trait_documents import BASE

YAML = BASE.lstrip()


def error_of(path: Path) -> str:
    """Return the message of the error of a file, without its path."""
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7\n1 0 obj", "it is a PDF file, not text in UTF-8"),
        (b"PK\x03\x04\x14", "it is a ZIP archive, not text in UTF-8"),
        (b"\x1f\x8b\x08", "it is compressed with gzip, not text in UTF-8"),
        (b"\x89PNG\r\n", "it is a PNG image, not text in UTF-8"),
        (YAML.encode("utf-16"), "it is text in UTF-16, not text in UTF-8"),
        (YAML.encode("utf-32"), "it is text in UTF-32, not text in UTF-8"),
        (
            YAML.encode("utf-16-le"),
            "line 1 has a zero byte; expected is text in UTF-8",
        ),
        (b"a: 1\nb: \0", "line 2 has a zero byte; expected is text in UTF-8"),
        (
            b"a: 1\ntitle: Gr\xfcn",
            "byte 0xfc in line 2 is not UTF-8; save the file as UTF-8",
        ),
    ],
)
def test_file_without_text_is_an_error(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "api.yaml"
    path.write_bytes(content)
    assert error_of(path) == f"cannot be read: {reason}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1\n", "line 2: is neither YAML nor JSON: a tab is not allowed here; YAML is"),
        (
            "<!DOCTYPE html>\n<p>Not: found</p>\n",
            "line 1: is neither YAML nor JSON: it begins as HTML and XML do",
        ),
        ("a: 1\nb: \x07\n", "line 2: is neither YAML nor JSON: the character U+0007 is not"),
        (
            "a: 1\n---\nb: 1\n",
            "line 2: is neither YAML nor JSON: expected a single document in the stream, but found",
        ),
        ('{"a": 1\n', "line 2: is neither YAML nor JSON: did not find expected ',' or '}'"),
        ('{\n"a": NaN}', "line 2: is not JSON: unexpected character, expected a JSON value"),
        ("[" * 100_000 + "]" * 100_000, "line 1: is nested too deeply"),
        ("a: " + "{b: " * 5000 + "}" * 5000, "line 1: is nested too deeply"),
        ("openapi: 3.1.0\nopenapi: 3.1.0\n", "line 2, /openapi: is a duplicate key"),
        ('{"a": 1,\n"a": 1}', "line 2, /a: is a duplicate key"),
        ("paths: {}\n", "line 1, /openapi: is missing; an OpenAPI document begins with"),
    ],
)
def test_text_without_a_document_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(text, encoding="utf-8")
    assert error_of(path).startswith(message)
    assert "\n" not in error_of(path)


def test_folder_is_an_error(tmp_path: Path) -> None:
    assert error_of(tmp_path) == "cannot be read: Is a directory"


@pytest.mark.parametrize("name", ["api.yaml", "api.json"])
def test_byte_order_mark_is_not_part_of_the_text(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + ('{"a": 1}' if "json" in name else "a: 1").encode())
    assert read_source(path).data == {"a": 1}


def test_comma_after_the_last_entry_of_json_is_allowed_as_in_yaml(tmp_path: Path) -> None:
    path = tmp_path / "api.json"
    path.write_text('{"a": [1, 2,],\n}', encoding="utf-8")
    assert read_source(path).data == {"a": [1, 2]}
