"""Overlays that cannot be applied, or that break the document: errors with file, line and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisa_testkit.openapi import DocumentError, load_document
from tests.support.trait_documents import trait_text

HEAD = "overlay: 1.1.0\ninfo: {title: t, version: '1'}\nactions:\n"


def error_of(tmp_path: Path, overlay: str) -> str:
    """Return the message of the error that an overlay leads to, without the folder."""
    document, changes = tmp_path / "api.json", tmp_path / "jobs.yaml"
    document.write_text(trait_text(), encoding="utf-8")
    changes.write_text(overlay, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_document(document, overlays=[changes])
    return str(caught.value).replace(f"{tmp_path}/", "")


BEGINNING = "an overlay begins with overlay: 1.1.0, then info and actions"


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        ("", f"is not an overlay: it is empty; {BEGINNING}"),
        ("- a\n", f"line 1: is not an overlay: it is a list; {BEGINNING}"),
        ("hello\n", f"line 1: is not an overlay: it is a single value; {BEGINNING}"),
        (
            "actions: []\n",
            f"line 1: is not an overlay: it has no overlay, the version; {BEGINNING}",
        ),
        (
            "openapi: 3.1.0\npaths: {}\n",
            "line 1: is not an overlay: it is a document, which stands before its overlays;"
            f" {BEGINNING}",
        ),
        (
            "x-jobs: {}\n",
            "line 1: is not an overlay: its x-jobs must be the update of an action with the target"
            f" $; {BEGINNING}",
        ),
        (
            HEAD.replace("1.1.0", "2.0.0") + "  - {target: $, update: {}}\n",
            "line 1, /overlay: must be the version of overlays, 1.0.0 or 1.1.0, not '2.0.0'",
        ),
        (HEAD + "  - {update: {}}\n", "line 4, /actions/0/target: is required"),
        (
            HEAD + "  - target: $\n    updaet: {}\n",
            "line 5, /actions/0/updaet: is not a word of overlays; did you mean update?",
        ),
        (
            HEAD + "  - target: $.paths\n    update: [a]\n",
            "line 5, /actions/0/update: is a list, but /paths is a map",
        ),
        (
            HEAD + "  - {target: $, remove: true}\n",
            "line 4, /actions/0: cannot remove the whole document",
        ),
    ],
)
def test_text_that_is_not_an_overlay_is_an_error(
    tmp_path: Path, overlay: str, message: str
) -> None:
    assert error_of(tmp_path, overlay) == f"jobs.yaml: {message}"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("$.paths[", "unexpected end of query; one is, for example, $.paths['/jobs'].post"),
        ("$.paths.*~", "unexpected token '~'; one is, for example, $.paths['/jobs'].post"),
        ("", "it must begin with $; one is, for example, $.paths['/jobs'].post"),
        ("paths", "it must begin with $; did you mean $.paths?"),
        ("['paths']", "it must begin with $; did you mean $['paths']?"),
        ("/paths/~1jobs/0", "it must begin with $; did you mean $['paths']['/jobs'][0]?"),
        ("#/info", "it must begin with $; did you mean $['info']?"),
    ],
)
def test_target_that_is_not_a_json_path_is_an_error(
    tmp_path: Path, target: str, reason: str
) -> None:
    message = error_of(tmp_path, HEAD + f'  - {{target: "{target}", update: {{}}}}\n')
    assert (
        message == f"jobs.yaml: line 4, /actions/0/target: is not a JSONPath (RFC 9535): {reason}"
    )


@pytest.mark.parametrize(
    ("target", "near"),
    [
        ("$.paths['/job/{id}'].get", "; did you mean /jobs/{id}?"),
        ("$.componets", "; did you mean components?"),
        ("$.tags[0]", ""),
        ("$..nothing", ""),
    ],
)
def test_target_that_selects_nothing_is_a_warning(tmp_path: Path, target: str, near: str) -> None:
    document, changes = tmp_path / "api.json", tmp_path / "jobs.yaml"
    document.write_text(trait_text(), encoding="utf-8")
    changes.write_text(HEAD + f'  - {{target: "{target}", remove: true}}\n', encoding="utf-8")
    (warning,) = load_document(document, overlays=[changes]).warnings
    assert (warning.file, warning.line) == (str(changes), 4)
    assert warning.reason == f"has no effect: {target} selects nothing in the document{near}"


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        (
            "$.paths['/jobs/{id}']",
            "/x-jobs/work/poll: getJob is not an operation of the document",
        ),
        (
            "$.components.schemas.Job",
            "/x-jobs/work/poll: getJob needs the reference at line 1,"
            " /components/responses/Job/content/application~1json/schema/$ref:"
            " #/components/schemas/Job does not exist",
        ),
        (
            "$.components.schemas.Job.properties.status",
            "/x-jobs/work: needs state, the place of the state in a job; the fields that list the"
            " states are none",
        ),
        ("$['x-jobs'].work.states", "/x-jobs/work/states: is required"),
        ("$.paths", "/paths: has no operations"),
    ],
)
def test_removal_of_what_a_job_needs_is_an_error_with_both_places(
    tmp_path: Path, target: str, needed: str
) -> None:
    actions = f"  - {{target: $.info, remove: true}}\n  - target: {target}\n    remove: true\n"
    assert error_of(tmp_path, HEAD + actions) == (
        "api.json: jobs.yaml line 6, /actions/1/remove: removes what is needed at line 1,"
        f" {needed}; leave this action out, or change that, too"
    )


def test_error_that_has_nothing_to_do_with_a_removal_stays(tmp_path: Path) -> None:
    update = "{x-jobs: {work: {poll: getJbo}}}"
    actions = f"  - {{target: $.info, remove: true}}\n  - {{target: $, update: {update}}}\n"
    assert error_of(tmp_path, HEAD + actions) == (
        "api.json: jobs.yaml line 5, /x-jobs/work/poll: getJbo is not an operation of the document;"
        " did you mean getJob?"
    )


def test_second_overlay_may_remove_what_the_first_adds(tmp_path: Path) -> None:
    document = tmp_path / "api.json"
    document.write_text(trait_text(), encoding="utf-8")
    adding, removing = tmp_path / "adding.yaml", tmp_path / "removing.yaml"
    adding.write_text(HEAD + "  - {target: $.info, update: {x-a: {b: 1}}}\n", encoding="utf-8")
    removing.write_text(HEAD + "  - {target: $.info.x-a, remove: true}\n", encoding="utf-8")
    assert load_document(document, overlays=[adding, removing]).warnings == ()
    (warning,) = load_document(document, overlays=[removing, adding]).warnings
    assert (warning.file, warning.line) == (str(removing), 4)
