"""The functions of `time`, and the present of `datetime`, by the clock of the program."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from functools import update_wrapper
from typing import Any, Final

from .caller import run_of_caller
from .run import ProgramRun
from .waits import cover_trio


class TimeFunction:
    """A function that follows the clock in a thread of the program, and real time elsewhere.

    It is an object, because a function would become a method where a class has it as an attribute.
    """

    def __init__(self, real: Callable[..., Any], virtual: Callable[..., Any]) -> None:
        update_wrapper(self, real)
        self._real, self._virtual = real, virtual

    def __call__(self, *args: Any) -> Any:
        run = run_of_caller(1)
        return self._real(*args) if run is None else self._virtual(run, *args)

    def __reduce__(self) -> str:
        return self._real.__name__  # pickled by its name, as the real one


def _perf_counter(run: ProgramRun) -> float:
    cover_trio(run.seed)  # whose clock reads this function before its first wait
    return run.monotonic()


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1000


_LOCALTIME, _GMTIME = time.localtime, time.gmtime
_STRFTIME, _CTIME = time.strftime, time.ctime
_VIRTUAL: Final[dict[str, Callable[..., Any]]] = {
    "sleep": ProgramRun.sleep,
    "time": ProgramRun.time,
    "time_ns": lambda run: _nanoseconds(run.time()),
    "monotonic": ProgramRun.monotonic,
    "monotonic_ns": lambda run: _nanoseconds(run.monotonic()),
    "perf_counter": _perf_counter,
    "perf_counter_ns": lambda run: _nanoseconds(run.monotonic()),
    "localtime": lambda run, at=None: _LOCALTIME(run.time() if at is None else at),
    "gmtime": lambda run, at=None: _GMTIME(run.time() if at is None else at),
    "ctime": lambda run, at=None: _CTIME(run.time() if at is None else at),
    "strftime": lambda run, form, at=None: _STRFTIME(
        form, _LOCALTIME(run.time()) if at is None else at
    ),
}
# Made once: a module that is imported while they are in place keeps them, and they pass real time
# on where no program runs.
TIME_FUNCTIONS: Final = {
    getattr(time, name): TimeFunction(getattr(time, name), virtual)
    for name, virtual in _VIRTUAL.items()
}
KEEP_REAL: Final = [*TIME_FUNCTIONS.values(), *map(vars, TIME_FUNCTIONS.values()), _VIRTUAL]


def _now(cls: type[datetime], tz: tzinfo | None = None) -> datetime:
    run = run_of_caller(1)
    if run is not None:
        return cls.fromtimestamp(run.time(), tz)
    now: datetime = _call(cls, "now", tz)
    return now


def _utcnow(cls: type[datetime]) -> datetime:
    run = run_of_caller(1)
    if run is not None:
        return cls.fromtimestamp(run.time(), UTC).replace(tzinfo=None)
    now: datetime = _call(cls, "utcnow")
    return now


def _today(cls: type[date]) -> date:
    run = run_of_caller(1)
    if run is not None:
        return cls.fromtimestamp(run.time())
    today: date = _call(cls, "today")
    return today


_REAL_METHODS: Final = {
    "now": vars(datetime)["now"],
    "utcnow": vars(datetime)["utcnow"],
    "today": vars(date)["today"],
}


def _call(cls: type[date], name: str, *args: object) -> Any:
    return _REAL_METHODS[name].__get__(None, cls)(*args)


@contextmanager
def replace_datetime() -> Iterator[None]:
    """Replace the present of `datetime` and `date` in these classes themselves.

    So all subclasses and all names for the classes have it, and `isinstance` works as ever, which
    it would not with classes of our own.
    """
    methods = ((datetime, "now", _now), (datetime, "utcnow", _utcnow), (date, "today", _today))
    for owner, name, method in methods:
        _set_method(owner, name, classmethod(method))
    try:
        yield
    finally:
        for owner, name, _ in methods:
            _set_method(owner, name, _REAL_METHODS[name])


def _set_method(owner: type, name: str, method: object) -> None:
    """Set a method of a class that is written in C, which setattr refuses."""
    (namespace,) = gc.get_referents(owner.__dict__)
    namespace[name] = method
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
