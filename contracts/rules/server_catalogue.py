"""The rules for servers: 10x and 11x for a single exchange, 20x and 21x for the life of a job, 22x
for its file, 23x for lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from ...openapi import JobRole
from .rule import Catalogue, Party, Rule, Severity

_CATALOGUE = Catalogue(Party.SERVER)
_rule = _CATALOGUE.rule
_life = partial(_rule, roles=frozenset(JobRole) - {JobRole.CONTENT})
_file = partial(_rule, roles=frozenset({JobRole.CONTENT}))
_list = partial(_rule, roles=frozenset({JobRole.LIST}))

STATUS = _rule("AV101", "an undocumented status", "Answer with a status of the document.")
MEDIA_TYPE = _rule("AV102", "an undocumented content type", "Send the documented Content-Type.")
HEADER = _rule("AV103", "a header that is missing or wrong", "Send it as its schema says.")
BODY = _rule("AV104", "a body that breaks its schema", "Send what the schema says.")
NOT_JSON = _rule("AV105", "a body that is not JSON", "Send whole, well-formed JSON.")
ENVELOPE = _rule(
    "AV106", "an error without the documented envelope", "Put every error into the envelope."
)
ECHO = _rule("AV107", "a field that comes back changed", "Answer with what was asked for.")
DEFAULT = _rule(
    "AV108",
    "a field without its default",
    "Where a field was not sent, use the documented default.",
)
VALID_REFUSED = _rule(
    "AV109", "a valid request that was refused", "Accept everything that the document allows."
)
INVALID_ACCEPTED = _rule(
    "AV110", "an invalid request that was accepted", "Refuse what the document does not allow."
)
KEY_IGNORED = _rule(
    "AV111", "a request without a key that was accepted", "Answer 401 where no proper key is sent."
)
LENGTH = _rule(
    "AV112", "a body of another length than was said", "Send as many bytes as Content-Length says."
)
ERROR_CODE = _rule(
    "AV113",
    "an error code that the document does not know for this status",
    "Use the documented codes, so that clients can tell errors apart.",
    Severity.WARNING,
)
FAILED = _rule(
    "AV114",
    "a request that the server fails to answer",
    "Answer it; a 5xx says that the server itself is at fault.",
)
BROKEN_OFF = _rule(
    "AV115", "an answer that breaks off", "Send all of the answer before the connection ends."
)
KEY_LEAKED = _rule("AV116", "a key in an answer", "Never repeat a key, not even in an error.")
WRONG_REFUSAL = _rule(
    "AV117",
    "a request without a key that was refused for something else",
    "Say that the key is missing or wrong, with the documented status.",
)

TRANSITION = _life(
    "AV201", "an illegal transition", "Let a job go from state to state as the document says."
)
RESURRECTION = _life("AV202", "a final state that was left", "Never change a final state.")
PROGRESS_DECREASED = _life("AV203", "progress that fell", "Let progress only rise.")
PROGRESS_RANGE = _life(
    "AV204", "progress that its state does not allow", "Keep progress within the declared bounds."
)
CHANGED = _life("AV205", "a field that must never change", "Keep it for the whole life of a job.")
STAMP_EARLY = _life(
    "AV206", "a stamp that is set too early", "Leave it null until its state is entered."
)
STAMP_MISSING = _life("AV207", "a stamp that is missing", "Set it when its state is entered.")
STAMP_MOVED = _life("AV208", "a stamp that moved", "Set it once, and keep it.")
STAMP_ORDER = _life("AV209", "stamps out of order", "Let later moments have later stamps.")
STAMP_UNIT = _life("AV210", "a stamp in another unit", "Send Unix time in seconds.")
ERROR_MISSING = _life("AV211", "a failed job without an error", "Say why, when a job has failed.")
ERROR_EARLY = _life(
    "AV212", "an error of a job that has not failed", "Leave it null until a job has failed."
)
DUPLICATE_ID = _life("AV213", "two jobs with one id", "Give each job an id of its own.")
OTHER_JOB = _life(
    "AV214", "an answer about another job", "Answer about the job that was asked for."
)
LIVENESS = _life("AV215", "a job that does not end", "Bring every job to a final state in time.")
DELETED_JOB_PRESENT = _life(
    "AV216", "a deleted job that is still there", "Answer 404 after a deletion."
)
JOB_DISAPPEARED = _life("AV217", "a job that is not there", "Keep every job until it is deleted.")
REMIX_SOURCE = _life(
    "AV218", "a remix that does not name its source", "Say which job it was made from."
)
UNKNOWN_JOB_ANSWERED = _life(
    "AV219", "a job that nobody made", "Answer 404 for an id that was never given to a job."
)

CONTENT_EARLY = _file(
    "AV221", "a file before its job is done", "Serve the files of successful jobs only."
)
CONTENT_REFUSED = _file(
    "AV222", "a finished job without its file", "Serve the files of a job until they expire."
)
CONTENT_EXPIRED = _file("AV223", "a file after its expiry", "Stop when the declared moment comes.")
CONTENT_TYPE = _file(
    "AV224", "a file of another type than was said", "Send bytes of the type that is declared."
)
CONTENT_SIZE = _file(
    "AV225", "a video of another size than was asked for", "Make what was asked for."
)
CONTENT_DURATION = _file(
    "AV226", "a video of another length than was asked for", "Make what was asked for."
)
CONTENT_RANGE = _file(
    "AV227", "a part of a file that is not what was asked for", "Send the bytes of the range."
)

PAGE_REPEATS = _list("AV231", "a list that repeats a job", "List every job once.")
PAGE_OMITS = _list("AV232", "a list that omits a job", "List every job that is not deleted.")
PAGE_ORDER = _list("AV233", "a list out of order", "Sort by the moment of creation.")
PAGE_CURSOR = _list(
    "AV234", "a cursor that leads nowhere", "Name the first and last job, and end when all is told."
)
PAGE_LIMIT = _list("AV235", "a page that is too long", "Send no more jobs than were asked for.")
PAGE_UNREQUESTED_JOB = _list(
    "AV236",
    "a list with a job that nobody asked for",
    "Make one job for one accepted request, and none for a refused one.",
)

SERVER_RULES: Mapping[str, Rule] = _CATALOGUE.rules
