"""The limits of API keys: requests per minute, pending jobs, spending, forbidden values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import ceil
from threading import Lock

from ...openapi import Cause, Document, Tier
from ...openapi.credentials import mask_key
from ...openapi.jobs import CreateOperation
from ...openapi.json import Json
from ...openapi.text import quote
from ..clock import Clock
from ..errors import Refusal
from ..jobs.job import Job
from ..jobs.progression import MAX_SECONDS
from ..jobs.store import Store
from .accounts import NO_LIMITS, Account
from .request_windows import WINDOW_SECONDS, RequestWindows
from .usage import JobUsage


class Quotas:
    """Enforces the limits of all API keys.

    Args:
        document: the document that is served.
        clock: decides when windows and jobs end.
        store: the jobs.
        tier: the limits of keys without an account.
        accounts: the accounts, by API key.

    Raises ValueError if the document declares no error response for a limit.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        store: Store,
        tier: Tier = NO_LIMITS,
        accounts: Mapping[str, Account] | None = None,
    ) -> None:
        self._clock, self._lock = clock, Lock()
        self._headers = document.limits.headers if document.limits else None
        self._windows, self._usage = RequestWindows(), JobUsage(store)
        self.replace_limits(tier=tier, accounts=accounts or {})

    def replace_limits(self, *, tier: Tier, accounts: Mapping[str, Account]) -> None:
        """Replace all limits, and keep what is used up."""
        known = accounts.values()
        tiers = {tier, *(account.tier for account in known)}
        with self._lock:
            self._tier, self._accounts = tier, accounts
            self.active = tiers != {NO_LIMITS} or any(account.forbidden for account in known)

    def count_request(self, key: str) -> None:
        """Count a request. Raise Refusal, and do not count it, if the limit is reached."""
        limit = self._tier_of(key).requests_per_minute
        if limit is None:
            return
        with self._lock:
            now = self._clock.now()
            end = self._windows.count(key, now, limit=limit)
        if end is not None:
            message = f"this API key is limited to {limit} requests per minute"
            raise self._rate_refusal(message, wait=_whole_seconds(now, end))

    def rate_limit_headers(self, key: str) -> dict[str, str]:
        """Return the headers with the remaining requests of a key; empty if it has no limit."""
        limit = self._tier_of(key).requests_per_minute
        if limit is None or self._headers is None:
            return {}
        with self._lock:
            start, used = self._windows.get(key, self._clock.now())
        # The limit may have been higher when the requests were counted.
        remaining = max(0, limit - used)
        return self._headers.to_headers(
            limit=limit, remaining=remaining, reset=ceil(start + WINDOW_SECONDS)
        )

    def create_job(
        self,
        key: str,
        create: CreateOperation,
        request: Mapping[str, Json],
        make: Callable[[], Job],
    ) -> Job:
        """Call `make`, which stores a job, if the key may have a job with this request.

        Concurrent calls cannot exceed the limits together.

        Args:
            key: the API key.
            create: the operation that creates the job.
            request: the values of the request by place, such as "/model".
            make: makes and stores the job.

        Raises Refusal if the job is not allowed.
        """
        if not self.active:
            return make()
        self._check_forbidden(key, create, request)
        tier = self._tier_of(key)
        if tier.in_flight is None and tier.spend is None:
            return make()
        with self._lock:
            now = self._clock.now()
            pending = self._usage.update(key, now)
            price = self._check_spend(key, tier, create, request)
            self._check_in_flight(tier, pending, now)
            job = make()
            self._usage.add(key, job, price)
            return job

    def charge_finished_jobs(self, key: str) -> None:
        """Charge the finished jobs of a key. Call this before a job is removed from the store."""
        if key in self._usage:
            with self._lock:
                self._usage.update(key, self._clock.now())

    def to_json(self) -> list[dict[str, Json]]:
        """Return the limits and usage of all accounts and of other keys in use. Keys are masked."""
        with self._lock:
            now = self._clock.now()
            self._windows.drop_expired(now)
            pending = {key: len(self._usage.update(key, now)) for key in [*self._usage]}
            keys = dict.fromkeys((*self._accounts, *self._windows, *self._usage))
            return [self._key_json(key, now, pending=pending.get(key, 0)) for key in keys]

    def clear(self) -> None:
        """Forget all requests and jobs."""
        with self._lock:
            self._windows.clear()
            self._usage.clear()

    def _key_json(self, key: str, now: float, *, pending: int) -> dict[str, Json]:
        tier, account = self._tier_of(key), self._accounts.get(key, Account(key))
        limit, cap = tier.requests_per_minute, tier.spend
        _, used = self._windows.get(key, now)
        return {
            "key": mask_key(key),
            "requests_per_minute": limit,
            "requests_left": None if limit is None else max(0, limit - used),
            "in_flight": tier.in_flight,
            "pending": pending,
            "spend": None if cap is None else float(cap),
            "spent": None if cap is None else float(self._usage.total(key)),
            "revoked": account.revoked,
            "forbidden": {name: [*values] for name, values in account.forbidden.items()},
        }

    def _tier_of(self, key: str) -> Tier:
        account = self._accounts.get(key)
        return self._tier if account is None else account.tier

    def _check_forbidden(
        self, key: str, create: CreateOperation, request: Mapping[str, Json]
    ) -> None:
        account = self._accounts.get(key)
        for name, values in account.forbidden.items() if account else ():
            value = request.get(f"/{name}", create.operation.default(name))
            if value in values:
                message = f"{name}: {quote(value)} is not allowed for this API key"
                raise Refusal(Cause.MODEL_FORBIDDEN, message, parameter=name)

    def _check_spend(
        self, key: str, tier: Tier, create: CreateOperation, request: Mapping[str, Json]
    ) -> Decimal:
        """Return the price of a job with this request. Raise Refusal if it exceeds the cap."""
        if tier.spend is None or create.price is None:
            return Decimal(0)
        used = self._usage.total(key)
        price = create.price.amount_for(request) or Decimal(0)
        if used + price > tier.spend:
            cap = f"this API key may spend {tier.spend} {create.price.currency}"
            message = f"{cap}; {used} are spent or reserved, and this job costs {price}"
            raise Refusal(Cause.QUOTA_EXCEEDED, message)
        return price

    def _check_in_flight(self, tier: Tier, pending: list[Job], now: float) -> None:
        if tier.in_flight is not None and len(pending) >= tier.in_flight:
            message = f"this API key is limited to {tier.in_flight} pending jobs at once"
            wait = min(_seconds_until_end(job, now) for job in pending)
            raise self._rate_refusal(message, wait=wait)

    def _rate_refusal(self, message: str, *, wait: int) -> Refusal:
        return Refusal(Cause.RATE_EXCEEDED, message, wait=wait)


def _seconds_until_end(job: Job, now: float) -> int:
    """Return the whole seconds until a job ends; for a job that never ends, the longest duration
    of a job, because no wait would be long enough.
    """
    if not job.progression.ends:
        return ceil(MAX_SECONDS)
    return _whole_seconds(now, job.created + job.progression.pending_seconds)


def _whole_seconds(now: float, until: float) -> int:
    wait = max(1, ceil(until - now))
    # The difference may have been rounded down.
    return wait if now + wait >= until else wait + 1
