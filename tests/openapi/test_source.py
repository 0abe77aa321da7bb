"""Parsing of documents: YAML, JSON, duplicate keys, and line numbers of problems."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from aisa_testkit.openapi import DocumentError, Problem, load_document
from aisa_testkit.openapi.source import parse_source
from aisa_testkit.openapi.source_files import BUNDLED, bundled_overlays, read_overlay, read_source

YAML = "a:\n  - x: 1\n    y: two\nb/c: {d: null}\n"
JSON = '{"a": [\n  {"x": 1, "y": "two"}\n],\n"b/c": {"d": null}}'


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(DocumentError) as caught:
        parse_source(text, name="text")
    return caught.value.problems


@pytest.mark.parametrize("text", [YAML, JSON], ids=["yaml", "json"])
def test_yaml_and_json_give_the_same_data(text: str) -> None:
    assert parse_source(text, name="text").data == {"a": [{"x": 1, "y": "two"}], "b/c": {"d": None}}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("200: ok", {"200": "ok"}),
        ("true: ok", {"true": "ok"}),
        ("2024-05-06: 2024-05-07", {"2024-05-06": "2024-05-07"}),
        (
            "base: &base {x: 1}\nmore: {<<: *base, y: 2}",
            {"base": {"x": 1}, "more": {"x": 1, "y": 2}},
        ),
    ],
    ids=["integer key", "boolean key", "dates", "merged mapping"],
)
def test_yaml_types_become_json_types(text: str, data: object) -> None:
    assert parse_source(text, name="text").data == data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", Problem("/a", "is a duplicate key", 3)),
        ('{"a": {"b": 1,\n "b": 2}}', Problem("/a/b", "is a duplicate key", 2)),
        ("a:\n  - 1\n  - {x/y: 1, x/y: 2}\n", Problem("/a/1/x~1y", "is a duplicate key", 3)),
        ("200: a\n'200': b\n", Problem("/200", "is a duplicate key", 2)),
    ],
    ids=["yaml", "json", "inside a list", "a number and its text"],
)
def test_duplicate_key_is_reported_with_its_line(text: str, expected: Problem) -> None:
    assert problems_of(text) == (expected,)


def test_every_duplicate_key_is_reported() -> None:
    found = problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n")
    assert [(p.line, p.pointer) for p in found] == [(4, "/b/c"), (5, "/a")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ('{"a": 1,\n"b": }}', 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n? [a, b]\n: c", 2),
    ],
    ids=["open bracket", "broken json", "two documents", "list as a key"],
)
def test_syntax_error_is_reported_with_its_line(text: str, line: int) -> None:
    (problem,) = problems_of(text)
    assert problem.reason.startswith("is neither YAML nor JSON: ")
    assert (problem.pointer, problem.line) == ("", line)


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]", "a: &a {b: *a}", "a: !!set {b}", "a: !!binary aGk="],
    ids=["list in itself", "mapping in itself", "set", "bytes"],
)
def test_data_that_is_not_json_is_an_error(text: str) -> None:
    (problem,) = problems_of(text)
    assert (problem.pointer, problem.line) == ("", None)
    assert problem.reason.startswith("is not JSON data: ")


@pytest.mark.parametrize(
    "text",
    ["a: !!bool maybe", "a: !!int ''", "a: !!float ''", "a: !!int x", "a: !x y"],
    ids=[
        "not a boolean",
        "empty integer",
        "empty float",
        "not an integer",
        "unknown tag",
    ],
)
def test_value_that_does_not_match_its_yaml_tag_is_an_error(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.pointer == ""
    assert problem.reason.startswith("is n")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r'["\ud83d\ude00", "\\ud83d"]', ["\N{GRINNING FACE}", r"\ud83d"]),
        ("[1e-5, 1E3]", [1e-5, 1000.0]),
        ("[-9223372036854775808, 18446744073709551615]", [-(2**63), 2**64 - 1]),
        ("\t[\n\t1]", [1]),
        (f'{{"{"k" * 2000}": 1}}', {"k" * 2000: 1}),
    ],
    ids=["surrogates", "exponents", "64 bits", "tabs", "long key"],
)
def test_json_is_not_read_as_yaml(text: str, data: object) -> None:
    assert parse_source(text, name="text").data == data


@pytest.mark.parametrize(
    "text", ["-9223372036854775808", "+18446744073709551615", "0x7fffffff", "0o17"]
)
def test_integers_of_64_bits_may_have_a_sign(text: str) -> None:
    assert parse_source(f"a: {text}", name="text").data == {"a": int(text, 0)}


@pytest.mark.parametrize("text", ['{{"a":\n[{}]}}', "a:\n- {}\n"], ids=["json", "yaml"])
@pytest.mark.parametrize("number", ["-9223372036854775809", "18446744073709551616"])
def test_number_of_more_than_64_bits_is_a_floating_point_number(text: str, number: str) -> None:
    assert parse_source(text.format(number), name="text").data == {"a": [float(number)]}


@pytest.mark.parametrize(
    "text", ["[1e400]", r'["\ud83d"]', "[" * 1030 + "]" * 1030], ids=["number", "escape", "depth"]
)
def test_json_beyond_the_limits_of_the_reader_is_an_error(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.reason.startswith("is n")


def test_problem_in_json_with_escaped_surrogates_has_its_line() -> None:
    text = '{"\\ud83d\\ude00": 1,\n"a": 1,\n"a": 2}'
    assert problems_of(text) == (Problem("/a", "is a duplicate key", 3),)
    source = parse_source('{"x": "\\ud83d\\ude00",\n"a": 1}', name="text")
    assert source.error(Problem("/a", "is wrong")).problems[0].line == 2


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_text('{"a": 1e-5}', "utf-8-sig")
    assert read_source(path).data == {"a": 1e-5}


def _aliases(first: str, rest: str) -> str:
    """Nine mappings or lists, each with nine copies of the one before."""
    lines = [first]
    for before, name in pairwise("abcdefghi"):
        lines.append(f"{name}: &{name} {rest.format(', '.join([f'*{before}'] * 9))}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _aliases("a: &a [x, x, x, x, x, x, x, x, x]", "[{}]"),
        _aliases("a: &a {x: 1, y: 2}", "{{<<: [{}]}}"),
        f"a: &a {'x' * 100_000}\nf: [{', '.join(['*a'] * 11)}]",
    ],
    ids=["lists", "merged mappings", "long text"],
)
def test_aliases_are_counted_before_they_are_copied(text: str) -> None:
    (problem,) = problems_of(text)
    assert problem.pointer[:2] in ("/f", "/g")
    assert problem.reason.startswith("aliases may copy 1,000,000 characters, not ")


def test_many_small_aliases_are_supported() -> None:
    text = f"a: &a {{x: 1}}\nb: [{', '.join(['*a'] * 10_000)}]"
    assert parse_source(text, name="text").data["b"] == [{"x": 1}] * 10_000


def test_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    expected = f"{path}: cannot be read: No such file or directory"
    assert str(caught.value) == expected


def test_file_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("title: Grün ✓", "utf-8")
    source = read_source(str(path))
    assert (source.name, source.data) == (str(path), {"title": "Grün ✓"})


def test_bundled_document_is_the_default() -> None:
    source = read_source(None)
    assert source.name == BUNDLED
    assert source.data["info"]["title"] == "AIsa Videos"


@pytest.mark.parametrize("text", [YAML, JSON], ids=["yaml", "json"])
@pytest.mark.parametrize(
    ("pointer", "place"),
    [("/a", "a"), ("/a/0/y", "y"), ("/b~1c/d", "d"), ("/b~1c/none/below", "b/c"), ("/z", None)],
    ids=["key", "inside a list", "escaped", "deepest existing place", "no such place"],
)
def test_problem_has_the_line_of_its_place(text: str, pointer: str, place: str | None) -> None:
    error = parse_source(text, name="text").error(Problem(pointer, "is wrong"))
    lines = [number for number, line in enumerate(text.splitlines(), 1) if f"{place}" in line]
    quoted = [n for n, line in enumerate(text.splitlines(), 1) if f'"{place}"' in line]
    expected = 1 if place is None else (quoted or lines)[0]
    assert [p.line for p in error.problems] == [expected]


def test_problems_are_in_the_order_of_the_text() -> None:
    source = parse_source("a: 1\nb: 2\nc: 3\n", name="small.yaml")
    error = source.error(Problem("/c", "is late"), Problem("/a", "is early"), Problem("/b", "is"))
    assert [(p.line, p.pointer) for p in error.problems] == [(1, "/a"), (2, "/b"), (3, "/c")]
    assert str(error) == "small.yaml: line 1, /a: is early (and 2 more)"
    assert isinstance(error, ValueError)


@pytest.mark.parametrize("number", [".inf", "-.INF", ".nan"])
def test_number_that_json_does_not_allow_is_a_problem(number: str) -> None:
    (problem,) = problems_of(f"a:\n  b: [1, {number}]\n")
    assert (problem.pointer, problem.line) == ("/a/b/1", None)
    assert problem.reason == f"{number} is not a JSON number"


def test_problem_behind_two_aliases_is_reported_once() -> None:
    (problem,) = problems_of("a: &a {k: 1, k: 2}\nb: *a\nc: *a\n")
    assert (problem.pointer, problem.line) == ("/a/k", 1)


@pytest.mark.parametrize("name", bundled_overlays())
def test_bundled_overlay_is_read_by_its_name(name: str) -> None:
    overlay = read_overlay(name)
    assert overlay.name == name
    assert overlay.data["overlay"].startswith("1.")


def test_file_takes_the_place_of_a_bundled_overlay_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "replicate").write_text("a: 1", encoding="utf-8")
    assert read_overlay("./replicate").data == {"a": 1}
    assert read_overlay("replicate").data != {"a": 1}
