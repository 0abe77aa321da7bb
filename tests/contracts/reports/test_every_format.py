"""What every report has in common, whatever its format."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts.budget import format_amount
from aisa_testkit.contracts.reports import FORMATS, Report


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("which", ["passed_report", "hostile_report", "interrupted_report"])
def test_every_report_says_what_was_spent(
    request: pytest.FixtureRequest, name: str, which: str
) -> None:
    report: Report = request.getfixturevalue(which)
    text = FORMATS[name](report).decode()
    if name == "json":
        assert f'"spent": "{format_amount(report.budget.spent)}"' in text
    else:
        assert str(report.budget) in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_report_is_the_same_when_it_is_written_again(
    passed_report: Report, name: str
) -> None:
    assert FORMATS[name](passed_report) == FORMATS[name](passed_report)
