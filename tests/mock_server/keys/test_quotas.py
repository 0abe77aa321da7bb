"""How much each key may still ask for: requests in a minute, jobs at once, money."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import count
from weakref import WeakSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.mock_server import Job, JobOutcome, ManualClock, MemoryStore, plan_progression
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.mock_server.keys.accounts import Account, read_tier
from aisa_testkit.mock_server.keys.quotas import Quotas
from aisa_testkit.openapi import Cause, Document, Tier, load_document
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
LASTS = 10  # seconds that a job is pending which is made with nothing but defaults
COSTS = Decimal("0.4")  # what it costs


class Desk:
    """Limits, with the clock, the store and the jobs that they go by."""

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
        self._numbers = count()

    def make(self, key: str = "sk-1", *, fate: JobOutcome | None = None, **fields: Json) -> Job:
        """A job of a key, if it may have one."""

        def made() -> Job:
            plan = plan_progression(self.document.lifecycle, fields, fate or JobOutcome())
            number = next(self._numbers)
            job = Job(f"job-{number}", number, self.clock.now(), fields, plan, owner=key)
            self.store.add(job)
            return job

        return self.limits.create_job(key, fields, made)

    def remove(self, job: Job) -> None:
        """Deletes a job, as a client may when it has ended."""
        self.limits.charge_finished_jobs(job.owner)
        self.store.remove(job.id)

    def end(self, job: Job, *, outcome: str) -> None:
        """Ends a job before its time."""
        fate = JobOutcome(outcome=outcome, seconds=self.clock.now() - job.created)
        plan = plan_progression(self.document.lifecycle, job.fields, fate)
        assert self.store.replace(job, replace(job, progression=plan))


def refusal_of(desk: Desk, key: str = "sk-1", **fields: Json) -> Refusal:
    """Why a key may not have one more job."""
    before = len(desk.store)
    with pytest.raises(Refusal) as caught:
        desk.make(key, **fields)
    assert len(desk.store) == before
    return caught.value


def wait_of(refusal: Refusal) -> int:
    """How many seconds it asks to wait."""
    assert refusal.cause == Cause.RATE_EXCEEDED
    return int(refusal.headers["retry-after"])


def passes(limits: Quotas, key: str = "sk-1") -> bool:
    """Whether one more request of a key is let through."""
    try:
        limits.count_request(key)
    except Refusal:
        return False
    return True


def wait_for_request(limits: Quotas, key: str = "sk-1") -> int:
    """How long a request that is refused is asked to wait."""
    with pytest.raises(Refusal) as caught:
        limits.count_request(key)
    return wait_of(caught.value)


# Requests


def test_the_requests_of_a_minute_are_let_through_and_no_more(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=3))
    assert [passes(desk.limits) for _ in range(5)] == [True, True, True, False, False]
    with pytest.raises(Refusal, match="this API key is limited to 3 requests per minute"):
        desk.limits.count_request("sk-1")


def test_a_minute_begins_with_the_first_request(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=2))
    desk.clock.advance(59)
    assert passes(desk.limits)
    desk.clock.advance(59)
    assert [passes(desk.limits) for _ in range(2)] == [True, False]
    desk.clock.advance(1)
    assert [passes(desk.limits) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("elapsed", "wait"),
    [(0, 60), (0.5, 60), (1, 59), (59, 1), (59.25, 1), (59.999, 1)],
)
def test_a_wait_is_in_whole_seconds_and_never_too_short(
    document: Document, elapsed: float, wait: int
) -> None:
    desk = Desk(document, Tier(requests_per_minute=1))
    desk.limits.count_request("sk-1")
    desk.clock.advance(elapsed)
    assert wait_for_request(desk.limits) == wait
    desk.clock.advance(wait)
    assert passes(desk.limits)


@given(
    start=st.floats(0, 4e9),
    number=st.integers(1, 4),
    steps=st.lists(st.floats(0, 90) | st.just("wait"), max_size=30),
)
def test_no_minute_has_more_than_its_number_and_who_waits_as_told_is_let_in(
    start: float, number: int, steps: list[float | str]
) -> None:
    desk = Desk(load_document(), Tier(requests_per_minute=number), start=start)
    began, let_in = start, 0
    for step in steps:
        now = desk.clock.now()
        if now >= began + 60 or not let_in:
            began, let_in = now, 0
        if passes(desk.limits):
            let_in += 1
            assert let_in <= number
        else:
            assert let_in == number
            if step == "wait":
                desk.clock.advance(wait_for_request(desk.limits))
                assert passes(desk.limits)
                began, let_in = desk.clock.now(), 1
        desk.clock.advance(0 if isinstance(step, str) else step)


def test_each_key_has_its_own_count_and_an_account_its_own_number(document: Document) -> None:
    accounts = {"sk-rich": Account("sk-rich", Tier(requests_per_minute=2))}
    desk = Desk(document, Tier(requests_per_minute=1), accounts)
    keys = ("sk-1", "sk-2", "sk-rich", "sk-1", "sk-2", "sk-rich", "sk-rich")
    assert [passes(desk.limits, key) for key in keys] == [True] * 3 + [False, False, True, False]


def test_an_account_without_limits_is_never_refused(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=1), {"sk-free": Account("sk-free")})
    assert all(passes(desk.limits, "sk-free") for _ in range(100))
    assert desk.limits.rate_limit_headers("sk-free") == {}


def test_threads_do_not_get_more_than_one_of_them_would(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=50))
    with ThreadPoolExecutor(8) as pool:
        passed = [*pool.map(lambda _: passes(desk.limits), range(400))]
    assert passed.count(True) == 50


class Key(str):
    """A key of which it can be seen whether anybody still remembers it."""

    __slots__ = ("__weakref__",)


def test_keys_are_forgotten_when_their_minute_is_over(document: Document) -> None:
    desk, remembered = Desk(document, Tier(requests_per_minute=5)), WeakSet[Key]()
    for number in range(1000):
        key = Key(f"sk-{number}")
        remembered.add(key)
        desk.limits.count_request(key)
        desk.clock.advance(1)
        del key
    # Those of the last minute; which that is, the next request sees.
    assert len(remembered) == 60
    desk.clock.advance(60)
    desk.limits.count_request("sk-last")
    assert len(remembered) == 0


def test_the_headers_tell_what_is_left_under_every_name(document: Document) -> None:
    desk = Desk(document, read_tier(document, "free"))
    desk.clock.advance(0.5)
    assert told(desk, "limit") == told(desk, "remaining") == {"60"}
    desk.limits.count_request("sk-1")
    desk.clock.advance(30)
    desk.limits.count_request("sk-1")
    assert len(desk.limits.rate_limit_headers("sk-1")) == 6
    assert told(desk, "limit") == {"60"}
    assert told(desk, "remaining") == {"58"}
    assert told(desk, "reset") == {str(START + 61)}  # the whole second behind the minute's end


def told(desk: Desk, what: str) -> set[str]:
    """The values of the headers that tell one thing."""
    assert desk.document.limits
    headers = desk.limits.rate_limit_headers("sk-1")
    return {headers[name] for name in getattr(desk.document.limits.headers, what)}


def test_a_refused_request_takes_nothing_from_what_is_left(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=1))
    assert [passes(desk.limits) for _ in range(3)] == [True, False, False]
    assert told(desk, "remaining") == {"0"}
    desk.clock.advance(60)
    assert told(desk, "remaining") == {"1"}


def test_another_document_has_its_own_headers_and_names_no_wait(other_document: Document) -> None:
    desk = Desk(other_document, read_tier(other_document, "hobby"))
    assert [passes(desk.limits, "k") for _ in range(6)] == [True] * 5 + [False]
    assert desk.limits.rate_limit_headers("k") == {
        "x-allowance": "5",
        "x-allowance-left": "0",
        "x-allowance-renewed": str(START + 60),
    }
    with pytest.raises(Refusal) as caught:
        desk.limits.count_request("k")
    assert caught.value.headers == {}


# Jobs at once


def test_so_many_jobs_may_be_pending_and_no_more(document: Document) -> None:
    desk = Desk(document, read_tier(document, "free"))
    for _ in range(3):
        desk.make()
        desk.clock.advance(2)
    refusal = refusal_of(desk)
    assert refusal.message == "this API key is limited to 3 pending jobs at once"
    assert wait_of(refusal) == LASTS - 6  # until the first of them ends
    desk.clock.advance(LASTS - 6)
    desk.make()
    assert wait_of(refusal_of(desk)) == 2


def test_the_jobs_of_another_key_take_no_room(document: Document) -> None:
    desk = Desk(document, Tier(in_flight=1))
    desk.make("sk-1")
    desk.make("sk-2")
    assert wait_of(refusal_of(desk, "sk-1")) == wait_of(refusal_of(desk, "sk-2")) == LASTS


def test_another_document_has_its_own_room(other_document: Document) -> None:
    desk = Desk(other_document, read_tier(other_document, "hobby"))
    desk.make(quality="draft")
    assert refusal_of(desk).cause == Cause.RATE_EXCEEDED
    desk.clock.advance(LASTS)
    desk.make(quality="draft")


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_a_job_that_was_ended_early_makes_room(document: Document, outcome: str) -> None:
    desk = Desk(document, Tier(in_flight=1))
    job = desk.make()
    desk.clock.advance(1)
    assert wait_of(refusal_of(desk)) == LASTS - 1
    desk.end(job, outcome=outcome)
    desk.make()


def test_a_job_that_is_gone_makes_room(document: Document) -> None:
    desk = Desk(document, Tier(in_flight=1))
    desk.store.remove(desk.make().id)
    desk.make()
    desk.store.clear()
    desk.make()


def test_a_job_that_never_ends_is_waited_for_as_long_as_any_could_last(document: Document) -> None:
    desk = Desk(document, Tier(in_flight=2))
    desk.make(fate=JobOutcome(stalls=True))
    desk.clock.advance(100_000)
    desk.make(fate=JobOutcome(seconds=500))
    assert wait_of(refusal_of(desk)) == 500
    desk.clock.advance(500)
    desk.make(fate=JobOutcome(stalls=True))
    assert wait_of(refusal_of(desk)) == 1e9


def test_a_job_that_could_not_be_made_takes_no_room(document: Document) -> None:
    desk = Desk(document, Tier(in_flight=1))
    with pytest.raises(ValueError, match="no_such_state"):
        desk.make(fate=JobOutcome(outcome="no_such_state"))
    desk.make()


def test_threads_do_not_get_more_room_than_there_is(document: Document) -> None:
    desk = Desk(document, Tier(in_flight=3))

    def made(_: int) -> bool:
        try:
            desk.make()
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(made, range(200))].count(True) == 3
    assert len(desk.store) == 3


@given(
    start=st.floats(0, 4e9),
    room=st.integers(1, 3),
    steps=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 20)), max_size=20),
)
def test_never_are_more_jobs_pending_and_who_waits_as_told_gets_one(
    start: float, room: int, steps: list[tuple[float, float]]
) -> None:
    desk, ends = Desk(load_document(), Tier(in_flight=room), start=start), list[float]()
    for seconds, pause in steps:
        fate = JobOutcome(seconds=seconds)
        if len([end for end in ends if end > desk.clock.now()]) >= room:
            desk.clock.advance(wait_of(refusal_of(desk)))
        job = desk.make(fate=fate)
        ends.append(job.created + job.progression.pending_seconds)
        desk.clock.advance(pause)


# Money


def test_a_key_may_spend_up_to_its_cap(document: Document) -> None:
    desk = Desk(document, Tier(spend=3 * COSTS))
    for _ in range(3):
        desk.make()
    refusal = refusal_of(desk)
    assert refusal.cause == Cause.QUOTA_EXCEEDED
    assert refusal.headers == {}
    assert refusal.message == (
        "this API key may spend 1.2 USD; 1.2 are spent or reserved, and this job costs 0.4"
    )
    desk.make("sk-2")


def test_a_cheaper_job_may_still_be_made(document: Document) -> None:
    desk = Desk(document, Tier(spend=Decimal(1)))
    assert refusal_of(desk, model="sora-2-pro").cause == Cause.QUOTA_EXCEEDED
    desk.make()


def test_a_key_without_money_makes_nothing(document: Document) -> None:
    desk = Desk(document, accounts={"sk-poor": Account("sk-poor", Tier(spend=Decimal(0)))})
    assert refusal_of(desk, "sk-poor").cause == Cause.QUOTA_EXCEEDED
    desk.make("sk-1")


def test_completed_jobs_are_billed_and_failed_ones_are_not(document: Document) -> None:
    desk = Desk(document, Tier(spend=2 * COSTS))
    desk.make(fate=JobOutcome(outcome="failed"))
    desk.make()
    assert refusal_of(desk).cause == Cause.QUOTA_EXCEEDED
    desk.clock.advance(100_000)
    desk.make()
    assert refusal_of(desk).cause == Cause.QUOTA_EXCEEDED


def test_a_job_that_was_deleted_stays_billed(document: Document) -> None:
    desk = Desk(document, Tier(spend=COSTS))
    job = desk.make()
    desk.clock.advance(LASTS)
    desk.remove(job)
    assert refusal_of(desk).cause == Cause.QUOTA_EXCEEDED


def test_a_job_that_was_failed_early_and_deleted_is_not_billed(document: Document) -> None:
    desk = Desk(document, Tier(spend=COSTS))
    job = desk.make()
    desk.end(job, outcome="failed")
    desk.remove(job)
    desk.make()


def test_an_empty_purse_is_told_before_a_full_house(document: Document) -> None:
    desk = Desk(document, Tier(spend=COSTS, in_flight=1))
    desk.make()
    assert refusal_of(desk).cause == Cause.QUOTA_EXCEEDED


def test_another_document_has_its_own_prices(other_document: Document) -> None:
    desk = Desk(other_document, Tier(spend=Decimal("1.30")))
    desk.make(quality="final")
    desk.make(quality="draft")
    assert refusal_of(desk, quality="draft").cause == Cause.QUOTA_EXCEEDED


# What a key must not ask for


def test_a_forbidden_value_is_refused_with_its_field(document: Document) -> None:
    accounts = {"sk-small": Account("sk-small", forbidden={"model": ("sora-2-pro",)})}
    desk = Desk(document, accounts=accounts)
    refusal = refusal_of(desk, "sk-small", model="sora-2-pro")
    assert (refusal.cause, refusal.parameter) == (Cause.MODEL_FORBIDDEN, "model")
    assert refusal.message == "model: 'sora-2-pro' is not allowed for this API key"
    desk.make("sk-small")
    desk.make("sk-other", model="sora-2-pro")


def test_a_default_is_forbidden_as_well_as_a_value_that_was_sent(document: Document) -> None:
    accounts = {"sk-pro": Account("sk-pro", forbidden={"model": ("sora-2",)})}
    desk = Desk(document, accounts=accounts)
    assert refusal_of(desk, "sk-pro").cause == Cause.MODEL_FORBIDDEN
    desk.make("sk-pro", model="sora-2-pro")


# All of them


def test_clearing_forgets_requests_jobs_and_money(document: Document) -> None:
    desk = Desk(document, Tier(requests_per_minute=1, in_flight=1, spend=COSTS))
    for _ in range(2):
        desk.limits.count_request("sk-1")
        desk.make()
        assert not passes(desk.limits)
        refusal_of(desk)
        desk.limits.clear()


def test_what_is_known_of_each_key_is_listed_and_no_key_is_shown(document: Document) -> None:
    small = Account("sk-aisa-small", Tier(spend=2 * COSTS), forbidden={"model": ("sora-2-pro",)})
    desk = Desk(document, read_tier(document, "free"), {"sk-aisa-small": small})
    assert [entry["key"] for entry in desk.limits.to_json()] == ["…mall"]
    desk.make("sk-aisa-small", fate=JobOutcome(outcome="failed"))
    desk.make("sk-aisa-small")
    desk.clock.advance(LASTS)
    desk.limits.count_request("short")
    desk.make("short")
    assert desk.limits.to_json() == [
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
    desk.clock.advance(60)
    assert [entry["key"] for entry in desk.limits.to_json()] == ["…mall"]


@dataclass(frozen=True)
class Case:
    """Limits, and whether there is anything to hold anybody to."""

    tier: Tier
    accounts: dict[str, Account]
    active: bool


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(Case(Tier(), {}, False), id="nothing"),
        pytest.param(Case(Tier(), {"k": Account("k")}, False), id="account without limits"),
        pytest.param(Case(Tier(), {"k": Account("k", revoked=True)}, False), id="revoked"),
        pytest.param(Case(Tier(requests_per_minute=1), {}, True), id="requests"),
        pytest.param(Case(Tier(in_flight=1), {}, True), id="jobs"),
        pytest.param(Case(Tier(spend=Decimal(0)), {}, True), id="money"),
        pytest.param(
            Case(Tier(), {"k": Account("k", Tier(in_flight=1))}, True), id="limits of an account"
        ),
        pytest.param(
            Case(Tier(), {"k": Account("k", forbidden={"model": ("a",)})}, True), id="forbidden"
        ),
    ],
)
def test_limits_are_active_where_there_is_anything_to_limit(document: Document, case: Case) -> None:
    assert Desk(document, case.tier, case.accounts).limits.active is case.active


def test_without_limits_everything_is_let_through(document: Document) -> None:
    desk = Desk(document)
    assert all(passes(desk.limits) for _ in range(5000))
    assert desk.limits.rate_limit_headers("sk-1") == {}
    for _ in range(50):
        desk.make()


@pytest.mark.parametrize(
    ("account", "message"),
    [
        (Account("k", revoked=True), "revoked keys need credentials-revoked"),
        (
            Account("k", forbidden={"quality": ("final",)}),
            "forbidden values need model-forbidden",
        ),
    ],
    ids=["revoked", "forbidden"],
)
def test_what_the_document_has_no_answer_to_cannot_be_asked_for(
    other_document: Document, account: Account, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^/x-error-envelope/causes: {message}$"):
        Desk(other_document, accounts={"k": account})
