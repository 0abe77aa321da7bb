"""Running a check, against a server or on a recording."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ..contracts.check.http_target import HttpTarget
from ..contracts.check.plan import CheckPlan
from ..contracts.check.result import CheckResult
from ..contracts.check.runner import CheckRunner
from ..contracts.errors import (
    CheckTimedOut,
    CredentialsRejected,
    NothingRecorded,
    RecordingError,
    ServerUnreachable,
)
from ..contracts.reports.report import INCONCLUSIVE
from ..contracts.rules.server.evidence import has_completed_job, unchecked_rules
from ..contracts.traffic.exchange import Exchange
from ..contracts.traffic.recording import read_recording
from ..openapi import JobRole
from .check_config import (
    INTERRUPTED,
    KEY_REJECTED,
    OVER_BUDGET,
    UNREACHABLE,
    VIOLATED,
    CheckConfig,
)
from .check_display import ProgressDisplay
from .http_client import open_client
from .options import ConfigurationError, fail

REQUEST_SECONDS = 60.0
_TIMEOUTS_PER_CHECK = 3  # two jobs, and all other requests together


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a check.

    Args:
        result: The violations, also of an incomplete check.
        base_url: The URL that was checked.
        error: The reason if the check is incomplete, else None.
        exit_code: The exit code for this reason, 0 if the check is complete.
    """

    result: CheckResult
    base_url: str
    error: str | None = None
    exit_code: int = 0


def over_budget_outcome(config: CheckConfig, reason: str) -> Outcome:
    """Return the outcome of a check that did not start because its plan exceeds the budget."""
    return Outcome(CheckResult((), ()), config.base_url, reason, OVER_BUDGET)


def replay_check(config: CheckConfig) -> Outcome:
    """Check a recording; ends the command if it cannot be read."""
    path = config.replay or Path()
    try:
        data, keys = path.read_bytes(), [config.key] if config.key else []
        recording = read_recording(config.document, data, base_url=config.base_url, keys=keys)
    except OSError as error:
        fail(f"--replay {path} cannot be read: {error.strerror}")
    except NothingRecorded as error:
        reason = f"--replay {path}: {error}"
        return Outcome(CheckResult((), ()), config.base_url, reason, INCONCLUSIVE)
    except RecordingError as error:
        fail(f"--replay {path}: {error}")
    history = recording.exchanges
    violations = config.policy.violations(config.document, history)
    result = CheckResult(violations, history, (), recording.notes)
    # A recording may hold any part of a job's life, so it is complete with any response.
    if not any(exchange.reply and config.policy.covers(exchange) for exchange in history):
        reason = "no response in the recording could be checked"
        return Outcome(result, recording.base_url, reason, INCONCLUSIVE)
    if not violations and not _checked_rules(config, result):
        reason = "the recording shows nothing that the selected rules could check"
        return Outcome(result, recording.base_url, reason, INCONCLUSIVE)
    return Outcome(result, recording.base_url, None, 0)


def _checked_rules(config: CheckConfig, result: CheckResult) -> set[str]:
    """Return the codes of the selected rules that some exchange was evidence for."""
    policy = config.policy
    unchecked = unchecked_rules(config.document, result.history, policy.codes, policy.covers)
    return {*policy.codes}.difference(*unchecked.values())


def run_check(config: CheckConfig, plan: CheckPlan, console: Console) -> Outcome:
    """Check a server; an incomplete check has a result, too."""
    with (
        open_client(config.base_url, timeout=REQUEST_SECONDS) as client,
        ProgressDisplay(console, plan.currency) as display,
        _signals_as_interrupts(),
    ):
        target = HttpTarget(
            config.document,
            config.base_url,
            client,
            max_seconds=config.policy.timeout,
            max_total_seconds=_TIMEOUTS_PER_CHECK * config.policy.timeout,
        )
        runner = CheckRunner(
            config.document,
            plan,
            target,
            budget=config.budget,
            policy=config.policy,
            poll_interval=config.poll_interval,
            keep=config.keep,
            resume=config.resume,
            on_step=display.update,
            files=target,
        )
        stopped = _run_to_end(runner, config, plan)
    result = runner.result()
    error, code = stopped or _inconclusive_reason(config, plan, result) or (None, 0)
    problems = [exchange.problem for exchange in result.history if exchange.problem]
    if problems and not any(exchange.reply for exchange in result.history):
        error = f"{error}: {problems[-1]}"
    if code == UNREACHABLE:  # responses of another API say nothing about this one
        result = replace(result, violations=())
    if code == INCONCLUSIVE and result.errors:
        code = VIOLATED
    return Outcome(result, config.base_url, error, code)


def _run_to_end(
    runner: CheckRunner, config: CheckConfig, plan: CheckPlan
) -> tuple[str, int] | None:
    """Run all steps; return a reason and its exit code if the check is incomplete."""
    try:
        runner.run()
    except ServerUnreachable as error:
        return str(error), UNREACHABLE
    except CredentialsRejected as error:
        sends_key = plan.requests.key is not None
        reason = f"it comes from {config.key_variable}" if sends_key else "--no-key sends none"
        return f"{error}; {reason}", KEY_REJECTED
    except CheckTimedOut as error:
        return f"{error}, three times the --timeout", INCONCLUSIVE
    except KeyboardInterrupt:
        return "stopped before the end", INTERRUPTED
    return None


def _inconclusive_reason(
    config: CheckConfig, plan: CheckPlan, result: CheckResult
) -> tuple[str, int] | None:
    """Return a reason and its exit code if a complete check is inconclusive."""
    if not any(exchange.reply for exchange in result.history):
        return f"{config.base_url} has not responded to any request", UNREACHABLE
    if config.resume is not None and not _job_exists(result, config.resume):
        return f"the server has no job {config.resume}", ConfigurationError.exit_code
    return _unchecked_reason(config, plan, result)


def _unchecked_reason(
    config: CheckConfig, plan: CheckPlan, result: CheckResult
) -> tuple[str, int] | None:
    """Return a reason and its exit code if no job completed, so that rules were not checked."""
    document, history, policy = config.document, result.history, config.policy
    polls = policy.grade.covers(plan.create.poll.operation.provenance)
    # Without polls, no job can be seen to complete.
    done = has_completed_job(document, history) if polls else any(map(_created_job, history))
    unchecked = unchecked_rules(document, history, policy.codes, policy.covers, files=result.files)
    if done or result.errors or not unchecked:
        return None
    codes = ", ".join(sorted(code for group in unchecked.values() for code in group))
    problem = "no job completed" if any(map(_created_job, history)) else "no job was created"
    return f"{problem}; not checked: {codes}", INCONCLUSIVE


def _created_job(exchange: Exchange) -> bool:
    return exchange.role is JobRole.CREATE and exchange.accepted


def _job_exists(result: CheckResult, job_id: str) -> bool:
    return any(e.accepted for e in result.history if e.job_id == job_id)


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP like Ctrl-C, so that a stopped check reports its paid jobs.

    An ignored signal, as under nohup, stays ignored; so does SIGINT, which Python leaves alone.
    """

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # Only the main thread receives signals.
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    handled = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
