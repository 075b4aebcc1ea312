"""The bank and its partners change keys while people sign in: an overlap at the partner's, SIGHUP at the bank."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mock_bank.explaining import keys_of
from mock_bank.settings import BankSettings, InvalidSettings
from tests.mock_bank.partner import answer_in, verifies
from tests.mock_bank.pki import private_pem
from tests.mock_bank.test_the_command_serves import ROOT, written
from tests.mock_bank.world import NONCES, World

Settings = Callable[..., BankSettings]
NEXT_BANKLINK = rsa.generate_private_key(65537, 2048)
NEXT_CONFIRMATION = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def next_settings(bank_settings: Settings, tmp_path: Path) -> BankSettings:
    """The same bank with keys of its own that are new, and a partner's second key."""
    settings = bank_settings(fast_login=True)
    (tmp_path / "next-banklink.pem").write_bytes(private_pem(NEXT_BANKLINK))
    (tmp_path / "next-confirmation.pem").write_bytes(private_pem(NEXT_CONFIRMATION))
    public = NEXT_BANKLINK.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "next-partner.pem").write_bytes(public)
    first, *others = settings.partners
    overlapping = first.model_copy(update={"further_public_keys": (tmp_path / "next-partner.pem",)})
    confirmation = {"signing_key": tmp_path / "next-confirmation.pem", "kid": "demobank-next"}
    return settings.model_copy(
        update={
            "banklink": settings.banklink.model_copy(update={"signing_key": tmp_path / "next-banklink.pem"}),
            "confirmation": settings.confirmation.model_copy(update=confirmation),
            "partners": (overlapping, *others),
        }
    )


def test_both_keys_of_a_partner_are_believed_while_it_changes_them(world: World, next_settings: BankSettings) -> None:
    former = world.partner.key
    world.bank.take_up_keys(next_settings)
    assert answer_in(world.login_at_once(nonce=NONCES[0]).text).fields
    world.partner.key = NEXT_BANKLINK
    assert answer_in(world.login_at_once(nonce=NONCES[1]).text).fields
    assert set(keys_of("DEMOBANK", world.bank.keys)) == {"DEMOBANK", "EIDGW", "EIDGW, key 2", "OTHERGW"}
    assert world.bank.keys.partners["EIDGW"].public_keys[0] == former.public_key()


def test_a_key_that_nobody_named_is_not_believed(world: World) -> None:
    world.partner.key = NEXT_BANKLINK
    refused = world.login_at_once()
    assert refused.status_code == 400
    assert "VK_MAC does not verify" in refused.text


def test_what_the_bank_signs_after_it_took_up_new_keys_is_signed_with_them(
    world: World, next_settings: BankSettings
) -> None:
    world.bank.take_up_keys(next_settings)
    assert verifies(answer_in(world.login_at_once().text).fields, NEXT_BANKLINK.public_key())
    header = world.read_jws(world.confirmation())
    assert isinstance(header, tuple)
    assert header[1]["kid"] == "demobank-next"
    assert header[3] is True


def test_keys_that_cannot_be_used_change_nothing(world: World, next_settings: BankSettings) -> None:
    keys, signer = world.bank.keys, world.bank.signer
    next_settings.banklink.signing_key.write_bytes(private_pem(NEXT_CONFIRMATION))
    with pytest.raises(InvalidSettings, match=r"next-banklink\.pem"):
        world.bank.take_up_keys(next_settings)
    assert (world.bank.keys, world.bank.signer) == (keys, signer)


@contextmanager
def commanded(config: Path) -> "Iterator[tuple[subprocess.Popen[str], Sequence[str]]]":
    command = [sys.executable, str(ROOT / "vpm.py"), "bank", "serve", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT) as bank:
        assert bank.stdout
        yield bank, [bank.stdout.readline() for _ in range(3)]
        bank.terminate()
        assert bank.wait(timeout=60) == 0


def test_the_command_reads_its_keys_again_on_sighup(bank_settings: Settings, tmp_path: Path) -> None:
    config, text = tmp_path / "bank.toml", written(bank_settings())
    config.write_text(text, "utf-8")
    with commanded(config) as (bank, _):
        assert bank.stdout
        config.write_text(text.replace('kid = "k"', 'kid = "next"'), "utf-8")
        bank.send_signal(signal.SIGHUP)
        assert bank.stdout.readline() == "keys taken up: confirmations are signed with next\n"
        config.write_text(text.replace('kid = "k"', ""), "utf-8")
        bank.send_signal(signal.SIGHUP)
        assert bank.stdout.readline().startswith("the keys stay as they were: the mock bank cannot start:")
        assert "confirmation.kid: Field required" in bank.stdout.readline()
