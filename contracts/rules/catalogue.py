"""The catalogue of all rules."""

from __future__ import annotations

from collections.abc import Mapping

from .client_catalogue import CLIENT_RULES
from .rule import Rule
from .server_catalogue import SERVER_RULES

RULES: Mapping[str, Rule] = {**SERVER_RULES, **CLIENT_RULES}
"""All rules by their code, first the rules for servers."""
