"""`aisa-testkit verdict`: what a mock has to say of the clients that it has served."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit, urlunsplit

import click
import httpx2
import orjson
from rich.console import Console
from rich.text import Text

from ..contracts import RULES, ClientVerdict, Severity
from ..contracts.journal.client_verdict import finding_text
from ..openapi.json import Json
from ..openapi.text import escape_controls, one_line, quote
from .check_config import UNREACHABLE, VIOLATED
from .options import ConfigurationError, fail, option

SECONDS = 10.0
PATH = "/__admin/verdict"


class MockUnreachable(ConfigurationError):
    """There is nobody to ask."""

    exit_code = UNREACHABLE


@click.command(short_help="Print what a mock has to say of its clients.")
@click.argument("url")
@option("--admin-token", metavar="TOKEN", help="The token that opens the control API.")
@option("--allow", multiple=True, metavar="CODE", help="A rule that may be broken, such as AV707.")
@option(
    "--fail-on-advice", is_flag=True, help="Let advice fail, too, not errors and warnings only."
)
@option(
    "--format",
    "form",
    default="text",
    type=click.Choice(["text", "json"]),
    help="How to print the verdict.",
)
def verdict(
    url: str,
    *,
    admin_token: str | None,
    allow: tuple[str, ...],
    fail_on_advice: bool,
    form: str,
) -> None:
    """Print what the clients of the mock at URL, such as http://127.0.0.1:4010/v1, did wrong.

    By all requests that have come to it since it was started or reset, however they were made: run
    the tests of a program in any language, then this.

    Exit codes: 0 there is nothing to object to, or advice alone, 1 there is, 2 usage, no request
    has come, or the server has no verdict to give, 3 the server cannot be reached.
    """
    codes = _codes(allow)
    told = _verdict(_control_url(url), admin_token)
    if not told.seen:
        fail("no request has come to this mock")
    told = told.without(codes)
    if form == "json":
        click.echo(orjson.dumps(told.to_json(), option=orjson.OPT_INDENT_2))
    else:
        _show(told)
    sys.exit(0 if told.clean or (told.only_advice and not fail_on_advice) else VIOLATED)


def _codes(texts: tuple[str, ...]) -> set[str]:
    codes = {code.upper() for text in texts for code in text.replace(",", " ").split()}
    for code in sorted(codes - RULES.keys()):
        fail(
            f"--allow: there is no rule {one_line(code)}; aisa-testkit explain lists all there are"
        )
    return codes


def _control_url(url: str) -> str:
    """Where the mock at a base URL tells its verdict."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), 0
    if not (parts.scheme in ("http", "https") and parts.hostname and port != 0):
        fail(f"URL must be one such as http://127.0.0.1:4010/v1, not {quote(url)}")
    if parts.username is not None or parts.query or parts.fragment:
        fail("URL must have no user, no query and no fragment")
    return urlunsplit((parts.scheme, parts.netloc, PATH, "", ""))


def _verdict(url: str, token: str | None) -> ClientVerdict:
    """What the mock says; ends the command if there is none, or it says nothing."""
    headers = {"authorization": f"Bearer {_sendable(token)}"} if token else {}
    try:
        response = httpx2.get(url, headers=headers, timeout=SECONDS)
    except httpx2.InvalidURL as error:
        fail(f"URL cannot be asked: {error}")
    except httpx2.HTTPError as error:
        reason = str(error) or f"nothing has come in {SECONDS:g} seconds"
        raise MockUnreachable(f"{url} does not answer: {reason}") from error
    data = _json(response)
    if response.status_code == 401:
        wrong = "another admin token" if token else "an admin token"
        fail(f"{url} wants {wrong}: give it as --admin-token")
    if response.status_code != 200:
        fail(
            f"{url} has no verdict to give: {_reason(data) or f'it answers {response.status_code}'}"
        )
    try:
        return ClientVerdict.from_json(data)
    except ValueError:
        fail(f"{url} is not the control API of a mock: its answer is no verdict")


def _sendable(token: str) -> str:
    if not (token.isascii() and token.isprintable() and " " not in token):
        fail("--admin-token holds characters that no token can have")
    return token


def _json(response: httpx2.Response) -> Json:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def _reason(data: Json) -> str:
    """What the control API says of a request that it cannot fulfil."""
    error = data.get("error") if isinstance(data, dict) else None
    return escape_controls(error) if isinstance(error, str) else ""


def _show(told: ClientVerdict) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(told.headline, style="bold"))
    for kind in told.findings:
        heading, _, facts = finding_text(kind).partition("\n")
        console.print(Text("\n" + heading, style=f"bold {_COLOURS[kind.first.severity]}"))
        console.print(Text(facts))


_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
