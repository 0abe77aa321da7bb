"""A report as JSON, for other programs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from ...openapi.json import Json
from ..budget import Budget, format_amount
from ..check.plan import CheckPlan
from ..rules.grouping import ViolationGroup
from .report import Report
from .timeline import job_timelines
from .traffic_summary import TrafficSummary


def write_json(report: Report) -> bytes:
    """Return the report as indented JSON.

    Amounts of money are text, so that no reader rounds them; null is an unknown amount.
    """
    document, result = report.document, report.result
    data = {
        "exit_code": report.exit_code,
        "headline": report.headline,
        "error": report.error,
        "versions": dict(report.versions),
        "document": {"title": document.title, "version": document.version},
        "base_url": report.base_url,
        "began": datetime.fromtimestamp(report.began, UTC).isoformat(timespec="milliseconds"),
        "seconds": round(report.seconds, 3),
        "seed": report.seed,
        "grade": report.policy.grade,
        "timeout": report.policy.timeout,
        "rules": sorted(report.policy.codes),
        "plan": _plan(report.plan),
        "ledger": _budget(report.budget),
        "violations": [_violation(report, group) for group in report.violation_groups],
        "jobs": [asdict(timeline) for timeline in job_timelines(document, result.history)],
        "left": list(result.jobs),
        "left_unknown": list(result.unknown_jobs),
        "notes": list(result.notes),
        "not_checked": [
            {"rules": list(codes), "missing": evidence}
            for evidence, codes in report.unchecked_rules.items()
        ],
        "rule_results": [
            {"code": r.rule.code, "title": r.rule.title, "outcome": r.outcome, "reason": r.reason}
            for r in report.rule_results
        ],
        "traffic": _traffic(report.traffic),
        "requests": len(result.history),
    }
    return orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n"


def _traffic(traffic: TrafficSummary) -> Json:
    return {
        "retries": traffic.retries,
        "server_errors": {str(status): n for status, n in traffic.server_errors.items()},
        "unanswered": traffic.unanswered,
        "slowest": [
            {"number": r.number, "operation": r.operation_id, "seconds": round(r.seconds, 3)}
            for r in traffic.slowest
        ],
    }


def _plan(plan: CheckPlan | None) -> Json:
    if plan is None:
        return None
    return {
        "refused": [{"operation": p.call.operation_id, "why": p.reason} for p in plan.probes],
        "creates": len(plan.creates),
        "price": _amount(plan.price),
        "total": _amount(plan.total),
        "currency": plan.currency or None,
    }


def _budget(budget: Budget) -> Json:
    return {
        "creates": budget.creates,
        "max_creates": budget.max_creates,
        "spent": _amount(budget.total),
        "max_spend": _amount(budget.max_spend),
        "currency": budget.currency or None,
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else format_amount(value)


def _violation(report: Report, group: ViolationGroup) -> Json:
    """Return the facts of the first violation, its count, and the others of the same cause."""
    return {
        **group.first.to_json(),
        "times": group.times,
        "found": report.occurrences(group),
        "response": asdict(report.response_to(group.first)),
        "again": report.curl_command(group.first),
        "again_note": report.repeat_note(group.first),
        "more": [violation.to_json() for violation in group.more],
    }
