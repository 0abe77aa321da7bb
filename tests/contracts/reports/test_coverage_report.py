"""Reports of contract coverage as text, Markdown and JSON."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Coverage, CoverageGroup, CoverageItem
from aisa_testkit.contracts.reports.coverage_report import (
    format_percent,
    write_coverage_json,
    write_coverage_markdown,
    write_coverage_text,
)
from aisa_testkit.openapi import Document

PARTIAL = Coverage(
    "Clips 3",
    {
        CoverageItem(CoverageGroup.OPERATIONS, "make", ""): 2,
        CoverageItem(CoverageGroup.OPERATIONS, "see", ""): 0,
        CoverageItem(CoverageGroup.FIELDS, "make", "size"): 1,
        CoverageItem(CoverageGroup.RESPONSES, "make", "200"): 2,
        CoverageItem(CoverageGroup.RESPONSES, "make", "400"): 0,
        CoverageItem(CoverageGroup.RESPONSES, "make", "429"): 0,
        CoverageItem(CoverageGroup.RESPONSES, "see", "200"): 0,
        CoverageItem(CoverageGroup.STATES, "new", ""): 1,
        CoverageItem(CoverageGroup.STATES, "old", ""): 0,
        CoverageItem(CoverageGroup.TRANSITIONS, "new", "to old"): 0,
    },
)
FULL = Coverage("Clips 3", {CoverageItem(CoverageGroup.STATES, "new", ""): 7})


def test_coverage_text_has_a_table_and_the_uncovered_items() -> None:
    assert write_coverage_text(PARTIAL) == (
        "contract coverage of Clips 3\n"
        "\n"
        "  operations called         1 of   2  50.0 %\n"
        "  optional fields sent      1 of   1 100.0 %\n"
        "  responses received        1 of   4  25.0 %\n"
        "  states observed           1 of   2  50.0 %\n"
        "  transitions observed      0 of   1   0.0 %\n"
        "  total                     4 of  10  40.0 %\n"
        "\n"
        "not covered:\n"
        "  operations called     see\n"
        "  responses received    make 400, 429; see 200\n"
        "  states observed       old\n"
        "  transitions observed  new to old\n"
    )


def test_coverage_markdown_has_a_table_and_the_uncovered_items() -> None:
    assert write_coverage_markdown(PARTIAL) == (
        "## Contract coverage of Clips 3\n"
        "\n"
        "| | covered | of | |\n"
        "|---|---:|---:|---:|\n"
        "| operations called | 1 | 2 | 50.0 % |\n"
        "| optional fields sent | 1 | 1 | 100.0 % |\n"
        "| responses received | 1 | 4 | 25.0 % |\n"
        "| states observed | 1 | 2 | 50.0 % |\n"
        "| transitions observed | 0 | 1 | 0.0 % |\n"
        "| total | 4 | 10 | 40.0 % |\n"
        "\n"
        "Not covered:\n"
        "\n"
        "- **operations called**: see\n"
        "- **responses received**: make 400, 429; see 200\n"
        "- **states observed**: old\n"
        "- **transitions observed**: new to old\n"
    )


def test_full_coverage_has_no_list_of_uncovered_items() -> None:
    assert write_coverage_text(FULL) == (
        "contract coverage of Clips 3\n"
        "\n"
        "  states observed           1 of   1 100.0 %\n"
        "  total                     1 of   1 100.0 %\n"
    )
    assert write_coverage_markdown(FULL).splitlines()[-1] == "| total | 1 | 1 | 100.0 % |"


def test_coverage_json_has_every_item_with_its_hits() -> None:
    text = write_coverage_json([FULL])
    assert text == (
        "{\n"
        '  "coverage": [\n'
        "    {\n"
        '      "title": "Clips 3",\n'
        '      "covered": 1,\n'
        '      "total": 1,\n'
        '      "percent": 100.0,\n'
        '      "groups": [\n'
        "        {\n"
        '          "name": "states observed",\n'
        '          "covered": 1,\n'
        '          "total": 1,\n'
        '          "items": [\n'
        "            {\n"
        '              "about": "new",\n'
        '              "name": "",\n'
        '              "hits": 7\n'
        "            }\n"
        "          ]\n"
        "        }\n"
        "      ]\n"
        "    }\n"
        "  ]\n"
        "}\n"
    )


def test_coverage_json_may_contain_several_documents() -> None:
    first, second = orjson.loads(write_coverage_json([PARTIAL, FULL]))["coverage"]
    assert (first, second) == (PARTIAL.to_json(), FULL.to_json())
    assert [(group["name"], group["covered"], group["total"]) for group in first["groups"]] == [
        ("operations called", 1, 2),
        ("optional fields sent", 1, 1),
        ("responses received", 1, 4),
        ("states observed", 1, 2),
        ("transitions observed", 0, 1),
    ]
    assert orjson.loads(write_coverage_json([])) == {"coverage": []}


@pytest.mark.parametrize(
    ("percent", "text"),
    [
        (0, "0.0 %"),
        (100 * 1 / 3, "33.3 %"),
        (100 * 2 / 3, "66.6 %"),
        (100 * 9999 / 10000, "99.9 %"),
        (100, "100.0 %"),
    ],
)
def test_only_full_coverage_is_100_per_cent(percent: float, text: str) -> None:
    assert format_percent(percent) == text


def test_columns_of_the_coverage_table_are_aligned(
    document: Document, other_document: Document
) -> None:
    for coverage in map(Coverage.of, (document, other_document)):
        table = [line for line in write_coverage_text(coverage).splitlines() if line.endswith(" %")]
        assert len(table) == 7
        assert {len(line) for line in table} == {len(table[0])}
        assert {line.index(" of ", 24) for line in table} == {table[0].index(" of ", 24)}
