"""The trust of a running port as time passes and files change (security.md T33, T34)."""

import logging
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.dev_pki import DevPki
from certs.load import load_certificate
from gateway.serving.judge import ClientJudge
from gateway.serving.settings import CardTrust, ClientTrust
from gateway.serving.trust_source import CardTrustSource, TrustSource

CA = "relying-parties"


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def files(pki: DevPki, tmp_path: Path) -> ClientTrust:
    pki.publish_crl(CA)
    shutil.copy(pki.ca_path(CA), tmp_path / "ca.pem")
    shutil.copy(pki.crl_path(CA), tmp_path / "crl.pem")
    return ClientTrust(
        ca=tmp_path / "ca.pem", crl=tmp_path / "crl.pem", poll=0.0, seen_lists=tmp_path / "seen-lists.json"
    )


def test_nothing_changes_while_the_files_do_not(files: ClientTrust, clock: Hands) -> None:
    source = TrustSource(files, clock=clock)
    anchor = source.anchor
    assert anchor is not None
    assert not source.refresh()
    assert source.anchor is anchor


def test_a_new_list_makes_a_new_anchor(files: ClientTrust, pki: DevPki) -> None:
    source = TrustSource(files)
    anchor = source.anchor
    pki.publish_crl(CA)
    shutil.copy(pki.crl_path(CA), files.crl)
    assert source.refresh()
    assert source.anchor is not None
    assert source.anchor is not anchor


def test_a_list_that_lapses_ends_the_trust_once(files: ClientTrust, clock: Hands) -> None:
    source = TrustSource(files, clock=clock)
    clock.now += timedelta(hours=25)
    assert source.refresh()
    assert source.anchor is None
    assert not source.refresh()


def test_a_list_past_half_its_life_is_warned_of_once(
    files: ClientTrust, clock: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    source = TrustSource(files, clock=clock)
    clock.now += timedelta(hours=13)
    with caplog.at_level(logging.WARNING):
        source.refresh()
        source.refresh()
    assert caplog.text.count("past half its life") == 1


@pytest.mark.parametrize("broken", ["ca", "crl"])
@pytest.mark.parametrize("content", [b"", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_a_garbled_file_ends_the_trust(files: ClientTrust, broken: str, content: bytes) -> None:
    source = TrustSource(files)
    getattr(files, broken).write_bytes(content)
    assert source.refresh()
    assert source.anchor is None


def test_a_list_of_another_ca_is_not_believed(files: ClientTrust, pki: DevPki) -> None:
    shutil.copy(pki.crl_path("staff"), files.crl)
    assert TrustSource(files).anchor is None


def test_an_older_list_is_not_believed_after_a_restart_either(files: ClientTrust, pki: DevPki) -> None:
    older = files.crl.read_bytes()
    pki.publish_crl(CA)
    shutil.copy(pki.crl_path(CA), files.crl)
    assert TrustSource(files).anchor is not None
    files.crl.write_bytes(older)
    assert TrustSource(files).anchor is None


def test_the_judge_forgets_what_it_accepted_when_the_trust_changes(files: ClientTrust, pki: DevPki) -> None:
    issued = pki.issue("relying-party-client", "judged", dns=["judged.test"])
    der = issued.certificate.public_bytes(Encoding.DER)
    judge = ClientJudge(files)
    assert judge.accepts(der)
    assert judge.accepts(der)
    pki.revoke("judged")
    shutil.copy(pki.crl_path(CA), files.crl)
    assert not judge.accepts(der)


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x82\xff\xff" + b"\x00" * 40])
def test_what_is_no_certificate_is_not_accepted(files: ClientTrust, der: bytes) -> None:
    assert not ClientJudge(files).accepts(der)


def test_the_authorities_of_cards_are_taken_up_when_a_file_is_replaced_and_a_garbled_one_lets_nobody_in(
    pki: DevPki, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(pki.ca_path("test-eid").read_bytes())
    source = CardTrustSource(CardTrust(cas=(file,)))
    assert source.anchor is not None
    assert source.anchor.authorities == (load_certificate(file),)
    assert not source.refresh()
    file.write_bytes(b"garbage")
    assert source.refresh()
    assert source.anchor is None
    file.write_bytes(pki.ca_path("staff").read_bytes())
    assert source.refresh()
    assert source.anchor.authorities == (load_certificate(pki.ca_path("staff")),)
