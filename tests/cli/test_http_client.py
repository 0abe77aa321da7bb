"""The environment of the commands that send requests: proxies and certificates."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import Result

from aisa_testkit.mock_server import serve_in_thread
from aisa_testkit.openapi import Document
from tests.support.command_line import run_command

REMOTE = "http://mock.invalid/v1"
NO_PROXIES = {
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")),
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "no_proxy")),
}


def run(*arguments: str, **environment: str) -> Result:
    return run_command(
        *arguments, env={**NO_PROXIES, "AISA_API_KEY": "sk-test-of-the-environment", **environment}
    )


@pytest.mark.parametrize("command", ["check", "verdict"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http_proxy", ":::bad"),
        ("HTTP_PROXY", "ftp://proxy:1"),
        ("https_proxy", "http://user:password@proxy:99999"),
        ("ALL_PROXY", "http://[::1"),
        ("all_proxy", "http://"),
    ],
    ids=["port", "scheme", "large port", "bracket", "no host"],
)
def test_invalid_proxy_is_an_error_with_its_variable(command: str, name: str, value: str) -> None:
    result = run(command, REMOTE, **{name: value})
    expected = f"Error: {name} must be the URL of a proxy, such as http://127.0.0.1:3128\n"
    assert (result.exit_code, result.stderr) == (2, expected)


@pytest.mark.skipif(find_spec("socksio") is not None, reason="SOCKS proxies are supported here")
@pytest.mark.parametrize("command", ["check", "verdict"])
def test_socks_proxy_is_an_error_that_names_the_missing_package(command: str) -> None:
    result = run(command, REMOTE, ALL_PROXY="socks5://127.0.0.1:9")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: a SOCKS proxy of the environment needs more software: pip install 'httpx2[socks]'\n"
    )


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:9", ":::bad"])
def test_server_on_this_machine_is_reached_without_a_proxy(document: Document, proxy: str) -> None:
    with serve_in_thread(document) as server:
        result = run("verdict", server.base_url, HTTP_PROXY=proxy, ALL_PROXY=proxy)
    assert result.stderr.endswith(" has no verdict: this server keeps no requests\n")


@pytest.mark.parametrize("command", ["check", "verdict", "demo"])
@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSLKEYLOGFILE"])
def test_missing_file_of_tls_is_an_error(tmp_path: Path, command: str, name: str) -> None:
    argument = (f"--output={tmp_path}",) if command == "demo" else (REMOTE,)
    result = run(command, *argument, **{name: str(tmp_path / "no" / "file")})
    expected = f"Error: {name} cannot be used: No such file or directory\n"
    assert (result.exit_code, result.stderr) == (2, expected)
    assert [*tmp_path.iterdir()] == []


def test_certificate_file_without_certificates_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.pem"
    path.write_text("nothing", encoding="utf-8")
    result = run("check", REMOTE, SSL_CERT_FILE=str(path), SSL_CERT_DIR="", SSLKEYLOGFILE="")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: SSL_CERT_FILE cannot be used: NO_CERTIFICATE")
