"""How much each key may still ask for: requests in a minute, jobs at once, money."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil
from threading import Lock

from ...openapi import Cause, Document, Ending, JobRole, Tier
from ...openapi.credentials import mask_key
from ...openapi.json import Json
from ...openapi.text import quote
from ..clock import Clock
from ..errors import Refusal
from ..jobs.job import Job, observe
from ..jobs.progression import MAX_SECONDS
from ..jobs.store import Store
from .accounts import NO_LIMITS, Account

WINDOW_SECONDS = 60


@dataclass(slots=True)
class _Usage:
    """The jobs of a key that were pending when it was last looked, by id and with what each costs,
    and what the others cost.
    """

    jobs: dict[str, tuple[Job, Decimal]] = field(default_factory=dict)
    spent: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """What all of them cost."""
        return sum((cost for _, cost in self.jobs.values()), self.spent)


class Quotas:
    """The limits of every key: `tier` for those that have no account among `accounts`.

    Requests are counted in windows of 60 s, of which each begins with the first request of its key.
    Raises ValueError where the document declares no answer to what is asked for here.
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
        self._document, self._envelope = document, document.envelope
        create = document.by_role[JobRole.CREATE]
        self._price = create.price
        self._defaults = {
            n: create.default(n) for b in create.bodies.values() for n in b.properties
        }
        self._headers = document.limits.headers if document.limits else None
        self._clock, self._store, self._lock = clock, store, Lock()
        # When the window of a key began, and its requests so far; the oldest window first.
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._usages: dict[str, _Usage] = {}
        self.replace_limits(tier=tier, accounts=accounts or {})

    def replace_limits(self, *, tier: Tier, accounts: Mapping[str, Account]) -> None:
        """Goes on with other limits; what was used up stays. Raises ValueError as at the beginning,
        and changes nothing.
        """
        known = accounts.values()
        require_error_responses(self._document, tier, known)
        tiers = {tier, *(account.tier for account in known)}
        with self._lock:
            self._tier, self._accounts = tier, accounts
            self.active = tiers != {NO_LIMITS} or any(account.forbidden for account in known)

    def count_request(self, key: str) -> None:
        """Counts a request; raises Refusal, and counts nothing, when the minute's are used up."""
        number = self._tier_of(key).requests_per_minute
        if number is None:
            return
        with self._lock:
            now = self._clock.now()
            began, used = self._window(key, now)
            if used < number:
                self._windows[key] = began, used + 1
                return
        message = f"the requests of this key are limited to {number} a minute"
        raise self._refusal(message, wait=_whole_seconds(now, began + WINDOW_SECONDS))

    def rate_limit_headers(self, key: str) -> dict[str, str]:
        """The headers that tell how many requests are left to a key; none where all are allowed."""
        number = self._tier_of(key).requests_per_minute
        if number is None or self._headers is None:
            return {}
        with self._lock:
            began, used = self._window(key, self._clock.now())
        reset = ceil(began + WINDOW_SECONDS)
        # There may have been more of them before.
        return self._headers.of(limit=number, remaining=max(0, number - used), reset=reset)

    def create_job(self, key: str, fields: Mapping[str, Json], make: Callable[[], Job]) -> Job:
        """The job that `make` makes and stores, if a key may have one with these request fields. No
        other job takes its room meanwhile.

        Raises Refusal if it may not.
        """
        if not self.active:
            return make()
        self._require_allowed(key, fields)
        tier = self._tier_of(key)
        if tier.in_flight is None and tier.spend is None:
            return make()
        with self._lock:
            now = self._clock.now()
            pending = self._settle(key, now)
            cost = self._require_money(key, tier, fields)
            self._require_room(tier, pending, now)
            job = make()
            self._usages.setdefault(key, _Usage()).jobs[job.id] = job, cost
            return job

    def charge_finished_jobs(self, key: str) -> None:
        """Reckons what the jobs of a key cost; to be called before one of them is removed, when it
        can still be told how it ended.
        """
        if key in self._usages:
            with self._lock:
                self._settle(key, self._clock.now())

    def to_json(self) -> list[dict[str, Json]]:
        """What is known of each account, and of each other key that has used up something: its
        limits, and what is left of them. Keys are masked.
        """
        with self._lock:
            now = self._clock.now()
            self._forget_windows(now)
            pending = {key: len(self._settle(key, now)) for key in [*self._usages]}
            known = dict.fromkeys((*self._accounts, *self._windows, *self._usages))
            return [self._told(key, pending=pending.get(key, 0)) for key in known]

    def clear(self) -> None:
        """Forgets every request and every job."""
        with self._lock:
            self._windows.clear()
            self._usages.clear()

    def _told(self, key: str, *, pending: int) -> dict[str, Json]:
        tier, account = self._tier_of(key), self._accounts.get(key, Account(key))
        number, cap = tier.requests_per_minute, tier.spend
        _, used = self._windows.get(key, (0, 0))
        spent = self._usages.get(key, _Usage()).total
        return {
            "key": mask_key(key),
            "requests_per_minute": number,
            "requests_left": None if number is None else max(0, number - used),
            "in_flight": tier.in_flight,
            "pending": pending,
            "spend": None if cap is None else float(cap),
            "spent": None if cap is None else float(spent),
            "revoked": account.revoked,
            "forbidden": {name: [*values] for name, values in account.forbidden.items()},
        }

    def _tier_of(self, key: str) -> Tier:
        account = self._accounts.get(key)
        return self._tier if account is None else account.tier

    def _window(self, key: str, now: float) -> tuple[float, int]:
        """When the window of a key began, and how many of its requests came since."""
        self._forget_windows(now)
        return self._windows.get(key, (now, 0))

    def _forget_windows(self, now: float) -> None:
        """Forgets those that are over, whosever they were."""
        while self._windows:
            oldest, (began, _) = next(iter(self._windows.items()))
            if now < began + WINDOW_SECONDS:
                break
            del self._windows[oldest]

    def _settle(self, key: str, now: float) -> list[Job]:
        """The pending jobs of a key, as the store has them; what the others cost is added up."""
        usage, pending = self._usages.get(key, _Usage()), []
        for made, cost in [*usage.jobs.values()]:
            kept = self._store.get(made.id)
            ends = observe(kept or made, now).ends
            if kept and ends is None:
                pending.append(kept)
                continue
            del usage.jobs[made.id]
            if ends is not Ending.FAILURE:
                usage.spent += cost
        if not usage.jobs and not usage.spent:
            self._usages.pop(key, None)
        return pending

    def _require_allowed(self, key: str, fields: Mapping[str, Json]) -> None:
        account = self._accounts.get(key)
        for name, values in account.forbidden.items() if account else ():
            value = fields.get(name, self._defaults[name])
            if value in values:
                message = f"{name}: {quote(value)} is not allowed to this key"
                raise Refusal(Cause.MODEL_FORBIDDEN, message, parameter=name)

    def _require_money(self, key: str, tier: Tier, fields: Mapping[str, Json]) -> Decimal:
        """What a job with these fields costs, if the key can pay for it."""
        if tier.spend is None or self._price is None:
            return Decimal(0)
        bound = self._usages.get(key, _Usage()).total
        cost = self._price.of({**self._defaults, **fields})
        if bound + cost > tier.spend:
            cap = f"{tier.spend} {self._price.currency} may be spent by this key"
            message = f"{cap}; {bound} are spent or bound, and this job costs {cost}"
            raise Refusal(Cause.QUOTA_EXCEEDED, message)
        return cost

    def _require_room(self, tier: Tier, pending: list[Job], now: float) -> None:
        if tier.in_flight is not None and len(pending) >= tier.in_flight:
            message = f"the pending jobs of this key are limited to {tier.in_flight} at once"
            raise self._refusal(message, wait=min(_until_end(job, now) for job in pending))

    def _refusal(self, message: str, *, wait: int) -> Refusal:
        header = self._envelope.retry_seconds
        headers = {header: str(wait)} if header else {}
        return Refusal(Cause.RATE_EXCEEDED, message, headers=headers)


def _until_end(job: Job, now: float) -> int:
    """How many whole seconds a client must wait for a job to end; for one that never does, the
    longest time that a job can be given, since no wait would be long enough.
    """
    if job.progression.ends is None:
        return ceil(MAX_SECONDS)
    return _whole_seconds(now, job.created + job.progression.pending_seconds)


def _whole_seconds(now: float, until: float) -> int:
    wait = max(1, ceil(until - now))
    # The difference may have been rounded down.
    return wait if now + wait >= until else wait + 1


def require_error_responses(document: Document, tier: Tier, accounts: Collection[Account]) -> None:
    """Raises ValueError where the document declares no answer to what is asked for here."""
    tiers = [tier, *(account.tier for account in accounts)]
    needs = (
        (Cause.RATE_EXCEEDED, "limits", any(t.requests_per_minute or t.in_flight for t in tiers)),
        (Cause.QUOTA_EXCEEDED, "spend caps", any(t.spend is not None for t in tiers)),
        (Cause.CREDENTIALS_REVOKED, "revoked keys", any(a.revoked for a in accounts)),
        (Cause.MODEL_FORBIDDEN, "forbidden values", any(a.forbidden for a in accounts)),
    )
    for cause, what, asked in needs:
        if asked and cause not in document.envelope.answers:
            raise ValueError(f"/x-error-envelope/causes: {what} need {cause}")
