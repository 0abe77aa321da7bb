"""Documents with the words of earlier versions, and the same in the words of `x-jobs`."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ..errors import Problem
from ..json import Json
from ..operation import METHODS
from ..path_template import PathTemplate
from ..pointer import format_pointer

OLD_WORDS = (
    "x-error-envelope",
    "x-event",
    "x-job-id",
    "x-job-role",
    "x-lifecycle",
    "x-media",
    "x-page",
    "x-price",
    "x-variants",
)
"""The words that `x-jobs` replaces."""


def old_word_problems(root: Json) -> Iterator[Problem]:
    """Yield one problem for a document with words of earlier versions; it shows their new form."""
    places = [*_find(root, ())]
    if not places:
        return
    words = ", ".join(sorted({path[-1] for path in places}))
    reason = f"{words}: these words became x-jobs; see docs/x-jobs.md"
    try:
        text = yaml.safe_dump({"x-jobs": convert(root)}, sort_keys=False, default_flow_style=None)
    except (AttributeError, KeyError, TypeError, yaml.YAMLError):  # it was not valid before either
        pass
    else:
        reason = f"{words}: these words became x-jobs; remove them, and write at the root:\n{text}"
    yield Problem(format_pointer(places[0]), reason)


def convert(root: Json) -> dict[str, Json]:
    """Return the data of `x-jobs` for a document with words of earlier versions."""
    operations = {
        operation["x-job-role"]: operation
        for item in root.get("paths", {}).values()
        for method, operation in item.items()
        if method in METHODS and "x-job-role" in operation
    }
    names = {role: operation.get("operationId") for role, operation in operations.items()}
    life = _lifecycle(root)
    creates: list[Json] = [names.get("create")]
    if "remix" in names:
        creates.append({"operation": names["remix"], "source": _source(root)})
    kind: dict[str, Json] = {"create": creates if len(creates) > 1 else creates[0]}
    kind["poll"] = names.get("retrieve")
    if "list" in names:
        kind["list"] = {"operation": names["list"], **_page(operations["list"].get("x-page", {}))}
    if "delete" in names:
        kind["delete"] = {"operation": names["delete"], "in": "terminal"}
    if "content" in names:
        kind["result"] = _result(operations["content"])
    kind |= _life(life)
    media = operations.get("content", {}).get("x-media", {})
    if media:
        renamed = {"size": "size", "seconds": "duration"}
        kind["media"] = {renamed[word]: f"/{name}" for word, name in media.items()}
    if "x-price" in operations.get("create", {}):
        kind["price"] = _price(operations["create"]["x-price"])
    webhooks = [*_webhooks(root, life)]
    if webhooks:
        kind["webhooks"] = webhooks
    return {"job": kind}


def _source(root: Json) -> str:
    """Return the place of the id in the request that makes a job from another one."""
    for path, item in root["paths"].items():
        if any(item.get(method, {}).get("x-job-role") == "remix" for method in METHODS):
            return f"path.{PathTemplate(path).parameters[-1]}"
    return "path.id"


def _find(data: Json, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(data, dict):
        for key, below in data.items():
            if key in OLD_WORDS:
                yield (*path, key)
            else:
                yield from _find(below, (*path, key))
    elif isinstance(data, list):
        for index, below in enumerate(data):
            yield from _find(below, (*path, str(index)))


def _lifecycle(root: Json) -> Json:
    schemas = root.get("components", {}).get("schemas", {}).values()
    found = (s["x-lifecycle"] for s in schemas if isinstance(s, dict) and "x-lifecycle" in s)
    return next(found, {})


def _page(data: Json) -> dict[str, Json]:
    renamed = {"next": "next_page"}
    words = ("items", "first", "last", "more", "next")
    page: dict[str, Json] = {renamed.get(w, w): data[w] for w in words if w in data}
    page["limit"] = f"query.{data.get('limit')}"
    page["cursor" if "next" in data else "after"] = f"query.{data.get('after')}"
    if "order" in data:
        ways = {data.get("ascending"): "ascending", data.get("descending"): "descending"}
        page["order"] = {f"query.{data['order']}": ways}
    return page


def _result(operation: Json) -> Json:
    variants = {
        f"query.{parameter['name']}": parameter["x-variants"]
        for parameter in operation.get("parameters", ())
        if "x-variants" in parameter
    }
    name = operation.get("operationId")
    return {"operation": name, "variants": variants} if variants else name


def _life(data: Json) -> dict[str, Json]:
    job_id = data.get("id", {})
    life: dict[str, Json] = {"id": job_id.get("at")}
    if "prefix" in job_id:
        life["id"] = {"at": job_id.get("at"), "pattern": f"^{job_id['prefix']}[0-9a-f]{{32}}$"}
    life["state"] = data.get("state", {}).get("at")
    life["states"] = {name: _state(state) for name, state in data.get("states", {}).items()}
    life["fields"] = {**_fields(data), **_headers(data)}
    if "reasons" in data.get("failure", {}):
        life["failures"] = data["failure"]["reasons"]
    if "expiry" in data:
        life["expires"] = data["expiry"]
    return life


def _state(data: Json) -> Json:
    if "ends" in data:
        return data["ends"]
    state: dict[str, Json] = {"next": data["next"]} if "next" in data else {}
    lasts = data.get("lasts", {})
    scale = {f"/{name}": factors for name, factors in lasts.get("scale", {}).items()}
    seconds = lasts.get("seconds", 0)
    state["lasts"] = {"seconds": seconds, "times": scale} if scale else seconds
    return state


def _fields(data: Json) -> dict[str, Json]:
    echoes = data.get("echoes", ())
    fields: dict[str, Json] = {echo["at"]: {"request": f"/{echo['field']}"} for echo in echoes}
    if "progress" in data:
        fields[data["progress"]["at"]] = {"progress": "percent"}
    initial = data.get("state", {}).get("initial")
    for stamp in data.get("stamps", ()):
        counted_from = stamp.get("counted_from", stamp["set_on"])
        value: dict[str, Json] = {"time": "created" if counted_from == initial else counted_from}
        if "plus_seconds" in stamp:
            value["plus"] = stamp["plus_seconds"]
        if counted_from != stamp["set_on"]:
            value["in"] = stamp["set_on"]
        before = fields.get(stamp["at"])
        if before is not None:  # one of several states sets it
            states = [*before.get("in", [before["time"]]), stamp["set_on"]]
            value = {"time": "terminal", "in": states}
        fields[stamp["at"]] = value
    if "source" in data:
        fields[data["source"]] = {"source": data.get("id", {}).get("at")}
    for word in ("code", "message"):
        if word in data.get("failure", {}):
            fields[data["failure"][word]] = {"failure": word}
    return fields


def _headers(data: Json) -> dict[str, Json]:
    hint = data.get("poll_after")
    return {f"header.{hint['header']}": {"retry": hint["unit"]}} if hint else {}


def _price(data: Json) -> Json:
    price = dict(data)
    if "per" in price:
        price["per"] = f"/{price['per']}"
    price["rates"] = [
        {**rate, "when": {f"/{name}": values for name, values in rate["when"].items()}}
        if "when" in rate
        else rate
        for rate in data["rates"]
    ]
    return price


def _webhooks(root: Json, life: Json) -> Iterator[Json]:
    for name, item in root.get("webhooks", {}).items():
        event = item.get("post", {}).get("x-event")
        if event is None:
            continue
        prefix = event["id"].get("prefix", "")
        body: dict[str, Json] = {event["id"]["at"]: {"new_id": f"^{prefix}[0-9a-f]{{32}}$"}}
        if "type" in event:
            body[event["type"]] = name
        if "moment" in event:
            body[event["moment"]] = {"time": "changed"}
        body[event["job"]] = {"field": life.get("id", {}).get("at")}
        yield {"name": name, "in": event["state"], "body": body}
