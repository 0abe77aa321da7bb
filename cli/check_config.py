"""The configuration of a check, its exit codes, and the reading of its options."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit

from ..contracts.budget import Budget, format_amount, format_price
from ..contracts.check.plan import CheckPlan
from ..contracts.check.result import CheckPolicy, select_codes
from ..openapi import Document, Provenance
from ..openapi.credentials import BASIC, DUMMY_KEY
from ..openapi.text import quote
from .options import fail

VIOLATED, UNREACHABLE, KEY_REJECTED, OVER_BUDGET, INTERRUPTED = 1, 3, 4, 5, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckConfig:
    """The configuration of a check.

    Args:
        document: The contract.
        base_url: The URL of the server; empty if a recording determines it.
        key: The API key.
        policy: The rules to apply.
        budget: The limits on the cost.
        plan: The requests to send; None for a recording.
        resume: The id of a job to check instead of a new one.
        replay: A recording to check instead of a server.
        keep: True to leave the created jobs on the server.
        poll_interval: The longest time between polls in seconds, None to follow the server's hints.
        key_variable: The environment variable that holds the API key.
    """

    document: Document
    base_url: str
    key: str
    policy: CheckPolicy
    budget: Budget
    plan: CheckPlan | None
    resume: str | None
    replay: Path | None
    keep: bool
    poll_interval: float | None
    key_variable: str

    @property
    def plan_of_jobs(self) -> CheckPlan | None:
        """The plan if the check creates jobs, which cost money; None if it does not."""
        return self.plan if self.resume is None else None

    def over_budget(self) -> str | None:
        """Return the reason if the plan exceeds the budget, else None."""
        plan, budget = self.plan_of_jobs, self.budget
        if plan is None or not plan.creates:
            return None
        if budget.max_creates is not None and len(plan.creates) > budget.max_creates:
            return f"the plan creates a job, but --max-creates is {budget.max_creates}"
        if budget.max_spend is None:
            return None
        if not plan.currency:
            return "the document has no price, so --max-spend cannot be checked"
        if plan.total is None:
            return (
                "no rate of the price applies to the planned job, so --max-spend cannot be checked"
            )
        if plan.total > budget.max_spend:
            costs = format_price(plan.total, plan.currency)
            limit = format_amount(budget.max_spend)
            return f"the plan costs {costs}, but --max-spend is {limit}"
        return None


def read_policy(
    grade: str, timeout: float, only: tuple[str, ...], exclude: tuple[str, ...]
) -> CheckPolicy:
    """Return the policy; ends the command for an unknown rule or an invalid time-out."""
    try:
        codes = select_codes(only=_split_codes(only), exclude=_split_codes(exclude))
    except ValueError as error:
        fail(f"--only or --exclude: {error}; aisa-testkit explain lists all")
    return CheckPolicy(Provenance(grade), _read_seconds("--timeout", timeout), codes)


def _split_codes(texts: tuple[str, ...]) -> list[str]:
    """Return the codes of an option that can be repeated, and can list codes with commas."""
    return [name for text in texts for name in text.replace(",", " ").split()]


def read_fields(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the values of --set by field; ends the command for a text that is not FIELD=VALUE."""
    return dict(_split_pair("--set", text, "=", "field=value") for text in texts)


def read_headers(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the headers of --header by name; ends the command for an invalid one."""
    headers = {}
    for text in texts:
        name, value = (part.strip() for part in _split_pair("--header", text, ":", "X-Version: 2"))
        if not _HEADER_NAME.fullmatch(name):
            fail(f"--header: {quote(name)} is not the name of a header")
        if not (value.isascii() and value.isprintable()):
            fail(f"--header {name} contains characters that are not allowed in a header")
        headers[name] = value
    return headers


def _split_pair(option: str, text: str, separator: str, example: str) -> tuple[str, str]:
    name, found, value = text.partition(separator)
    if not (found and name.strip()):
        # The text may be a secret, so it is not shown.
        fail(f"{option} must be a name and a value such as {example!r}")
    return name, value


def read_poll_interval(seconds: float | None) -> float | None:
    """Return the longest time between polls; ends the command if it is out of range."""
    return None if seconds is None else _read_seconds("--poll-interval", seconds)


def _read_seconds(name: str, value: float) -> float:
    if not 0 < value < _MAX_SECONDS:
        fail(f"{name} must be more than 0 seconds and less than {_MAX_SECONDS:g}, not {value:g}")
    return value


def read_job_id(job_id: str | None) -> str | None:
    """Return the job id; ends the command if no path can contain it."""
    if job_id is not None and job_id.strip() in ("", ".", ".."):
        fail(f"--resume must be the id of a job, not {job_id!r}")
    return job_id


def read_amount(text: str | None) -> Decimal | None:
    """Return the amount of money; ends the command if it is not a number of 0 or more."""
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        fail(f"--max-spend must be an amount such as 1.50, not {text!r}")
    return value


def read_base_url(url: str | None, *, needed: bool) -> str:
    """Return the base URL; empty if it is not given and not needed."""
    if url is None and not needed:
        return ""
    try:
        parts = urlsplit(url or "")
        port = parts.port or 1
    except ValueError:
        parts, port = urlsplit(""), 0
    if url is None:
        fail("give the BASE_URL of a server, or --replay PATH")
    if not (parts.scheme in ("http", "https") and parts.hostname and port):
        fail(f"BASE_URL must be a URL such as https://api.aisa.one/v1, not {url!r}")
    if parts.username is not None or parts.query or parts.fragment:
        # It may hold a password, and every report shows it.
        fail("BASE_URL must have no user, query or fragment; --api-key-env names the key")
    return url


def read_key(document: Document, base_url: str | None, variable: str, *, needed: bool) -> str:
    """Return the API key from the environment, or a dummy key for a server on this machine."""
    host = urlsplit(read_base_url(base_url, needed=True)).hostname
    key = os.environ.get(variable, "").strip()
    if needed and not key and host not in ("localhost", "127.0.0.1", "::1"):
        fail(f"{base_url} is not on this machine and needs an API key: set {variable}")
    known = document.credentials
    # A word before the key, as in "Key sk-…", or a password.
    has_blanks = known is not None and (known.any_word or known.scheme == BASIC)
    if not (key.isascii() and key.isprintable() and (has_blanks or " " not in key)):
        fail(f"{variable} contains characters that are not allowed in an API key")
    return key or DUMMY_KEY


_MAX_SECONDS = 1e6
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
