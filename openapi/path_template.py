"""Path templates of OpenAPI, such as `/videos/{video_id}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote


def percent_encode(text: str) -> str:
    """Return a text as one step of a path, with slashes encoded as well."""
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path with parameters in braces. A parameter matches one or more characters, but no slash.

    A path with a dot segment, encoded or not, does not match, because clients, proxies and servers
    make another path of it (RFC 3986, section 5.2.4).

    text: the path as the document has it
    prefixes: the names of parameters and the texts before their values, such as ";id="
    parameters: the names of the parameters in order
    """

    text: str
    prefixes: tuple[tuple[str, str], ...] = ()
    parameters: tuple[str, ...] = field(init=False, compare=False)
    _pattern: re.Pattern[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(_PARAMETER.findall(self.text)))
        object.__setattr__(self, "_pattern", re.compile(self._regex("([^/]+)")))

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded parameters of a percent-encoded path; None if it does not match."""
        match = self._pattern.fullmatch(path)
        if match is None or has_dot_segment(unquote(path)):
            return None
        return dict(zip(self.parameters, map(unquote, match.groups()), strict=True))

    def expand(
        self,
        values: Mapping[str, str],
        *,
        encode: Callable[[str], str] = percent_encode,
    ) -> str:
        """Return the path with these values, percent-encoded unless `encode` does something else.

        Parameters without a value stay as they are.
        """

        def value_of(parameter: re.Match[str]) -> str:
            value = values.get(parameter[1])
            prefix = dict(self.prefixes).get(parameter[1], "")
            return parameter[0] if value is None else prefix + encode(value)

        return _PARAMETER.sub(value_of, self.text)

    @property
    def regex(self) -> str:
        """The source of a regular expression for matching paths within URLs, without groups."""
        return self._regex("[^/?#]+")

    @property
    def shape(self) -> str:
        """The text without parameter names; templates of one shape match the same paths."""
        return _PARAMETER.sub("{}", self.text)

    def _regex(self, parameter: str) -> str:
        prefixes = dict(self.prefixes)
        literals = _PARAMETER.sub(lambda m: prefixes.get(m[1], "") + "{}", self.text).split("{}")
        return parameter.join(map(re.escape, literals))


def has_dot_segment(path: str) -> bool:
    """Return True if a decoded path, or a part of one, has a segment that leads to another path."""
    return _DOT_SEGMENT.search(path) is not None


def is_parameter(step: str) -> bool:
    """Return True if a step of a path template is a parameter, such as `{video_id}`."""
    return _PARAMETER.fullmatch(step) is not None


_DOT_SEGMENT = re.compile(r"(?:^|[/\\])\.\.?(?:$|[/\\;])")
_PARAMETER = re.compile(r"\{([^/{}]*)\}")
