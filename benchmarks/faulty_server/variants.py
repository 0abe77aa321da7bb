"""The variants: unusual servers that conform to the document."""

from __future__ import annotations

from .behaviour import Behaviour
from .catalogue import Variant
from .changes import ResponseChange
from .jobs import Timing
from .variant_changes import (
    chunked_body,
    closed_connection,
    coarse_progress,
    delayed_response,
    extra_headers,
    extra_in_errors,
    extra_in_jobs,
    gzip_json,
    indented_json,
    json_charset,
    minimal_headers,
    no_param,
    param_null,
    rate_limited_once,
    reversed_keys,
    skip_in_progress,
    unavailable_once,
    uuid_id,
    whole_floats,
)

OPEN, STYLE = "schema: open objects", "JSON: same value, other text"
OPTIONAL, LIFE = "schema: optional", "lifecycle: allowed transitions"
TRANSPORT, DOCUMENTED = "HTTP: transport", "document: declared responses"


def _response_change(change: ResponseChange) -> Behaviour:
    return Behaviour(change_response=change)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "more-fields-in-jobs",
        "structure mutation",
        OPEN,
        "Jobs have undeclared fields.",
        Behaviour(change_view=extra_in_jobs),
    ),
    Variant(
        "more-fields-in-errors",
        "structure mutation",
        OPEN,
        "Errors have undeclared fields.",
        Behaviour(change_error=extra_in_errors),
    ),
    Variant(
        "other-key-order",
        "structure mutation",
        STYLE,
        "The keys of every object are in another order.",
        _response_change(reversed_keys),
    ),
    Variant(
        "indented-and-escaped",
        "HTTP",
        STYLE,
        "JSON has line breaks and escapes.",
        _response_change(indented_json),
    ),
    Variant(
        "whole-floats",
        "value mutation",
        "JSON Schema: 42.0 is an integer",
        "Progress is written as 42.0.",
        Behaviour(change_view=whole_floats),
    ),
    Variant(
        "charset", "HTTP", "HTTP: parameters", "JSON has a charset.", _response_change(json_charset)
    ),
    Variant(
        "bare-headers",
        "HTTP",
        OPTIONAL,
        "Optional headers are absent.",
        _response_change(minimal_headers),
    ),
    Variant(
        "more-headers", "HTTP", OPEN, "There are other headers.", _response_change(extra_headers)
    ),
    Variant(
        "no-poll-hint",
        "HTTP",
        OPTIONAL,
        "There is no poll hint.",
        Behaviour(poll_hint=None),
    ),
    Variant(
        "no-param",
        "structure mutation",
        OPTIONAL,
        "Errors do not name the invalid field.",
        Behaviour(change_error=no_param),
    ),
    Variant(
        "param-null",
        "value mutation",
        OPTIONAL,
        "Errors have null for the invalid field.",
        Behaviour(change_error=param_null),
    ),
    Variant(
        "uuid-ids",
        "resource",
        OPEN,
        "Ids are bare UUIDs.",
        Behaviour(make_id=uuid_id),
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
        Behaviour(old_jobs=30),
    ),
    Variant(
        "straight-to-completed",
        "lifecycle",
        LIFE,
        "Jobs go from the queue to their end; progress jumps from 0 to 100.",
        Behaviour(change_phase=skip_in_progress),
    ),
    Variant(
        "coarse-progress",
        "lifecycle",
        LIFE,
        "Progress is 0, 1 and 100.",
        Behaviour(change_phase=coarse_progress),
    ),
    Variant(
        "completed-at-once",
        "lifecycle",
        DOCUMENTED,
        "A create returns a completed job.",
        Behaviour(timing=Timing(queued_seconds=0, running_seconds=0)),
    ),
    Variant(
        "job-fails",
        "lifecycle",
        DOCUMENTED,
        "Every job fails, with a reason.",
        Behaviour(final_state="failed"),
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
        Behaviour(accept_create=rate_limited_once),
    ),
    Variant(
        "unavailable-once",
        "HTTP",
        DOCUMENTED,
        "The second poll is 503 with Retry-After.",
        Behaviour(change_phase=unavailable_once),
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
    Variant(
        "gzip", "transport", TRANSPORT, "JSON is compressed with gzip.", _response_change(gzip_json)
    ),
    Variant(
        "chunked", "transport", TRANSPORT, "Bodies come in chunks.", _response_change(chunked_body)
    ),
    Variant(
        "hung-up",
        "transport",
        TRANSPORT,
        "The connection closes after each response.",
        _response_change(closed_connection),
    ),
    Variant(
        "slow",
        "transport",
        TRANSPORT,
        "Each response takes 20 ms.",
        _response_change(delayed_response),
    ),
)
"""All variants."""
