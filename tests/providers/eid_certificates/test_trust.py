"""eid-providers.md 7.4 steps 3 to 6, 8.1 to 8.3, 8.6: which certificates may be believed at all (T32)."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from providers.eid_certificates.anchors import Anchors, IssuingCa
from providers.eid_certificates.judge import load_strictly
from providers.eid_certificates.rules import CertificateRules
from providers.errors import AssertionRejected
from tests.providers.eid_certificates.world import RULES, World
from tests.support.eid_authority import NCP_PLUS, NOW, POLICY, EidAuthority, Held, name_of, usage

ARC = "1.3.6.1.4.1.32061"
SECOND = timedelta(seconds=1)
STRANGER = EidAuthority()


def verdict(world: World, card: Held, **changes: Any) -> str:
    """The outcome code, or ``trusted``."""
    try:
        world.judge(**changes).trust(card.der)
    except AssertionRejected as refusal:
        return refusal.reason
    return "trusted"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"policies": (NCP_PLUS, f"{ARC}.2.1.2.2", POLICY)},
        {"bits": ("digital_signature",)},
        {"purposes": (ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH)},
        {"begins": NOW},
        {"ends": NOW},
        {"more": [(x509.BasicConstraints(ca=False, path_length=None), True)]},
        {"digest": hashes.SHA512()},
    ],
)
def test_an_authentication_certificate_is_trusted(world: World, changes: dict[str, Any]) -> None:
    """EID-01; key usage, purposes and the last policy differ between cards of one authority (8.1)."""
    assert verdict(world, world.authority.card(**changes)) == "trusted"


@pytest.mark.parametrize("size", [2048, 3072])
def test_rsa_keys_of_a_person_from_2048_bits_are_trusted(world: World, size: int) -> None:
    assert verdict(world, world.authority.card(key=rsa.generate_private_key(65537, size))) == "trusted"


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "signing certificate of the same card": (
        "cert_purpose",
        {"bits": ("content_commitment",), "purposes": (ExtendedKeyUsageOID.EMAIL_PROTECTION,)},
    ),
    "signing certificate with clientAuth": ("cert_purpose", {"bits": ("content_commitment",)}),
    "no key usage": ("cert_purpose", {"bits": None}),
    "key for encryption only": ("cert_purpose", {"bits": ("key_encipherment",)}),
    "key that signs certificates": ("cert_purpose", {"bits": ("digital_signature", "key_cert_sign")}),
    "an authority": ("cert_purpose", {"more": [(x509.BasicConstraints(ca=True, path_length=None), True)]}),
    "no extended key usage": ("cert_purpose", {"purposes": None}),
    "for servers": ("cert_purpose", {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)}),
    "for anything": ("cert_purpose", {"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}),
    "no policy": ("cert_policy", {"policies": ()}),
    "only NCP+": ("cert_policy", {"policies": (NCP_PLUS,)}),
    "anyPolicy": ("cert_policy", {"policies": (NCP_PLUS, "2.5.29.32.0")}),
    "not on a qualified device": ("cert_policy", {"policies": (POLICY, f"{ARC}.2.1.2.3")}),
    "seal of a legal person": ("cert_policy", {"policies": (POLICY, f"{ARC}.2.2.1.1")}),
    "advanced seal": ("cert_policy", {"policies": (POLICY, f"{ARC}.2.2.2.1")}),
    "Mobile-ID": ("cert_policy", {"policies": (POLICY, "1.3.6.1.4.1.10015.1.3.1")}),
    "below the accepted policy": ("cert_policy", {"policies": (f"{POLICY}.1",)}),
    "expired": ("cert_expired", {"ends": NOW - SECOND}),
    "not yet valid": ("cert_expired", {"begins": NOW + SECOND}),
    "critical extension that nobody knows": (
        "not_trusted",
        {"more": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_with_one_mistake_is_refused_for_it(world: World, name: str) -> None:
    """EID-02, EID-03, EID-04, EID-12, EID-13."""
    code, changes = REFUSED[name]
    assert verdict(world, world.authority.card(**changes)) == code


def test_an_accepted_policy_beside_a_refused_arc_that_only_looks_alike_is_trusted(world: World) -> None:
    """``….10015.1.30`` is not below ``….10015.1.3``."""
    assert verdict(world, world.authority.card(policies=(POLICY, "1.3.6.1.4.1.10015.1.30"))) == "trusted"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
)
def test_weak_and_unusual_keys_are_refused(world: World, key: Any) -> None:
    assert verdict(world, world.authority.card(key=key)) == "not_trusted"


def test_a_missing_extended_key_usage_is_a_setting(world: World) -> None:
    rules = CertificateRules(policies=RULES.policies, require_purpose=False)
    assert verdict(world, world.authority.card(purposes=None), rules=rules) == "trusted"
    wrong = world.authority.card(purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))
    assert verdict(world, wrong, rules=rules) == "cert_purpose"


def test_a_foreign_issuer_of_the_same_name_is_refused(world: World) -> None:
    """EID-10."""
    assert STRANGER.ca.certificate.subject == world.authority.ca.certificate.subject
    assert verdict(world, STRANGER.card()) == "not_trusted"


def test_a_certificate_that_another_card_or_the_root_issued_is_refused(world: World) -> None:
    """EID-11: nothing stands between a person and a configured authority."""
    card = world.authority.card()
    assert verdict(world, world.authority.card(issuer=card)) == "not_trusted"
    assert verdict(world, world.authority.card(issuer=world.authority.root)) == "not_trusted"


def test_name_constraints_of_the_authority_are_honoured(world: World) -> None:
    """EID-11."""
    key = world.authority.ca.key
    limit = x509.NameConstraints(permitted_subtrees=[x509.DNSName("cards.test")], excluded_subtrees=None)
    limited = world.authority.certify_ca(key)
    builder = x509.CertificateBuilder(
        limited.issuer, limited.subject, limited.public_key(), limited.serial_number, NOW - SECOND, NOW + SECOND
    )
    constrained = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage("key_cert_sign"), critical=True)
        .add_extension(limit, critical=True)
        .sign(world.authority.root.key, hashes.SHA256())
    )
    anchors = Anchors([IssuingCa(certificate=constrained)])
    inside = world.authority.card(more=[(x509.SubjectAlternativeName([x509.DNSName("a.cards.test")]), False)])
    outside = world.authority.card(more=[(x509.SubjectAlternativeName([x509.DNSName("a.other.test")]), False)])
    assert verdict(world, inside, anchors=anchors) == "trusted"
    assert verdict(world, outside, anchors=anchors) == "not_trusted"


def test_an_authority_that_has_expired_lets_nobody_in_and_does_not_hinder_others(world: World) -> None:
    expired = world.authority.certify_ca(world.authority.ca.key, ends=NOW - SECOND)
    card = world.authority.card()
    assert verdict(world, card, anchors=Anchors([IssuingCa(certificate=expired)])) == "cert_expired"
    others = Anchors([world.issuing, IssuingCa(certificate=STRANGER.certify_ca(STRANGER.ca.key, ends=NOW - SECOND))])
    assert verdict(world, card, anchors=others) == "trusted"


def test_without_authorities_nobody_is_trusted(world: World) -> None:
    """Empty means no."""
    assert verdict(world, world.authority.card(), anchors=Anchors([])) == "not_trusted"


@pytest.mark.parametrize(
    "change", [lambda der: der + b"\x00", lambda der: der[:-1], lambda _: b"", lambda der: der * 2]
)
def test_a_certificate_is_one_der_structure(world: World, change: Any) -> None:
    with pytest.raises(AssertionRejected, match="malformed"):
        load_strictly(change(world.authority.card().der))


def test_an_extension_that_stands_twice_is_malformed(world: World) -> None:
    """The library makes none such, so one object identifier is replaced by another in the bytes."""
    card = world.authority.card(
        more=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.99"), b"\x30\x00"), False)]
    )
    twice = card.der.replace(b"\x06\x03\x55\x1d\x63", b"\x06\x03\x55\x1d\x20")  # certificatePolicies
    with pytest.raises(AssertionRejected) as refused:
        world.judge().trust(twice)
    assert refused.value.reason == "malformed"


def test_a_refusal_never_repeats_whom_the_certificate_names(world: World) -> None:
    marked = name_of((x509.NameOID.COMMON_NAME, "CANARY"), (x509.NameOID.SERIAL_NUMBER, "PNOLV-CANARY"))
    for _, changes in REFUSED.values():
        with pytest.raises(AssertionRejected) as refused:
            world.judge().trust(world.authority.card(subject=marked, **changes).der)
        assert "CANARY" not in str(refused.value)
