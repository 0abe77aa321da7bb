"""Examples of the rules for declared fields and for cancellations: AV241 to AV245."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from aisa_testkit.openapi import Reply

from .changes import with_fields
from .session import Change, ExampleSession, body_of

DOCUMENT = Path(__file__).with_name("pictures.yaml")


def without(field: str) -> Change:
    """Leave a field of the body out."""

    def change(reply: Reply) -> Reply:
        body = {name: value for name, value in body_of(reply).items() if name != field}
        return replace(reply, body=json.dumps(body).encode())

    return change


def create(session: ExampleSession, change: Change | None = None) -> str:
    """Create a picture, and return the path of its job."""
    reply = session.request("POST", "/pictures", data={"prompt": "A lighthouse"}, change=change)
    return f"/pictures/{body_of(reply)['id']}"


def without_result(session: ExampleSession) -> None:
    path = create(session)
    session.clock.advance(60)
    session.request("GET", path, change=without("address"))


def not_canceled(session: ExampleSession) -> None:
    path = create(session)
    session.request("POST", f"{path}/cancel", change=with_fields(status="painting"))


EXAMPLES = {
    "AV241": without_result,
    "AV242": lambda s: create(s, with_fields(address="https://pictures.example/files/1.png")),
    "AV243": lambda s: create(s, without("priority")),
    "AV244": not_canceled,
    "AV245": lambda s: create(s, with_fields(self="https://pictures.example/v1/pictures/p-1")),
}
