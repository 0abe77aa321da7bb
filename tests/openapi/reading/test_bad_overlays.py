"""Overlays that cannot be applied, or that break the document: errors with file, line and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisa_testkit.openapi import DocumentError, load_document
from tests.support.trait_documents import trait_text

HEAD = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions:\n"


def error_of(tmp_path: Path, overlay: str) -> str:
    """Return the message of the error that an overlay leads to, without the folder."""
    document, changes = tmp_path / "api.json", tmp_path / "jobs.yaml"
    document.write_text(trait_text(), encoding="utf-8")
    changes.write_text(overlay, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_document(document, overlays=[changes])
    return str(caught.value).replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        pytest.param(
            "actions: []\n",
            "jobs.yaml: line 1: is not an overlay: it has no overlay: 1.1.0, the version",
            id="no overlay",
        ),
        pytest.param(
            HEAD + "  - {target: '$.paths[', update: {}}\n",
            "line 4, /actions/0/target: is not a JSONPath",
            id="no JSONPath",
        ),
        pytest.param(
            HEAD + "  - target: $.paths['/jobs/{id}']\n    remove: true\n",
            "/x-jobs/work/poll: getJob is not an operation",
            id="removed operation of a kind",
        ),
    ],
)
def test_overlay_that_breaks_the_document_is_an_error(
    tmp_path: Path, overlay: str, message: str
) -> None:
    assert message in error_of(tmp_path, overlay)
