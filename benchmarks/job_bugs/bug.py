"""What the corpus says of a bug: where it was reported, and how it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from .clips import ClipFailed


class Kind(StrEnum):
    """What goes wrong."""

    RETRIES = "wrong retries"
    PAYMENT = "double payment"
    RESTART = "restart"
    POLLING = "polling"
    STATES = "states"
    DOWNLOADS = "downloads"
    EXPIRY = "expiry"
    BATCHES = "batches"
    POLLERS = "several pollers"
    WEBHOOKS = "webhooks"
    CANCELLATION = "cancellation"


class Symptom(StrEnum):
    """What the user sees."""

    PAID_TWICE = "paid twice"
    NO_END = "no end"
    CRASH = "undeclared exception"
    WRONG_FILE = "wrong file"
    FALSE_SUCCESS = "false success"
    LOST_WORK = "lost work"
    GAVE_UP = "gave up"


class Events(StrEnum):
    """How the webhooks arrive."""

    ONCE = "once"
    TWICE = "twice"
    LOST = "lost"
    FORGED = "a failure without a signature comes first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One behaviour of the API.

    Args:
        life: the scenario of all jobs, by its name.
        faults: the faults, in the options of `video_mock.fault`.
        jobs: the lives of the next jobs, in the options of `video_mock.next_job`.
        requests_per_minute: the rate limit of the key.
        retry_after_date: True to send each Retry-After as a date.
        ignore_range: True to answer a request for a part of a file with the whole file.
        kill_before: the number of the request before which the program is killed and restarted.
        kill_after: the number of the request after which the same happens: its response is lost.
        runs: how often the program is run in the same folder, kills aside.
        events: how the webhooks arrive.
        passes: True if a careful program ends with all clips in spite of it.
        outage: True if the API never recovers, so that what is paid may be lost.
    """

    life: str | None = None
    faults: tuple[Mapping[str, Any], ...] = ()
    jobs: tuple[Mapping[str, Any], ...] = ()
    requests_per_minute: int | None = None
    retry_after_date: bool = False
    ignore_range: bool = False
    kill_before: int | None = None
    kill_after: int | None = None
    runs: int = 1
    events: Events = Events.ONCE
    passes: bool = True
    outage: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program that uses the API as the environment says.

    Args:
        run: makes the clips and notes in this folder; returns on success, else raises.
        receive: receives a webhook: the folder, its headers, its body; returns the status.
    """

    run: Callable[[Path], None]
    receive: Callable[[Path, Mapping[str, str], bytes], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobBug:
    """A program with one bug, and its mended twin.

    Args:
        name: the name of the bug, and of its module in `programs`.
        kind: what goes wrong.
        report: where the same was reported of a real program: "owner/repository#number".
        style: the library with which the program sends its requests.
        buggy: the program.
        mended: its twin.
        scenario: a behaviour of the API in which the bug shows.
        symptom: how it shows.
        raises: the exceptions that the program declares.
        clips: how many clips it makes.
        socket: True if the program needs a server on a socket.
    """

    name: str
    kind: Kind
    report: str
    style: str
    buggy: Program
    mended: Program
    scenario: Scenario
    symptom: Symptom
    raises: tuple[type[Exception], ...] = field(default=(ClipFailed,))
    clips: int = 1
    socket: bool = False
