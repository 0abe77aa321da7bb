"""The benign variants: servers that do otherwise, in a way that the document allows."""

from __future__ import annotations

from .allowances import (
    bare,
    busy_once,
    charset,
    coarse,
    extra_in_errors,
    extra_in_jobs,
    hung_up,
    in_chunks,
    more_headers,
    no_param,
    other_order,
    other_text,
    param_null,
    slow,
    straight,
    unavailable_once,
    uuid_text,
    whole_floats,
    zipped,
)
from .behaviour import Behaviour
from .catalogue import Variant
from .hooks import Answer
from .jobs import Timing

OPEN, STYLE = "schema: open objects", "JSON: same value, other text"
OPTIONAL, LIFE = "schema: optional", "lifecycle: allowed transitions"
TRANSPORT, DOCUMENTED = "HTTP: transport", "document: answers that it names"


def _every(change: Answer) -> Behaviour:
    return Behaviour(answer=change)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "more-fields-in-jobs",
        "structure mutation",
        OPEN,
        "Jobs have fields that nobody knows.",
        Behaviour(show=extra_in_jobs),
    ),
    Variant(
        "more-fields-in-errors",
        "structure mutation",
        OPEN,
        "Errors have fields that nobody knows.",
        Behaviour(envelope=extra_in_errors),
    ),
    Variant(
        "other-key-order",
        "structure mutation",
        STYLE,
        "The keys of every object are in another order.",
        _every(other_order),
    ),
    Variant(
        "indented-and-escaped",
        "HTTP",
        STYLE,
        "JSON has line breaks, and escapes for what is not ASCII.",
        _every(other_text),
    ),
    Variant(
        "whole-floats",
        "value mutation",
        "JSON Schema: 42.0 is an integer",
        "Progress is written as 42.0.",
        Behaviour(show=whole_floats),
    ),
    Variant("charset", "HTTP", "HTTP: parameters", "JSON says its charset.", _every(charset)),
    Variant("bare-headers", "HTTP", OPTIONAL, "Optional headers are absent.", _every(bare)),
    Variant("more-headers", "HTTP", OPEN, "There are other headers.", _every(more_headers)),
    Variant(
        "no-poll-hint",
        "HTTP",
        OPTIONAL,
        "Nothing says when to poll again.",
        Behaviour(poll_hint=None),
    ),
    Variant(
        "no-param",
        "structure mutation",
        OPTIONAL,
        "Errors do not say which field is at fault.",
        Behaviour(envelope=no_param),
    ),
    Variant(
        "param-null",
        "value mutation",
        OPTIONAL,
        "Errors say null for the field at fault.",
        Behaviour(envelope=param_null),
    ),
    Variant(
        "uuid-ids",
        "resource",
        OPEN,
        "Ids are bare UUIDs.",
        Behaviour(make_id=uuid_text),
    ),
    Variant(
        "number-ids",
        "resource",
        OPEN,
        "Ids look like numbers.",
        Behaviour(make_id=lambda number: str(1_000_000 + number)),
    ),
    Variant(
        "older-jobs",
        "resource",
        DOCUMENTED,
        "The list holds 30 jobs of an hour ago.",
        Behaviour(older=30),
    ),
    Variant(
        "straight-to-completed",
        "lifecycle",
        LIFE,
        "Jobs go from the queue to their end; progress jumps from 0 to 100.",
        Behaviour(life=straight),
    ),
    Variant(
        "coarse-progress",
        "lifecycle",
        LIFE,
        "Progress is 0, 1 and 100.",
        Behaviour(life=coarse),
    ),
    Variant(
        "completed-at-once",
        "lifecycle",
        DOCUMENTED,
        "A create answers a completed job.",
        Behaviour(timing=Timing(waits=0, works=0)),
    ),
    Variant(
        "job-fails",
        "lifecycle",
        DOCUMENTED,
        "Every job fails, with a reason.",
        Behaviour(end="failed"),
    ),
    Variant(
        "clock-behind",
        "lifecycle",
        "clocks differ",
        "The server's clock is 90 seconds behind.",
        Behaviour(clock_ahead=-90),
    ),
    Variant(
        "clock-ahead",
        "lifecycle",
        "clocks differ",
        "The server's clock is 90 seconds ahead.",
        Behaviour(clock_ahead=90),
    ),
    Variant(
        "busy-once",
        "HTTP",
        DOCUMENTED,
        "The first valid create is 429 with Retry-After.",
        Behaviour(take=busy_once),
    ),
    Variant(
        "unavailable-once",
        "HTTP",
        DOCUMENTED,
        "The second poll is 503 with Retry-After.",
        Behaviour(life=unavailable_once),
    ),
    Variant(
        "content-redirect-302",
        "HTTP",
        "HTTP: redirects",
        "Files are on another host: 302.",
        Behaviour(redirect=302),
    ),
    Variant(
        "content-redirect-307",
        "HTTP",
        "HTTP: redirects",
        "Files are on another host: 307.",
        Behaviour(redirect=307),
    ),
    Variant("gzip", "transport", TRANSPORT, "JSON is gzip, for who takes it.", _every(zipped)),
    Variant("chunked", "transport", TRANSPORT, "Bodies come in chunks.", _every(in_chunks)),
    Variant("hung-up", "transport", TRANSPORT, "Every answer is the last.", _every(hung_up)),
    Variant("slow", "transport", TRANSPORT, "Every answer takes 50 ms.", _every(slow)),
)
"""Every benign variant."""
