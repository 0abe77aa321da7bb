"""Exit codes of the command line for internal errors and Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import click
import pytest
from click.testing import CliRunner

from aisa_testkit.cli.interrupts import interrupts_after_imports
from aisa_testkit.cli.main import LazyGroup


@pytest.fixture
def default_sigint() -> Iterator[None]:
    """Handle SIGINT as Python does, also where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class FailingGroup(LazyGroup):
    """A group with one command, which raises this exception."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        def fail() -> None:
            raise self.error

        return click.Command(cmd_name, callback=fail)


@pytest.mark.parametrize("error", [KeyError("a key"), OSError(5, "disk"), RecursionError()])
def test_internal_error_is_exit_code_70_with_a_traceback(error: Exception) -> None:
    result = CliRunner().invoke(FailingGroup(error), ["check"])
    assert result.exit_code == 70
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.endswith("\nInternal error: please report these lines.\n")


def test_ctrl_c_is_exit_code_130() -> None:
    result = CliRunner().invoke(FailingGroup(KeyboardInterrupt()), ["check"])
    assert (result.exit_code, result.output) == (130, "")


@pytest.mark.usefixtures("default_sigint")
def test_ctrl_c_does_not_interrupt_an_import() -> None:
    imported = []

    def import_module() -> None:
        with interrupts_after_imports():
            signal.raise_signal(signal.SIGINT)
            imported.append("module")

    with pytest.raises(KeyboardInterrupt):
        import_module()
    assert imported == ["module"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


INTERRUPTED_IMPORT = """
import signal, sys, weakref

signal.signal(signal.SIGINT, signal.default_int_handler)

class Interrupt:
    def find_spec(self, name, *_):
        if name == "click":
            lock = {1}
            # Python ignores exceptions in such callbacks; its import system has one.
            self.freed = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))

sys.meta_path.insert(0, Interrupt())
import aisa_testkit.cli
print("imported")
"""


def test_ctrl_c_during_the_imports_of_the_command_line_is_exit_code_130() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.usefixtures("default_sigint")
def test_imports_in_another_thread_leave_ctrl_c_alone() -> None:
    def import_module() -> object:
        with interrupts_after_imports():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor() as pool:
        assert pool.submit(import_module).result() is signal.default_int_handler
