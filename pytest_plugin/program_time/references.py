"""Finds everything that refers to a function, however it was imported, and replaces it there."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from types import CellType, FunctionType
from typing import Any, TypeAlias

Undo: TypeAlias = Callable[[], object]


def replace_references(
    replacements: Mapping[Any, Any], *, except_in: Collection[object]
) -> list[Undo]:
    """Replace functions in modules, classes, objects, closures, lists, partials and defaults.

    Args:
        replacements: the new function for each old one.
        except_in: objects that keep their references.

    Returns functions that undo this.
    """
    new_by_id = {id(old): new for old, new in replacements.items()}
    kept = {id(each) for each in (replacements, new_by_id, *except_in)}
    undo: list[Undo] = []
    indirect: list[object] = []  # the tuples of default arguments, and the namespaces of classes
    for referrer in gc.get_referrers(*replacements):
        if id(referrer) in kept:
            continue
        if isinstance(referrer, tuple) or _is_namespace_of_class(referrer):
            indirect.append(referrer)
        else:
            undo += _replace_in(referrer, new_by_id)
    for owner in gc.get_referrers(*indirect) if indirect else ():
        if isinstance(owner, FunctionType) and owner.__defaults__:
            old = owner.__defaults__
            new = tuple(new_by_id.get(id(each), each) for each in old)
            if any(id(each) in new_by_id for each in old):
                owner.__defaults__ = new
                undo.append(partial(setattr, owner, "__defaults__", old))
        elif isinstance(owner, type):
            undo += _replace_attributes(owner, [*vars(owner)], new_by_id)
    return undo


def _is_namespace_of_class(found: object) -> bool:
    return isinstance(found, dict) and "__module__" in found and "__doc__" in found


def _replace_in(found: Any, new_by_id: Mapping[int, Any]) -> Iterator[Undo]:
    """Replace the functions in one object; yield what undoes it."""
    if isinstance(found, dict):
        for key, old in list(found.items()):
            if id(old) in new_by_id:
                found[key] = new_by_id[id(old)]
                yield partial(_restore, found, key, old, found[key])
    elif isinstance(found, list):
        for index, old in enumerate(found):
            if id(old) in new_by_id:
                found[index] = new_by_id[id(old)]
                yield partial(found.__setitem__, index, old)
    elif isinstance(found, partial):
        if id(found.func) in new_by_id:
            set_state: Any = getattr(found, "__setstate__")  # noqa: B009  # unknown to type checkers
            state = found.args, found.keywords, vars(found)
            yield partial(set_state, (found.func, *state))
            set_state((new_by_id[id(found.func)], *state))
    elif isinstance(found, CellType):
        yield from _replace_attributes(found, ["cell_contents"], new_by_id)
    else:
        slots = [vars(kind).get("__slots__", ()) for kind in type(found).__mro__]
        names = [name for each in slots for name in ([each] if isinstance(each, str) else each)]
        yield from _replace_attributes(found, [*names, *getattr(found, "__dict__", ())], new_by_id)


def _restore(found: dict[Any, Any], key: object, old: object, new: object) -> None:
    """Put the old value back, unless the program has set another one since then."""
    if found.get(key) is new:
        found[key] = old


def _replace_attributes(
    owner: Any, names: list[str], new_by_id: Mapping[int, Any]
) -> Iterator[Undo]:
    for name in names:
        old = vars(owner)[name] if isinstance(owner, type) else getattr(owner, name, None)
        if id(old) in new_by_id:
            # Frozen dataclasses refuse setattr.
            set_attribute = setattr if isinstance(owner, type) else object.__setattr__
            set_attribute(owner, name, new_by_id[id(old)])
            yield partial(set_attribute, owner, name, old)
