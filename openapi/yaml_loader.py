"""The loader for YAML 1.2, whose plain words are those of JSON: `yes` and `2026-01-01` are text."""

from __future__ import annotations

import re
from typing import Any

import orjson
import yaml

from .yaml_rules import is_64_bit

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlLoader(_Base):  # type: ignore[misc]
    """A loader with the core schema of YAML 1.2 (section 10.3), and with merge keys.

    Integers of more than 64 bits become floating-point numbers, as in most JSON parsers. The
    escapes of JSON are known, too.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(_with_yaml_escapes(text))

    def construct_integer(self, node: yaml.ScalarNode) -> int | float:
        """Return the value of an integer, which may have a sign, or be octal or hexadecimal."""
        text: str = node.value
        base = {"0o": 8, "0x": 16}.get(text[:2].lower(), 10)
        number = int(text, base)
        return number if is_64_bit(number) else float(number)


def _with_yaml_escapes(text: str) -> str:
    """Return JSON with the escapes of YAML for characters that JSON escapes as two surrogates."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    return _SURROGATES.sub(_escape_for_yaml, text)


def _escape_for_yaml(match: re.Match[str]) -> str:
    character: str = orjson.loads(f'"{match[2]}"')
    return f"{match[1]}\\U{ord(character):08x}"


def _resolve(tag: str, pattern: str, first: str) -> None:
    YamlLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), [*first])


# An even number of backslashes, and an escaped pair of surrogates.
_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_resolve("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF")
_resolve("null", r"(?:~|null|Null|NULL|)\Z", "~nN\0")
_resolve("int", r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z", "-+0123456789")
_resolve(
    "float",
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z",
    "-+0123456789.",
)
_resolve("merge", r"(?:<<)\Z", "<")
YamlLoader.yaml_implicit_resolvers[""] = YamlLoader.yaml_implicit_resolvers.pop("\0")
YamlLoader.add_constructor("tag:yaml.org,2002:int", YamlLoader.construct_integer)
