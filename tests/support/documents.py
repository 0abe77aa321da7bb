"""Paths of the documents that tests load, and of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
RENDERINGS = ROOT / "tests" / "documents" / "renderings.yaml"
DUBBINGS = ROOT / "tests" / "documents" / "dubbings.yaml"
WORKSHOP = ROOT / "tests" / "documents" / "workshop.yaml"


def renderings_text() -> str:
    """The text of the document of another API."""
    return RENDERINGS.read_text(encoding="utf-8")
