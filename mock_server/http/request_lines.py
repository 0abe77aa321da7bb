"""The lines that are printed for requests."""

from __future__ import annotations

import logging
import re


def without_query(record: logging.LogRecord) -> bool:
    """Takes the query out of a record of uvicorn's log of requests, for a key may stand in it; a
    filter that lets every record through.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            _QUERY.sub("?...", each) if isinstance(each, str) else each for each in record.args
        )
    return True


_QUERY = re.compile(r"\?.*", re.DOTALL)
