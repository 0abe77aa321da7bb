"""A test that fails alone, for one finding of an exploration."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from inspect import iscoroutinefunction
from itertools import count
from os.path import relpath
from pathlib import Path

import pytest

from ..contracts.explorer.oracle import Finding
from ..openapi.text import one_line
from .python_literal import arguments, literal

MARKER = "video_explore"


def counterexample_name(item: pytest.Function, finding: Finding, *, taken: Collection[str]) -> str:
    """Return a name of a test, such as `test_clip_paid_again`.

    Args:
        item: The explored test.
        finding: What goes wrong.
        taken: The names of other tests.
    """
    kind = re.sub(r"\W+", "_", finding.kind.partition(" at ")[0]).strip("_").lower()
    name = f"{item.originalname}_{kind}"
    names = (name if number == 1 else f"{name}_{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def counterexample_test(
    item: pytest.Function, finding: Finding, name: str, *, module: str = ""
) -> str:
    """Return a test that tries the behaviour of a finding alone, to be pasted below its test.

    Args:
        item: The explored test.
        finding: What goes wrong.
        name: The name of the new test.
        module: What stands before the name of the explored test.
    """
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    needed: tuple[str, ...] = item._fixtureinfo.argnames  # pyright: ignore[reportPrivateUsage]
    fixtures = [each for each in needed if each not in parameters]
    passed = [
        f"{each}={literal(parameters[each])}" if each in parameters else each for each in needed
    ]
    passed.sort(key=lambda each: "=" in each)
    owner = f"{item.cls.__name__}()." if item.cls else ""
    call = f"{module}{owner}{item.originalname}({', '.join(passed)})"
    is_async = iscoroutinefunction(item.obj)
    return "\n".join(
        [
            *_markers(item, finding),
            f"{'async ' if is_async else ''}def {name}({', '.join(fixtures)}):",
            f"    {'await ' if is_async else ''}{call}",
        ]
    )


def _markers(item: pytest.Function, finding: Finding) -> Iterator[str]:
    """Yield the markers of the test, with the behaviour alone instead of all."""
    for marker in item.iter_markers():
        if marker.name in (MARKER, "parametrize") or marker.args:
            continue
        yield f"@pytest.mark.{marker.name}{arguments(marker.kwargs) if marker.kwargs else ''}"
    yield f"@pytest.mark.{MARKER}{arguments(_options(item, finding))}"


def _options(item: pytest.Function, finding: Finding) -> Mapping[str, object]:
    """Return the options of the marker that one behaviour needs."""
    marker = item.get_closest_marker(MARKER)
    given = marker.kwargs if marker else {}
    kept = {name: given[name] for name in ("raises", "max_seconds") if name in given}
    return {**kept, "behaviour": finding.run.behaviour.to_json()}


def counterexample_module(item: pytest.Function, finding: Finding, name: str, folder: Path) -> str:
    """Return the source of a module with such a test, which imports the explored one.

    Args:
        item: The explored test.
        finding: What goes wrong.
        name: The name of the new test.
        folder: The folder of the module.
    """
    module: str = item.obj.__module__
    imported_from = item.path.parents[module.count(".")]
    title = one_line(finding.reason).replace("\\", "/").replace('"', "'")
    raises = _options(item, finding).get("raises", ())
    classes = [
        each
        for each in (raises if isinstance(raises, tuple) else (raises,))
        if isinstance(each, type) and each.__module__ != "builtins"
    ]
    return "\n".join(
        [
            f'"""{title}"""',
            "",
            "import sys",
            "from pathlib import Path",
            "",
            "import pytest",
            "",
            "sys.path.insert(0, str(Path(__file__).parent / "
            f"{literal(relpath(imported_from, folder))}))",
            "",
            f"import {module} as explored  # noqa: E402",
            *(
                f"from {each.__module__} import {each.__name__}  # noqa: E402"
                for each in dict.fromkeys(classes)
            ),
            "",
            "",
            counterexample_test(item, finding, name, module="explored."),
            "",
        ]
    )
