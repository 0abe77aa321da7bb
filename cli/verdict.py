"""`aisa-testkit verdict`: the verdict of a running mock on its clients."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit, urlunsplit

import click
import httpx2
import orjson
from rich.console import Console
from rich.text import Text

from ..contracts import RULES, ClientVerdict, Severity
from ..contracts.rules.allowance import is_allowable
from ..openapi.json import Json
from ..openapi.text import did_you_mean, escape_controls, one_line, quote
from .check_config import UNREACHABLE, VIOLATED
from .command_help import command, option
from .http_client import open_client
from .options import ConfigurationError, fail, parse_token

TIMEOUT_SECONDS = 10.0
VERDICT_PATH = "/__admin/verdict"


class MockUnreachable(ConfigurationError):
    """The mock does not respond."""

    exit_code = UNREACHABLE


@command(
    "Print the verdict of a mock on its clients.",
    examples=[
        ("http://127.0.0.1:4010/v1", "the mistakes of the clients so far"),
        ("http://127.0.0.1:4010/v1 --allow AV707,/health", "without a rule and a path"),
    ],
)
@click.argument("url")
@option(
    "--admin-token",
    metavar="TOKEN",
    callback=parse_token,
    help="The token of the control API.",
)
@option(
    "--allow",
    multiple=True,
    metavar="CODE|PATH",
    help="A rule to ignore, such as AV707, or an unknown path, such as /health.",
)
@option("--fail-on-advice", is_flag=True, help="Advice fails, too, besides errors and warnings.")
@option(
    "--format",
    "form",
    command_variable="verdict",
    default="text",
    type=click.Choice(["text", "json"]),
    help="The format of the verdict.",
)
def verdict(
    url: str,
    *,
    admin_token: str | None,
    allow: tuple[str, ...],
    fail_on_advice: bool,
    form: str,
) -> None:
    """Print the mistakes of the clients of the mock at URL, such as http://127.0.0.1:4010/v1.

    The verdict covers all requests since the mock was started or reset. Run the tests of a program
    in any language first, then this command.

    Exit codes: 0 no finding, or only advice, 1 findings, 2 usage error, no request or no verdict,
    3 mock unreachable.
    """
    allowed = _allowed_words(allow)
    result = _fetch_verdict(_verdict_url(url), admin_token)
    if not result.seen:
        fail("this mock has received no request")
    if result.only_automatic:
        fail("this mock has received no request of a client, only automatic ones, such as GET /")
    result = result.without(allowed)
    if form == "json":
        click.echo(orjson.dumps(result.to_json(), option=orjson.OPT_INDENT_2))
    else:
        _print_verdict(result)
    sys.exit(0 if result.clean or (result.only_advice and not fail_on_advice) else VIOLATED)


def _allowed_words(texts: tuple[str, ...]) -> set[str]:
    words = {word for text in texts for word in text.replace(",", " ").split()}
    words = {word if word.startswith("/") else word.upper() for word in words}
    for word in sorted(words):
        if not is_allowable(word):
            hint = did_you_mean(word, RULES) or "; `aisa-testkit explain` lists all rules"
            fail(f"--allow: unknown rule {one_line(word)}{hint}")
    return words


def _verdict_url(url: str) -> str:
    """Return the URL of the verdict of the mock at a base URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), 0
    if not (parts.scheme in ("http", "https") and parts.hostname and port != 0):
        fail(f"URL must be a URL such as http://127.0.0.1:4010/v1, not {quote(url)}")
    if parts.username is not None or parts.query or parts.fragment:
        fail("URL must have no user, query or fragment")
    return urlunsplit((parts.scheme, parts.netloc, VERDICT_PATH, "", ""))


def _fetch_verdict(url: str, token: str | None) -> ClientVerdict:
    """Return the verdict of the mock; ends the command if it has none."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        with open_client(url, timeout=TIMEOUT_SECONDS) as client:
            response = client.get(url, headers=headers)
    except httpx2.InvalidURL as error:
        fail(f"URL is invalid: {error}")
    except httpx2.HTTPError as error:
        reason = str(error) or f"no response within {TIMEOUT_SECONDS:g} seconds"
        raise MockUnreachable(f"{url} does not respond: {reason}") from error
    data = _json(response)
    if response.status_code == 401:
        required = "another admin token" if token else "an admin token"
        fail(f"{url} requires {required}: set --admin-token")
    if response.status_code != 200:
        fail(f"{url} has no verdict: {_error_message(data) or f'status {response.status_code}'}")
    try:
        return ClientVerdict.from_json(data)
    except ValueError:
        fail(f"{url} is not the control API of a mock: the response is not a verdict")


def _json(response: httpx2.Response) -> Json:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def _error_message(data: Json) -> str:
    """Return the message of an error response of the control API, empty if there is none."""
    error = data.get("error") if isinstance(data, dict) else None
    return escape_controls(error) if isinstance(error, str) else ""


def _print_verdict(verdict: ClientVerdict) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(verdict.headline, style="bold"))
    for group in verdict.findings:
        heading, _, facts = str(group).partition("\n")
        console.print(Text("\n" + heading, style=f"bold {_COLOURS[group.first.severity]}"))
        console.print(Text(facts))


_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
