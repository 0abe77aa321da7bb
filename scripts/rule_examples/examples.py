"""The example of each rule, run against the mock and checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aisa_testkit.contracts import (
    Party,
    Rule,
    Violation,
    check_client,
    check_history,
    check_server,
)

from . import clients, content_and_lists, lifecycle, pictures, responses
from .session import ExampleSession

TIMEOUT_SECONDS = 300.0

Example = Callable[[ExampleSession], object]

EXAMPLES: Mapping[str, Example] = {
    **responses.EXAMPLES,
    **lifecycle.EXAMPLES,
    **content_and_lists.EXAMPLES,
    **pictures.EXAMPLES,
    **clients.EXAMPLES,
}
"""The examples by the code of their rule."""


class ExampleError(Exception):
    """An example that does not break its rule, or breaks others as well."""


def example_violation(rule: Rule, example: Example) -> Violation:
    """Run an example, and return its violation; ExampleError unless it breaks this rule alone."""
    session = ExampleSession(pictures.DOCUMENT if rule.code in pictures.EXAMPLES else None)
    example(session)
    violations = _check(rule, session)
    if [violation.rule for violation in violations] != [rule]:
        reported = "\n".join(map(str, violations)) or "no violation"
        raise ExampleError(f"the example of {rule.code} reports\n{reported}")
    return violations[0]


def _check(rule: Rule, session: ExampleSession) -> Sequence[Violation]:
    if rule.party is Party.CLIENT:
        return check_client(session.document, session.history)
    if rule.code in (*responses.EXAMPLES, *pictures.EXAMPLES):
        return check_server(session.document, session.history)
    # The schemas of the document exclude many of these responses, too.
    return check_history(session.document, session.history, timeout=TIMEOUT_SECONDS)
