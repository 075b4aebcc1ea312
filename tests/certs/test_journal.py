"""What a CA was asked for and what it did stays written down (security.md section 7, issuance)."""

import json
from typing import Any

import pytest
from cryptography import x509

from certs.build import eid_subject
from certs.dev_pki import DevPki
from certs.errors import ProfileBroken
from certs.load import fingerprint_sha256, load_certificate
from tests.certs.held_clock import HeldClock


def journal(pki: DevPki, ca: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (pki.directory / ca / "journal.jsonl").read_text().splitlines()]


def test_a_certificate_is_asked_for_then_issued_then_revoked(held_pki: DevPki, clock: HeldClock) -> None:
    certificate = held_pki.issue("staff-client", "clerk").certificate
    held_pki.revoke("clerk", reason=x509.ReasonFlags.key_compromise)
    at, serial = clock.now().isoformat(), f"{certificate.serial_number:x}"
    assert journal(held_pki, "staff") == [
        {"at": at, "event": "list.published", "number": 1, "revoked": 0},
        {"at": at, "event": "certificate.asked-for", "profile": "staff-client", "serial": serial},
        {"at": at, "event": "certificate.issued", "serial": serial, "sha256": fingerprint_sha256(certificate)},
        {"at": at, "event": "certificate.revoked", "serial": serial, "reason": "keyCompromise"},
        {"at": at, "event": "list.published", "number": 2, "revoked": 1},
    ]
    assert load_certificate(held_pki.directory / "staff" / "history" / f"{serial}.pem") == certificate


def test_a_refusal_is_written_down_with_the_rules_that_were_broken(pki: DevPki) -> None:
    with pytest.raises(ProfileBroken):
        pki.issue("gateway-server", "gateway", dns=["www.bank.lv"])
    asked, refused = journal(pki, "gateway-servers")[-2:]
    assert (asked["event"], refused["event"]) == ("certificate.asked-for", "certificate.refused")
    assert refused["rules"] == "permitted-names"
    assert refused["serial"] == asked["serial"]


def test_every_signed_certificate_is_in_the_history_and_in_the_journal(pki: DevPki) -> None:
    for _ in range(3):
        pki.issue("test-eid", "card")
        pki.renew("card")
    kept = {path.stem for path in (pki.directory / "test-eid" / "history").glob("*.pem") if "crl-" not in path.name}
    issued = {line["serial"] for line in journal(pki, "test-eid") if line["event"] == "certificate.issued"}
    assert kept == issued
    assert len(kept) == 4


def test_no_line_names_a_person(pki: DevPki) -> None:
    pki.issue(
        "test-eid", "card", subject=eid_subject(given_name="Anna", family_name="Ozola", personal_code="320000-00002")
    )
    pki.revoke("card")
    text = (pki.directory / "test-eid" / "journal.jsonl").read_text()
    assert "certificate.issued" in text
    for secret in ("Anna", "Ozola", "320000"):
        assert secret not in text
