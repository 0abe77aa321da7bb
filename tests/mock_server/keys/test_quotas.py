"""Quotas of API keys: requests per minute, jobs in flight, spending, forbidden values."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.mock_server import Job, JobOutcome, ManualClock, MemoryStore
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.jobs.request_values import RequestReader
from aisa_testkit.mock_server.keys.accounts import Account, read_tier
from aisa_testkit.mock_server.keys.quotas import Quotas
from aisa_testkit.openapi import Cause, Document, Tier, load_document
from aisa_testkit.openapi.json import Json
from tests.support.operations import only_kind
from tests.support.planned_jobs import plan, planned_job

START = 1_780_000_000
JOB_SECONDS = 10  # of a job with default fields
JOB_PRICE = Decimal("0.4")


class QuotaFixture:
    """Quotas, with their clock, their store, and jobs that count towards them."""

    def __init__(
        self,
        document: Document,
        tier: Tier | None = None,
        accounts: Mapping[str, Account] | None = None,
        *,
        start: float = START,
    ) -> None:
        self.document, self.clock, self.store = document, ManualClock(start), MemoryStore()
        self.limits = Quotas(
            document,
            clock=self.clock,
            store=self.store,
            tier=tier or Tier(),
            accounts=accounts,
        )
        self.operation = only_kind(document).creates[0]
        self._numbers = count()

    def create(
        self, key: str = "sk-1", *, outcome: JobOutcome | None = None, **fields: Json
    ) -> Job:
        """Create a job with this API key."""

        def create() -> Job:
            number = next(self._numbers)
            job = planned_job(
                self.document,
                f"job-{number}",
                sequence=number,
                created=self.clock.now(),
                request=request,
                outcome=outcome,
                owner=key,
            )
            self.store.add(job)
            return job

        defaults = RequestReader(only_kind(self.document), self.operation).defaults
        request = {**defaults, **{f"/{name}": value for name, value in fields.items()}}
        return self.limits.create_job(key, self.operation, request, create)

    def remove(self, job: Job) -> None:
        """Delete a job, as a client may when it has ended."""
        self.limits.charge_finished_jobs(job.owner)
        self.store.remove(job.id)

    def end(self, job: Job, *, outcome: str) -> None:
        """End a job early."""
        job_outcome = JobOutcome(outcome=outcome, seconds=self.clock.now() - job.created)
        progression = plan(self.document, job.request, job_outcome)
        assert self.store.replace(job, job.with_progression(progression))


def refusal_of(quota: QuotaFixture, key: str = "sk-1", **fields: Json) -> Refusal:
    """Return the refusal of one more job."""
    before = len(quota.store)
    with pytest.raises(Refusal) as caught:
        quota.create(key, **fields)
    assert len(quota.store) == before
    return caught.value


def retry_after(refusal: Refusal) -> int:
    """Return the seconds in its Retry-After."""
    assert refusal.cause == Cause.RATE_EXCEEDED
    assert refusal.wait is not None
    return int(refusal.wait)


def accepts(limits: Quotas, key: str = "sk-1") -> bool:
    """True if one more request of a key is accepted."""
    try:
        limits.count_request(key)
    except Refusal:
        return False
    return True


def retry_after_of_request(limits: Quotas, key: str = "sk-1") -> int:
    """Return the Retry-After of a refused request."""
    with pytest.raises(Refusal) as caught:
        limits.count_request(key)
    return retry_after(caught.value)


# Requests


def test_requests_over_the_rate_limit_are_refused(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=3))
    assert [accepts(quota.limits) for _ in range(5)] == [True, True, True, False, False]
    with pytest.raises(Refusal, match="this API key is limited to 3 requests per minute"):
        quota.limits.count_request("sk-1")


def test_window_begins_with_the_first_request(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=2))
    quota.clock.advance(59)
    assert accepts(quota.limits)
    quota.clock.advance(59)
    assert [accepts(quota.limits) for _ in range(2)] == [True, False]
    quota.clock.advance(1)
    assert [accepts(quota.limits) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("elapsed", "wait"),
    [(0, 60), (0.5, 60), (1, 59), (59, 1), (59.25, 1), (59.999, 1)],
)
def test_retry_after_is_in_whole_seconds_and_never_too_short(
    document: Document, elapsed: float, wait: int
) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=1))
    quota.limits.count_request("sk-1")
    quota.clock.advance(elapsed)
    assert retry_after_of_request(quota.limits) == wait
    quota.clock.advance(wait)
    assert accepts(quota.limits)


@given(
    start=st.floats(0, 4e9),
    number=st.integers(1, 4),
    steps=st.lists(st.floats(0, 90) | st.just("wait"), max_size=30),
)
def test_rate_limit_is_never_exceeded_and_retry_after_is_sufficient(
    start: float, number: int, steps: list[float | str]
) -> None:
    quota = QuotaFixture(load_document(), Tier(requests_per_minute=number), start=start)
    start_of_window, accepted = start, 0
    for step in steps:
        now = quota.clock.now()
        if now >= start_of_window + 60 or not accepted:
            start_of_window, accepted = now, 0
        if accepts(quota.limits):
            accepted += 1
            assert accepted <= number
        else:
            assert accepted == number
            if step == "wait":
                quota.clock.advance(retry_after_of_request(quota.limits))
                assert accepts(quota.limits)
                start_of_window, accepted = quota.clock.now(), 1
        quota.clock.advance(0 if isinstance(step, str) else step)


def test_each_key_has_its_own_window_and_each_account_its_own_limit(document: Document) -> None:
    accounts = {"sk-rich": Account("sk-rich", Tier(requests_per_minute=2))}
    quota = QuotaFixture(document, Tier(requests_per_minute=1), accounts)
    keys = ("sk-1", "sk-2", "sk-rich", "sk-1", "sk-2", "sk-rich", "sk-rich")
    assert [accepts(quota.limits, key) for key in keys] == [True] * 3 + [
        False,
        False,
        True,
        False,
    ]


def test_account_without_limits_is_never_refused(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=1), {"sk-free": Account("sk-free")})
    assert all(accepts(quota.limits, "sk-free") for _ in range(100))
    assert quota.limits.rate_limit_headers("sk-free") == {}


def test_rate_limit_is_exact_with_concurrent_requests(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=50))
    with ThreadPoolExecutor(8) as pool:
        accepted = [*pool.map(lambda _: accepts(quota.limits), range(400))]
    assert accepted.count(True) == 50


class Key(str):
    """An API key that weak references can point to."""

    __slots__ = ("__weakref__",)


def test_keys_are_forgotten_after_their_window(document: Document) -> None:
    quota, remembered = QuotaFixture(document, Tier(requests_per_minute=5)), WeakSet[Key]()
    for number in range(1000):
        key = Key(f"sk-{number}")
        remembered.add(key)
        quota.limits.count_request(key)
        quota.clock.advance(1)
        del key
    # Those of the last minute; the next request drops the older ones.
    assert len(remembered) == 60
    quota.clock.advance(60)
    quota.limits.count_request("sk-last")
    assert len(remembered) == 0


def test_rate_limit_headers_have_all_their_names(document: Document) -> None:
    quota = QuotaFixture(document, read_tier(document, "free"))
    quota.clock.advance(0.5)
    assert header_values(quota, "limit") == header_values(quota, "remaining") == {"60"}
    quota.limits.count_request("sk-1")
    quota.clock.advance(30)
    quota.limits.count_request("sk-1")
    assert len(quota.limits.rate_limit_headers("sk-1")) == 6
    assert header_values(quota, "limit") == {"60"}
    assert header_values(quota, "remaining") == {"58"}
    assert header_values(quota, "reset") == {str(START + 61)}  # the end of the minute, rounded up


def header_values(quota: QuotaFixture, kind: str) -> set[str]:
    """Return the values of all headers of a kind: limit, remaining or reset."""
    assert quota.document.limits
    headers = quota.limits.rate_limit_headers("sk-1")
    return {headers[name] for name in getattr(quota.document.limits.headers, kind)}


def test_refused_request_is_not_counted(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=1))
    assert [accepts(quota.limits) for _ in range(3)] == [True, False, False]
    assert header_values(quota, "remaining") == {"0"}
    quota.clock.advance(60)
    assert header_values(quota, "remaining") == {"1"}


def test_another_document_has_its_own_headers_and_no_retry_after(other_document: Document) -> None:
    quota = QuotaFixture(other_document, read_tier(other_document, "hobby"))
    assert [accepts(quota.limits, "k") for _ in range(6)] == [True] * 5 + [False]
    assert quota.limits.rate_limit_headers("k") == {
        "x-allowance": "5",
        "x-allowance-left": "0",
        "x-allowance-renewed": str(START + 60),
    }
    with pytest.raises(Refusal) as caught:
        quota.limits.count_request("k")
    assert caught.value.headers == {}


# Jobs in flight


def test_jobs_over_the_in_flight_limit_are_refused_until_one_ends(document: Document) -> None:
    quota = QuotaFixture(document, read_tier(document, "free"))
    for _ in range(3):
        quota.create()
        quota.clock.advance(2)
    refusal = refusal_of(quota)
    assert refusal.message == "this API key is limited to 3 pending jobs at once"
    assert retry_after(refusal) == JOB_SECONDS - 6  # until the first job ends
    quota.clock.advance(JOB_SECONDS - 6)
    quota.create()
    assert retry_after(refusal_of(quota)) == 2


def test_in_flight_limit_is_separate_for_each_key(document: Document) -> None:
    quota = QuotaFixture(document, Tier(in_flight=1))
    quota.create("sk-1")
    quota.create("sk-2")
    assert (
        retry_after(refusal_of(quota, "sk-1"))
        == retry_after(refusal_of(quota, "sk-2"))
        == JOB_SECONDS
    )


def test_in_flight_limit_of_another_document(other_document: Document) -> None:
    quota = QuotaFixture(other_document, read_tier(other_document, "hobby"))
    quota.create(quality="draft")
    assert refusal_of(quota).cause == Cause.RATE_EXCEEDED
    quota.clock.advance(JOB_SECONDS)
    quota.create(quality="draft")


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_job_that_was_ended_early_is_not_in_flight(document: Document, outcome: str) -> None:
    quota = QuotaFixture(document, Tier(in_flight=1))
    job = quota.create()
    quota.clock.advance(1)
    assert retry_after(refusal_of(quota)) == JOB_SECONDS - 1
    quota.end(job, outcome=outcome)
    quota.create()


def test_removed_job_is_not_in_flight(document: Document) -> None:
    quota = QuotaFixture(document, Tier(in_flight=1))
    quota.store.remove(quota.create().id)
    quota.create()
    quota.store.clear()
    quota.create()


def test_retry_after_with_stalled_jobs(document: Document) -> None:
    quota = QuotaFixture(document, Tier(in_flight=2))
    quota.create(outcome=JobOutcome(stalls=True))
    quota.clock.advance(100_000)
    quota.create(outcome=JobOutcome(seconds=500))
    assert retry_after(refusal_of(quota)) == 500
    quota.clock.advance(500)
    quota.create(outcome=JobOutcome(stalls=True))
    assert retry_after(refusal_of(quota)) == 1e9


def test_failed_creation_does_not_count_as_in_flight(document: Document) -> None:
    quota = QuotaFixture(document, Tier(in_flight=1))
    with pytest.raises(ValueError, match="no_such_state"):
        quota.create(outcome=JobOutcome(outcome="no_such_state"))
    quota.create()


def test_in_flight_limit_is_exact_with_concurrent_requests(document: Document) -> None:
    quota = QuotaFixture(document, Tier(in_flight=3))

    def try_to_create(_: int) -> bool:
        try:
            quota.create()
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(try_to_create, range(200))].count(True) == 3
    assert len(quota.store) == 3


@given(
    start=st.floats(0, 4e9),
    room=st.integers(1, 3),
    steps=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 20)), max_size=20),
)
def test_in_flight_limit_is_never_exceeded_and_retry_after_is_sufficient(
    start: float, room: int, steps: list[tuple[float, float]]
) -> None:
    quota, ends = QuotaFixture(load_document(), Tier(in_flight=room), start=start), list[float]()
    for seconds, pause in steps:
        job_outcome = JobOutcome(seconds=seconds)
        if len([end for end in ends if end > quota.clock.now()]) >= room:
            quota.clock.advance(retry_after(refusal_of(quota)))
        job = quota.create(outcome=job_outcome)
        ends.append(job.created + job.progression.pending_seconds)
        quota.clock.advance(pause)


# Spending


def test_jobs_over_the_spend_cap_are_refused(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=3 * JOB_PRICE))
    for _ in range(3):
        quota.create()
    refusal = refusal_of(quota)
    assert refusal.cause == Cause.QUOTA_EXCEEDED
    assert refusal.headers == {}
    assert refusal.message == (
        "this API key may spend 1.2 USD; 1.2 are spent or reserved, and this job costs 0.4"
    )
    quota.create("sk-2")


def test_cheaper_job_within_the_spend_cap_is_accepted(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=Decimal(1)))
    assert refusal_of(quota, model="sora-2-pro").cause == Cause.QUOTA_EXCEEDED
    quota.create()


def test_spend_cap_of_zero_refuses_all_jobs(document: Document) -> None:
    quota = QuotaFixture(document, accounts={"sk-poor": Account("sk-poor", Tier(spend=Decimal(0)))})
    assert refusal_of(quota, "sk-poor").cause == Cause.QUOTA_EXCEEDED
    quota.create("sk-1")


def test_completed_jobs_are_charged_and_failed_jobs_are_not(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=2 * JOB_PRICE))
    quota.create(outcome=JobOutcome(outcome="failed"))
    quota.create()
    assert refusal_of(quota).cause == Cause.QUOTA_EXCEEDED
    quota.clock.advance(100_000)
    quota.create()
    assert refusal_of(quota).cause == Cause.QUOTA_EXCEEDED


def test_deleted_job_stays_charged(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=JOB_PRICE))
    job = quota.create()
    quota.clock.advance(JOB_SECONDS)
    quota.remove(job)
    assert refusal_of(quota).cause == Cause.QUOTA_EXCEEDED


def test_failed_and_deleted_job_is_not_charged(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=JOB_PRICE))
    job = quota.create()
    quota.end(job, outcome="failed")
    quota.remove(job)
    quota.create()


def test_spend_cap_is_checked_before_the_in_flight_limit(document: Document) -> None:
    quota = QuotaFixture(document, Tier(spend=JOB_PRICE, in_flight=1))
    quota.create()
    assert refusal_of(quota).cause == Cause.QUOTA_EXCEEDED


def test_spend_cap_with_prices_of_another_document(other_document: Document) -> None:
    quota = QuotaFixture(other_document, Tier(spend=Decimal("1.30")))
    quota.create(quality="final")
    quota.create(quality="draft")
    assert refusal_of(quota, quality="draft").cause == Cause.QUOTA_EXCEEDED


# Forbidden values


def test_forbidden_value_is_refused_with_its_field(document: Document) -> None:
    accounts = {"sk-small": Account("sk-small", forbidden={"model": ("sora-2-pro",)})}
    quota = QuotaFixture(document, accounts=accounts)
    refusal = refusal_of(quota, "sk-small", model="sora-2-pro")
    assert (refusal.cause, refusal.parameter) == (Cause.MODEL_FORBIDDEN, "model")
    assert refusal.message == "model: 'sora-2-pro' is not allowed for this API key"
    quota.create("sk-small")
    quota.create("sk-other", model="sora-2-pro")


def test_forbidden_value_includes_the_default(document: Document) -> None:
    accounts = {"sk-pro": Account("sk-pro", forbidden={"model": ("sora-2",)})}
    quota = QuotaFixture(document, accounts=accounts)
    assert refusal_of(quota, "sk-pro").cause == Cause.MODEL_FORBIDDEN
    quota.create("sk-pro", model="sora-2-pro")


# Together


def test_clear_forgets_requests_jobs_and_spending(document: Document) -> None:
    quota = QuotaFixture(document, Tier(requests_per_minute=1, in_flight=1, spend=JOB_PRICE))
    for _ in range(2):
        quota.limits.count_request("sk-1")
        quota.create()
        assert not accepts(quota.limits)
        refusal_of(quota)
        quota.limits.clear()


def test_usage_of_each_key_is_listed_with_masked_keys(document: Document) -> None:
    small = Account(
        "sk-aisa-small", Tier(spend=2 * JOB_PRICE), forbidden={"model": ("sora-2-pro",)}
    )
    quota = QuotaFixture(document, read_tier(document, "free"), {"sk-aisa-small": small})
    assert [entry["key"] for entry in quota.limits.to_json()] == ["…mall"]
    quota.create("sk-aisa-small", outcome=JobOutcome(outcome="failed"))
    quota.create("sk-aisa-small")
    quota.clock.advance(JOB_SECONDS)
    quota.limits.count_request("short")
    quota.create("short")
    assert quota.limits.to_json() == [
        {
            "key": "…mall",
            "requests_per_minute": None,
            "requests_left": None,
            "in_flight": None,
            "pending": 0,
            "spend": 0.8,
            "spent": 0.4,
            "revoked": False,
            "forbidden": {"model": ["sora-2-pro"]},
        },
        {
            "key": "…",
            "requests_per_minute": 60,
            "requests_left": 59,
            "in_flight": 3,
            "pending": 1,
            "spend": None,
            "spent": None,
            "revoked": False,
            "forbidden": {},
        },
    ]
    quota.clock.advance(60)
    assert [entry["key"] for entry in quota.limits.to_json()] == ["…mall"]


@dataclass(frozen=True)
class Case:
    """Limits, and whether they restrict any request."""

    tier: Tier
    accounts: dict[str, Account]
    active: bool


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(Tier(), {}, False), id="no limits"),
        pytest.param(Case(Tier(), {"k": Account("k")}, False), id="account without limits"),
        pytest.param(Case(Tier(), {"k": Account("k", revoked=True)}, False), id="revoked"),
        pytest.param(Case(Tier(requests_per_minute=1), {}, True), id="requests"),
        pytest.param(Case(Tier(in_flight=1), {}, True), id="jobs"),
        pytest.param(Case(Tier(spend=Decimal(0)), {}, True), id="spending"),
        pytest.param(
            Case(Tier(), {"k": Account("k", Tier(in_flight=1))}, True), id="limits of an account"
        ),
        pytest.param(
            Case(Tier(), {"k": Account("k", forbidden={"model": ("a",)})}, True), id="forbidden"
        ),
    ],
)
def test_quotas_are_active_only_if_there_is_a_limit(document: Document, case: Case) -> None:
    assert QuotaFixture(document, case.tier, case.accounts).limits.active is case.active


def test_without_limits_everything_is_accepted(document: Document) -> None:
    quota = QuotaFixture(document)
    assert all(accepts(quota.limits) for _ in range(5000))
    assert quota.limits.rate_limit_headers("sk-1") == {}
    for _ in range(50):
        quota.create()
