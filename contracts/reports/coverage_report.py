"""Reports of contract coverage as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from ..coverage import Coverage, CoverageItem, count_covered, covered_percent


def write_coverage_text(coverage: Coverage) -> str:
    """Return a table of the groups, and a list of the items that are not covered."""
    lines = [f"contract coverage of {coverage.title}", ""]
    lines += [
        f"  {name:<22}{covered:>5} of {total:>3}{percent:>8}"
        for name, covered, total, percent in _rows(coverage)
    ]
    missing = [*_missing(coverage)]
    if missing:
        lines += ["", "not covered:"]
        lines += [f"  {name:<22}{items}" for name, items in missing]
    return "\n".join(lines) + "\n"


def write_coverage_markdown(coverage: Coverage) -> str:
    """Return the table and the list as Markdown."""
    lines = [f"## Contract coverage of {coverage.title}", ""]
    lines += ["| | covered | of | |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {covered} | {total} | {percent} |"
        for name, covered, total, percent in _rows(coverage)
    ]
    missing = [*_missing(coverage)]
    if missing:
        lines += ["", "Not covered:", ""]
        lines += [f"- **{name}**: {items}" for name, items in missing]
    return "\n".join(lines) + "\n"


def write_coverage_json(coverages: Sequence[Coverage]) -> str:
    """Return every item with its hits as JSON."""
    data = {"coverage": [coverage.to_json() for coverage in coverages]}
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


def format_percent(percent: float) -> str:
    """Return a percentage rounded down to one decimal, so that only full coverage is 100.0 %."""
    return f"{int(percent * 10) / 10:.1f} %"


def _rows(coverage: Coverage) -> Iterator[tuple[str, int, int, str]]:
    for group, hits in coverage.groups():
        yield (
            group.value,
            count_covered(hits.values()),
            len(hits),
            format_percent(covered_percent(hits.values())),
        )
    counts = coverage.hits.values()
    yield "total", count_covered(counts), len(counts), format_percent(coverage.percent)


def _missing(coverage: Coverage) -> Iterator[tuple[str, str]]:
    for group, hits in coverage.groups():
        by_subject = _uncovered_by_subject(hits)
        if by_subject:
            yield (
                group.value,
                "; ".join(
                    f"{subject} {', '.join(names)}".strip() for subject, names in by_subject.items()
                ),
            )


def _uncovered_by_subject(hits: Mapping[CoverageItem, int]) -> dict[str, list[str]]:
    """Return the names of the uncovered items by their subjects."""
    missing: dict[str, list[str]] = {}
    for item, count in hits.items():
        if not count:
            missing.setdefault(item.subject, []).append(item.name)
    return missing
