"""The portal as it runs: its own process, TLS sockets all the way, a browser that follows every redirect."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests

from tests.portals.gateway_double import GatewayDouble
from tests.portals.pki import Authority


@pytest.fixture
def base_url(settings_file: Path, gateway: GatewayDouble) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    written = settings_file.read_text(encoding="utf-8")
    settings_file.write_text(written.replace("7443", str(port)), encoding="utf-8")
    command = [sys.executable, "-m", "vpm", "portal", "auctions", "serve", "--config", str(settings_file)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
    wait_until_open(port, process)
    yield f"https://localhost:{port}"
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert process.poll() is None, "the portal stopped"
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the portal did not start")


@pytest.fixture
def browser(authority: Authority) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority.ca_file)
        yield session


def test_a_person_signs_in_and_out_across_real_sockets(
    base_url: str, browser: requests.Session, gateway: GatewayDouble
) -> None:
    with socket.create_connection(("127.0.0.1", int(base_url.rpartition(":")[2]))):  # says nothing, stops nobody
        landed = browser.get(f"{base_url}/sign-in", timeout=20)
    assert landed.url == f"{base_url}/my-entry/details"
    shown = browser.get(f"{base_url}/my-entry.json", timeout=20).json()
    assert shown == gateway.person | {"state": "incomplete"}
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', landed.text)
    assert token
    fields, headers = {"csrf_token": unescape(token[1])}, {"Referer": landed.url}
    goodbye = browser.post(f"{base_url}/sign-out?lang=en", data=fields, headers=headers, timeout=20)
    assert goodbye.url.startswith(f"{base_url}/signed-out?state=")
    assert "was told too" in goodbye.text
    (logout,) = gateway.logouts
    assert logout["id_token_hint"].count(".") == 2
    assert browser.get(f"{base_url}/my-entry.json", timeout=20, allow_redirects=False).status_code == 303
