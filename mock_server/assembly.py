"""Assembly of a service: its parts, made from the options of JobService and from a config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ..openapi import Document, Tier
from ..openapi.generator import ValueMaker
from .clock import Clock
from .config import MockConfig
from .config_types import AccountOptions, Limits
from .error_replies import ErrorReplies
from .faults.fault import Fault
from .faults.fault_registry import FaultRegistry
from .faults.scenario import Scenario
from .faults.scenarios import DEFAULT_SCENARIO, Scenarios
from .handlers import OperationHandlers
from .idempotency import IdempotencyCache
from .jobs.ids import Ids
from .jobs.kind_parts import KindParts, make_kind_parts
from .jobs.store import Store
from .keys.accounts import Account, read_accounts, read_tier
from .keys.authentication import Authenticator
from .keys.quotas import Quotas
from .stateless import StatelessReplies
from .webhooks.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """A config together with the options that override it, read for one document.

    Args:
        scenario: The name of the default scenario.
        scenarios: The scenarios of the config, by name.
        faults: The faults that are set from the start.
        tier: The default limits of a key.
        accounts: The settings of single keys, by key.
        authenticator: The check of API keys.
    """

    scenario: str
    scenarios: Mapping[str, Scenario]
    faults: tuple[Fault, ...]
    tier: Tier
    accounts: Mapping[str, Account]
    authenticator: Authenticator


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """The options of a service that override its config, however often the config changes.

    The fields are those of JobService; None overrides nothing.
    """

    document: Document
    api_keys: tuple[str, ...]
    scenario: str | None
    limits: Limits | None
    accounts: Mapping[str, AccountOptions]

    def override(self, config: MockConfig) -> ServiceSettings:
        """Return the settings of a service with this config.

        Raises ValueError if the limits or the accounts are invalid.
        """
        config = config.with_overrides(
            scenario=self.scenario, limits=self.limits, keys=self.accounts
        )
        tier = read_tier(self.document, config.limits)
        accounts = read_accounts(self.document, config.keys, tier=tier)
        return ServiceSettings(
            scenario=config.scenario or DEFAULT_SCENARIO,
            scenarios=config.scenarios,
            faults=config.faults,
            tier=tier,
            accounts=accounts,
            authenticator=Authenticator(
                self.document.credentials, self.api_keys, accounts=accounts
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceParts:
    """The parts of a service.

    Args:
        scenarios: The choice of a scenario for each new job.
        faults: The faults that are set.
        random: The source of chance for faults with a probability.
        limits: The quotas of each key.
        errors: The error replies.
        kinds: The parts of each kind of job, by name.
        handlers: The handlers of the operations.
        idempotency: The replies by Idempotency-Key; None if such keys are ignored.
    """

    scenarios: Scenarios
    faults: FaultRegistry
    random: Random
    limits: Quotas
    errors: ErrorReplies
    kinds: Mapping[str, KindParts]
    handlers: OperationHandlers
    idempotency: IdempotencyCache | None


def make_parts(
    document: Document,
    *,
    settings: ServiceSettings,
    clock: Clock,
    ids: Ids,
    store: Store,
    seed: int | None,
    synthesize: bool,
    idempotency_keys: bool,
    webhooks: Webhooks | None,
) -> ServiceParts:
    """Make the parts of a service that belong together.

    Raises ValueError if the document does not support a setting.
    """
    limits = Quotas(
        document, clock=clock, store=store, tier=settings.tier, accounts=settings.accounts
    )
    scenarios = Scenarios(
        document,
        random=_random(seed, "scenarios"),
        default=settings.scenario,
        custom=settings.scenarios,
        has_jobs=len(store) > 0,
    )
    random = _random(seed, "faults")
    kinds = make_kind_parts(document, clock=clock, seed=seed)
    maker = ValueMaker(document.source.data, seed=str(seed), moment=clock.now())
    return ServiceParts(
        scenarios=scenarios,
        faults=FaultRegistry(document, random=random, initial=settings.faults),
        random=random,
        limits=limits,
        errors=ErrorReplies(document.envelope, clock, maker=maker),
        kinds=kinds,
        handlers=OperationHandlers(
            document,
            clock=clock,
            ids=ids,
            store=store,
            kinds=kinds,
            limits=limits,
            stateless=StatelessReplies(document, maker=maker),
            webhooks=webhooks,
            synthesize=synthesize,
        ),
        idempotency=IdempotencyCache(clock) if idempotency_keys else None,
    )


def _random(seed: int | None, purpose: str) -> Random:
    """A series of random numbers for one purpose, so that no purpose disturbs another."""
    return Random(seed if seed is None else f"{seed} {purpose}")
