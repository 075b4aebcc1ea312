"""``vpm keys`` as an operator types it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.audit_cli import audit
from gateway.cli import gateway
from gateway.demo.places import Places
from gateway.demo.prepare import prepare
from gateway.signing.cli import keys
from gateway.signing.life import State
from gateway.signing.purpose import SAML
from gateway.signing.ring_file import read_ring


@pytest.fixture
def config(tmp_path: Path) -> Path:
    places = Places(root=tmp_path)
    prepare(places)
    return places.settings("gateway")


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(keys, ["--config", str(config), *arguments])


def said(config: Path, *arguments: str) -> str:
    outcome = run(config, *arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def refused(config: Path, *arguments: str) -> str:
    outcome = run(config, *arguments)
    assert outcome.exit_code == 1
    assert isinstance(outcome.exception, SystemExit), outcome.exception
    return outcome.output


def kids(config: Path, state: State) -> list[str]:
    ring = read_ring(config.parent / "keys")
    assert ring is not None
    return [key.kid for key in ring.of(state)]


def test_t64_an_operator_is_told_what_comes_next_and_when(config: Path) -> None:
    assert "signing" in said(config, "list")
    published = said(config, "publish")
    (new,) = kids(config, State.PUBLISHED)
    assert f"vpm keys use {new}" in published
    assert "may sign from" in published
    assert new in said(config, "list")


def test_t64_a_step_that_comes_too_early_is_refused_and_the_operator_told_until_when(config: Path) -> None:
    said(config, "publish")
    (new,) = kids(config, State.PUBLISHED)
    told = refused(config, "use", new)
    assert f"{new} may sign from" in told
    assert "until then a portal may not have seen it" in told
    assert kids(config, State.PUBLISHED) == [new]


def test_a_stolen_key_is_replaced_at_once_with_the_reason_in_the_log(config: Path) -> None:
    assert CliRunner().invoke(gateway, ["check", "--config", str(config)]).exit_code == 0
    (old,) = kids(config, State.SIGNING)
    said(config, "publish")
    (new,) = kids(config, State.PUBLISHED)
    assert f"{old} rests" in said(config, "use", new, "--at-once", "the disk was stolen")
    assert "may be withdrawn from" in refused(config, "retire", old)
    said(config, "retire", old, "--at-once", "the disk was stolen")
    assert (kids(config, State.SIGNING), kids(config, State.RETIRED)) == ([new], [old])
    log = CliRunner().invoke(audit, ["--config", str(config), "list", "--json"])
    assert log.output.count("the disk was stolen") == 2
    assert "key.retired" in log.output


def test_a_token_that_is_not_set_up_is_refused(config: Path) -> None:
    assert "pkcs11" in refused(config, "publish", "--in", "pkcs11")


def test_settings_that_are_none_are_named(config: Path) -> None:
    config.write_text("issuer = 1")
    assert "the gateway cannot start" in refused(config, "list")


def test_t64_the_keys_of_saml_take_their_steps_by_the_same_commands(config: Path) -> None:
    assert "the settings say nothing of saml" in refused(config, "--for", "saml", "list")
    text = config.read_text().replace("[[providers]]", '[saml]\nkey = "ec"\n\n[[providers]]', 1)
    config.write_text(text)
    assert "Signing keys for saml" in said(config, "--for", "saml", "list")
    published = said(config, "--for", "saml", "publish")
    ring = read_ring(config.parent / "keys", SAML)
    assert ring is not None
    (new,) = ring.of(State.PUBLISHED)
    assert f"vpm keys --for saml use {new.kid}" in published
    assert "until then a portal may not have seen it" in refused(config, "--for", "saml", "use", new.kid)
    said(config, "--for", "saml", "use", new.kid, "--at-once", "nobody is registered yet")
    said(config, "--for", "saml", "retire", ring.signing.kid, "--at-once", "nobody is registered yet")
    after = read_ring(config.parent / "keys", SAML)
    assert after is not None
    assert (after.signing.kid, after.find(ring.signing.kid).state) == (new.kid, State.RETIRED)
    assert read_ring(config.parent / "keys") is None, "the keys of ID tokens are another ring"
