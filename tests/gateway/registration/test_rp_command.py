"""``vpm rp`` as an operator types it."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs.dev_pki import DevPki
from gateway.broker.key_use import NOTED_EVERY, SILENCE
from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.registration.cli import rp
from gateway.settings import load_settings
from gateway.storage.sql_storage import open_storage
from tests.gateway.registration.conftest import public_key, utc_now

GOOD = """
id = "portal"
name = { lv = "Portāls", en = "Portal" }
home = "https://portal.test/"
sector = "portal.test"

[oidc]
profile = "baseline"
reason = "a stock Apache module"
until = 2099-12-31
redirect_uris = ["https://portal.test/callback"]
assertion_keys = [{ kid = "portal-1", file = "portal.pub" }]
certificates = ["portal.pem"]
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared")
    prepare(Places(root=root))
    DevPki.open(root / "pki").issue("relying-party-client", "portal", dns=("portal.test",), ip=())
    return root


@pytest.fixture
def root(prepared: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "root"
    shutil.copytree(prepared, copied)
    folder = copied / "portal"
    folder.mkdir()
    public_key(folder / "portal.pub")
    public_key(folder / "new.pub")
    shutil.copy(copied / "pki" / "issued" / "portal" / "certificate.pem", folder / "portal.pem")
    (folder / "portal.toml").write_text(GOOD, encoding="utf-8")
    return copied


def run(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(rp, ["--config", str(root / "gateway" / "gateway.toml"), *arguments])


def said(root: Path, *arguments: str) -> str:
    outcome = run(root, *arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def refused(root: Path, *arguments: str) -> str:
    outcome = run(root, *arguments)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.output


def file(root: Path) -> str:
    return str(root / "portal" / "portal.toml")


def rewrite(root: Path, old: str, new: str) -> None:
    path = root / "portal" / "portal.toml"
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def note_use(root: Path, kid: str, at: datetime) -> None:
    settings = load_settings(root / "gateway" / "gateway.toml")
    storage = open_storage(settings.database_url, settings.keys, node="n", config_rev="c", clock=utc_now)
    storage.change(lambda unit: unit.registrations.note_use("portal", kid, at))
    storage.close()


def test_a_registration_is_checked_added_shown_changed_and_disabled(root: Path) -> None:
    assert "portal: the registration is good" in said(root, "check", file(root))
    assert "there is no relying party portal" in refused(root, "show", "portal")
    assert "portal is registered, revision 1" in said(root, "add", file(root))
    assert "portal is registered already" in refused(root, "add", file(root))
    rewrite(root, "/callback", "/other")
    assert "portal is changed, revision 2" in said(root, "change", file(root))
    assert "revision 1 of portal is not in force any more" in refused(root, "change", file(root), "--revision", "1")
    shown = said(root, "show", "portal")
    assert "https://portal.test/other" in shown
    assert "key portal-1: last signed never; the only key" in shown
    assert "revision 2: from" in shown
    listed = said(root, "list")
    assert "izsoles" in listed
    assert "settings file" in listed
    said(root, "disable", "portal", "--because", "closed down")
    assert "2, disabled" in said(root, "list")
    assert "was disabled on" in refused(root, "show", "portal")


def test_every_mistake_is_said_at_once_and_nothing_is_registered(root: Path) -> None:
    rewrite(root, "https://portal.test/callback", "http://portal.test/callback")
    rewrite(root, 'file = "portal.pub"', 'file = "../auctions/assertion.key"')
    rewrite(root, 'certificates = ["portal.pem"]', 'certificates = ["../pki/issued/gateway-client/certificate.pem"]')
    for command in ("check", "add"):
        told = refused(root, command, file(root))
        assert "nothing was registered" in told
        assert "must be https" in told
        assert "is a private key" in told
        assert "was not issued by" in told
    assert "portal" not in said(root, "list").replace("portal.", "")


def test_a_key_is_rotated_with_overlap_and_proof_of_use(root: Path) -> None:
    said(root, "add", file(root))
    new = str(root / "portal" / "new.pub")
    assert "portal-2 is registered beside the other, revision 2" in said(
        root, "rotate-key", "portal", "--key", new, "--kid", "portal-2"
    )
    assert "portal-1: last signed never; keep it: no other key" in said(root, "show", "portal")
    assert "no other key" in refused(root, "rotate-key", "portal", "--drop", "portal-1")
    now = datetime.now(UTC)
    note_use(root, "portal-1", now - timedelta(minutes=5))
    note_use(root, "portal-2", now)
    assert "should it stay silent, it can go" in said(root, "show", "portal")
    assert "may still be in use" in refused(root, "rotate-key", "portal", "--drop", "portal-1")
    assert "portal-1 is dropped, revision 3" in said(
        root, "rotate-key", "portal", "--drop", "portal-1", "--at-once", "exercise"
    )
    keys = json.loads(said(root, "show", "portal", "--json"))["keys"]
    assert [(key["kid"], key["advice"]) for key in keys] == [("portal-2", "the only key")]


def test_an_old_key_that_was_silent_is_shown_as_safe_to_drop(root: Path) -> None:
    said(root, "add", file(root))
    said(root, "rotate-key", "portal", "--key", str(root / "portal" / "new.pub"), "--kid", "portal-2")
    now = datetime.now(UTC)
    note_use(root, "portal-1", now - SILENCE - NOTED_EVERY - timedelta(minutes=1))
    note_use(root, "portal-2", now)
    shown = said(root, "show", "portal")
    assert shown.count("safe to drop") == 1
    assert "portal-1 is dropped" in said(root, "rotate-key", "portal", "--drop", "portal-1")


@pytest.mark.parametrize("arguments", [(), ("--key", "x"), ("--key", "x", "--kid", "y", "--drop", "z")])
def test_rotating_is_either_beginning_or_ending(root: Path, arguments: tuple[str, ...]) -> None:
    outcome = run(root, "rotate-key", "portal", *arguments)
    assert outcome.exit_code == 2
    assert "to begin, or --drop to end" in outcome.output


def test_the_entry_of_a_settings_file_is_taken_as_it_stands(root: Path) -> None:
    path = root / "portal" / "portal.toml"
    path.write_text("[[relying_parties]]" + GOOD.replace("[oidc]", "[relying_parties.oidc]"), encoding="utf-8")
    assert "revision 1" in said(root, "add", file(root))


@pytest.mark.parametrize("text", ["id = ", "[[relying_parties]]\n[[relying_parties]]\n", "relying_parties = 1"])
def test_what_is_no_registration_is_refused_with_its_file(root: Path, text: str) -> None:
    (root / "portal" / "portal.toml").write_text(text, encoding="utf-8")
    assert "portal.toml: " in refused(root, "check", file(root))


def test_the_portal_of_the_settings_file_is_changed_there(root: Path) -> None:
    assert "izsoles is registered in the settings file" in refused(root, "show", "izsoles")
