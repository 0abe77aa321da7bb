"""Contract coverage in words, tables and data, to the letter."""

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

SOME = Coverage(
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
ALL = Coverage("Clips 3", {CoverageItem(CoverageGroup.STATES, "new", ""): 7})


def test_the_table_tells_of_each_group_and_of_what_is_missing() -> None:
    assert write_coverage_text(SOME) == (
        "contract coverage of Clips 3\n"
        "\n"
        "  operations called         1 of   2  50.0 %\n"
        "  optional fields sent      1 of   1 100.0 %\n"
        "  answers received          1 of   4  25.0 %\n"
        "  states seen               1 of   2  50.0 %\n"
        "  transitions seen          0 of   1   0.0 %\n"
        "  total                     4 of  10  40.0 %\n"
        "\n"
        "not covered:\n"
        "  operations called     see\n"
        "  answers received      make 400, 429; see 200\n"
        "  states seen           old\n"
        "  transitions seen      new to old\n"
    )


def test_the_same_as_markdown() -> None:
    assert write_coverage_markdown(SOME) == (
        "## Contract coverage of Clips 3\n"
        "\n"
        "| | covered | of | |\n"
        "|---|---:|---:|---:|\n"
        "| operations called | 1 | 2 | 50.0 % |\n"
        "| optional fields sent | 1 | 1 | 100.0 % |\n"
        "| answers received | 1 | 4 | 25.0 % |\n"
        "| states seen | 1 | 2 | 50.0 % |\n"
        "| transitions seen | 0 | 1 | 0.0 % |\n"
        "| total | 4 | 10 | 40.0 % |\n"
        "\n"
        "Not covered:\n"
        "\n"
        "- **operations called**: see\n"
        "- **answers received**: make 400, 429; see 200\n"
        "- **states seen**: old\n"
        "- **transitions seen**: new to old\n"
    )


def test_where_nothing_is_missing_nothing_is_said_of_it() -> None:
    assert write_coverage_text(ALL) == (
        "contract coverage of Clips 3\n"
        "\n"
        "  states seen               1 of   1 100.0 %\n"
        "  total                     1 of   1 100.0 %\n"
    )
    assert write_coverage_markdown(ALL).splitlines()[-1] == "| total | 1 | 1 | 100.0 % |"


def test_json_has_every_item_with_its_hits() -> None:
    text = write_coverage_json([ALL])
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
        '          "name": "states seen",\n'
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


def test_json_holds_several_contracts() -> None:
    first, second = orjson.loads(write_coverage_json([SOME, ALL]))["coverage"]
    assert (first, second) == (SOME.to_json(), ALL.to_json())
    assert [(group["name"], group["covered"], group["total"]) for group in first["groups"]] == [
        ("operations called", 1, 2),
        ("optional fields sent", 1, 1),
        ("answers received", 1, 4),
        ("states seen", 1, 2),
        ("transitions seen", 0, 1),
    ]
    assert orjson.loads(write_coverage_json([])) == {"coverage": []}


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (100 * 1 / 3, "33.3 %"),
        (100 * 2 / 3, "66.6 %"),
        (100 * 9999 / 10000, "99.9 %"),
        (100, "100.0 %"),
    ],
)
def test_only_all_of_it_reads_as_a_hundred_per_cent(share: float, text: str) -> None:
    assert format_percent(share) == text


def test_the_tables_of_the_two_documents_line_up(
    document: Document, other_document: Document
) -> None:
    for coverage in map(Coverage.of, (document, other_document)):
        table = [line for line in write_coverage_text(coverage).splitlines() if line.endswith(" %")]
        assert len(table) == 7
        assert {len(line) for line in table} == {len(table[0])}
        assert {line.index(" of ", 24) for line in table} == {table[0].index(" of ", 24)}
