"""``vpm bank serve`` as a process: starts from a bank.toml, answers, stops when told to."""

import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import requests

from mock_bank.settings import BankSettings
from tests.mock_bank.pki import Authority

ROOT = Path(__file__).parents[2]


def written(settings: BankSettings) -> str:
    """The settings as TOML."""
    listen = "\n".join(f'{name} = "{getattr(settings.public, name)}"' for name in ("certificate", "key"))
    partner = settings.partners[0]
    text = f"""
id = "{settings.id}"
name = "{settings.name}"
database = "{settings.database}"
[public]
port = 0
{listen}
[mutual_tls]
port = 0
{listen}
client_ca = "{settings.mutual_tls.client_ca}"
client_crl = "{settings.mutual_tls.client_crl}"
[banklink]
signing_key = "{settings.banklink.signing_key}"
[confirmation]
signing_key = "{settings.confirmation.signing_key}"
kid = "k"
[[partners]]
id = "{partner.id}"
name = "{partner.name}"
public_key = "{partner.public_key}"
return_urls = {list(partner.return_urls)}
"""
    tomllib.loads(text)
    return text


def test_the_command_serves_until_it_is_told_to_stop(
    bank_settings: Callable[..., BankSettings], tmp_path: Path, pki: Authority
) -> None:
    (tmp_path / "bank.toml").write_text(written(bank_settings()), "utf-8")
    command = [
        sys.executable,
        str(ROOT / "vpm.py"),
        "bank",
        "serve",
        "--config",
        str(tmp_path / "bank.toml"),
        "--fault",
        "bnk.bad-mac",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as bank:
        assert bank.stdout
        public, _, faults = (bank.stdout.readline() for _ in range(3))
        address = public.split()[-1]
        with requests.Session() as browser:
            browser.trust_env = False
            ready = browser.get(f"{address}/ready", verify=str(pki.ca_file), timeout=10)
        bank.terminate()
        bank.wait(timeout=20)
    assert ready.json()["ready"] is True
    assert ready.json()["faults"] == ["bnk.bad-mac"]
    assert faults == "faults: bnk.bad-mac\n"
    assert bank.returncode == 0


def test_a_port_that_is_taken_is_said_in_one_sentence(
    bank_settings: Callable[..., BankSettings], tmp_path: Path
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        text = written(bank_settings()).replace("port = 0", f"port = {held.getsockname()[1]}")
        (tmp_path / "bank.toml").write_text(text, "utf-8")
        command = [sys.executable, str(ROOT / "vpm.py"), "bank", "serve", "--config", str(tmp_path / "bank.toml")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "the mock bank cannot listen" in ended.stderr
    assert "Traceback" not in ended.stderr
