"""Reports as HTML: valid, static, and safe with any text of a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from aisa_testkit.contracts.reports import Report, write_html
from aisa_testkit.contracts.reports.chart import CHARACTER_WIDTH

VOID = {"meta", "br"}


class Page(HTMLParser):
    """The elements of a page, its text, and whether it is well-formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.opened: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def attribute_values(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


@pytest.fixture(
    params=["passed_report", "hostile_report", "interrupted_report", "report_with_remaining_job"]
)
def report(request: pytest.FixtureRequest) -> Report:
    chosen: Report = request.getfixturevalue(request.param)
    return chosen


def page_of(report: Report) -> Page:
    return Page(write_html(report).decode())


def test_every_html_element_is_closed(report: Report) -> None:
    assert page_of(report).opened == []


def test_html_has_no_external_resources_and_no_scripts(report: Report) -> None:
    page = page_of(report)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "base", "form", "b", "i"}
    assert not any(n.startswith("on") for _, attributes in page.tags for n in attributes)
    assert page.attribute_values("src") == []
    assert all(link.startswith("#") for link in page.attribute_values("href"))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.attribute_values("content")
    style = write_html(report).decode().partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_link_has_a_target_and_ids_are_unique(report: Report) -> None:
    page = page_of(report)
    ids = page.attribute_values("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.attribute_values("href")} <= set(ids)


def test_text_of_a_server_is_escaped(report_with_remaining_job: Report) -> None:
    (job,) = report_with_remaining_job.result.jobs
    text = "".join(page_of(report_with_remaining_job).text)
    assert "<script>alert(1)</script>" in job
    assert text.count("</title><script>alert(1)</script>|`a` ```") == 3


def test_violation_has_its_facts_links_and_curl_command(hostile_report: Report) -> None:
    page = page_of(hostile_report)
    text = "".join(page.text)
    for violation in (group.first for group in hostile_report.violation_groups):
        for fact in (violation.title, violation.received, violation.expected):
            assert fact in text
        assert hostile_report.curl_command(violation) in text
        for number in violation.numbers[:8]:
            assert f"#request-{number}" in page.attribute_values("href")


def test_labels_of_the_progress_axis_are_not_cut(passed_report: Report) -> None:
    page = page_of(passed_report)
    left = [float(box.split()[0]) for box in page.attribute_values("viewbox")]
    ends = [float(t["x"] or 0) for tag, t in page.tags if t.get("text-anchor") == "end"]
    assert set(left) == {min(left)}
    assert len(ends) == 3 * len(left)
    assert all(end - len("100 %") * CHARACTER_WIDTH >= min(left) for end in ends)


def test_every_request_has_a_row(report: Report) -> None:
    rows = [i for i in page_of(report).attribute_values("id") if i.startswith("request-")]
    assert rows == [f"request-{n + 1}" for n in range(len(report.result.history))]


def test_request_without_a_response_is_shown(
    make_report: Callable[..., Report], passed_report: Report
) -> None:
    page = page_of(make_report([replace(passed_report.result.history[0], reply=None)]))
    assert "no response" in page.text


def test_style_depends_on_the_result(
    passed_report: Report, hostile_report: Report, interrupted_report: Report
) -> None:
    tones = [
        page_of(r).attribute_values("class")[0]
        for r in (passed_report, hostile_report, interrupted_report)
    ]
    assert tones == ["verdict good", "verdict bad", "verdict warn"]
