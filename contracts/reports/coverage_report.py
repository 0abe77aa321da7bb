"""Contract coverage for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from ..coverage import Coverage, CoverageItem, count_covered, covered_percent


def write_coverage_text(coverage: Coverage) -> str:
    """A table of the groups, and what of each is missing."""
    lines = [f"contract coverage of {coverage.title}", ""]
    lines += [
        f"  {name:<22}{done:>5} of {all_:>3}{share:>8}"
        for name, done, all_, share in _rows(coverage)
    ]
    missing = [*_missing(coverage)]
    if missing:
        lines += ["", "not covered:"]
        lines += [f"  {name:<22}{items}" for name, items in missing]
    return "\n".join(lines) + "\n"


def write_coverage_markdown(coverage: Coverage) -> str:
    """The same as text, as Markdown."""
    lines = [f"## Contract coverage of {coverage.title}", ""]
    lines += ["| | covered | of | |", "|---|---:|---:|---:|"]
    lines += [
        f"| {name} | {done} | {all_} | {share} |" for name, done, all_, share in _rows(coverage)
    ]
    missing = [*_missing(coverage)]
    if missing:
        lines += ["", "Not covered:", ""]
        lines += [f"- **{name}**: {items}" for name, items in missing]
    return "\n".join(lines) + "\n"


def write_coverage_json(coverages: Sequence[Coverage]) -> str:
    """Every item with its hits, as JSON."""
    data = {"coverage": [coverage.to_json() for coverage in coverages]}
    return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n"


def format_percent(share: float) -> str:
    """A share in per cent; it reads as 100 only if nothing is missing."""
    return f"{int(share * 10) / 10:.1f} %"


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
        by_subject = _by_subject(hits)
        if by_subject:
            yield (
                group.value,
                "; ".join(
                    f"{about} {', '.join(names)}".strip() for about, names in by_subject.items()
                ),
            )


def _by_subject(hits: Mapping[CoverageItem, int]) -> dict[str, list[str]]:
    """What was never exercised, by what it is about."""
    missing: dict[str, list[str]] = {}
    for item, count in hits.items():
        if not count:
            missing.setdefault(item.subject, []).append(item.name)
    return missing
