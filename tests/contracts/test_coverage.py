"""Contract coverage: the parts of a document that traffic exercises."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import (
    Coverage,
    CoverageGroup,
    CoverageItem,
    Exchange,
    UnmatchedRequest,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.messages import Query
from tests.support.job_api import WHOLE, api_text, object_of, request_schema
from tests.support.scripted_client import run_script


def exchange(
    document: Document,
    operation_id: str,
    *,
    json: Json = None,
    query: Query = (),
    headers: dict[str, str] | None = None,
    reply: Reply | None = None,
) -> Exchange:
    given = {"content-type": "application/json", **(headers or {})}
    body = b"" if json is None else orjson.dumps(json)
    call = Call(operation_id, {"id": "a"}, query, given, body)
    return read_exchange(document, call, reply, at=0)


def observed(document: Document, *history: Exchange | UnmatchedRequest) -> Coverage:
    coverage = Coverage.of(document)
    coverage.observe(document, history)
    return coverage


def hits(coverage: Coverage, *groups: CoverageGroup) -> dict[str, int]:
    """The hits of the exercised items, of some groups or of all."""
    return {
        str(item): count
        for item, count in coverage.hits.items()
        if count and item.group in (groups or CoverageGroup)
    }


def names(coverage: Coverage, group: CoverageGroup) -> list[str]:
    return [str(item) for item in coverage.hits if item.group is group]


def test_coverage_has_items_for_everything_in_the_document(other_document: Document) -> None:
    coverage = Coverage.of(other_document)
    assert coverage.title == "Renderings 2"
    assert {group: names(coverage, group) for group, _ in coverage.groups()} == {
        CoverageGroup.OPERATIONS: [
            "pageOfRenderings",
            "submitRendering",
            "rendering",
            "dropRendering",
            "film",
        ],
        CoverageGroup.FIELDS: [
            "pageOfRenderings size",
            "pageOfRenderings cursor",
            "submitRendering quality",
            "submitRendering frames",
            "submitRendering format",
        ],
        CoverageGroup.VALUES: ["submitRendering quality=draft", "submitRendering quality=final"],
        CoverageGroup.RESPONSES: [
            *(f"pageOfRenderings {status}" for status in (200, 400, 401, 404, 429)),
            *(f"submitRendering {status}" for status in (202, 400, 401, 402, 413, 429, 503)),
            *(f"rendering {status}" for status in (200, 401, 404, 429)),
            *(f"dropRendering {status}" for status in (204, 401, 404, 409, 429)),
            *(f"film {status}" for status in (200, 206, 401, 404, 409, 416, 429)),
        ],
        CoverageGroup.STATES: ["waiting", "warming", "drawing", "ready", "spoilt", "withdrawn"],
        CoverageGroup.TRANSITIONS: [
            "waiting to warming",
            "waiting to withdrawn",
            "warming to drawing",
            "drawing to ready",
            "drawing to spoilt",
        ],
    }


def test_field_of_two_media_types_is_one_item(document: Document) -> None:
    coverage = Coverage.of(document)
    fields = names(coverage, CoverageGroup.FIELDS)
    assert [name for name in fields if name.startswith("createVideo")] == [
        f"createVideo {name}" for name in ("model", "input_reference", "seconds", "size")
    ]
    assert len({*coverage.hits}) == 108
    assert (coverage.percent, hits(coverage)) == (0, {})


def test_requests_count_operations_fields_and_values(document: Document) -> None:
    form = (
        b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="seconds"\r\n\r\n8\r\n'
        b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="a"\r\n\r\n'
        b"\x89PNG\r\n\x1a\n\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    upload = read_exchange(document, Call("createVideo", {}, (), headers, form), None, at=0)
    made = exchange(document, "createVideo", json={"prompt": "x", "seconds": "8", "fps": 30})
    page = exchange(document, "listVideos", query=(("order", "asc"), ("limit", "3"), ("page", "2")))
    assert hits(observed(document, upload, made, page)) == {
        "createVideo": 2,
        "createVideo seconds": 2,
        "createVideo seconds=8": 2,
        "createVideo input_reference": 1,
        "listVideos": 1,
        "listVideos order": 1,
        "listVideos order=asc": 1,
        "listVideos limit": 1,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("seconds", "5"), ("seconds", 4), ("size", None), ("model", ["sora-2"])],
    ids=["another value", "another type", "null", "in a list"],
)
def test_undocumented_value_is_not_counted(document: Document, field: str, value: Json) -> None:
    request = exchange(document, "createVideo", json={"prompt": "x", field: value})
    assert hits(observed(document, request), CoverageGroup.VALUES) == {}


def test_only_documented_responses_are_counted(document: Document) -> None:
    replies = [Reply(200), Reply(429), Reply(418), None]
    coverage = observed(
        document, *(exchange(document, "getVideo", reply=reply) for reply in replies)
    )
    assert hits(coverage) == {"getVideo": 4, "getVideo 200": 1, "getVideo 429": 1}


def test_unmatched_requests_cover_nothing(document: Document) -> None:
    unmatched = UnmatchedRequest("GET", "/v1/videos"), UnmatchedRequest("GET", "x", "no")
    assert hits(observed(document, *unmatched)) == {}


def poll(document: Document, job_id: str, state: str) -> Exchange:
    body = orjson.dumps({"id": job_id, "status": state})
    reply = Reply(200, {"content-type": "application/json"}, body)
    return exchange(document, "getVideo", reply=reply)


STATE_GROUPS = (CoverageGroup.STATES, CoverageGroup.TRANSITIONS)


def test_transitions_are_between_consecutive_responses_for_a_job(document: Document) -> None:
    states = [("a", "queued"), ("b", "in_progress"), ("a", "queued"), ("b", "failed")]
    states += [("a", "in_progress"), ("a", "in_progress"), ("a", "completed"), ("c", "completed")]
    coverage = observed(document, *(poll(document, *state) for state in states))
    assert hits(coverage, *STATE_GROUPS) == {
        "queued": 2,
        "queued to in_progress": 1,
        "in_progress": 3,
        "in_progress to completed": 1,
        "in_progress to failed": 1,
        "completed": 2,
        "failed": 1,
    }


def test_undocumented_transitions_are_not_counted(document: Document) -> None:
    states = [poll(document, "a", state) for state in ("completed", "queued", "melting", "queued")]
    coverage = observed(document, *states)
    assert hits(coverage, *STATE_GROUPS) == {"completed": 1, "queued": 2}


def test_transitions_are_not_counted_across_histories(document: Document) -> None:
    coverage = observed(document, poll(document, "a", "queued"))
    coverage.observe(document, [poll(document, "a", "completed")])
    assert hits(coverage, *STATE_GROUPS) == {"queued": 1, "completed": 1}


def test_states_of_another_document_are_counted(other_document: Document) -> None:
    history = run_script(
        other_document, "create, tick, poll, tick, list, wait, poll, content, delete"
    )
    assert hits(observed(other_document, *history)) == {
        **dict.fromkeys(["pageOfRenderings", "submitRendering", "dropRendering", "film"], 1),
        "rendering": 2,
        **dict.fromkeys(["pageOfRenderings 200", "submitRendering 202", "dropRendering 204"], 1),
        "rendering 200": 2,
        "film 200": 1,
        **dict.fromkeys(["waiting", "warming", "drawing", "ready"], 1),
        **dict.fromkeys(["waiting to warming", "warming to drawing", "drawing to ready"], 1),
    }


def test_headers_and_values_of_any_type_are_counted(other_document: Document) -> None:
    data = orjson.loads(orjson.dumps(other_document.source.data))
    data["paths"]["/renderings"]["get"]["parameters"] += [
        {"name": "X-Tier", "in": "header", "schema": {"type": "integer", "enum": [1, 2]}},
        {"name": "mine", "in": "query", "schema": {"type": "boolean", "enum": [True, False]}},
    ]
    document = parse_document(orjson.dumps(data).decode())
    request = exchange(
        document, "pageOfRenderings", query=(("mine", "true"),), headers={"x-tier": "2"}
    )
    coverage = observed(document, request)
    assert hits(coverage, CoverageGroup.FIELDS) == {
        "pageOfRenderings mine": 1,
        "pageOfRenderings X-Tier": 1,
    }
    sent_values = hits(coverage, CoverageGroup.VALUES)
    assert [name.lower() for name in sent_values] == [
        "pageofrenderings mine=true",
        "pageofrenderings x-tier=2",
    ]


def test_coverages_of_several_runs_are_added(document: Document) -> None:
    first = observed(document, *run_script(document, "create, poll"))
    second = observed(document, *run_script(document, "create, wait, poll, delete"))
    first.add(second)
    assert first.hits[CoverageItem(CoverageGroup.OPERATIONS, "createVideo", "")] == 2
    assert first.hits[CoverageItem(CoverageGroup.RESPONSES, "deleteVideo", "200")] == 1
    assert first.hits[CoverageItem(CoverageGroup.TRANSITIONS, "queued", "to completed")] == 1
    assert second.hits[CoverageItem(CoverageGroup.OPERATIONS, "createVideo", "")] == 1
    assert len(first.hits) == len(second.hits)


def test_coverage_is_read_back_from_json(any_document: Document) -> None:
    coverage = observed(
        any_document, *run_script(any_document, "create, list, wait, poll, content, delete")
    )
    read = Coverage.from_json(orjson.loads(orjson.dumps(coverage.to_json())))
    assert (read.title, read.hits) == (coverage.title, coverage.hits)
    assert (read.percent, read.to_json()) == (coverage.percent, coverage.to_json())
    assert [*read.groups()] == [*coverage.groups()]


def test_percentage_is_of_all_items(other_document: Document) -> None:
    coverage = observed(other_document, *run_script(other_document, "create, poll"))
    assert coverage.percent == pytest.approx(100 * 5 / 51)
    data = coverage.to_json()
    assert (data["covered"], data["total"], data["percent"]) == (5, 51, 9.8)
    assert Coverage("nothing", {}).percent == 100


def coverage_of_nested_parts(*bodies: Json) -> Coverage:
    """The coverage of a document whose request has parts behind references and in variants."""
    flat: Json = object_of({"kind": {"const": "flat"}, "width": WHOLE}, "kind", "width")
    deep: Json = object_of({"kind": {"const": "deep"}, "depth": WHOLE}, "kind")
    style = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Flat", "Deep")]}
    tone: Json = {"anyOf": [{"$ref": "#/components/schemas/Tone"}, {"type": "null"}]}
    schemas = {"Flat": flat, "Deep": deep, "Tone": {"enum": ["low", "high"]}}
    tags: Json = {"type": "array", "items": {"enum": ["a", "b"]}}
    request = request_schema(style=style, input=object_of({"tone": tone}), tags=tags)
    document = parse_document(api_text(request=request, schemas=schemas))
    sent = [exchange(document, "createJob", json=body) for body in bodies]
    return observed(document, *sent)


def test_parts_behind_references_and_in_variants_are_items() -> None:
    coverage = coverage_of_nested_parts()
    assert names(coverage, CoverageGroup.FIELDS) == [
        "createJob style",
        "createJob input",
        "createJob tags",
        "createJob style/depth",
        "createJob input/tone",
    ]
    assert names(coverage, CoverageGroup.VALUES) == [
        "createJob tags=a",
        "createJob tags=b",
        "createJob style/kind=flat",
        "createJob style/kind=deep",
        "createJob input/tone=low",
        "createJob input/tone=high",
    ]
    assert names(coverage, CoverageGroup.VARIANTS) == [
        "createJob style as Flat",
        "createJob style as Deep",
    ]


def test_parts_behind_references_and_in_variants_are_counted() -> None:
    body = {"prompt": "x", "input": {"tone": "low"}, "tags": ["b", "b"]}
    coverage = coverage_of_nested_parts(
        {**body, "style": {"kind": "deep"}}, {**body, "style": {"kind": "flat", "width": 2}}
    )
    groups = (CoverageGroup.FIELDS, CoverageGroup.VALUES, CoverageGroup.VARIANTS)
    assert hits(coverage, *groups) == {
        "createJob style": 2,
        "createJob input": 2,
        "createJob tags": 2,
        "createJob input/tone": 2,
        "createJob input/tone=low": 2,
        "createJob tags=b": 2,
        "createJob style/kind=deep": 1,
        "createJob style/kind=flat": 1,
        "createJob style as Deep": 1,
        "createJob style as Flat": 1,
    }
