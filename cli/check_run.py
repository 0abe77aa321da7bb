"""A check from its order to its outcome: a walk over a server, or a look at recorded traffic."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from rich.console import Console

from ..contracts.check.http_target import HttpTarget
from ..contracts.check.result import CheckResult
from ..contracts.check.runner import CheckRunner
from ..contracts.errors import CredentialsRejected, RecordingError, ServerUnreachable
from ..contracts.traffic.exchange import Exchange
from ..contracts.traffic.recording import read_recording
from ..openapi import JobRole
from .check_config import INTERRUPTED, OVER_BUDGET, REFUSED, UNREACHABLE, CheckConfig
from .check_display import Display
from .options import ConfigurationError, fail

REQUEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found at which base URL; if the check ended before its end, why, and the exit code
    that says so.
    """

    result: CheckResult
    base_url: str
    error: str | None = None
    exit_code: int = 0


def refused(order: CheckConfig, reason: str) -> Outcome:
    """A check that was not begun, since its plan is over the budget."""
    return Outcome(CheckResult((), ()), order.base_url, reason, OVER_BUDGET)


def judge(order: CheckConfig, path: Path) -> Outcome:
    """What is wrong with recorded traffic; ends the command if it cannot be read."""
    try:
        data, keys = path.read_bytes(), [order.key] if order.key else []
        recording = read_recording(order.document, data, base_url=order.base_url, keys=keys)
    except OSError as error:
        fail(f"--replay {path} cannot be read: {error.strerror}")
    except RecordingError as error:
        fail(f"--replay {path}: {error}")
    history = recording.exchanges
    violations = order.policy.violations(order.document, history)
    return Outcome(CheckResult(violations, history, (), recording.notes), recording.base_url)


def walk(order: CheckConfig, console: Console) -> Outcome:
    """What a walk over the server finds, also if it does not come to its end."""
    with (
        httpx2.Client(timeout=REQUEST_SECONDS) as client,
        Display(console, order.plan.currency) as display,
        _terminable(),
    ):
        steps = CheckRunner(
            order.document,
            order.plan,
            HttpTarget(order.document, order.base_url, client),
            key=order.key,
            budget=order.budget,
            policy=order.policy,
            poll_interval=order.poll_interval,
            keep=order.keep,
            resume=order.resume,
            on_step=display.tell,
        )
        stopped = _run(steps, order)
    result = steps.result()
    error, code = stopped or _shortfall(order, result) or (None, 0)
    if code == UNREACHABLE:  # what another server answers says nothing of this one
        result = replace(result, violations=())
    return Outcome(result, order.base_url, error, code)


def _run(steps: CheckRunner, order: CheckConfig) -> tuple[str, int] | None:
    """Walks; if it does not come to its end, why, and the exit code that says so."""
    try:
        steps.run()
    except ServerUnreachable as error:
        return str(error), UNREACHABLE
    except CredentialsRejected as error:
        return f"{error}; it is the one in {order.key_variable}", REFUSED
    except KeyboardInterrupt:
        return "stopped before its end", INTERRUPTED
    return None


def _shortfall(order: CheckConfig, result: CheckResult) -> tuple[str, int] | None:
    """Why a walk to its end says nothing of the server, and the exit code for that."""
    if not any(exchange.reply for exchange in result.history):
        return f"{order.base_url} has not answered any request", UNREACHABLE
    if order.resume is not None and not _found(result, order.resume):
        return f"the server has no job {order.resume}", ConfigurationError.exit_code
    if order.makes_jobs and not result.errors and not any(map(_made_a_job, result.history)):
        return "no job could be made, so that none was judged", UNREACHABLE
    return None


def _made_a_job(exchange: Exchange) -> bool:
    return exchange.operation.role is JobRole.CREATE and exchange.accepted


def _found(result: CheckResult, job_id: str) -> bool:
    return any(e.accepted for e in result.history if e.job_id == job_id)


@contextmanager
def _terminable() -> Iterator[None]:
    """Takes the signals by which CI or a terminal ends a job as Ctrl-C: what was paid for must be
    told. One that is ignored, as under nohup, stays so.
    """

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # Only the main thread is told of signals.
    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    known = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
