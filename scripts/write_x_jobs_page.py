"""Update the tables of words in docs/x-jobs.md from the JSON Schema of x-jobs.

The prose of the page is written by hand; the tables say what the schema says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "x-jobs.md"
SCHEMA = ROOT / "openapi" / "jobs" / "x-jobs.schema.json"
START = "<!-- The rest of this page is written by scripts/write_x_jobs_page.py. -->\n"

SECTIONS = {
    "kind": "A kind of job",
    "state": "A state",
    "create": "`create`",
    "poll": "`poll`",
    "list": "`list`",
    "cancel": "`cancel`",
    "delete": "`delete`",
    "result": "`result`",
    "id": "`id`",
    "value": "A value",
    "failures": "A failure",
    "media": "`media`",
    "price": "`price`",
    "webhook": "A webhook",
}
"""The headings of the definitions with words, in the order of the page."""


def updated_page() -> str:
    """Return the page with current tables."""
    prose, _, _ = PAGE.read_text("utf-8").partition(START)
    schema = json.loads(SCHEMA.read_text("utf-8"))
    return prose + START + "".join(_sections(schema["$defs"]))


def _sections(definitions: Mapping[str, Any]) -> Iterator[str]:
    for name, heading in SECTIONS.items():
        yield f"\n## {heading}\n\n| word | meaning |\n|---|---|\n"
        entry = definitions[name]
        # Failures are a map of codes; its entries have words.
        entry = entry["additionalProperties"] if name == "failures" else entry
        words = _map_of(entry)["properties"]
        required = _map_of(entry).get("required", ())
        for word, meaning in words.items():
            shown = f"`{word}`" + (" (required)" if word in required else "")
            yield f"| {shown} | {_meaning(meaning)} |\n"


def _map_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the long form of an entry that may also be written in a short form."""
    found: Mapping[str, Any] = schema["then"] if "properties" not in schema else schema
    return found


def _meaning(schema: Mapping[str, Any]) -> str:
    allowed = ", ".join(f"`{each}`" for each in schema.get("enum", ()))
    default = f" Default: `{json.dumps(schema['default'])}`." if "default" in schema else ""
    text = str(schema.get("description", "")).replace("|", "\\|")
    return text + (f" One of {allowed}." if allowed else "") + default


if __name__ == "__main__":
    PAGE.write_text(updated_page(), "utf-8")
